// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/regularizer/concept.hpp"
#include "localsgd/regularizer/interval_penalty.hpp"
#include "localsgd/regularizer/no_penalty.hpp"
#include "localsgd/regularizer/separable.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <string>
#include <utility>
#include <vector>

/// @file
/// @brief Bounds on every coefficient.

namespace localsgd {

/// @brief r(x) = R(x) if lower_j ≤ x_j ≤ upper_j for all j, else +∞: `box{-1, 1}`,
///        `box{0, 1, l1{1e-3}}`.
///
/// prox(x, η)_j is that of R, clamped to the interval. Either bound may be infinite. If both are
/// finite, r* is finite, even without a penalty. μ is that of R. Immutable, so it can be used from
/// several threads.
///
/// @tparam R l1, elastic_net, l2, no_penalty, or box, nonnegative or weighted of one of these
template <class R = no_penalty>
class box : public detail::separable<box<R>> {
  static_assert(detail::separable_stock<R>,
                "box{lower, upper, R}: R must be l1, elastic_net, l2, no_penalty, or box, "
                "nonnegative or weighted of one of these");

 public:
  /// @param lower, upper bounds of all coordinates; lower ≤ upper, lower < ∞, upper > −∞
  /// @throws invalid_settings also if R has bounds and the two sets of bounds are disjoint
  box(double lower, double upper, R penalty = R())
      : box({lower}, {upper}, false, std::move(penalty), "box") {}
  /// @param lower, upper d bounds, one for each coordinate of x
  /// @throws invalid_settings
  box(std::vector<double> lower, std::vector<double> upper, R penalty = R())
      : box(std::move(lower), std::move(upper), true, std::move(penalty), "box") {}

  double lower(std::size_t j) const noexcept { return lower_[length_ == 0 ? 0 : j]; }
  double upper(std::size_t j) const noexcept { return upper_[length_ == 0 ? 0 : j]; }
  R const& penalty() const noexcept { return penalty_; }

  std::string identity() const {
    std::string const bounds = length_ == 0
                                   ? detail::shown(lower_[0]) + ", " + detail::shown(upper_[0])
                                   : detail::summary_of(lower_) + ", " + detail::summary_of(upper_);
    return "box(" + bounds + ", " + penalty_.identity() + ")";
  }
  /// @throws invalid_settings if x cannot have length d
  void check_dimension(std::size_t d) const {
    if (length_ != 0) detail::require_length("box.lower", length_, d);
    detail::check_dimension_of(penalty_, d);
  }

  // For detail::separable.
  detail::interval_penalty penalty_at(std::size_t j) const noexcept {
    detail::interval_penalty r = detail::penalty_of(penalty_, j);
    r.lower = std::max(r.lower, lower(j));
    r.upper = std::min(r.upper, upper(j));
    return r;
  }
  std::size_t length() const noexcept {
    return length_ != 0 ? length_ : detail::length_of(penalty_);
  }

 protected:
  /// @param each whether `lower` and `upper` have one number per coordinate rather than one for all
  box(std::vector<double> lower, std::vector<double> upper, bool each, R penalty,
      std::string const& name)
      : lower_(std::move(lower)),
        upper_(std::move(upper)),
        length_(each ? lower_.size() : 0),
        penalty_(std::move(penalty)) {
    constexpr double infinite = std::numeric_limits<double>::infinity();
    if (lower_.empty())
      detail::refuse_setting(name + ".lower", "no numbers", "one number for each coordinate of x");
    detail::require_length(name + ".upper", upper_.size(), lower_.size());
    if (length_ != 0) check_dimension(length_);
    for (std::size_t j = 0; j != lower_.size(); ++j) {
      auto const at = [&](char const* bound) {
        return name + bound + (length_ == 0 ? "" : "[" + std::to_string(j) + "]");
      };
      double const low = lower_[j], high = upper_[j];
      if (!(low < infinite)) detail::refuse_setting(at(".lower"), low, "a number below infinity");
      if (!(high > -infinite))
        detail::refuse_setting(at(".upper"), high, "a number above -infinity");
      if (!(low <= high))
        detail::refuse_setting(at(".upper"), high,
                               "at least the lower bound, " + detail::shown(low));
    }
    std::size_t const different = std::max<std::size_t>(this->length(), 1);
    for (std::size_t j = 0; j != different; ++j) {
      detail::interval_penalty const r = penalty_at(j);
      if (!(r.lower <= r.upper))
        detail::refuse_setting(name + ".penalty", penalty_.identity(),
                               "finite at some point between the bounds");
    }
  }

 private:
  std::vector<double> lower_, upper_;
  std::size_t length_;  // that of x, or 0 if all coordinates have the same bounds
  R penalty_;
};
static_assert(Regularizer<box<>> && Regularizer<box<>, float>);

}  // namespace localsgd
