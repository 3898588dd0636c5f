// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/index_range.hpp"
#include "localsgd/evaluation/full_gradient.hpp"
#include "localsgd/kernels/rows.hpp"
#include "localsgd/kernels/simd.hpp"
#include "localsgd/objective/factored_concept.hpp"
#include "localsgd/objective/linear_concept.hpp"
#include "localsgd/objective/sharded_concept.hpp"

#include <cmath>
#include <concepts>
#include <cstddef>
#include <limits>
#include <span>
#include <utility>
#include <vector>

/// @file
/// @brief The rounding error of f(x) and ∇f(x) for models that are linear in their rows.

namespace localsgd::detail {

/// @brief A model of scores ⟨a_i, x⟩ that bounds ‖∂φ/∂z‖² and the curvature of φ, such as
///        `softmax_objective`.
template <class F>
concept has_bounded_scores = requires(F const& f) {
  f.features();
  { F::largest_squared_slopes } -> std::convertible_to<double>;
  { F::score_curvature } -> std::convertible_to<double>;
};

/// @brief An objective whose rounding can be bounded by the norms of its rows.
template <class F>
concept has_known_rounding =
    bool(LinearObjective<stepped_objective<F>> || has_bounded_scores<stepped_objective<F>>);

/// @brief The effect of cancellation in the products ⟨a_i, x⟩ on f(x) and ‖∇f(x)‖.
///
/// A product of m_i terms has an error of at most |δ_i| ≤ k_i u ‖a_i‖‖x‖ with u = 2⁻⁵³ and k_i =
/// m_i + 2, independent of the value of the product. With θ_i = ∂φ/∂z_i and β ≥ φ'', the
/// Cauchy–Schwarz inequality gives
/// - for f an error of (1/n) Σ s_i (|θ_i δ_i| + ½ β δ_i²) ≤ u‖x‖ √(T P) + ½ u²‖x‖² √(P B);
/// - for ‖∇f‖ an error of (1/n) Σ s_i β |δ_i| ‖a_i‖ ≤ u‖x‖ √(R B), plus c u (√(T R) + λ‖x‖) for
///   sums of at most c terms, where T = (1/n) Σ s_i θ_i², R = (1/n) Σ s_i ‖a_i‖², and P and B are
///   the same with k_i²‖a_i‖² and β²k_i²‖a_i‖² instead of ‖a_i‖².
///
/// An offset o_i in z_i is equivalent to a feature o_i with coefficient 1.
///
/// The bounds are doubled to cover second-order terms and the errors of φ and φ' themselves. The
/// rows are measured once, in one pass. For an objective without known rows the rounding is 0 here.
template <class F>
class row_rounding {
 public:
  struct errors {
    double value = 0;     ///< of f(x)
    double gradient = 0;  ///< of ‖∇f(x)‖
    double sum = 0;       ///< of ‖∇f(x)‖ for the slopes as computed, exact or not
  };

  /// @brief Collective: measures the rows on the first call. The sums of `pass` are preserved.
  template <class T>
  void measure(F const& f, full_gradient& pass, T& team) {
    if constexpr (has_known_rounding<F>) {
      if (measured_) return;
      pass.keeping_sums(team, [&] {
        pass.each_share(f, team, [](auto const& share, index_range samples, std::span<double> sum,
                                    std::size_t) { add(share, samples, sum); });
        if (team.leads()) take(f, pass.totals(), pass.chain());
      });
    }
  }
  /// @brief The same on the calling thread, for sums that are chains of n additions.
  void measure(F const& f)
    requires(LinearObjective<F> && !ShardedObjective<F>)
  {
    double sums[3] = {};
    add(f, {0, f.samples()}, sums);
    take(f, sums, f.samples());
  }

