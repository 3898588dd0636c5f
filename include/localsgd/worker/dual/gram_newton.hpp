// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/cache_aligned.hpp"
#include "localsgd/kernels/enclosed_zero.hpp"
#include "localsgd/kernels/packed_cholesky.hpp"
#include "localsgd/kernels/rank_update.hpp"
#include "localsgd/kernels/rows.hpp"
#include "localsgd/loss/evaluate.hpp"
#include "localsgd/objective/linear_concept.hpp"
#include "localsgd/worker/newton/hessian.hpp"
#include "localsgd/worker/newton/hessian_work.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

/// @file
/// @brief Newton's method for linear models with fewer samples than features.

namespace localsgd::detail {

/// @brief Minimises f(x) = (1/n) Σ s_i φ(z_i, y_i) + (λ/2)‖x‖² over x = −(1/(λn)) Σ u_i a_i, which
///        include the minimiser, by Newton steps in n unknowns \cite chapelle2007training.
///
/// With the Gram matrix K_ij = ⟨a_i, a_j⟩/(λn), z = o − Ku and λ‖x‖² = ⟨u, Ku⟩/n, so after one pass
/// over all pairs of rows no step looks at the features. A step leads to u⁺ = r − Sv, (I + SKS)v =
/// SKr, S² = diag(s_i φ''_i), r_i = s_i φ'_i + s_i φ''_i (o_i − z_i), all of them at z; f is then
/// minimised on the line to u⁺. ‖∇f‖² = ⟨g, Kg⟩·λ/n, g_i = s_i φ'_i − u_i. Steps cost n³/6
/// multiply-adds.
template <linear_with_ridge F>
class gram_newton {
 public:
  /// @brief The work of n samples of f with d coordinates in units of an epoch of single steps: of
  ///        K and of ten steps. See pass_work.
  static double epochs(F const& f) {
    auto const a = row_of(f.features(), 0);
    auto const entries = static_cast<std::size_t>(entries_per_row(f.features()) + 0.5);
    std::size_t const n = f.samples(), d = f.dimension();
    double const k = static_cast<double>(d) * tile_rate(n) * tile_area(n);
    pass_work const row = work_of_row(sparse_row<decltype(a)>, entries, d);
    return (k + 10 * work_of_system(n, 1)) / (static_cast<double>(n) * row.local_step);
  }

  /// @brief Computes K as a sum over columns.
  /// @param scale 1/(λn)
  void prepare(F const& f, double scale) {
    constexpr std::size_t width = rank_update::capacity;
    std::size_t const n = f.samples(), columns = column_count(f.features());
    k_.assign(packed_size(n), 0.0);
    rank_update sum(n);
    std::vector<std::size_t> at(n);  // in each row: the first entry behind the columns before
    std::vector<double> panel(width * n);
    for (std::size_t first = 0; first < columns; first += width) {
      std::size_t const last = std::min(columns, first + width);
      std::ranges::fill(panel, 0.0);
      for (std::size_t i = 0; i != n; ++i)
        for_entries_before(row_of(f.features(), i), at[i], last, [&](std::size_t j, double value) {
          panel[(j - first) * n + i] = value;
        });
      for (std::size_t j = first; j != last; ++j) {
        std::copy_n(panel.data() + (j - first) * n, n, sum.next().data());
        sum.push(scale);
      }
      sum.add_to(k_, 0, 0);
      sum.clear();
    }
    for (double& each : k_) each += scale * f.intercept() * f.intercept();
  }

  /// @brief Makes steps until ‖∇f(x)‖²/(2λ) ≤ goal, f no longer falls, or 100 have been made.
  /// @param u n numbers; the start, and the result
  /// @return The number of steps.
  std::size_t operator()(F const& f, std::span<double> u, double goal) {
    std::size_t const n = u.size();
    resize(n);
    std::size_t steps = 0;
    move(f, u);
    for (double before = value_; steps != most_steps; before = value_) {
      if (!(gap(f, u) > goal)) break;
      if (!find_direction(f, u)) break;
      ++steps;
      double const length = minimise_on_line(f, u);
      for (std::size_t i = 0; i != n; ++i) u[i] += length * direction_[i];
      move(f, u);
      if (!(value_ < before)) break;
    }
    return steps;
  }

 private:
  static constexpr std::size_t most_steps = 100;

  // Calls visit(j, value) for the entries of a row from `at` on in columns before `last`, and moves
  // `at`.
  template <class Row, class Visit>
  static void for_entries_before(Row const& a, std::size_t& at, std::size_t last,
                                 Visit const& visit) {
    if constexpr (sparse_row<Row>)
      for (; at != a.indices.size() && a.indices[at] < last; ++at)
        visit(std::size_t{a.indices[at]}, static_cast<double>(a.values[at]));
    else
      for (; at != last; ++at) visit(at, static_cast<double>(a[at]));
  }

