// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/regularizer/concept.hpp"
#include "localsgd/regularizer/interval_penalty.hpp"
#include "localsgd/regularizer/separable.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

/// @file
/// @brief A penalty with a weight for each coefficient.

namespace localsgd {

/// @brief r(x) = Σ_j s_j R_j(x_j): the adaptive lasso \cite zou2006adaptive with
///        `weighted{l1{1e-3}, s}`.
///
/// s_j = 0 leaves coefficient j without a penalty, but then r* is +∞ for every u with u_j ≠ 0, and
/// μ = 0. Bounds are not weighted: they hold even if s_j = 0. A weighted l2 has a gradient, so its
/// steps are those of l2, but it has no ridge form. Immutable: several threads can use it.
///
/// @tparam R l1, elastic_net, l2, or box or nonnegative of one of these
template <class R>
class weighted : public detail::separable<weighted<R>> {
  static_assert(
      detail::separable_stock<R>,
      "weighted{R, weights}: R must be l1, elastic_net, l2, or box or nonnegative of one of these");

 public:
  /// @param penalty R
  /// @param weights s, of length d, finite and ≥ 0
  /// @throws invalid_settings
  weighted(R penalty, std::vector<double> weights)
      : penalty_(std::move(penalty)), weights_(std::move(weights)) {
    detail::require(!weights_.empty(), "weighted.weights", "no numbers",
                    "one number for each coordinate of x");
    for (std::size_t j = 0; j != weights_.size(); ++j)
      if (!(std::isfinite(weights_[j]) && weights_[j] >= 0))
        detail::refuse_setting("weighted.weights[" + std::to_string(j) + "]", weights_[j],
                               "finite and >= 0");
    detail::check_dimension_of(penalty_, weights_.size());
  }

  R const& penalty() const noexcept { return penalty_; }
  std::span<double const> weights() const noexcept { return weights_; }

  template <class Scalar>
  void gradient(std::span<Scalar const> x, std::span<Scalar> g) const noexcept
    requires detail::ridge_regularizer<R>
  {
    for (std::size_t j = 0; j != x.size(); ++j)
      g[j] = static_cast<Scalar>(penalty_at(j).l2 * static_cast<double>(x[j]));
  }
  double smoothness() const noexcept
    requires detail::ridge_regularizer<R>
  {
    return penalty_.ridge_strength() * *std::max_element(weights_.begin(), weights_.end());
  }

  std::string identity() const {
    return "weighted(" + penalty_.identity() + ", " + detail::summary_of(weights_) + ")";
  }
  /// @throws invalid_settings unless there are d weights
  void check_dimension(std::size_t d) const {
    detail::require_length("weighted.weights", weights_.size(), d);
  }

  // For detail::separable.
  detail::interval_penalty penalty_at(std::size_t j) const noexcept {
    detail::interval_penalty r = detail::penalty_of(penalty_, j);
    r.l1 *= weights_[j];
    r.l2 *= weights_[j];
    return r;
  }
  std::size_t length() const noexcept { return weights_.size(); }

 private:
  R penalty_;
  std::vector<double> weights_;
};

}  // namespace localsgd
