// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/cache_aligned.hpp"
#include "localsgd/kernels/packed_cholesky.hpp"
#include "localsgd/kernels/simd.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

/// @file
/// @brief Sums of outer products of dense rows: the symmetric rank-k update A ← A + Σ_r w_r a_r
///        a_rᵀ.

namespace localsgd::detail {

/// @brief Up to 32 rows of m numbers, added to a packed triangle as weighted outer products.
///
/// The update is blocked for registers: a block of 4 rows by two vectors of columns of the result
/// stays in registers while the loop runs over the rows a_r. Not thread-safe; use one object per
/// thread.
template <class = void>
class basic_rank_update {
 public:
  static constexpr std::size_t capacity = 32;

  explicit basic_rank_update(std::size_t columns)
      : m_(columns),
        stride_((columns + tile_columns - 1) / tile_columns * tile_columns + tile_columns),
        rows_(capacity * stride_),
        scaled_(capacity * stride_) {}

  /// @brief Storage for the next row, zero-initialised. @pre !full()
  std::span<double> next() noexcept {
    auto const row = std::span(rows_).subspan(count_ * stride_, m_);
    std::fill(row.begin(), row.end(), 0.0);
    return row;
  }
  /// @brief Adds the row written to next(), with weight w_r.
  void push(double weight) noexcept { weights[count_++] = weight; }
  std::size_t size() const noexcept { return count_; }
  bool full() const noexcept { return count_ == capacity; }
  void clear() noexcept { count_ = 0; }

  /// @brief Adds the lower triangle of Σ_r w_r a_r a_rᵀ to a block of a packed triangle: element
  ///        (i, j), j ≤ i < m, to its row `row` + i and its column `column` + j. @pre column ≤ row
  void add_to(std::span<double> triangle, std::size_t row, std::size_t column) noexcept {
    if (count_ == 0) return;
    for (std::size_t r = 0; r != count_; ++r)
      for (std::size_t j = 0; j != m_; ++j)
        scaled_[r * stride_ + j] = weights[r] * rows_[r * stride_ + j];
    for (std::size_t j = 0; j < m_; j += tile_columns)
      for (std::size_t i = j; i < m_; i += tile_rows) {
        std::array<double*, tile_rows> to;
        for (std::size_t k = 0; k != tile_rows; ++k)
          to[k] = triangle.data() + packed_size(row + std::min(i + k, m_ - 1)) + column + j;
        add_tile(i, j, to);
      }
  }

  std::array<double, capacity> weights{};  ///< w_r of the rows pushed

 private:
  static constexpr std::size_t tile_rows = 4, tile_columns = 2 * lanes::size;

  void add_tile(std::size_t i, std::size_t j, std::array<double*, tile_rows> const& to) noexcept {
    lanes a0(0.0), a1(0.0), b0(0.0), b1(0.0), c0(0.0), c1(0.0), d0(0.0), d1(0.0);
    double const* left = scaled_.data() + i;
    double const* right = rows_.data() + j;
    for (std::size_t r = 0; r != count_; ++r, left += stride_, right += stride_) {
      lanes const x0 = load(right), x1 = load(right + lanes::size);
      lanes const a(left[0]), b(left[1]), c(left[2]), d(left[3]);
      a0 = multiply_add(a, x0, a0);
      a1 = multiply_add(a, x1, a1);
      b0 = multiply_add(b, x0, b0);
      b1 = multiply_add(b, x1, b1);
      c0 = multiply_add(c, x0, c0);
      c1 = multiply_add(c, x1, c1);
      d0 = multiply_add(d, x0, d0);
      d1 = multiply_add(d, x1, d1);
    }
    if (i + 1 >= j + tile_columns && i + tile_rows <= m_) {
      add(a0, a1, to[0]);
      add(b0, b1, to[1]);
      add(c0, c1, to[2]);
      add(d0, d1, to[3]);
    } else {  // on the diagonal, or the last rows
      add_first(a0, a1, to[0], i, j);
      add_first(b0, b1, to[1], i + 1, j);
      add_first(c0, c1, to[2], i + 2, j);
      add_first(d0, d1, to[3], i + 3, j);
    }
  }
  static void add(lanes const& v0, lanes const& v1, double* to) noexcept {
    store(load(to) + v0, to);
    store(load(to + lanes::size) + v1, to + lanes::size);
  }
  // Adds to row i, up to the diagonal.
  void add_first(lanes const& v0, lanes const& v1, double* to, std::size_t i,
                 std::size_t j) const noexcept {
    if (i >= m_) return;
    std::size_t const n = i + 1 - j, first = std::min(n, lanes::size),
                      second = std::min(n - first, lanes::size);
    store_first(load_first(to, first) + v0, to, first);
    if (second != 0)
      store_first(load_first(to + lanes::size, second) + v1, to + lanes::size, second);
  }

  std::size_t m_, stride_, count_ = 0;
  aligned_vector<double> rows_, scaled_;  // `capacity` rows; elements beyond m stay zero
};
using rank_update = basic_rank_update<>;  // a template: compiled only where it is used

}  // namespace localsgd::detail
