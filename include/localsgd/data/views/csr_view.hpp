// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/core/tensor.hpp"
#include "localsgd/data/csr_matrix.hpp"
#include "localsgd/data/views/dense_view.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

/// @file
/// @brief Sparse samples in memory that belongs to another owner.

namespace localsgd {

namespace detail {

template <class Range>
using element_of =
    std::remove_cvref_t<decltype(*std::declval<std::remove_reference_t<Range> const&>().data())>;
template <class Range>
concept range_of_integers = requires(std::remove_reference_t<Range> const& r) {
  { r.size() } -> std::convertible_to<std::size_t>;
  requires std::integral<element_of<Range>>;
};
/// @brief uint32_t or int32_t: C++ permits reading one as the other.
template <class Range>
concept range_of_indices = range_of_integers<Range> && sizeof(element_of<Range>) == 4 &&
                           std::same_as<std::make_unsigned_t<element_of<Range>>, std::uint32_t>;
template <class Range>
concept range_of_values =
    bool(std::same_as<element_of<Range>, float> || std::same_as<element_of<Range>, double>);

}  // namespace detail

/// @brief A csr_matrix whose indices and values stay where they are: in SciPy's or Eigen's arrays,
///        a mapped file, or the caller's vectors.
///
/// The rules are those of csr_matrix and are fully checked. Indices and values must outlive the
/// matrix and its copies, unless `owner` owns them, and must not change while it is in use. Row
/// starts are copied unless they are of type `std::size_t`: SciPy and Eigen use 32 bits.
/// ~~~{.cpp}
/// Eigen::SparseMatrix<double, Eigen::RowMajor> const a = …;  // compressed
/// std::size_t const n = a.rows(), nonzeros = a.nonZeros();
/// auto const features = csr_view(a.cols(), std::span(a.outerIndexPtr(), n + 1),
///                                std::span(a.innerIndexPtr(), nonzeros),
///                                std::span(a.valuePtr(), nonzeros));
/// ~~~
/// @param columns    d; every index is below it
/// @param row_starts rows + 1 ascending offsets of any integer type, from 0 to the number of values
/// @param indices    `std::uint32_t` or `std::int32_t`, from 0; sorted and unique within a row
/// @param values     `float` or `double`, finite
/// @param owner      if not null, the matrix and its copies keep it alive
/// @throws invalid_data naming the argument and the element that violates a rule
template <detail::range_of_integers RowStarts, detail::range_of_indices Indices,
          detail::range_of_values Values>
auto csr_view(std::size_t columns, RowStarts&& row_starts, Indices&& indices, Values&& values,
              std::shared_ptr<void const> owner = nullptr)
    -> csr_matrix<detail::element_of<Values>> {
  static_assert(detail::is_borrowed<Indices> && detail::is_borrowed<Values>,
                "csr_view borrows its indices and values: a temporary would be destroyed at once");
  using value = detail::element_of<Values>;
  using start = detail::element_of<RowStarts>;
  struct owned {
    std::vector<std::size_t> row_starts;
    std::shared_ptr<void const> owner;
  };
  std::span<std::size_t const> starts;
  if constexpr (std::same_as<start, std::size_t> && detail::is_borrowed<RowStarts>) {
    starts = {row_starts.data(), row_starts.size()};
  } else {
    auto const own = std::make_shared<owned>();
    own->row_starts.reserve(row_starts.size());
    for (start const each : std::span<start const>(row_starts.data(), row_starts.size())) {
      if constexpr (std::is_signed_v<start>)
        if (each < 0)
          throw invalid_data("row_starts[" + std::to_string(own->row_starts.size()) + "]",
                             std::to_string(each), "an offset >= 0");
      own->row_starts.push_back(static_cast<std::size_t>(each));
    }
    own->owner = std::move(owner);
    starts = own->row_starts;
    owner = own;
  }
  auto const* const first = reinterpret_cast<std::uint32_t const*>(indices.data());
  auto matrix = detail::csr_access::view<value>(
      columns, starts, std::span(first, indices.size()),
      std::span<value const>(values.data(), values.size()), std::move(owner));
  detail::csr_access::check(matrix);
  return matrix;
}

}  // namespace localsgd
