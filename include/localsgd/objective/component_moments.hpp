// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/random.hpp"
#include "localsgd/kernels/rows.hpp"
#include "localsgd/objective/linear_concept.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

/// @file
/// @brief σ² and G² at a point: the variance and second moment of the component gradients.

namespace localsgd::detail {

/// Keeps the random numbers of measurements apart from those of runs with the same seed.
inline constexpr std::uint32_t measuring_lane = (std::uint32_t{1} << 29U) - 1;

/// @brief A selection of samples: all n, in order, or m < n distinct random ones.
class chosen_samples {
 public:
  /// @param which distinguishes several selections with the same seed.
  chosen_samples(std::size_t n, std::size_t m, std::uint64_t seed, std::uint64_t which = 0)
      : n_(n), m_(std::min(n, m)), order_(n, seed, measuring_lane, which) {}

  bool all() const noexcept { return m_ == n_; }
  std::size_t size() const noexcept { return m_; }
  std::size_t operator()(std::size_t k) const noexcept {
    return all() ? k : static_cast<std::size_t>(order_(k));
  }

  /// (n−1)/n · m/(m−1): turns the mean of squared deviations from the sample mean into an unbiased
  /// estimate of that over all n; 1 if all samples are chosen.
  double unbiased() const noexcept {
    if (all()) return 1;
    double const n = static_cast<double>(n_), m = static_cast<double>(m_);
    return (n - 1) / n * m / (m - 1);
  }
  /// The variance of a mean over the chosen samples, relative to that of one value: (1 − m/n)/m.
  double error_share() const noexcept {
    double const n = static_cast<double>(n_), m = static_cast<double>(m_);
    return (1 - m / n) / m;
  }

 private:
  std::size_t n_, m_;
  random_permutation order_;
};

/// @brief The mean and variance of the added values (Welford).
class running_mean {
 public:
  void add(double value) noexcept {
    count_ += 1;
    double const before = value - mean_;
    mean_ += before / count_;
    squares_ += before * (value - mean_);
  }
  double mean() const noexcept { return mean_; }
  /// The unbiased variance of one value; 0 for fewer than two values.
  double variance() const noexcept { return count_ > 1 ? squares_ / (count_ - 1) : 0; }

 private:
  double count_ = 0, mean_ = 0, squares_ = 0;
};

/// @brief A measured number and its standard error.
struct measured {
  double value = 0, error = 0;
};

/// @brief E_i‖∇f_i(x) − ∇f(x)‖² and E_i‖∇f_i(x)‖².
struct component_moments {
  component_moments(running_mean const& deviations, running_mean const& squares,
                    chosen_samples const& samples)
      : variance{deviations.mean() * samples.unbiased(),
                 std::sqrt(deviations.variance() * samples.error_share()) * samples.unbiased()},
        second_moment{squares.mean(), std::sqrt(squares.variance() * samples.error_share())} {}

