// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/compiler.hpp"
#include "localsgd/kernels/coordinate_descent.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

/// @file
/// @brief The quadratic model of softmax regression by the columns of its features.

namespace localsgd::detail {

/// @brief ⟨g, v⟩ + ½⟨v, Hv⟩ for H = Σ_i s_i (diag p_i − p_i p_iᵀ) ⊗ a_i a_iᵀ, restricted to some
///        coordinates (c, j), a class and a column each: the interface of column_quadratic.
///
/// (Hv)_cj = Σ_i s_i a_ij p_ic (z_ic − q_i) with z_ic = ⟨a_i, v_c⟩ and q_i = Σ_c p_ic z_ic, so a
/// slope and a move cost the nonzeros of one column, for any number of classes. Not thread safe.
template <class = void>
class basic_class_column_quadratic {
 public:
  static constexpr double exact = 1e-14;
  static constexpr std::size_t sweeps = 100;

  /// @brief A coordinate: its class and its column.
  struct place {
    std::uint32_t of_class, column;
  };

  /// @brief Clears the matrix, which now has these coordinates and no rows.
  void clear(std::vector<place> coordinates, std::size_t classes, std::size_t columns) {
    places_ = std::move(coordinates);
    classes_ = classes;
    first_.assign(columns + 1, 0);
    columns_.clear();
    values_by_row_.clear();
    by_row_.clear();
    row_ends_.clear();
    rows_ = done_ = 0;
  }
  /// @brief Adds an entry to the next row.
  void push(std::uint32_t column, double value) {
    columns_.push_back(column);
    values_by_row_.push_back(value);
    ++first_[column + 1];
  }
  /// @brief Completes a row. @param scale s_i ≥ 0 @param p the probabilities p_i of all classes
  void end_row(double scale, std::span<double const> p) {
    double const root = std::sqrt(scale);
    for (; done_ != values_by_row_.size(); ++done_) values_by_row_[done_] *= root;
    by_row_.insert(by_row_.end(), p.begin(), p.end());
    row_ends_.push_back(values_by_row_.size());
    ++rows_;
  }
  /// @brief Called after the last row: sorts the entries by columns.
  LOCALSGD_ONE_COPY void finish() {
    std::size_t const columns = first_.size() - 1;
    for (std::size_t j = 0; j != columns; ++j) first_[j + 1] += first_[j];
    std::vector<std::size_t> next(first_.begin(), first_.end() - 1);
    at_.resize(columns_.size());
    values_.resize(columns_.size());
    for (std::size_t i = 0, k = 0; i != rows_; ++i)
      for (; k != row_ends_[i]; ++k) {
        std::size_t const to = next[columns_[k]]++;
        at_[to] = static_cast<std::uint32_t>(i);
        values_[to] = values_by_row_[k];
      }
    p_.resize(by_row_.size());
    for (std::size_t i = 0; i != rows_; ++i)
      for (std::size_t c = 0; c != classes_; ++c) p_[c * rows_ + i] = by_row_[i * classes_ + c];
    std::vector<std::uint32_t>().swap(columns_);
    std::vector<double>().swap(values_by_row_);
    std::vector<double>().swap(by_row_);
    std::vector<std::size_t>().swap(row_ends_);
    diagonal_.assign(places_.size(), 0.0);
    for (std::size_t k = 0; k != places_.size(); ++k)
      for_each_entry_of(k, [&](std::size_t, double value, double p) {
        diagonal_[k] += value * value * p * (1 - p);
      });
  }
  std::size_t size() const noexcept { return places_.size(); }
  double diagonal(std::size_t k) const noexcept { return diagonal_[k]; }

  void start(std::span<double const> g) {
    g_.assign(g.begin(), g.end());
    z_.assign(classes_ * rows_, 0.0);
    q_.assign(rows_, 0.0);
  }
  LOCALSGD_ONE_COPY double slope(std::size_t k) const noexcept {
    double const* const z = z_.data() + places_[k].of_class * rows_;
    double sum = 0;
    for_each_entry_of(k, [&](std::size_t i, double value, double p) {
      sum += value * p * (z[i] - q_[i]);
    });
    return g_[k] + sum;
  }
  LOCALSGD_ONE_COPY void move(std::size_t k, double change) noexcept {
    double* const z = z_.data() + places_[k].of_class * rows_;
    for_each_entry_of(k, [&](std::size_t i, double value, double p) {
      z[i] += change * value;
      q_[i] += p * (change * value);
    });
  }
  void keep() { z_before_ = z_, q_before_ = q_; }
  void undo() noexcept { z_.swap(z_before_), q_.swap(q_before_); }

 private:
  // visit(i, √s_i a_ij, p_ic)
  template <class Visit>
  void for_each_entry_of(std::size_t k, Visit const& visit) const {
    auto const [of_class, column] = places_[k];
    double const* const p = p_.data() + of_class * rows_;
    for (std::size_t e = first_[column]; e != first_[column + 1]; ++e)
      visit(at_[e], values_[e], p[at_[e]]);
  }

  std::size_t classes_ = 0, rows_ = 0, done_ = 0;
  std::vector<place> places_;
  std::vector<std::size_t> first_;  // entry of each column
  std::vector<std::uint32_t> at_;   // row
  std::vector<double> values_, diagonal_;
  std::vector<double> p_;  // by classes
  std::vector<double> g_, z_, q_, z_before_, q_before_;  // z and q times √s_i
  std::vector<std::uint32_t> columns_;  // until finish(): the entries by rows
  std::vector<double> values_by_row_, by_row_;
  std::vector<std::size_t> row_ends_;
};
// A template: compiled only where it is used.
using class_column_quadratic = basic_class_column_quadratic<>;
using class_column_descent = coordinate_descent_on<class_column_quadratic>;

}  // namespace localsgd::detail
