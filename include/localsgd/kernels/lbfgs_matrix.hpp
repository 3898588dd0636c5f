// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/compiler.hpp"
#include "localsgd/kernels/simd.hpp"

#include <cmath>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

/// @file
/// @brief The estimate of an inverse Hessian that L-BFGS makes from gradients.

namespace localsgd::detail {

/// @brief B ≈ (∇²f)⁻¹ from the last steps s and the changes y of the gradient along them
///        \cite nocedal2006numerical.
///
/// B is the BFGS matrix of these pairs that starts from γD⁻¹, with a positive diagonal D and γ =
/// ⟨s, y⟩/⟨y, D⁻¹y⟩ of the last pair, or 1 without one. Deterministic; for one thread.
class lbfgs_matrix {
 public:
  explicit lbfgs_matrix(std::size_t most_pairs) : most_pairs_(most_pairs) {}

  /// @brief Adds a pair, in place of the oldest one if there are already most_pairs.
  /// @return false, and nothing changes, if the angle between s and y is too close to 90° for y to be
  ///         more than rounding errors
  bool add(std::vector<double> step, std::vector<double> change) {
    double const curvature = dot(step.data(), change.data(), step.size());
    double const most = std::sqrt(squared_norm(std::span<double const>(step))) *
                        std::sqrt(squared_norm(std::span<double const>(change)));
    if (!std::isnormal(curvature) || !std::isfinite(most) ||
        !(curvature > least_cosine * most))
      return false;
    if (pairs_.size() == most_pairs_) pairs_.erase(pairs_.begin());
    pairs_.push_back({std::move(step), std::move(change), curvature});
    return true;
  }

  /// @brief v ← Bv. @param diagonal D
  LOCALSGD_ONE_COPY void apply(std::span<double const> diagonal, std::span<double> v) {
    std::size_t const d = v.size();
    share_.resize(pairs_.size());
    for (std::size_t k = pairs_.size(); k-- != 0;) {
      share_[k] = dot(pairs_[k].step.data(), v.data(), d) / pairs_[k].curvature;
      add_scaled(-share_[k], pairs_[k].change.data(), v.data(), d);
    }
    double const gamma = scale(diagonal);
    for (std::size_t j = 0; j != d; ++j) v[j] *= gamma / diagonal[j];
    for (std::size_t k = 0; k != pairs_.size(); ++k)
      add_scaled(share_[k] - dot(pairs_[k].change.data(), v.data(), d) / pairs_[k].curvature,
                 pairs_[k].step.data(), v.data(), d);
  }

 private:
  static constexpr double least_cosine = 1e-8;
  struct pair {
    std::vector<double> step, change;
    double curvature;  // ⟨s, y⟩
  };

  double scale(std::span<double const> diagonal) const noexcept {
    if (pairs_.empty()) return 1;
    pair const& last = pairs_.back();
    double square = 0;
    for (std::size_t j = 0; j != diagonal.size(); ++j)
      square += last.change[j] * last.change[j] / diagonal[j];
    return std::isnormal(square) ? last.curvature / square : 1;
  }

  std::size_t most_pairs_;
  std::vector<pair> pairs_;  // the oldest first
  std::vector<double> share_;
};

}  // namespace localsgd::detail
