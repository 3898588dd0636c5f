// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/kernels/power_iteration.hpp"
#include "localsgd/kernels/rows.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

/// @file
/// @brief Proven upper bounds on the largest eigenvalue of a matrix of second moments.
///
/// Power iteration converges from below and never proves convergence. These bounds come from above.

namespace localsgd::detail {

/// @brief A bound on the relative rounding error of sums of `terms` numbers ≥ 0, slightly generous.
inline double relative_rounding_of_sum(std::size_t terms) noexcept {
  return (static_cast<double>(terms) + 16) * std::numeric_limits<double>::epsilon();
}

/// @brief M = (1/n) Σ s_i ã_i ã_iᵀ, where ã_i is row i of a feature matrix with a constant feature
///        `intercept` (0 = none) appended, and s_i ≥ 0 is `scale(i)`.
template <feature_matrix Matrix, class Scale>
class second_moments {
 public:
  second_moments(Matrix const& features, double intercept, Scale const& scale)
      : features_(&features), scale_(&scale), intercept_(intercept) {}

  std::size_t samples() const noexcept { return row_count(*features_); }
  std::size_t dimension() const noexcept {
    return column_count(*features_) + (intercept_ != 0 ? 1 : 0);
  }

  /// tr M ≥ λ_max(M).
  double trace() const {
    double sum = 0;
    for (std::size_t i = 0; i != samples(); ++i)
      sum += share(i) * (squared_norm_of(row_of(*features_, i)) + intercept_ * intercept_);
    return sum;
  }

  /// Multiply-adds to form M.
  double forming_work() const {
    double sum = 0;
    for (std::size_t i = 0; i != samples(); ++i) {
      double entries = intercept_ != 0 ? 1 : 0;
      if constexpr (sparse_row<decltype(row_of(*features_, i))>)
        entries += static_cast<double>(row_of(*features_, i).indices.size());
      else
        entries += static_cast<double>(column_count(*features_));
      sum += entries * entries;
    }
    return sum;
  }

  /// out ← |M| v, with |M| = (1/n) Σ s_i |ã_i||ã_i|ᵀ, an entrywise upper bound on M.
  void multiply_magnitudes(std::span<double const> v, std::span<double> out) const {
    std::fill(out.begin(), out.end(), 0.0);
    for (std::size_t i = 0; i != samples(); ++i) {
      auto const row = row_of(*features_, i);
      double z = intercept_ != 0 ? std::abs(intercept_) * v.back() : 0;
      for_each_entry(row, [&](std::size_t j, double a) { z += std::abs(a) * v[j]; });
      z *= share(i);
      for_each_entry(row, [&](std::size_t j, double a) { out[j] += std::abs(a) * z; });
      if (intercept_ != 0) out.back() += std::abs(intercept_) * z;
    }
  }

  /// M itself, d × d, row-major.
  std::vector<double> formed() const {
    std::size_t const d = dimension(), last = d - 1;
    std::vector<double> m(d * d);
    for (std::size_t i = 0; i != samples(); ++i) {
      auto const row = row_of(*features_, i);
      double const s = share(i);
      for_each_entry(row, [&](std::size_t j, double a) {
        add_scaled(s * a, row, m.data() + j * d);
        if (intercept_ != 0) m[j * d + last] += s * a * intercept_;
      });
      if (intercept_ == 0) continue;
      add_scaled(s * intercept_, row, m.data() + last * d);
      m[last * d + last] += s * intercept_ * intercept_;
    }
    return m;
  }

 private:
  double share(std::size_t i) const { return (*scale_)(i) / static_cast<double>(samples()); }

