// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/cache_aligned.hpp"
#include "localsgd/core/compiler.hpp"
#include "localsgd/kernels/extrapolation.hpp"
#include "localsgd/kernels/packed_cholesky.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

/// @file
/// @brief Minimises a quadratic plus a separable regularizer, coordinate by coordinate.

namespace localsgd::detail {

/// @brief A quadratic ⟨g, p⟩ + ½⟨p, Hp⟩ by its matrix H. A move of a coordinate costs d
///        multiply-adds, a slope none.
template <class = void>
class basic_dense_quadratic {
 public:
  /// @brief A sweep ends the descent if its Σ h_j δ_j² is below this part of the largest.
  static constexpr double exact = 1e-20;
  static constexpr std::size_t sweeps = 400;  ///< maximum number of sweeps

  /// @brief Stores H, symmetric and positive semidefinite, given as a packed triangle of d rows.
  void take(std::span<double const> triangle, std::size_t d) {
    d_ = d;
    h_.resize(d * d);
    for (std::size_t i = 0; i != d; ++i)
      for (std::size_t j = 0; j <= i; ++j)
        h_[i * d + j] = h_[j * d + i] = triangle[packed_size(i) + j];
  }
  std::size_t size() const noexcept { return d_; }
  double diagonal(std::size_t j) const noexcept { return h_[j * d_ + j]; }

  /// @brief p ← 0.
  void start(std::span<double const> g) { slope_.assign(g.begin(), g.end()); }
  /// @brief The derivative with respect to p_j.
  double slope(std::size_t j) const noexcept { return slope_[j]; }
  /// @brief p_j ← p_j + change.
  void move(std::size_t j, double change) noexcept {
    double const* LOCALSGD_RESTRICT const row = h_.data() + j * d_;
    double* LOCALSGD_RESTRICT const to = slope_.data();
    for (std::size_t i = 0; i != d_; ++i) to[i] += change * row[i];
  }
  /// @brief Stores p, for undo().
  void keep() { slope_before_ = slope_; }
  void undo() noexcept { slope_.swap(slope_before_); }

 private:
  std::size_t d_ = 0;
  aligned_vector<double> h_, slope_, slope_before_;
};
using dense_quadratic = basic_dense_quadratic<>;  // a template: compiled only where it is used

/// @brief The same for H = Σ_i w_i a_i a_iᵀ with sparse rows a_i, by columns. A slope and a move
///        cost the nonzeros of a column, and H is not computed.
template <class = void>
class basic_column_quadratic {
 public:
  static constexpr double exact = 1e-14;
  static constexpr std::size_t sweeps = 100;

  /// @brief An entry of a row: its column, below d, and its value.
  struct entry {
    std::uint32_t column;
    double value;
  };

  /// @brief Clears the matrix, which now has d columns and no rows.
  void clear(std::size_t d) {
    first_.assign(d + 1, 0);
    rows_.clear();
    columns_.clear();
    weights_.clear();
    row_ends_.clear();
  }
  /// @brief Adds an entry to the next row.
  void push(std::uint32_t column, double value) {
    columns_.push_back(column);
    rows_.push_back(value);
    ++first_[column + 1];
  }
  /// @brief Completes a row, with its weight w_i ≥ 0.
  void end_row(double weight) {
    weights_.push_back(weight);
    row_ends_.push_back(columns_.size());
  }
  /// @brief Called after the last row: sorts the entries by columns.
  LOCALSGD_ONE_COPY void finish() {
    std::size_t const d = first_.size() - 1;
    for (std::size_t j = 0; j != d; ++j) first_[j + 1] += first_[j];
    std::vector<std::size_t> next(first_.begin(), first_.end() - 1);
    at_.resize(columns_.size());
    values_.resize(columns_.size());
    diagonal_.assign(d, 0.0);
    std::size_t k = 0;
    for (std::size_t i = 0; i != row_ends_.size(); ++i)
      for (; k != row_ends_[i]; ++k) {
        std::size_t const j = columns_[k], to = next[j]++;
        at_[to] = static_cast<std::uint32_t>(i);
        values_[to] = rows_[k];
        diagonal_[j] += weights_[i] * rows_[k] * rows_[k];
      }
    std::vector<std::uint32_t>().swap(columns_);
    std::vector<double>().swap(rows_);
    std::vector<std::size_t>().swap(row_ends_);
  }
  std::size_t size() const noexcept { return diagonal_.size(); }
  double diagonal(std::size_t j) const noexcept { return diagonal_[j]; }

  void start(std::span<double const> g) {
    g_.assign(g.begin(), g.end());
    products_.assign(weights_.size(), 0.0);
  }
  LOCALSGD_ONE_COPY double slope(std::size_t j) const noexcept {
    double sum = 0;
    for (std::size_t k = first_[j]; k != first_[j + 1]; ++k) sum += values_[k] * products_[at_[k]];
    return g_[j] + sum;
  }
  LOCALSGD_ONE_COPY void move(std::size_t j, double change) noexcept {
    for (std::size_t k = first_[j]; k != first_[j + 1]; ++k)
      products_[at_[k]] += change * values_[k] * weights_[at_[k]];
  }
  void keep() { before_ = products_; }
  void undo() noexcept { products_.swap(before_); }

