// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/core/random.hpp"
#include "localsgd/fwd.hpp"
#include "localsgd/objective/concept.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

/// @file
/// @brief The test oracle: a finite sum whose constants are known exactly.

namespace localsgd {

/// @brief The properties of a quadratic.
struct quadratic_options {
  std::vector<double> spectrum = {};   ///< The d eigenvalues of the Hessian, ≥ 0.
  std::vector<double> minimiser = {};  ///< x*, of the same length, finite; empty = all ones.
  std::size_t samples = 100;      ///< n ≥ 1; at least 2 for a positive variance.
  double variance = 0;            ///< σ² = E‖∇f_i(x) − ∇f(x)‖², finite and ≥ 0, at every x.
  double minimum = 0;             ///< f*, finite.
  std::uint64_t seed = 0;         ///< The seed of the noise and the eigenvectors.
};

/// @brief f_i(x) = ½(x − x*)ᵀA(x − x*) + ⟨ξ_i, x − x*⟩ + f*, with Σ ξ_i = 0 and
///        (1/n) Σ ‖ξ_i‖² = σ².
///
/// A = QΛQ with the given spectrum Λ and a random reflection Q = I − 2uuᵀ, so that no eigenvector
/// is a coordinate axis. L = max Λ, μ = min Λ, and the minimiser, f* and σ² are as given, up to
/// rounding. Tests check the theoretical bounds against it. Can be used from several threads.
template <class Scalar>  // double, by fwd.hpp
class quadratic {
 public:
  using scalar = Scalar;

  /// @throws invalid_settings naming the option
  explicit quadratic(quadratic_options options) : options_(std::move(options)) {
    auto& o = options_;
    detail::require(!o.spectrum.empty(), "quadratic_options.spectrum", "{}",
                    "at least one eigenvalue");
    for (double const e : o.spectrum)
      detail::require_nonnegative("quadratic_options.spectrum", e);
    if (o.minimiser.empty()) o.minimiser.assign(dimension(), 1.0);
    detail::require(o.minimiser.size() == dimension(), "quadratic_options.minimiser",
                    std::to_string(o.minimiser.size()) + " coordinates",
                    std::to_string(dimension()) + ", one for each eigenvalue");
    for (double const e : o.minimiser)
      detail::require(std::isfinite(e), "quadratic_options.minimiser", e, "finite");
    detail::require_nonnegative("quadratic_options.variance", o.variance);
    detail::require(std::isfinite(o.minimum), "quadratic_options.minimum", o.minimum, "finite");
    detail::require(o.samples >= (o.variance > 0 ? 2u : 1u), "quadratic_options.samples", o.samples,
                    ">= 1, and >= 2 if the variance is > 0");
    make_reflection();
    make_noise();
  }

  std::size_t dimension() const noexcept { return options_.spectrum.size(); }
  std::size_t samples() const noexcept { return options_.samples; }

  double gradient(std::span<Scalar const> x, std::span<std::size_t const> batch,
                  std::span<Scalar> g) const {
    std::size_t const d = dimension();
    double along = 0;  // ⟨u, x − x*⟩
    for (std::size_t j = 0; j != d; ++j) along += axis_[j] * offset(x, j);
    double again = 0, value = 0;  // ⟨u, ΛQ(x − x*)⟩
    for (std::size_t j = 0; j != d; ++j) {
      double const rotated = offset(x, j) - 2 * along * axis_[j];
      again += axis_[j] * options_.spectrum[j] * rotated;
      value += options_.spectrum[j] * rotated * rotated / 2;
    }
    double const share = 1 / static_cast<double>(batch.size());
    for (std::size_t j = 0; j != d; ++j) {
      double noise = 0;
      if (!noise_.empty())
        for (std::size_t const i : batch) noise += noise_[i * d + j];
      noise *= share;
      double const rotated = offset(x, j) - 2 * along * axis_[j];
      g[j] = static_cast<Scalar>(options_.spectrum[j] * rotated - 2 * again * axis_[j] + noise);
      value += noise * offset(x, j);
    }
    return value + options_.minimum;
  }

  double smoothness() const noexcept {
    return *std::max_element(options_.spectrum.begin(), options_.spectrum.end());
  }
  double strong_convexity() const noexcept {
    return *std::min_element(options_.spectrum.begin(), options_.spectrum.end());
  }
  double variance() const noexcept { return options_.variance; }                    ///< σ²
  double minimum() const noexcept { return options_.minimum; }                      ///< f*
  std::span<double const> minimiser() const noexcept { return options_.minimiser; } ///< x*

  /// All components have the same curvature, so a step size for f suits them all: 1/(4L).
  double stable_step(std::size_t /*batch_size*/) const noexcept {
    return smoothness() > 0 ? 1 / (4 * smoothness()) : 1;
  }

 private:
  double offset(std::span<Scalar const> x, std::size_t j) const noexcept {
    return static_cast<double>(x[j]) - options_.minimiser[j];
  }

  void make_reflection() {
    axis_.resize(dimension());
    double square = 0;
    for (std::size_t j = 0; j != dimension(); ++j) {
      axis_[j] = standard_normal(random_words(options_.seed, random_stream::noise, 0, j));
      square += axis_[j] * axis_[j];
    }
    for (double& e : axis_) e /= std::sqrt(square);
  }

  void make_noise() {
    if (options_.variance == 0) return;
    std::size_t const d = dimension(), n = samples();
    noise_.resize(n * d);
    for (std::size_t i = 0; i != n * d; ++i)
      noise_[i] = standard_normal(random_words(options_.seed, random_stream::noise, 1, i));
    double sum_of_squares = 0;
    for (std::size_t j = 0; j != d; ++j) {
      double mean = 0;
      for (std::size_t i = 0; i != n; ++i) mean += noise_[i * d + j] / static_cast<double>(n);
      for (std::size_t i = 0; i != n; ++i) {
        noise_[i * d + j] -= mean;
        sum_of_squares += noise_[i * d + j] * noise_[i * d + j];
      }
    }
    double const scale = std::sqrt(options_.variance * static_cast<double>(n) / sum_of_squares);
    for (double& e : noise_) e *= scale;
  }

  quadratic_options options_;
  std::vector<double> axis_;   // u, of length 1
  std::vector<double> noise_;  // ξ_i, n × d; empty if σ² = 0
};

quadratic(quadratic_options) -> quadratic<double>;

static_assert(Objective<quadratic<float>> && Objective<quadratic<double>>);

}  // namespace localsgd
