// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/result.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// @file
/// @brief A human-readable report of a run.

namespace localsgd {

namespace detail {

/// @brief A number with at most `digits` significant digits, independent of the locale; in words if
///        it is not finite.
inline std::string reported(double value, int digits) {
  if (std::isnan(value)) return "not a number";
  if (std::isinf(value)) return value > 0 ? "infinite" : "minus infinity";
  std::array<char, 64> text{};
  auto const end = std::to_chars(text.data(), text.data() + text.size(), value,
                                 std::chars_format::general, digits);
  return {text.data(), end.ptr};
}

/// @brief A bound > 0 with at most four significant digits, rounded up: the displayed value is also
///        a bound.
inline std::string reported_bound(double bound) {
  std::array<char, 32> text{};  // d.dddddddddddddddde-XX
  auto const end = std::to_chars(text.data(), text.data() + text.size(), bound,
                                 std::chars_format::scientific, 16);
  std::string_view const shown(text.data(), static_cast<std::size_t>(end.ptr - text.data()));
  if (shown.size() < 22) return reported(bound, 4);  // not finite
  int exponent = 0;
  bool const negative = shown[19] == '-';
  std::from_chars(shown.data() + 20, end.ptr, exponent);
  std::string_view const rest = shown.substr(5, 13);  // after the fourth digit
  // Rounding to nearest may round down; the fourth digit is then incremented and rounded in the
  // same way.
  bool const exact = rest.find_first_not_of('0') == std::string_view::npos;
  if (!exact && rest <= "5000000000000")
    bound += std::pow(10.0, (negative ? -exponent : exponent) - 3);
  return reported(bound, 4);
}

/// @brief A count with a comma after every third digit: 12,345.
inline std::string reported_count(std::uint64_t count) {
  std::string text = std::to_string(count);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, 1, ',');
  return text;
}

/// @brief A number of bytes in the largest decimal unit in which it is at least 1.
inline std::string reported_bytes(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 6> units{" kB", " MB", " GB", " TB", " PB", " EB"};
  if (bytes < 1000) return std::to_string(bytes) + " B";
  double value = static_cast<double>(bytes) / 1000;
  std::size_t unit = 0;
  for (; value >= 999.95 && unit + 1 != units.size(); ++unit) value /= 1000;
  return reported(value, 4).append(units[unit]);
}

/// @brief Seconds in a suitable unit: ms, s, min or h.
inline std::string reported_time(double seconds) {
  if (!std::isfinite(seconds)) return reported(seconds, 4);
  if (seconds < 0.99995) return reported(1000 * seconds, 4) + " ms";
  if (seconds < 120) return reported(seconds, 4) + " s";
  return seconds < 7200 ? reported(seconds / 60, 4) + " min" : reported(seconds / 3600, 4) + " h";
}

/// @brief Why a run ended, in words.
constexpr std::string_view reported_reason(stop_reason reason) noexcept {
  switch (reason) {
    case stop_reason::steps_done:
      return "all local steps are done";
    case stop_reason::tolerance_reached:
      return "the certificate is at most the tolerance";
    case stop_reason::precision_reached:
      return "the limit of floating-point precision was reached";
    case stop_reason::stalled:
      return "no further progress, but x may not be the minimum";
    case stop_reason::interrupted:
      return "a stop was requested";
    case stop_reason::observer_request:
      return "the observer stopped the run";
    case stop_reason::diverged:
      return "an iterate or the objective was not finite";
    case stop_reason::no_minimum:
      return "f has no minimum: it keeps decreasing as x grows";
  }
  return "unknown reason";
}

/// @brief Recommendations: at most two lines, or three without a certificate.
template <class Scalar>
std::string_view advised(result<Scalar> const& r) noexcept {
  bool const known = std::isfinite(r.certificate);
  switch (r.reason) {
    case stop_reason::tolerance_reached:
      return "nothing to do; x meets the tolerance. For a better x, lower the tolerance.";
    case stop_reason::precision_reached:
      if constexpr (std::same_as<Scalar, float>)
        return "use double instead of float, or set the tolerance to the\n"
               "certificate: float cannot represent a better x.";
      else
        return "x is as accurate as double allows. Set the tolerance to the\n"
               "certificate or above.";
    case stop_reason::stalled:
      return known ? "scale the features to similar ranges, or make the loss smoother: the\n"
                     "steps no longer decrease f, and x may be far from the minimum."
                   : "the steps no longer decrease f, and the accuracy of x is unknown. Scale\n"
                     "the features to similar ranges. For a certificate, add an L2 penalty;\n"
                     "with a free intercept, the loss must also have a conjugate.";
    case stop_reason::interrupted:
      return "call minimize again with the same arguments. It resumes the run\n"
             "from the checkpoint.";
    case stop_reason::observer_request:
      return "x is usable. To continue from it, pass warm_start(r.x).";
    case stop_reason::diverged:
      return "x is not an answer. Use a smaller step size, or scale the features\n"
             "to similar ranges.";
    case stop_reason::no_minimum:
      return "add a penalty. Without one, f has no minimum on these samples, because\n"
             "x separates them: the longer the run, the larger x.";
    case stop_reason::steps_done:
      break;
  }
  if (r.steps == 0) return "only the starting point was evaluated. Set epochs or steps above 0.";
  if (!r.history.empty() && !(r.objective < r.history.front().objective))
    return "the objective did not decrease. Use a smaller step size, or scale the\n"
           "features to similar ranges.";
  if (known)
    return "if the certificate is too large, set a tolerance or allow more\n"
           "epochs.";
  return "add an L2 penalty, or give the objective strong_convexity(), to get a\n"
         "certificate; with a free intercept, the loss must also have a conjugate.\n"
         "Without a penalty, f may have no minimum; x then grows with the steps.";
}

/// @brief The figures of a report: calls section(title), and row(label, value) for each row.
template <class Scalar, class Section, class Row>
void reported_figures(result<Scalar> const& r, Section const& section, Row const& row) {
  section("Run");
  row("dimension",
      reported_count(r.x.size()) + (std::same_as<Scalar, float> ? " (float)" : " (double)"));
  row("local steps", reported_count(r.steps) + " by each worker");
  row("rounds", reported_count(r.rounds));
  row("evaluations", reported_count(r.history.size()));
  if (r.delay != 0) row("largest delay", reported_count(r.delay) + " local steps");

  section("Answer");
  row("objective f(x)", reported(r.objective, 10));
  if (!r.history.empty()) {
    double const first = r.history.front().objective, change = r.objective - first;
    std::string at_start = reported(first, 10);
    if (std::isfinite(change)) {
      at_start += ", change " + reported(change, 4);
      double const percent = 100 * (change / std::abs(first));
      if (std::isfinite(percent)) at_start += " (" + reported(percent, 4) + " %)";
    }
    row("at the start, f(x_0)", at_start);
  }
  if (std::isfinite(r.certificate)) {
    row("certificate", "f(x) - f* <= " + reported_bound(r.certificate));
    if (!r.history.empty()) {
      double const fall = r.history.front().objective - r.objective;
      double const relative = r.certificate / (fall + r.certificate);
      if (fall >= 0 && std::isfinite(relative) && std::isfinite(fall))
        row("relative", "(f(x) - f*)/(f(x_0) - f*) <= " + reported_bound(relative));
    }
  } else {
    row("certificate", "not known");
  }

  section("Cost");
  row("component gradients", reported_count(r.gradients));
  row("exchanges", reported_count(r.exchanges));
  row("data exchanged", reported_bytes(r.bytes));
  row("training time", reported_time(r.seconds));
}

}  // namespace detail

