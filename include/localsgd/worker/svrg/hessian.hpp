// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/index_range.hpp"
#include "localsgd/kernels/packed_cholesky.hpp"
#include "localsgd/kernels/rows.hpp"
#include "localsgd/kernels/simd.hpp"
#include "localsgd/objective/factored_concept.hpp"
#include "localsgd/objective/linear_concept.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <span>
#include <vector>

/// @file
/// @brief Σ_i ∇²f_i(x) of linear models and of softmax regression, without the penalty.

namespace localsgd::detail {

/// @brief φ''(z, y) from the slopes around z: what a Loss need not have. A kink counts by its share.
template <class L>
double second_derivative(L const& loss, double z, double y) {
  double const h = 6e-6 * (1 + std::abs(z));  // the cube root of the rounding of a slope
  return std::max(0.0, (loss.derivative(z + h, y) - loss.derivative(z - h, y)) / (2 * h));
}

/// @brief A model of C outputs whose probabilities p(x a_i) are known: ∇²f_i = (diag p − ppᵀ) ⊗ a_i a_iᵀ.
template <class F>
concept knows_probabilities =
    factored_with_ridge<F> &&
    requires(F const& f, std::span<double const> x, std::size_t i, std::span<double> p) {
      { row_of(f.features(), i) };
      { f.probabilities(x, i, p) } -> std::same_as<void>;
    };

/// @brief Objectives whose Hessian is a sum over rows, and an L2 penalty or none.
template <class F>
concept has_row_hessian = linear_with_ridge<F> || knows_probabilities<F>;

/// @brief How many multiply-adds along rows take the time of one that is scattered.
inline constexpr double along_rows = 6;

/// @brief The numbers of up to four rows of a matrix of m columns, to be added as outer products.
struct four_rows {
  explicit four_rows(std::size_t columns) : m(columns), values(4 * columns) {}
  std::span<double> next() noexcept { return std::span(values).subspan(count * m, m); }
  void clear() noexcept {
    count = 0;
    weights.fill(0);
  }

  /// @brief Adds Σ_r w_r a_r a_rᵀ to the block of a packed triangle that begins in row and column `at`.
  void add_to(std::span<double> triangle, std::size_t at) const {
    double const* const a0 = values.data();
    double const *const a1 = a0 + m, *const a2 = a1 + m, *const a3 = a2 + m;
    constexpr std::size_t w = lanes::size;
    for (std::size_t i = 0; i != m; ++i) {
      double* const to = triangle.data() + packed_size(at + i) + at;
      double const c0 = weights[0] * a0[i], c1 = weights[1] * a1[i], c2 = weights[2] * a2[i],
                   c3 = weights[3] * a3[i];
      lanes const l0(c0), l1(c1), l2(c2), l3(c3);
      std::size_t j = 0;
      for (; j + w <= i + 1; j += w) {
        lanes const half = multiply_add(l0, load(a0 + j), multiply_add(l1, load(a1 + j), load(to + j)));
        store(multiply_add(l2, load(a2 + j), multiply_add(l3, load(a3 + j), half)), to + j);
      }
      for (; j <= i; ++j) to[j] += (c0 * a0[j] + c1 * a1[j]) + (c2 * a2[j] + c3 * a3[j]);
    }
  }