  Matrix const* features_;
  Scale const* scale_;
  double intercept_;
};

/// @brief max_j (|M|v)_j/v_j ≥ λ_max(|M|) ≥ λ_max(M), for any v > 0 (Collatz and Wielandt), at the
///        iterates v ← |M|v, where it decreases to λ_max(|M|); that equals λ_max(M) if no feature
///        is negative.
/// @param bound A bound that is already known.
/// @return the smaller of the two
template <class Moments>
double magnitude_bound(Moments const& m, double bound, int max_iterations) {
  std::size_t const d = m.dimension();
  double const rounding = 1 + relative_rounding_of_sum(m.samples() + d);
  std::vector<double> v(d, 1.0), out(d);
  for (int i = 0; i != max_iterations; ++i) {
    m.multiply_magnitudes(v, out);
    double above = 0;
    for (std::size_t j = 0; j != d; ++j) above = std::max(above, out[j] / v[j]);
    bound = std::min(bound, above * rounding);
    // λ_max(|M|) is at least this: no bound much below it is possible.
    double const below = std::sqrt(squared_norm(std::span<double const>(out)) /
                                   squared_norm(std::span<double const>(v)));
    if (!(bound > below * (1 + 1e-3))) break;
    // Features that share no row with the others must not decay to 0: v > 0 is the only
    // requirement.
    double const largest = *std::max_element(out.begin(), out.end());
    for (std::size_t j = 0; j != d; ++j) v[j] = std::max(out[j] / largest, 1e-100);
  }
  return bound;
}

/// @brief Whether θI − M has a Cholesky factor; then λ_max(M) < θ, up to the rounding of the
///        factor.
/// @param factor Storage for d × d numbers.
inline bool all_eigenvalues_below(double theta, std::span<double const> m,
                                  std::span<double> factor, std::size_t d) {
  for (std::size_t i = 0; i != d; ++i) {
    double* const row = factor.data() + i * d;
    for (std::size_t j = 0; j <= i; ++j) {
      double const* const other = factor.data() + j * d;
      double const rest =
          (i == j ? theta : 0) - m[i * d + j] - dot(static_cast<double const*>(row), other, j);
      if (j != i)
        row[j] = rest / other[j];
      else if (rest > 0)
        row[i] = std::sqrt(rest);
      else
        return false;
    }
  }
  return true;
}

/// @brief λ_max(M) from above to about 1e-6, by factorising θI − M for θ just above the result of
///        power iteration. @return at most `bound`, a bound that is already known
template <class Moments>
double factored_bound(Moments const& moments, double bound) {
  std::size_t const d = moments.dimension();
  std::vector<double> const m = moments.formed();
  std::vector<double> factor(d * d);
  double const below = largest_eigenvalue(
      d,
      [&](std::span<double const> v, std::span<double> out) {
        for (std::size_t j = 0; j != d; ++j) out[j] = dot(m.data() + j * d, v.data(), d);
      },
      1e-9, 1000);
  // What rounding can hide: d²θ in the factor, and n·tr M in the sums that form M, in units of
  // rounding.
  double const hidden = relative_rounding_of_sum(moments.samples()) * moments.trace();
  double const size = static_cast<double>(d);
  for (double gap = 1e-6; below * (1 + gap) < bound; gap *= 4) {
    double const theta = below * (1 + gap);
    if (all_eigenvalues_below(theta, m, factor, d))
      return std::min(bound, theta * (1 + size * relative_rounding_of_sum(d)) + hidden);
  }
  return bound;
}

/// @brief At least λ_max((1/n) Σ s_i ã_i ã_iᵀ), to the underflow of squares: see second_moments.
///
/// Accurate to about 1e-6 if the matrix is cheap enough to form and factorise, d ≤ 1024 or so; else
/// to about 1e-3 if no feature is negative. For features of both signs in many dimensions, the
/// result is the smaller of the trace and the bound from magnitudes, both up to d times too large.
/// @param affordable Multiply-adds allowed for forming and factorising.
template <feature_matrix Matrix, class Scale>
double spectral_bound(Matrix const& features, double intercept, Scale const& scale,
                      double affordable = 2e9) {
  second_moments const m(features, intercept, scale);
  double const trace = m.trace() * (1 + relative_rounding_of_sum(m.samples() + m.dimension()));
  if (!(trace > 0) || !std::isfinite(trace)) return trace;
  double const d = static_cast<double>(m.dimension());
  if (d * d * d + m.forming_work() <= affordable) return factored_bound(m, trace);
  return magnitude_bound(m, trace, 200);
}

}  // namespace localsgd::detail
