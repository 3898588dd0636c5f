// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/data/csr_matrix.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

/// @file
/// @brief The columns of a sparse matrix.

namespace localsgd::detail {

/// @brief A copy of a csr_matrix in compressed column form. Construction takes O(nonzeros + rows +
///        columns); a column then costs its nonzeros. Immutable: several threads can use it.
template <class Value>
class matrix_columns {
 public:
  explicit matrix_columns(csr_matrix<Value> const& from)
      : rows_(from.rows()),
        starts_(from.columns() + 1),
        of_row_(from.nonzeros()),
        values_(from.nonzeros()) {
    for (std::size_t i = 0; i != rows_; ++i)
      for (std::uint32_t const j : from.row(i).indices) ++starts_[j + 1];
    for (std::size_t j = 1; j != starts_.size(); ++j) starts_[j] += starts_[j - 1];
    std::vector<std::size_t> next(starts_.begin(), starts_.end() - 1);
    for (std::size_t i = 0; i != rows_; ++i) {
      auto const row = from.row(i);
      for (std::size_t k = 0; k != row.indices.size(); ++k) {
        std::size_t const at = next[row.indices[k]]++;
        of_row_[at] = static_cast<std::uint32_t>(i);
        values_[at] = row.values[k];
      }
    }
  }

  std::size_t rows() const noexcept { return rows_; }
  std::size_t size() const noexcept { return starts_.size() - 1; }

  std::size_t nonzeros() const noexcept { return values_.size(); }
  std::size_t nonzeros(std::size_t j) const noexcept { return starts_[j + 1] - starts_[j]; }

  /// @brief Σ_i v_i a_ij. @param v as long as the column
  double dot(std::size_t j, double const* v) const noexcept {
    double sum = 0;
    for (std::size_t k = starts_[j]; k != starts_[j + 1]; ++k)
      sum += v[of_row_[k]] * static_cast<double>(values_[k]);
    return sum;
  }

  /// @brief The matrix whose column k is column `which[k]`, in O(rows + selected nonzeros).
  /// @param which ascending
  csr_matrix<Value> select(std::span<std::size_t const> which) const {
    struct arrays {
      std::vector<std::size_t> row_starts;
      std::vector<std::uint32_t> indices;
      std::vector<Value> values;
    };
    auto const own = std::make_shared<arrays>();
    own->row_starts.resize(rows_ + 1);
    for (std::size_t const j : which)
      for (std::size_t k = starts_[j]; k != starts_[j + 1]; ++k) ++own->row_starts[of_row_[k] + 1];
    for (std::size_t i = 0; i != rows_; ++i) own->row_starts[i + 1] += own->row_starts[i];
    own->indices.resize(own->row_starts.back());
    own->values.resize(own->row_starts.back());
    std::vector<std::size_t> next(own->row_starts.begin(), own->row_starts.end() - 1);
    for (std::size_t c = 0; c != which.size(); ++c)
      for (std::size_t k = starts_[which[c]]; k != starts_[which[c] + 1]; ++k) {
        std::size_t const at = next[of_row_[k]]++;
        own->indices[at] = static_cast<std::uint32_t>(c);
        own->values[at] = values_[k];
      }
    arrays const& all = *own;
    return csr_access::view<Value>(which.size(), all.row_starts, all.indices, all.values, own);
  }

 private:
  std::size_t rows_;
  std::vector<std::size_t> starts_;
  std::vector<std::uint32_t> of_row_;
  std::vector<Value> values_;
};

}  // namespace localsgd::detail