  std::size_t m, count = 0;
  std::vector<double> values;
  std::array<double, 4> weights{};
};

/// @brief Whether a row is added with all its zeros: entries that are not there are not scattered.
inline bool is_full(std::size_t entries, std::size_t d) noexcept {
  return static_cast<double>(entries * entries) > static_cast<double>(d * d) / along_rows;
}
inline double pairs(std::size_t entries) noexcept {
  return static_cast<double>(entries) * static_cast<double>(entries + 1) / 2;
}

/// @brief The scattered multiply-adds that a row of so many entries costs, of d coordinates.
template <linear_with_ridge F>
double hessian_cost(F const&, std::size_t entries, std::size_t d) noexcept {
  return is_full(entries, d) ? pairs(d) / along_rows : pairs(entries);
}
template <knows_probabilities F>
double hessian_cost(F const& f, std::size_t, std::size_t d) noexcept {
  return (pairs(d) + static_cast<double>(f.outputs()) * pairs(d / f.outputs())) / along_rows;
}
/// @brief How many numbers x has for each feature.
template <linear_with_ridge F>
std::size_t outputs_of(F const&) noexcept {
  return 1;
}
template <knows_probabilities F>
std::size_t outputs_of(F const& f) noexcept {
  return f.outputs();
}

template <class Row>
void add_sparse_row(Row const& a, double weight, double intercept, std::size_t last,
                    std::span<double> triangle) {
  for (std::size_t k = 0; k != a.indices.size(); ++k) {
    double const c = weight * static_cast<double>(a.values[k]);
    double* const to = triangle.data() + packed_size(a.indices[k]);
    for (std::size_t m = 0; m <= k; ++m)  // columns ascend
      to[a.indices[m]] += c * static_cast<double>(a.values[m]);
  }
  if (intercept == 0) return;
  double* const to = triangle.data() + packed_size(last);
  for (std::size_t k = 0; k != a.indices.size(); ++k)
    to[a.indices[k]] += weight * intercept * static_cast<double>(a.values[k]);
  to[last] += weight * intercept * intercept;
}

/// @brief Adds Σ_i s_i φ''_i a_i a_iᵀ over some samples to a packed triangle.
template <linear_with_ridge F>
void add_hessian(F const& f, std::span<typename F::scalar const> x, index_range samples,
                 std::span<double> triangle) {
  using row = decltype(row_of(f.features(), 0));
  double const intercept = f.intercept();
  std::size_t const d = x.size(), last = d - 1;
  four_rows full(d);
  for (std::size_t i = samples.first; i != samples.last; ++i) {
    auto const a = row_of(f.features(), i);
    double z = dot(a, x.data());
    if (intercept != 0) z += intercept * static_cast<double>(x[last]);
    double const weight = f.scale(i) * second_derivative(f.loss(), z, f.target(i));
    if (weight == 0) continue;
    if constexpr (sparse_row<row>)
      if (!is_full(a.indices.size(), d)) {
        add_sparse_row(a, weight, intercept, last, triangle);
        continue;
      }
    std::span<double> const to = full.next();
    std::fill(to.begin(), to.end(), 0.0);
    for_each_entry(a, [&](std::size_t j, double value) { to[j] = value; });
    if (intercept != 0) to[last] = intercept;
    full.weights[full.count] = weight;
    if (++full.count == 4) {
      full.add_to(triangle, 0);
      full.clear();
    }
  }
  full.add_to(triangle, 0);
}

/// @brief Adds Σ_i (diag p_i − p_i p_iᵀ) ⊗ a_i a_iᵀ over some samples.
template <knows_probabilities F>
void add_hessian(F const& f, std::span<typename F::scalar const> x, index_range samples,
                 std::span<double> triangle) {
  std::size_t const classes = f.outputs(), columns = x.size() / classes;
  std::vector<double> const point(x.begin(), x.end());
  std::vector<double> p(classes), each(4 * classes);
  four_rows a(columns), pa(x.size());
  auto const add = [&] {
    for (std::size_t c = 0; c != classes; ++c) {
      for (std::size_t r = 0; r != a.count; ++r) a.weights[r] = each[r * classes + c];
      a.add_to(triangle, c * columns);
    }
    pa.add_to(triangle, 0);
    a.clear();
    pa.clear();
  };
  for (std::size_t i = samples.first; i != samples.last; ++i) {
    f.probabilities(point, i, p);
    std::span<double> const row = a.next(), product = pa.next();
    std::fill(row.begin(), row.end(), 0.0);
    for_each_entry(row_of(f.features(), i), [&](std::size_t j, double value) { row[j] = value; });
    for (std::size_t c = 0; c != classes; ++c) {
      each[a.count * classes + c] = p[c];
      for (std::size_t j = 0; j != columns; ++j) product[c * columns + j] = p[c] * row[j];
    }
    pa.weights[pa.count++] = -1;
    if (++a.count == 4) add();
  }
  if (a.count != 0) add();
}

}  // namespace localsgd::detail
