// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/checksum.hpp"
#include "localsgd/core/error.hpp"
#include "localsgd/core/tensor.hpp"
#include "localsgd/data/cache_header.hpp"
#include "localsgd/data/csr_matrix.hpp"
#include "localsgd/data/dataset.hpp"
#include "localsgd/io/mapped_file.hpp"
#include "localsgd/io/replacing_file.hpp"

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <utility>

/// @file
/// @brief Data sets in binary files: parse the text once, save the result, and load it quickly.

namespace localsgd {

namespace detail {

template <class Matrix>
inline constexpr std::uint32_t cache_layout = 0;
template <class Value>
inline constexpr std::uint32_t cache_layout<csr_matrix<Value>> = cache_header::csr;
template <class Value>
inline constexpr std::uint32_t cache_layout<dense_matrix<Value>> = cache_header::dense;

template <class Matrix>
constexpr bool is_cacheable() noexcept {
  if constexpr (cache_layout<Matrix> == 0)
    return false;
  else
    return std::same_as<typename Matrix::value_type, float> ||
           std::same_as<typename Matrix::value_type, double>;
}

/// @brief The header for a kind of matrix, without its shape.
template <class Matrix>
cache_header cache_header_of() noexcept {
  using value_type = typename Matrix::value_type;
  static_assert(std::numeric_limits<value_type>::is_iec559);
  cache_header header;
  header.layout = cache_layout<Matrix>;
  header.value_bits = 8 * sizeof(value_type);
  if (header.layout == cache_header::csr) {
    header.index_bits = 32;
    header.start_bits = 8 * sizeof(std::size_t);
  }
  return header;
}

}  // namespace detail

/// @brief Writes a data set to a file that load() can use without parsing.
///
/// An existing file is replaced atomically once all bytes are on disk: if saving fails at any
/// point, the old file is kept. A program that has loaded the old file can continue to read it. A
/// symbolic link is replaced, not followed.
///
/// @tparam Matrix csr_matrix or dense_matrix of float or double.
/// @throws invalid_data unless there is one target for each row.
/// @throws std::filesystem::filesystem_error with path and reason if the file cannot be written.
template <class Matrix>
void save(dataset<Matrix> const& data, std::filesystem::path const& path) {
  static_assert(detail::is_cacheable<Matrix>());
  auto header = detail::cache_header_of<Matrix>();
  std::array<void const*, 4> arrays{};
  if constexpr (detail::cache_layout<Matrix> == detail::cache_header::csr) {
    header.rows = data.features.rows();
    header.columns = data.features.columns();
    header.entries = data.features.nonzeros();
    arrays[0] = detail::csr_access::row_starts(data.features).data();
    arrays[1] = detail::csr_access::indices(data.features).data();
    arrays[2] = detail::csr_access::values(data.features).data();
  } else {
    header.rows = data.features.shape(0);
    header.columns = data.features.shape(1);
    header.entries = data.features.size();
    arrays[2] = data.features.data();
  }
  if (data.targets.size() != header.rows)
    throw invalid_data("targets", std::to_string(data.targets.size()) + " targets",
                       std::to_string(header.rows) + ", one for each row");
  arrays[3] = data.targets.data();

  header.place_sections();
  for (std::size_t i = 0; i != arrays.size(); ++i) {
    auto& section = header.sections[i];
    if (section.offset != 0)
      section.checksum = detail::checksum(arrays[i], static_cast<std::size_t>(section.bytes));
  }
  header.own_checksum = header.right_checksum();

  detail::replacing_file file(path);
  file.write(&header, sizeof(header));
  constexpr std::array<char, detail::cache_header::alignment> zeros{};
  for (std::size_t i = 0; i != arrays.size(); ++i) {
    auto const bytes = static_cast<std::size_t>(header.sections[i].bytes);
    file.write(arrays[i], bytes);
    file.write(zeros.data(), (zeros.size() - bytes % zeros.size()) % zeros.size());
  }
  file.commit();
}

/// @brief Reads a data set written by save().
///
/// Everything is checked: the header, a checksum of each array, and the rules of csr_matrix, so
/// that not even a forged file causes accesses outside the arrays. The features of a csr_matrix
/// stay in the file: they are mapped into memory, not copied, and programs that load the same file
/// share them. While the file is mapped, it may be replaced or removed, but not written to or
/// truncated.
///
/// @tparam Matrix The saved type: csr_matrix or dense_matrix of float or double.
/// @throws invalid_data with what was found, what was expected and what to do, if the file does not
///         exist, is not a cache, has another format version, comes from a machine with another
///         byte order, contains another kind of matrix, or is truncated or damaged (and where).
template <class Matrix = csr_matrix<float>>
dataset<Matrix> load(std::filesystem::path const& path) {
  static_assert(detail::is_cacheable<Matrix>());
  using value_type = typename Matrix::value_type;
  auto const file = std::make_shared<detail::mapped_file const>(path);
  std::string const name = path.string();
  auto const header =
      detail::read_cache_header(file->bytes(), name, detail::cache_header_of<Matrix>());
  auto const section = [&]<class T>(std::size_t i, T const*) {
    return std::span<T const>(
        reinterpret_cast<T const*>(file->bytes().data() + header.sections[i].offset),
        static_cast<std::size_t>(header.sections[i].bytes / sizeof(T)));
  };
  // to_vector would convert element by element.
  auto const copy = [](auto from, auto* to) { std::copy(from.begin(), from.end(), to); };

  auto const rows = static_cast<std::size_t>(header.rows);
  auto const columns = static_cast<std::size_t>(header.columns);
  vector<double> targets(std::array<std::size_t, 1>{rows});
  copy(section(3, static_cast<double const*>(nullptr)), targets.data());
  auto const values = section(2, static_cast<value_type const*>(nullptr));
  if constexpr (detail::cache_layout<Matrix> == detail::cache_header::csr) {
    auto features = detail::csr_access::view<value_type>(
        columns, section(0, static_cast<std::size_t const*>(nullptr)),
        section(1, static_cast<std::uint32_t const*>(nullptr)), values, file);
    try {
      detail::csr_access::check(features);
    } catch (invalid_data const& e) {
      detail::refuse_cache(name, e.file + " = " + e.found, e.expected);
    }
    return {std::move(features), std::move(targets)};
  } else {
    Matrix features(std::array<std::size_t, 2>{rows, columns});
    copy(values, features.data());
    return {std::move(features), std::move(targets)};
  }
}

}  // namespace localsgd
