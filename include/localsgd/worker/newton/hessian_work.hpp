// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/kernels/rows.hpp"
#include "localsgd/worker/newton/hessian.hpp"

#include <algorithm>
#include <cstddef>
#include <type_traits>

/// @file
/// @brief The cost of passes over the samples, as a function of sizes only.

namespace localsgd::detail {

/// @brief The work of one sample in three kinds of passes, in nanoseconds of a core with wide
///        vectors.
///
/// Only ratios matter. The constants were fitted to measured passes over about thirty data sets.
/// They never depend on a clock, so all ranks and all runs make the same decisions.
struct pass_work {
  double local_step;  ///< a variance-reduced step, plus the sample's share of the next anchor
  double gradient;    ///< its share of an evaluation of f and ∇f
  double hessian;     ///< its share of ∇²f
};

/// @brief The largest d of a Hessian that is factorized.
inline constexpr std::size_t most_factored = 1024;

/// @brief The multiply-adds of a rank_update of m columns per row, including what tiles add on the
///        diagonal.
inline double tile_area(std::size_t m) noexcept {
  return static_cast<double>(m + 4) * static_cast<double>(m + 16) / 2;
}
/// @brief The time of one of them: longer if the triangle of d rows does not fit the L1 cache.
inline double tile_rate(std::size_t d) noexcept {
  return 0.03 + 0.03 * std::min(1.0, static_cast<double>(d) / 400);
}
inline double pairs(std::size_t entries) noexcept {
  return static_cast<double>(entries) * static_cast<double>(entries + 1) / 2;
}

template <class Row>
std::size_t entries_of(Row const& row) noexcept {
  if constexpr (sparse_row<Row>)
    return row.indices.size();
  else
    return row.size();
}

/// @brief Objectives whose samples are sparse rows.
template <class F>
concept has_sparse_samples = requires(F const& f) {
  requires has_sparse_rows<std::remove_cvref_t<decltype(f.features())>>;
};

/// @brief The work of a row with n entries of a linear model with d coordinates.
inline pass_work work_of_row(bool sparse, std::size_t n, std::size_t d) noexcept {
  double const entries = static_cast<double>(n);
  bool const dense = !sparse || is_full(n, d);
  double const products = (sparse ? 2 : 0.5) * entries;
  return {.local_step = sparse ? 100 + 7 * entries : 90 + 1.2 * entries,
          .gradient = 25 + (sparse ? 3 : 0.5) * entries,
          .hessian = 25 + products + (dense ? tile_rate(d) * tile_area(d) : 1.6 * pairs(n))};
}

/// @brief The work of sample i of a linear model with d coordinates.
template <LinearObjective F>
pass_work work_of_sample(F const& f, std::size_t i, std::size_t d) noexcept {
  auto const row = row_of(f.features(), i);
  return work_of_row(sparse_row<decltype(row_of(f.features(), i))>, entries_of(row), d);
}

/// @brief The work of sample i of softmax regression with d coordinates.
template <knows_probabilities F>
pass_work work_of_sample(F const& f, std::size_t i, std::size_t d) noexcept {
  double const classes = static_cast<double>(f.outputs());
  double const entries = classes * static_cast<double>(entries_of(row_of(f.features(), i)));
  std::size_t const columns = d / f.outputs();
  double const each = 0.15 * static_cast<double>(columns) + tile_rate(d) * tile_area(columns);
  return {.local_step = 400 + 8 * entries,
          .gradient = 100 + 2 * entries,
          .hessian = 60 + 15 * classes + entries + pairs(f.outputs()) * each};
}

/// @brief The fixed cost of a Newton step: sums of `parts` triangles, a Cholesky factorization, two
///        systems.
inline double work_of_system(std::size_t d, std::size_t parts) noexcept {
  double const n = static_cast<double>(d);
  return 5000 + static_cast<double>(parts + 2) * pairs(d) + 0.02 * n * n * n + 3 * n * n;
}

/// @brief The cost of a Newton step with a factorized Hessian, in epochs of local steps.
inline double newton_step_in_epochs(pass_work const& each, std::size_t d,
                                    std::size_t samples) noexcept {
  double const once = work_of_system(d, 2) / static_cast<double>(samples);
  return (each.hessian + each.gradient + once) / each.local_step;
}

/// @brief The cost of an iteration of conjugate_gradients besides the gradient: a few dozen vectors
///        are read.
inline double work_of_search(std::size_t d) noexcept { return 20 * static_cast<double>(d); }

}  // namespace localsgd::detail
