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
/// @brief Which H, b and K to run with, what that will take, and why not something else.

namespace localsgd {

/// @brief Chooses K, b and H for a goal, from constants and costs that are known.
///
/// For every K and b among the choices, H = min{clamp(H_c, 3r, 6r), √(2rT)}, where r is the time of
/// a round in local steps, T the steps to the goal and H_c an estimate of the gap from which drift
/// costs steps (detail::balanced_local_steps has the reasons; with a budget H_c is not known, and
/// 4r takes its place). Among these it takes the fastest; with a budget alone, the most accurate,
/// and where that budget is one of gradients the fastest within 1.1 times the best accuracy.
///
/// | T(K, b)                    | is                                                              |
/// |----------------------------|-----------------------------------------------------------------|
/// | with a rehearsal           | start + noise/(Kb), as measured: rehearse() makes one         |
/// | without                    | enough by the bound of \cite khaled2020tighter at H = 1: a     |
/// |                            | worst case, often a hundred times what it takes                 |
///
/// Beyond H_c, T grows like √(H/H_c), up to the T of one worker. Both the √ and H_c are heuristics,
/// and so is the factor 4 of H: it costs at most 1.25 times the best time if drift makes T grow
/// like H^p with any p in 0 … ½. With a budget the accuracy is that of the bound.
///
/// The runs are to be made with `automatic_step`. Pure: the same arguments give the same advice.
/// @param seen of the same accuracy; does not go with a goal that has none
/// @throws invalid_settings naming the argument and the rule: one out of range, an accuracy that
///   the budget is not enough for, a budget that is not enough for one step
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

/// @brief The advice as a table for people: what to run with, what it should take, the ten best of
///        what was rejected, and what was assumed.
inline std::string to_string(advice const& a) {
  std::string text = "run with " + a.schedule + ", " + a.step_size + "\n";
  text += "     K     b         H          T     rounds      bytes    seconds   accuracy  why\n";
  text += detail::row_of_table(a) + "instead of\n";
  std::size_t const shown = std::min<std::size_t>(a.rejected.size(), 10);
  for (std::size_t i = 0; i != shown; ++i) text += detail::row_of_table(a.rejected[i]);
  if (shown != a.rejected.size())
    text += "  and " + std::to_string(a.rejected.size() - shown) + " slower ones\n";
  text += "assumed\n";
  for (std::string const& each : a.assumed) text += "  " + each + "\n";
  return text;
}

}  // namespace localsgd