  measured variance, second_moment;
};

/// @brief The mean gradient at x over the chosen samples.
template <Objective F>
std::vector<double> mean_gradient(F const& f, std::span<typename F::scalar const> x,
                                  chosen_samples const& samples) {
  using scalar = typename F::scalar;
  std::size_t const d = x.size(), m = samples.size(), block = 1024;
  std::vector<scalar> g(d);
  std::vector<double> mean(d);
  std::vector<std::size_t> batch;
  for (std::size_t first = 0; first < m; first += block) {
    batch.resize(std::min(block, m - first));
    for (std::size_t k = 0; k != batch.size(); ++k) batch[k] = samples(first + k);
    f.gradient(x, std::span<std::size_t const>(batch), std::span<scalar>(g));
    double const share = static_cast<double>(batch.size()) / static_cast<double>(m);
    for (std::size_t j = 0; j != d; ++j) mean[j] += share * static_cast<double>(g[j]);
  }
  return mean;
}

/// @brief (1/m) Σ c_i ã_i, c_i = scale_i·φ'(z_i + o_i, y_i): the mean gradient of a linear model
///        over the chosen samples, without its penalty. @param visit `visit(row i, c_i, z_i)` is
///        called for each sample, where z_i = ⟨ã_i, x⟩.
template <LinearObjective F, class Visit>
std::vector<double> mean_loss_gradient(F const& f, std::span<typename F::scalar const> x,
                                       chosen_samples const& samples, Visit const& visit) {
  double const intercept = f.intercept();
  std::vector<double> mean(x.size());
  for (std::size_t k = 0; k != samples.size(); ++k) {
    std::size_t const i = samples(k);
    auto const row = row_of(f.features(), i);
    double const z = product_with_row(f, i, x);
    double const c = f.scale(i) * f.loss().derivative(with_offset(f, i, z), f.target(i));
    visit(row, c, z);
    double const share = c / static_cast<double>(samples.size());
    add_scaled(share, row, mean.data());
    if (intercept != 0) mean.back() += share * intercept;
  }
  return mean;
}

/// @brief The mean gradient of a linear model; its sums are not rounded to the type of x.
template <linear_with_ridge F>
std::vector<double> mean_gradient(F const& f, std::span<typename F::scalar const> x,
                                  chosen_samples const& samples) {
  auto mean = mean_loss_gradient(f, x, samples, [](auto const&, double, double) {});
  double const lambda = f.regularizer().ridge_strength();
  for (std::size_t j = 0; j != penalized_coordinates(f); ++j)
    mean[j] += lambda * static_cast<double>(x[j]);
  return mean;
}

/// @brief Both moments, from 2m gradients of the chosen samples.
template <Objective F>
component_moments moments_at(F const& f, std::span<typename F::scalar const> x,
                             chosen_samples const& samples) {
  using scalar = typename F::scalar;
  std::vector<double> const mean = mean_gradient(f, x, samples);
  std::vector<scalar> g(x.size());
  running_mean deviations, squares;
  for (std::size_t k = 0; k != samples.size(); ++k) {
    std::size_t const i = samples(k);
    f.gradient(x, std::span(&i, 1), std::span<scalar>(g));
    double deviation = 0;
    for (std::size_t j = 0; j != g.size(); ++j) {
      double const off = static_cast<double>(g[j]) - mean[j];
      deviation += off * off;
    }
    deviations.add(deviation);
    squares.add(squared_norm(std::span<scalar const>(g)));
  }
  return {deviations, squares, samples};
}

/// @brief Both moments of a linear model, in two passes over the rows: ∇f_i = c_i ã_i + λw, so that
///        ‖∇f_i‖² = c_i²‖ã_i‖² + 2λc_i⟨ã_i, w⟩ + λ²‖w‖², and λw cancels in the deviations. w is x,
///        with 0 instead of a free intercept.
template <linear_with_ridge F>
component_moments moments_at(F const& f, std::span<typename F::scalar const> x,
                             chosen_samples const& samples) {
  double const intercept = f.intercept(), lambda = f.regularizer().ridge_strength();
  double const penalty_squared = lambda * lambda * squared_norm(penalized(f, x));
  double const unpenalized =
      has_free_intercept(f) ? intercept * static_cast<double>(x.back()) : 0;
  auto const squared_length = [&](auto const& row) {
    return squared_norm_of(row) + intercept * intercept;
  };
  // This argument order lets NaN pass through max().
  auto const not_negative = [](double rounded) { return std::max(rounded, 0.0); };
  std::vector<double> slopes;
  slopes.reserve(samples.size());
  running_mean deviations, squares;
  auto const mean =
      mean_loss_gradient(f, x, samples, [&](auto const& row, double c, double z) {
        slopes.push_back(c);
        squares.add(
            not_negative(c * c * squared_length(row) + 2 * lambda * c * (z - unpenalized) +
                         penalty_squared));
      });
  double const mean_squared = squared_norm(std::span<double const>(mean));
  for (std::size_t k = 0; k != samples.size(); ++k) {
    auto const row = row_of(f.features(), samples(k));
    double along = dot(row, mean.data());
    if (intercept != 0) along += intercept * mean.back();
    double const c = slopes[k];
    deviations.add(not_negative(c * c * squared_length(row) - 2 * c * along + mean_squared));
  }
  return {deviations, squares, samples};
}

/// @brief The curvature of f at x from gradients only: the mean of λ_max of the Hessian over random
///        batches of up to 256 samples. Each λ_max comes from power iteration on differences of
///        gradients, with a separate random start.
///
/// The standard error is that of the mean over the batches, plus an estimate, based on the last
/// iterations, of how much further iterations would add. It does not include the slight upward bias
/// of batches smaller than n.
template <Objective F>
measured curvature_at(F const& f, std::span<typename F::scalar const> x, std::uint64_t seed) {
  using scalar = typename F::scalar;
  constexpr std::size_t batches = 6;
  constexpr int iterations = 100;
  std::size_t const d = x.size();
  double const length = (sizeof(scalar) == sizeof(float) ? 1e-2 : 1e-5) *
                        std::max(1.0, std::sqrt(squared_norm(x)));
  std::vector<scalar> beside(d), here(d), there(d);
  std::vector<double> v(d);
  std::vector<std::size_t> batch;
  running_mean curvatures;
  double unsettled = 0;
  for (std::size_t b = 0; b != batches; ++b) {
    chosen_samples const samples(f.samples(), 256, seed, 1 + b);
    batch.resize(samples.size());
    for (std::size_t k = 0; k != batch.size(); ++k) batch[k] = samples(k);
    std::span<std::size_t const> const all(batch);
    f.gradient(x, all, std::span<scalar>(here));
    for (std::size_t j = 0; j != d; ++j)
      v[j] = standard_normal(
          random_words(seed, random_stream::estimate, measuring_lane, b * d + j));
    double norm = std::sqrt(squared_norm(std::span<double const>(v)));
    double curvature = 0, last_change = 0, to_come = 0;
    for (int i = 0; i != iterations && norm > 0; ++i) {
      double moved = 0;  // the distance after rounding to scalar
      for (std::size_t j = 0; j != d; ++j) {
        beside[j] = static_cast<scalar>(static_cast<double>(x[j]) + length / norm * v[j]);
        double const step = static_cast<double>(beside[j]) - static_cast<double>(x[j]);
        moved += step * step;
      }
      f.gradient(std::span<scalar const>(beside), all, std::span<scalar>(there));
      for (std::size_t j = 0; j != d; ++j)
        v[j] = static_cast<double>(there[j]) - static_cast<double>(here[j]);
      norm = std::sqrt(squared_norm(std::span<double const>(v)));
      double const next = norm / std::sqrt(moved), change = std::abs(next - curvature);
      // Changes decrease like a geometric series, so the rest is the last change times q/(1 − q).
      double const q = i > 1 ? std::min(change / last_change, 0.99) : 0.99;
      to_come = change > 0 ? change * q / (1 - q) : 0;
      last_change = change;
      curvature = next;
      if (i > 1 && to_come <= 1e-4 * curvature) break;
    }
    curvatures.add(curvature);
    unsettled = std::max(unsettled, to_come);
  }
  return {curvatures.mean(),
          std::sqrt(curvatures.variance() / static_cast<double>(batches)) + unsettled};
}

}  // namespace localsgd::detail
