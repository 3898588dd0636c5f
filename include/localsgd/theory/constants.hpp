// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"

#include <array>
#include <charconv>
#include <string>
#include <string_view>

/// @file
/// @brief The constants of a problem that the theory uses, and the origin of each.

namespace localsgd {

/// @brief How a constant was obtained.
enum class origin {
  given,     ///< By the caller, or by the objective, exactly.
  bound,     ///< A proven bound: the true one is at most this, or at least this for μ.
  estimate,  ///< Measured, with a standard error.
};

/// @brief The name of an origin, as spelt in the code.
constexpr std::string_view to_string(origin from) noexcept {
  switch (from) {
    case origin::given: return "given";
    case origin::bound: return "bound";
    case origin::estimate: return "estimate";
  }
  return "unknown";
}

/// @brief A number, its origin, and its standard error.
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

/// @brief The constants of a problem that bounds and advice need.
///
/// `constants{.smoothness = 1.0, .strong_convexity = 0.1, .variance = 2.0, …}` where known.
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

namespace detail {
/// @brief Six digits, for people.
inline std::string brief(double value) {
  std::array<char, 32> text{};
  auto const end =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::general, 6);
  return {text.data(), end.ptr};
}
}  // namespace detail

/// @brief `0.661219 (bound)`, or `2.5 +- 0.04 (estimate)`: six digits.
inline std::string to_string(constant const& c) {
  std::string text = detail::brief(c.value);
  if (c.from == origin::estimate) text += " +- " + detail::brief(c.standard_error);
  return text + " (" + std::string(to_string(c.from)) + ")";
}

/// @brief A line for each constant, its symbol first, the numbers in a column; ASCII.
inline std::string to_string(constants const& c) {
  return "L          " + to_string(c.smoothness) + "\nmu         " + to_string(c.strong_convexity) +
         "\nsigma^2    " + to_string(c.variance) + "\nG^2        " + to_string(c.second_moment) +
         "\n|x0-x*|^2  " + to_string(c.squared_distance) + "\n";
}

}  // namespace localsgd