/// @brief A report of at most 24 lines of 80 columns: the run, why it ended, the accuracy of the
///        answer, the cost, and recommendations.
///
/// With f_0 the objective at the first evaluation and c the certificate, f(x) − f* ≤ c implies the
/// relative gap (f(x) − f*)/(f_0 − f*) ≤ c/(f_0 − f(x) + c), shown if f(x) ≤ f_0. Bounds are
/// rounded up. The text is meant for people: it does not depend on the locale, but may change
/// between versions. Thread safe.
template <class Scalar>
std::string to_string(result<Scalar> const& r) {
  if (r.x.size() == 0 && r.history.empty())
    return "localsgd: an empty result\n\nNext: call minimize(f, settings).\n";

  std::string text = "localsgd: ";
  text.append(to_string(r.reason)).append(" (").append(detail::reported_reason(r.reason));
  text += ")\n";
  auto const section = [&](std::string_view title) { text.append("\n").append(title) += '\n'; };
  auto const row = [&](std::string_view label, std::string const& value) {
    constexpr std::size_t width = 23;
    text.append("  ").append(label).append(width - label.size(), ' ').append(value) += '\n';
  };
  detail::reported_figures(r, section, row);

  text += "\nNext: ";
  for (char const c : detail::advised(r)) {
    text += c;
    if (c == '\n') text += "      ";
  }
  return text += '\n';
}

}  // namespace localsgd