  void resize(std::size_t n) {
    for (auto* const each : {&ku_, &z_, &slope_, &bend_, &g_, &r_, &direction_, &change_})
      each->resize(n);
  }

  // out ← Kv
  void multiply(std::span<double const> v, std::span<double> out) const {
    std::ranges::fill(out, 0.0);
    for (std::size_t i = 0; i != v.size(); ++i) {
      double const* const row = k_.data() + packed_size(i);
      double sum = row[i] * v[i];
      for (std::size_t j = 0; j != i; ++j) {
        sum += row[j] * v[j];
        out[j] += row[j] * v[i];
      }
      out[i] += sum;
    }
  }

  // z, n·f, φ' and φ'' at u
  void move(F const& f, std::span<double const> u) {
    multiply(u, ku_);
    value_ = 0;
    constexpr std::size_t block = 64;
    double y[block], value[block];
    for (std::size_t first = 0; first < u.size(); first += block) {
      std::size_t const count = std::min(block, u.size() - first);
      for (std::size_t i = 0; i != count; ++i) {
        z_[first + i] = with_offset(f, first + i, -ku_[first + i]);
        y[i] = f.target(first + i);
      }
      evaluate(f.loss(), z_.data() + first, y, count, value, slope_.data() + first);
      second_derivatives(f.loss(), z_.data() + first, y, count, bend_.data() + first);
      for (std::size_t i = 0; i != count; ++i)
        value_ += f.scale(first + i) * value[i] + u[first + i] * ku_[first + i] / 2;
    }
  }

  // ‖∇f‖²/(2λ)
  double gap(F const& f, std::span<double const> u) {
    std::vector<double>& kg = change_;
    double sum = 0;
    for (std::size_t i = 0; i != u.size(); ++i) g_[i] = f.scale(i) * slope_[i] - u[i];
    multiply(g_, kg);
    for (std::size_t i = 0; i != u.size(); ++i) sum += g_[i] * kg[i];
    return sum / (2 * static_cast<double>(u.size()));
  }

  // direction ← u⁺ − u, change ← −K·direction
  bool find_direction(F const& f, std::span<double const> u) {
    std::size_t const n = u.size();
    std::vector<double>&root = bend_, &v = change_;
    for (std::size_t i = 0; i != n; ++i) {
      double const bend = f.scale(i) * bend_[i], offset = with_offset(f, i, 0);
      r_[i] = f.scale(i) * slope_[i] + bend * (offset - z_[i]);
      root[i] = std::sqrt(bend);
    }
    factor_.assign(k_.begin(), k_.end());
    for (std::size_t i = 0; i != n; ++i) {
      double* const row = factor_.data() + packed_size(i);
      for (std::size_t j = 0; j <= i; ++j) row[j] *= root[i] * root[j];
      row[i] += 1;
    }
    if (!factor_packed(factor_, n)) return false;
    multiply(r_, v);
    for (std::size_t i = 0; i != n; ++i) v[i] *= root[i];
    solve_packed(factor_, v);
    for (std::size_t i = 0; i != n; ++i) direction_[i] = r_[i] - root[i] * v[i] - u[i];
    multiply(direction_, change_);
    for (double& each : change_) each = -each;
    return true;
  }

  // The step along the direction where f is lowest, to a tenth of its slope.
  double minimise_on_line(F const& f, std::span<double const> u) {
    double linear = 0, quadratic = 0;  // of ⟨u, Ku⟩/2
    for (std::size_t i = 0; i != u.size(); ++i) {
      linear -= u[i] * change_[i];
      quadratic -= direction_[i] * change_[i];
    }
    auto const slope_at = [&](double step) {
      double sum = linear + step * quadratic;
      for (std::size_t i = 0; i != u.size(); ++i)
        sum +=
            f.scale(i) * f.loss().derivative(z_[i] + step * change_[i], f.target(i)) * change_[i];
      return sum;
    };
    double const start = slope_at(0);
    if (!(start < 0)) return 0;
    return near_zero(start, -start, 30, slope_at,  // the first step is 1
                     [&](double, double slope) { return std::abs(slope) <= 0.1 * -start; });
  }

  aligned_vector<double> k_, factor_;  // packed triangles
  double value_ = 0;                   // n·f
  std::vector<double> ku_, z_, slope_, bend_, g_, r_, direction_, change_;
};

}  // namespace localsgd::detail
