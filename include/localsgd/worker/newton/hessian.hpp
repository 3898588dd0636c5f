// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/compiler.hpp"
#include "localsgd/core/index_range.hpp"
#include "localsgd/evaluation/full_gradient.hpp"
#include "localsgd/fwd.hpp"
#include "localsgd/kernels/packed_cholesky.hpp"
#include "localsgd/kernels/rank_update.hpp"
#include "localsgd/kernels/rows.hpp"
#include "localsgd/loss/second_derivatives.hpp"
#include "localsgd/loss/squared.hpp"
#include "localsgd/objective/factored_concept.hpp"
#include "localsgd/objective/linear_concept.hpp"
#include "localsgd/objective/sharded_concept.hpp"

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

/// @file
/// @brief Σ_i ∇²f_i(x) of linear models and of softmax regression, without the penalty.

namespace localsgd::detail {

/// @brief Whether one Newton step minimises f from any point. All shards have to agree, so only the
///        type of their loss counts.
template <class F>
bool one_step_is_exact([[maybe_unused]] F const& f) {
  using model = stepped_objective<F>;
  if constexpr (!linear_with_ridge<model>)
    return false;
  else if constexpr (ShardedObjective<F>)
    return std::same_as<std::remove_cvref_t<decltype(std::declval<model const&>().loss())>, squared>;
  else
    return has_constant_curvature(f.loss(), f.target(0));
}

/// @brief A model of C outputs whose probabilities p(x a_i) are available: ∇²φ_i = scale_i·(diag p
///        − ppᵀ) ⊗ a_i a_iᵀ, with `f.scale(i)`, or 1 without that member.
template <class F>
concept knows_probabilities =
    FactoredObjective<F> &&
    requires(F const& f, std::span<double const> x, std::size_t i, std::span<double> p,
             std::span<std::size_t const> batch) {
      { row_of(f.features(), i) };
      { f.probabilities(x, batch, p) } -> std::same_as<void>;
    };

/// @brief Objectives whose Hessian is a sum over rows, with an L2 penalty, a separable one or none.
template <class F>
concept has_row_hessian =
    bool(linear_with_sparse_steps<F> ||
         (knows_probabilities<F> && (has_ridge<F> || separable_proximal<F>)));

/// @brief Such an objective whose penalty is separable and has no gradient.
template <class F>
concept has_proximal_newton_steps = has_row_hessian<F> && separable_proximal<F>;

/// @brief A linear model or softmax regression with the group lasso.
template <class F>
concept has_group_newton_steps =
    bool(LinearObjective<F> || knows_probabilities<F>) &&
    std::same_as<regularizer_type<F>, group_l1>;

/// @brief Whether all groups are small enough for Newton steps: with larger ones local steps cost
///        less.
template <std::same_as<group_l1> R>
bool has_small_groups(R const& r) noexcept {
  constexpr std::size_t most = 32;
  for (std::size_t g = 0; g != r.groups(); ++g)
    if (r.group(g).size() > most) return false;
  return true;
}

/// @brief The number of multiply-adds of a rank_update that take the time of one scattered
///        multiply-add.
inline constexpr double along_rows = 16;

/// @brief Whether a row is added with all its zeros, instead of scattering its entries.
inline bool is_full(std::size_t entries, std::size_t d) noexcept {
  return along_rows * static_cast<double>(entries * entries) > static_cast<double>(d * d);
}

/// @brief Adds w·aaᵀ to a packed triangle, for a with n entries value_k at positions place_k, which
///        ascend.
template <class Index>
void add_square(Index const* place, double const* value, std::size_t n, double weight,
                double* LOCALSGD_RESTRICT triangle) noexcept {
  for (std::size_t k = 0; k != n; ++k) {
    double const c = weight * value[k];
    double* const to = triangle + packed_size(place[k]);
    for (std::size_t m = 0; m <= k; ++m) to[place[m]] += c * value[m];
  }
}

/// @brief Adds w·aaᵀ to a packed triangle, entry by entry. If the intercept is not 0, it is
///        appended to `a` in column `last`. `values` is working memory for as many numbers as a
///        has.
template <class Row>
void add_sparse_row(Row const& a, double weight, double intercept, std::size_t last,
                    std::vector<double>& values, double* LOCALSGD_RESTRICT triangle) {
  std::size_t const n = a.indices.size();
  values.assign(a.values.begin(), a.values.end());
  double const* const value = values.data();
  add_square(a.indices.data(), value, n, weight, triangle);  // columns ascend
  if (intercept == 0) return;
  double* const to = triangle + packed_size(last);
  double const c = weight * intercept;
  for (std::size_t k = 0; k != n; ++k) to[a.indices[k]] += c * value[k];
  to[last] += c * intercept;
}

/// @brief Calls `visit(i, s_i φ''_i)` for some samples of a linear model at x, in their order.
/// @param width see second_derivatives()
template <LinearObjective F, class Visit>
void for_each_curvature(F const& f, std::span<typename F::scalar const> x, index_range samples,
                        double width, Visit const& visit) {
  constexpr std::size_t block = 64;
  double z[block], y[block], bend[block];
  for (std::size_t i = samples.first; i < samples.last; i += block) {
    std::size_t const count = std::min(block, samples.last - i);
    write_predictions(f, x, {i, i + count}, z);
    for (std::size_t j = 0; j != count; ++j) y[j] = f.target(i + j);
    second_derivatives(f.loss(), z, y, count, bend, width);
    for (std::size_t j = 0; j != count; ++j) visit(i + j, f.scale(i + j) * bend[j]);
  }
}

/// @brief Adds Σ_i s_i φ''_i a_i a_iᵀ over some samples to a packed triangle.
/// @param width see second_derivatives()
template <linear_with_sparse_steps F>
void add_hessian(F const& f, std::span<typename F::scalar const> x, index_range samples,
                 std::span<double> triangle, double width = 0) {
  using row = decltype(row_of(f.features(), 0));
  double const intercept = f.intercept();
  std::size_t const d = x.size(), last = d - 1;
  rank_update dense(d);
  std::vector<double> values;
  for_each_curvature(f, x, samples, width, [&](std::size_t i, double weight) {
    if (weight == 0) return;
    auto const a = row_of(f.features(), i);
    if constexpr (sparse_row<row>)
      if (!is_full(a.indices.size(), d))
        return add_sparse_row(a, weight, intercept, last, values, triangle.data());
    std::span<double> const to = dense.next();
    for_each_entry(a, [&](std::size_t k, double value) { to[k] = value; });
    if (intercept != 0) to[last] = intercept;
    dense.push(weight);
    if (!dense.full()) return;
    dense.add_to(triangle, 0, 0);
    dense.clear();
  });
  dense.add_to(triangle, 0, 0);
}

/// @brief Adds Σ_i scale_i·(diag p_i − p_i p_iᵀ) ⊗ a_i a_iᵀ over some samples to a packed triangle.
///
/// Block (c, c') is Σ_i scale_i p_c([c = c'] − p_c') a_i a_iᵀ. It is symmetric, so half of it
/// suffices. An intercept is the last column of a_i.
/// @param constant the value of the intercept, or 0
template <knows_probabilities F>
void add_class_blocks(F const& f, std::span<typename F::scalar const> x, double constant,
                      index_range samples, std::span<double> triangle) {
  std::size_t const classes = f.outputs(), columns = x.size() / classes;
  std::vector<double> const point(x.begin(), x.end());
  std::vector<double> p(rank_update::capacity * classes);
  double scale[rank_update::capacity];
  rank_update rows(columns);
  for (std::size_t i = samples.first; i != samples.last; ++i) {
    scale[rows.size()] = scale_of(f, i);
    f.probabilities(std::span<double const>(point), std::span<std::size_t const>(&i, 1),
                    std::span(p).subspan(rows.size() * classes, classes));
    std::span<double> const to = rows.next();
    for_each_entry(row_of(f.features(), i), [&](std::size_t j, double value) { to[j] = value; });
    if (constant != 0) to[columns - 1] = constant;
    rows.push(1);
    if (!rows.full() && i + 1 != samples.last) continue;
    for (std::size_t c = 0; c != classes; ++c)
      for (std::size_t e = 0; e <= c; ++e) {
        for (std::size_t r = 0; r != rows.size(); ++r)
          rows.weights[r] =
              scale[r] * (p[r * classes + c] * ((c == e ? 1 : 0) - p[r * classes + e]));
        rows.add_to(triangle, c * columns, e * columns);
      }
    rows.clear();
  }
  for (std::size_t c = 0; c != classes; ++c)  // the other halves
    for (std::size_t e = 0; e != c; ++e)
      for (std::size_t i = 0; i != columns; ++i)
        for (std::size_t j = 0; j != i; ++j)
          triangle[packed_size(c * columns + j) + e * columns + i] =
              triangle[packed_size(c * columns + i) + e * columns + j];
}

/// @brief The value of the intercept of each class, or 0.
template <knows_probabilities F>
double intercept_of_classes(F const& f) noexcept {
  if constexpr (requires { { f.intercept() } -> std::same_as<double>; }) return f.intercept();
  return 0;
}

/// @brief The same in the order of x, in which intercepts are last.
template <knows_probabilities F>
void add_hessian(F const& f, std::span<typename F::scalar const> x, index_range samples,
                 std::span<double> triangle) {
  double const constant = intercept_of_classes(f);
  if (constant == 0) return add_class_blocks(f, x, 0, samples, triangle);
  std::size_t const d = x.size(), classes = f.outputs(), columns = d / classes;
  std::vector<double> blocks(packed_size(d));
  add_class_blocks(f, x, constant, samples, blocks);
  auto const place = [&](std::size_t j) {
    std::size_t const c = j / columns, column = j % columns;
    return column + 1 == columns ? classes * (columns - 1) + c : c * (columns - 1) + column;
  };
  for (std::size_t i = 0; i != d; ++i)
    for (std::size_t j = 0; j <= i; ++j) {
      auto const [low, high] = std::minmax({place(i), place(j)});
      triangle[packed_size(high) + low] += blocks[packed_size(i) + j];
    }
}

/// @brief Adds the diagonal of Σ_i ∇²f_i(x) over some samples of a linear model, without the penalty.
/// @return the number of samples whose ∇²f_i(x) is 0
template <linear_with_sparse_steps F>
std::size_t add_hessian_diagonal(F const& f, std::span<typename F::scalar const> x,
                                 index_range samples, std::span<double> sum) {
  double const intercept = f.intercept();
  double weights = 0;
  std::size_t flat = 0;
  for_each_curvature(f, x, samples, 0, [&](std::size_t i, double weight) {
    if (weight == 0) {
      ++flat;
      return;
    }
    for_each_entry(row_of(f.features(), i),
                   [&](std::size_t j, double value) { sum[j] += weight * value * value; });
    weights += weight;
  });
  if (intercept != 0) sum[x.size() - 1] += weights * intercept * intercept;
  return flat;
}

/// @brief The same for softmax regression: Σ_i scale_i p_ic(1 − p_ic) a_ij².
/// @return 0
template <knows_probabilities F>
std::size_t add_hessian_diagonal(F const& f, std::span<typename F::scalar const> x,
                                 index_range samples, std::span<double> sum) {
  double const constant = intercept_of_classes(f);
  std::size_t const classes = f.outputs(), columns = x.size() / classes - (constant != 0 ? 1 : 0);
  std::vector<double> const point(x.begin(), x.end());
  std::vector<double> p(classes);
  for (std::size_t i = samples.first; i != samples.last; ++i) {
    f.probabilities(std::span<double const>(point), std::span<std::size_t const>(&i, 1),
                    std::span(p));
    for (double& share : p) share *= scale_of(f, i) * (1 - share);
    for_each_entry(row_of(f.features(), i), [&](std::size_t j, double value) {
      for (std::size_t c = 0; c != classes; ++c) sum[c * columns + j] += p[c] * value * value;
    });
    if (constant == 0) continue;
    for (std::size_t c = 0; c != classes; ++c)
      sum[classes * columns + c] += p[c] * constant * constant;
  }
  return 0;
}

/// @brief Collective: diagonal ← that of n∇²f(x)/m, with the penalty, on the leader.
/// @return how many samples have no curvature, to the leader; 0 to the others
template <class F, class T>
double measure_hessian_diagonal(F const& f, std::span<typename F::scalar const> x, double m,
                                full_gradient& pass, T& team, std::vector<double>& diagonal) {
  std::size_t const d = x.size();
  pass.each_share(f, team, [&](auto const& share, index_range samples, std::span<double> sum,
                               std::size_t) {
    sum[d] += static_cast<double>(add_hessian_diagonal(share, x, samples, sum));
  });
  if (!team.leads()) return 0;
  pass.write(m, diagonal);
  std::size_t const penalized = penalized_coordinates(f);
  double const ridge = static_cast<double>(f.samples()) / m * ridge_of(f);
  for (std::size_t j = 0; j != penalized; ++j) diagonal[j] += ridge;
  return pass.totals()[d];
}

}  // namespace localsgd::detail
