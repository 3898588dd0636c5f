// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/error.hpp"

#include <cmath>
#include <string>
#include <string_view>

/// @file
/// @brief The constants of a problem that the theory speaks of, and where each comes from.

namespace localsgd {

/// @brief How a constant was obtained.
enum class origin {
  given,     ///< By the caller, or by the objective, exactly.
  bound,     ///< A proven bound: the true one is at most this, or at least this for μ.
  estimate,  ///< Measured, with a standard error.
};

/// @brief A number, how it was obtained, and how sure it is.
struct constant {
  constexpr constant() = default;
  /// A number that is given.
  constexpr constant(double given) : value(given) {}  // NOLINT(google-explicit-constructor)
  constexpr constant(double what, origin from_where, double error = 0)
      : value(what), from(from_where), standard_error(error) {}

  double value = 0;
  origin from = origin::given;
  double standard_error = 0;  ///< Of an estimate, in the units of the value; 0 otherwise.
};

/// @brief What the bounds and the advice need to know of a problem.
///
/// `constants{.smoothness = 1.0, .strong_convexity = 0.1, .variance = 2.0, …}` where they are known.
struct constants {
  constant smoothness;        ///< L of f, > 0.
  constant strong_convexity;  ///< μ of f, 0 ≤ μ ≤ L.
  constant variance;          ///< σ² ≥ E_i‖∇f_i(x) − ∇f(x)‖² along the run, ≥ 0.
  constant second_moment;     ///< G² ≥ E_i‖∇f_i(x)‖² along the run, ≥ σ².
  constant squared_distance;  ///< ‖x_0 − x*‖², ≥ 0.

  /// κ = L/μ; infinity when μ = 0.
  double condition_number() const noexcept {
    return smoothness.value / strong_convexity.value;
  }

  /// @throws invalid_settings naming the constant that contradicts its range or another one.
  void validate() const {
    detail::require_positive("constants.smoothness", smoothness.value);
    detail::require_nonnegative("constants.strong_convexity", strong_convexity.value);
    detail::require(strong_convexity.value <= smoothness.value, "constants.strong_convexity",
                    strong_convexity.value,
                    "at most the smoothness, " + detail::shown(smoothness.value));
    detail::require_nonnegative("constants.variance", variance.value);
    detail::require_nonnegative("constants.second_moment", second_moment.value);
    detail::require(variance.value <= second_moment.value, "constants.variance", variance.value,
                    "at most the second moment, " + detail::shown(second_moment.value));
    detail::require_nonnegative("constants.squared_distance", squared_distance.value);
  }
};

}  // namespace localsgd