  /// @brief Leader only: the rounding at an evaluated point. @param lambda of the penalty
  errors at(full_gradient::value const& value, std::span<typename F::scalar const> x,
            double lambda) const {
    errors e;
    if constexpr (has_known_rounding<F>) {
      constexpr double u = std::numeric_limits<double>::epsilon() / 2;
      double const length = length_of(x), moved = u * length;
      double slopes = value.squared_slopes;
      if constexpr (has_bounded_scores<stepped_objective<F>>)
        slopes = stepped_objective<F>::largest_squared_slopes;
      if (length > 0) {
        e.value = of_products(root(slopes, products_), moved) +
                  lambda * static_cast<double>(x.size() + 2) * 0x1p-1074;  // if ‖x‖² underflows
        e.gradient = 2 * moved * root(rows_, bent_);
        e.sum = 2 * chain_ * moved * lambda;
      }
      e.sum += of_sum(slopes);
      e.gradient += e.sum;
      if (!std::isfinite(e.value)) e.value = infinity;
      if (!std::isfinite(e.gradient)) e.gradient = infinity;
    }
    return e;
  }

  /// @brief Of E = (1/n) Σ s_i (φ(z_i) + φ*(θ_i) − θ_i z_i) through the products z_i, for any θ.
  ///        The derivatives φ'(z_i) − θ_i have a mean square of at most 2βE.
  double of_duality_gap(double gap, std::span<typename F::scalar const> x) const {
    constexpr double u = std::numeric_limits<double>::epsilon() / 2;
    double const moved = u * length_of(x);
    return moved > 0 ? of_products(root(2 * gap, root(products_, bent_)), moved) : 0;
  }

  /// @brief Of ‖(1/n) Σ s_i θ_i a_i‖ as a sum, with T = (1/n) Σ s_i θ_i²: 2 c u √(T R).
  double of_sum(double squared_slopes) const {
    constexpr double u = std::numeric_limits<double>::epsilon() / 2;
    return 2 * chain_ * u * root(squared_slopes, rows_);
  }

 private:
  static constexpr double infinity = std::numeric_limits<double>::infinity();

  double length_of(std::span<typename F::scalar const> x) const {
    return std::sqrt(squared_norm_above(x) + constant_);
  }
  // @param slope the root of the mean square of k_i‖a_i‖ times the derivative with respect to z_i
  double of_products(double slope, double moved) const noexcept {
    return 2 * moved * (slope + moved / 2 * root(products_, bent_));
  }
  static double root(double a, double b) noexcept { return std::sqrt(a) * std::sqrt(b); }

  void take(F const& f, std::span<double const> sums, std::size_t chain) {
    double const n = static_cast<double>(f.samples());
    rows_ = sums[0] / n;
    products_ = sums[1] / n;
    bent_ = sums[2] / n;
    chain_ = static_cast<double>(chain + 64);
    if constexpr (ShardedObjective<F>)
      constant_ = f.has_offset() ? 1 : 0;
    else if constexpr (LinearObjective<F>)
      constant_ = offsets_of(f).empty() ? 0 : 1;
    measured_ = true;
  }

  template <class G>
  static void add(G const& f, index_range samples, std::span<double> sum) {
    double constant = 0, bend = 0;
    std::span<double const> offsets;
    if constexpr (LinearObjective<G>) {
      constant = f.intercept();
      bend = f.loss().curvature();
      offsets = offsets_of(f);
    } else {
      if constexpr (requires { { f.intercept() } -> std::same_as<double>; }) constant = f.intercept();
      bend = G::score_curvature;
    }
    double rows = 0, products = 0;
    for (std::size_t i = samples.first; i != samples.last; ++i) {
      auto const row = row_of(f.features(), i);
      double terms = 3, square = squared_norm_of(row) + constant * constant;
      if (!offsets.empty()) square += offsets[i] * offsets[i];
      if constexpr (sparse_row<decltype(row)>)
        terms += static_cast<double>(row.indices.size());
      else
        terms += static_cast<double>(row.size());
      square *= scale_of(f, i);
      rows += square;
      products += terms * terms * square;
    }
    sum[0] += rows;
    sum[1] += products;
    sum[2] += bend * bend * products;
  }

  bool measured_ = false;
  double rows_ = 0, products_ = 0, bent_ = 0, chain_ = 0;
  double constant_ = 0;  // the squared coefficient of offsets: 1 if there are offsets
};

}  // namespace localsgd::detail
