// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/core/tensor.hpp"
#include "localsgd/data/csr_matrix.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

/// @file
/// @brief Matrices that consist of selected rows of another matrix.

namespace localsgd {

namespace detail {
/// @throws invalid_data naming the first index that is not below `rows`
inline void check_row_indices(std::span<std::size_t const> samples, std::size_t rows) {
  for (std::size_t k = 0; k != samples.size(); ++k)
    if (samples[k] >= rows)
      throw invalid_data("samples[" + std::to_string(k) + "]", std::to_string(samples[k]),
                         "below " + std::to_string(rows) + ", the number of rows");
}
}  // namespace detail

/// @brief Row k of the result is a copy of row `samples[k]`, in O(nonzeros copied). The number of
///        columns does not change.
/// @param samples in any order; rows may repeat
/// @throws invalid_data if an index is not below the number of rows
template <class Value>
csr_matrix<Value> select_rows(csr_matrix<Value> const& from, std::span<std::size_t const> samples) {
  detail::check_row_indices(samples, from.rows());
  struct arrays {
    std::vector<std::size_t> row_starts;
    std::vector<std::uint32_t> indices;
    std::vector<Value> values;
  };
  auto const own = std::make_shared<arrays>();
  own->row_starts.reserve(samples.size() + 1);
  own->row_starts.push_back(0);
  for (std::size_t const i : samples)
    own->row_starts.push_back(own->row_starts.back() + from.row(i).values.size());
  own->indices.reserve(own->row_starts.back());
  own->values.reserve(own->row_starts.back());
  for (std::size_t const i : samples) {
    auto const row = from.row(i);
    own->indices.insert(own->indices.end(), row.indices.begin(), row.indices.end());
    own->values.insert(own->values.end(), row.values.begin(), row.values.end());
  }
  arrays const& all = *own;
  return detail::csr_access::view<Value>(from.columns(), all.row_starts, all.indices, all.values,
                                         own);
}

/// @brief The same for a dense matrix.
/// @throws invalid_data if an index is not below the number of rows
template <class Value>
dense_matrix<Value> select_rows(dense_matrix<Value> const& from,
                                std::span<std::size_t const> samples) {
  std::size_t const columns = from.shape(1);
  detail::check_row_indices(samples, from.shape(0));
  dense_matrix<Value> to(std::array<std::size_t, 2>{samples.size(), columns});
  for (std::size_t k = 0; k != samples.size(); ++k)
    std::copy_n(from.data() + samples[k] * columns, columns, to.data() + k * columns);
  return to;
}

}  // namespace localsgd
