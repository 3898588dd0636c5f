// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/planning/advisor.hpp"
#include "localsgd/planning/goal.hpp"
#include "localsgd/theory/constants.hpp"
#include "localsgd/theory/cost_model.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>
#include <string>

/// @file
/// @brief The recommended H, b and K, their predicted cost, and the alternatives.

namespace localsgd {

/// @brief Chooses K, b and H for a goal, from known constants and costs.
///
/// For every K and b among the choices, H = min{clamp(H_c, 3r, 6r), √(2rT)}, where r is the time of
/// a round in units of local steps, T the number of steps to the goal, and H_c an estimate of the
/// gap above which drift costs steps (see detail::balanced_local_steps; with a budget, H_c is
/// unknown, and 4r is used instead). The fastest choice wins; with a budget alone, the most
/// accurate one or, if the budget limits gradients, the fastest within 1.1 times the best accuracy.
///
/// | T(K, b)                    | is                                                              |
/// |----------------------------|-----------------------------------------------------------------|
/// | with a rehearsal           | start + noise/(Kb), as measured by rehearse()                   |
/// | without                    | sufficient by the bound of \cite khaled2020tighter at H = 1: a  |
/// |                            | worst case, often a hundred times the actual number             |
///
/// Above H_c, T grows like √(H/H_c), up to the T of one worker. The √, H_c and the factor 4 of H
/// are heuristics: the factor costs at most 1.25 times the best time if drift makes T grow like H^p
/// with any p in 0 … ½. With a budget, the accuracy is that of the bound.
/// Run with `automatic_step`. Pure function: the same arguments give the same advice.
/// @param seen for the same accuracy; not allowed for a goal without an accuracy
/// @throws invalid_settings naming the argument and the rule: an argument out of range, an accuracy
///   that the budget does not allow, or a budget below the cost of one step
inline advice advise(constants const& c, cost_model const& cost, problem_shape const& shape,
                     goal const& wish, choices const& among = {},
                     std::optional<rehearsal> const& seen = std::nullopt) {
  return detail::advisor(c, cost, shape, wish, among, seen)();
}

namespace detail {

inline std::string row_of_table(candidate const& c) {
  std::array<char, 128> text{};
  std::snprintf(text.data(), text.size(), "%6zu %5zu %9llu %10.4g %10.4g %10.3g %10.3g %10.3g  ",
                c.workers, c.batch_size, static_cast<unsigned long long>(c.local_steps), c.steps,
                c.rounds, c.bytes, c.seconds, c.accuracy);
  return text.data() + c.why + "\n";
}

}  // namespace detail

/// @brief A human-readable table of the advice: the recommended run, its predicted cost, the ten
///        best rejected alternatives, and the assumptions.
inline std::string to_string(advice const& a) {
  std::string text = "recommended: " + a.schedule + ", " + a.step_size + "\n";
  text += "     K     b         H          T     rounds      bytes    seconds   accuracy  why\n";
  text += detail::row_of_table(a) + "rejected\n";
  std::size_t const shown = std::min<std::size_t>(a.rejected.size(), 10);
  for (std::size_t i = 0; i != shown; ++i) text += detail::row_of_table(a.rejected[i]);
  if (shown != a.rejected.size())
    text += "  and " + std::to_string(a.rejected.size() - shown) + " slower alternatives\n";
  text += "assumptions\n";
  for (std::string const& each : a.assumed) text += "  " + each + "\n";
  return text;
}

}  // namespace localsgd
