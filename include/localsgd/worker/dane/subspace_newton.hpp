// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/kernels/packed_cholesky.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>

/// @file
/// @brief Newton's method in a few dimensions, for functions whose evaluation costs a message.

namespace localsgd::detail {

/// @brief Minimises h(α) = F(x + Σ α_i v_i), i < m ≤ 16, from values, gradients and Hessians that
///        the caller computes: `propose()` returns the point, `take()` receives the results.
///
/// Evaluates α = 0, the point x, first, then α = e_0, the full new direction; continues from the
/// lower one with damped Newton steps; and ends when a step has gained less than a fiftieth of the
/// total gain, or after 12 values. The answer is the lowest point seen. Not thread safe.
class subspace_newton {
 public:
  static constexpr std::size_t most = 16;                            ///< dimensions
  static constexpr std::size_t sums = most + most * (most + 1) / 2;  ///< of gradient and Hessian

  /// @brief The number of directions that pay off for vectors of length d: 8, and more while the
  ///        numbers of a message, m(m+3)/2 + 1, are at most d/2.
  static constexpr std::size_t dimensions_for(std::size_t d) noexcept {
    std::size_t m = 8;
    while (m != most && (m + 1) * (m + 4) / 2 + 1 <= d / 2) ++m;
    return m;
  }

  void begin(std::size_t dimensions) noexcept {
    *this = {};
    m_ = dimensions;
  }
  std::size_t dimensions() const noexcept { return m_; }

  /// @brief The α to evaluate next. @return false if the search has ended
  bool goes_on() noexcept {
    if (over_ || seen_ == most_values) return false;
    if (seen_ == 0) return true;
    if (seen_ == 1) {
      trial_[0] = 1;
      return true;
    }
    return make_step();
  }
  std::span<double const> trial() const noexcept { return {trial_.data(), m_}; }

  /// @brief h(α) and its derivatives at trial(): ∂_i h, then ∂_i∂_j h packed.
  void take(double value, std::span<double const> derivatives) noexcept {
    ++seen_;
    if (seen_ == 1) start_ = value;
    bool const lower = seen_ == 1 || value < value_;
    if (!lower) {
      damping_ = seen_ == 2 ? 0 : std::max(1e-2, damping_ * 10);
      return;
    }
    double const drop = value_ - value;
    value_ = value;
    best_ = trial_;
    std::copy_n(derivatives.data(), m_ + packed_size(m_), derivatives_.data());
    damping_ = damping_ > 1e-3 ? damping_ / 10 : 0;
    if (seen_ > 2 && !(drop > (start_ - value) / 50)) over_ = true;
  }

  /// @brief The lowest point seen: α.
  std::span<double const> best() const noexcept { return {best_.data(), m_}; }
  double drop() const noexcept { return start_ - value_; }  ///< h(0) − h(α) ≥ 0
  /// @brief ∂²h along v_0 there.
  double curvature() const noexcept { return derivatives_[m_]; }

 private:
  static constexpr int most_values = 12, most_trials = 30;

  bool make_step() noexcept {
    std::span<double const> const g(derivatives_.data(), m_);
    std::span<double const> const h(derivatives_.data() + m_, packed_size(m_));
    for (int tried = 0; tried != most_trials; ++tried) {
      std::array<double, most*(most + 1) / 2> factor{};
      std::array<double, most> p{};
      std::copy_n(h.data(), h.size(), factor.data());
      for (std::size_t i = 0; i != m_; ++i) {
        double& diagonal = factor[packed_size(i) + i];
        bool const flat = !(diagonal > 0);
        for (std::size_t j = 0; flat && j != m_; ++j)
          factor[i < j ? packed_size(j) + i : packed_size(i) + j] = 0;
        diagonal = flat ? 1 : diagonal * (1 + 1e-10 + damping_);
        p[i] = flat ? 0 : -g[i];
      }
      if (factor_packed({factor.data(), packed_size(m_)}, m_)) {
        solve_packed({factor.data(), packed_size(m_)}, {p.data(), m_});
        double promised = 0;
        for (std::size_t i = 0; i != m_; ++i) {
          trial_[i] = best_[i] + p[i];
          promised -= p[i] * g[i];
        }
        // The remaining gain does not justify a message, or is rounding.
        return promised / 2 > std::max(1e-4 * drop(), 1e-15 * std::abs(value_));
      }
      damping_ = std::max(1e-3, damping_ * 10);
    }
    return false;
  }

  std::size_t m_ = 0;
  int seen_ = 0;
  bool over_ = false;
  double start_ = 0, value_ = std::numeric_limits<double>::infinity(), damping_ = 0;
  std::array<double, most> trial_{}, best_{};
  std::array<double, sums> derivatives_{};
};

}  // namespace localsgd::detail