 private:
  std::vector<std::size_t> first_;     // of each column
  std::vector<std::uint32_t> at_;      // row
  std::vector<double> values_, diagonal_;
  std::vector<double> weights_, g_, products_, before_;  // products: w_i⟨a_i, p⟩
  std::vector<std::uint32_t> columns_;  // until finish(): the entries by rows
  std::vector<double> rows_;
  std::vector<std::size_t> row_ends_;
};
using column_quadratic = basic_column_quadratic<>;  // a template: compiled only where it is used

/// @brief Minimises ⟨g, p⟩ + ½⟨p, Hp⟩ + c Σ_j r_j(x_j + p_j) by cyclic coordinate descent, exactly
///        in each coordinate.
///
/// Sweeps visit the coordinates that moved in the last full sweep until these settle, then all
/// coordinates, as in \cite friedman2010regularization. If twenty partial sweeps are not enough, p
/// is extrapolated every five (detail::extrapolation), as in \cite bertrand2021anderson ; an
/// extrapolation that does not lower the sum is undone. If H is nearly singular, as with features
/// that add up to a constant, plain sweeps would take thousands. A sweep of m coordinates costs m·d
/// multiply-adds. Not thread safe.
template <class Quadratic>
class coordinate_descent_on : public Quadratic {
 public:
  using Quadratic::diagonal, Quadratic::slope;

  /// @brief u ← x + p at the minimiser, starting at p = 0. u_j is a value returned by `prox`, so
  ///        that zeros and bounds are exact.
  /// @param prox       `prox(j, v, step)`: argmin_u r_j(u) + (u − v)²/(2 step)
  /// @param penalty    `penalty(u)`: c Σ_j r_j(u_j)
  /// @param damping    ν ≥ 0: uses H + ν diag H instead of H
  /// @param weight     c
  /// @return ⟨g, p⟩ + ½⟨p, Hp⟩, without damping
  template <class Prox, class Penalty>
  double operator()(Prox const& prox, Penalty const& penalty, std::span<double const> x,
                    std::span<double const> g, double damping, double weight, std::span<double> u) {
    std::copy(x.begin(), x.end(), u.begin());
    this->start(g);
    std::size_t const d = this->size();
    std::vector<std::size_t> all(d), moving;
    double largest = 0;
    for (std::size_t j = 0; j != d; ++j) {
      all[j] = j;
      largest = std::max(largest, diagonal(j));
    }
    if (!(largest > 0)) return 0;
    estimate_.resize(d);
    double const least = 1e-14 * largest;  // threshold for a coordinate without curvature
    auto const sweep = [&](std::vector<std::size_t> const& coordinates, auto const& moved) {
      double sum = 0;
      for (std::size_t const j : coordinates) {
        double const h = std::max(diagonal(j), least) * (1 + damping), now = u[j];
        double const towards = slope(j) + damping * diagonal(j) * (now - x[j]);
        double const next = prox(j, now - towards / h, weight / h), change = next - now;
        if (change == 0 || !std::isfinite(change)) continue;
        this->move(j, change);
        u[j] = next;
        sum += h * change * change;
        moved(j);
      }
      return sum;
    };
    auto const model = [&] {  // includes the damping
      double value = 0;
      for (std::size_t j = 0; j != d; ++j) {
        double const p = u[j] - x[j];
        value += p * (g[j] + slope(j) + damping * diagonal(j) * p) / 2;
      }
      return value;
    };
    double most = 0;
    // In coordinates, at most 2000 sweeps; afterwards the direction is used as it is.
    std::size_t budget = std::min(Quadratic::sweeps * d + 100000, 2000 * d);
    while (budget > d) {
      moving.clear();
      double const sum = sweep(all, [&](std::size_t j) { moving.push_back(j); });
      budget -= d;
      most = std::max(most, sum);
      if (!(sum > Quadratic::exact * most)) break;
      history_.clear();
      std::size_t const overhead = std::min<std::size_t>(d, 8);  // of a sweep, in coordinates
      for (int made = 1; budget > 2 * moving.size() + overhead; ++made) {
        budget -= std::max(overhead, moving.size());
        start_.assign(u.begin(), u.end());
        double const moved = sweep(moving, [](std::size_t) {});
        if (!(moved > Quadratic::exact * most)) break;
        if (made <= patience - period) continue;
        bool const estimated = history_(std::span<double const>(start_), std::span<double const>(u),
                                        {}, std::span<double>(estimate_));
        if (made % period != 0) continue;
        history_.clear();
        if (!estimated) continue;
        budget -= moving.size();
        double const value = model() + penalty(std::span<double const>(u));
        start_.assign(u.begin(), u.end());
        this->keep();
        for (std::size_t const j : moving) {
          double const change = estimate_[j] - u[j];
          u[j] += change;
          this->move(j, change);
        }
        sweep(moving, [](std::size_t) {});
        if (model() + penalty(std::span<double const>(u)) < value) continue;
        std::copy(start_.begin(), start_.end(), u.begin());
        this->undo();
      }
    }
    double value = 0;
    for (std::size_t j = 0; j != d; ++j) value += (u[j] - x[j]) * (g[j] + slope(j)) / 2;
    return value;
  }

 private:
  static constexpr int period = 5;        // sweeps between two extrapolations
  static constexpr int patience = 20;     // before the first one: usually fewer suffice

  std::vector<double> start_, estimate_;
  extrapolation history_;
};
using coordinate_descent = coordinate_descent_on<dense_quadratic>;
using column_descent = coordinate_descent_on<column_quadratic>;

}  // namespace localsgd::detail
