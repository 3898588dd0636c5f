// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/loss/concept.hpp"
#include "localsgd/loss/evaluate_in_lanes.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <string_view>

/// @file
/// @brief The Poisson loss.

namespace localsgd {

/// @brief φ(z, y) = eᶻ − yz, y ≥ 0: Poisson regression of counts, with the rate eᶻ.
///
/// The curvature of eᶻ is unbounded. Above a largest rate ρ, eᶻ is therefore continued by its
/// second-order expansion ρ(1 + u + u²/2), u = z − log ρ. This changes nothing if predictions stay
/// below ρ. With v = θ + y ≥ 0, φ* = v log v − v up to v = ρ, and v log ρ + ρ(w²/2 − 1),
/// w = v/ρ − 1, above.
///
/// `poisson{}` uses ρ = 2m + 10, where m is the largest target: at a rate of ρ or more, a count of
/// m or less has a probability below 10⁻⁴, so a model that needs such a rate describes its counts
/// badly. Exposures belong in `linear_options::offset` and do not require a larger ρ, since counts
/// include them. If a model predicts rates above `f.loss().max_rate()`, set ρ explicitly.
class poisson {
 public:
  static constexpr std::string_view name = "poisson";

  /// @brief ρ = 2m + 10 in a linear_objective whose largest target is m (over all samples of a
  ///        sharded_objective); 100 until the loss is part of an objective.
  poisson() noexcept : max_rate_(100), corner_(std::log(100.0)), chooses_(true) {}
  /// @param max_rate ρ, finite and > 0, above the largest rate to be predicted. The automatic step
  ///                 size is inversely proportional to it. @throws invalid_settings
  explicit poisson(double max_rate) : max_rate_(max_rate), corner_(std::log(max_rate)) {
    detail::require_positive("poisson.max_rate", max_rate);
  }
  double value(double z, double y) const noexcept {
    double const u = z - corner_;
    return (u <= 0 ? std::exp(z) : max_rate_ * (1 + u + 0.5 * u * u)) - y * z;
  }
  double derivative(double z, double y) const noexcept {
    double const u = z - corner_;
    return (u <= 0 ? std::exp(z) : max_rate_ * (1 + u)) - y;
  }
  double curvature() const noexcept { return max_rate_; }
  double max_rate() const noexcept { return max_rate_; }  ///< ρ
  static double lipschitz_constant() noexcept { return std::numeric_limits<double>::infinity(); }
  double conjugate(double theta, double y) const noexcept {
    double const v = theta + y;
    if (!(v > 0)) return 0;
    if (v <= max_rate_) return v * (std::log(v) - 1);
    double const w = v / max_rate_ - 1;
    return v * corner_ + max_rate_ * (0.5 * w * w - 1);
  }
  static double project_to_dual_domain(double theta, double y) noexcept {
    return std::max(theta, -y);
  }
  static bool accepts(double y) noexcept { return std::isfinite(y) && y >= 0; }
  static constexpr std::string_view targets = "a finite count >= 0";
  /// @brief This loss for data with the largest target `largest`: with ρ = 2m + 10 if no ρ was
  ///        given to the constructor. @throws invalid_settings if that overflows
  poisson suited_to(double largest) const {
    if (!chooses_) return *this;
    poisson suited(2 * largest + 10);
    suited.chooses_ = true;
    return suited;
  }
  /// Throws if a count exceeds ρ + 10√ρ: rates up to ρ do not produce such counts, and above ρ the
  /// model is not a Poisson model, so predictions eᶻ would be far off. @throws invalid_settings
  /// naming `poisson.max_rate`
  void check_targets(std::span<double const> y) const {
    double largest = 0;
    for (double const each : y) largest = std::max(largest, each);
    detail::require(largest <= max_rate_ + 10 * std::sqrt(max_rate_), "poisson.max_rate", max_rate_,
                    "above the largest rate; the largest target is " + detail::shown(largest));
  }
  /// One exponential serves both outputs.
  void evaluate(double const* z, double const* y, std::size_t count, double* value,
                double* slope) const noexcept {
    using detail::lanes;
    lanes const corner(corner_), most(max_rate_), one(1.0);
    detail::evaluate_in_lanes(z, y, count, value, slope, [&](lanes const& at, lanes const& target) {
      lanes const u = at - corner, e = detail::exponential(xsimd::min(at, corner));
      auto const inside = u <= lanes(0.0);
      return detail::lanes_of_loss{
          xsimd::select(inside, e, most * (one + u + lanes(0.5) * u * u)) - target * at,
          xsimd::select(inside, e, most * (one + u)) - target};
    });
  }

 private:
  double max_rate_, corner_;
  bool chooses_ = false;
};
static_assert(Loss<poisson> && detail::evaluates_blocks<poisson>);

}  // namespace localsgd
