// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "benchmark/paper/gaps.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

/// @file
/// @brief The fewest steps to the target over all step sizes. They run side by side, so the first
///        that is there is the best one, and no step is made that it did not need.

namespace paper {

/// @brief One step size and how near it has come.
struct runner {
  step_rule rule;
  std::size_t candidate = 0;                             ///< the best one
  double gap = std::numeric_limits<double>::infinity();  ///< of that

  bool operator<(runner const& o) const { return gap < o.gap; }
};

/// @brief How a race ended: at `time` the first step sizes had reached the target.
struct finish {
  std::uint64_t time = 0, rounds = 0;
  bool reached = false;
  std::vector<runner> field;  ///< all of them, as they were then
};

/// @brief Runs until the first candidate of any step size is within `epsilon`, or to `most` steps.
///
/// f is looked at on a geometric grid of sync times. Where the target lies between two of them the
/// run goes back to the first, and on in smaller steps; near the target it goes in smaller steps
/// anyway, since f of the last consensus is noisy. The time is known to a hundredth, or to a round.
template <class Run>
finish race(Run run, std::vector<step_rule> const& rules, value_of const& value, double optimum,
            double epsilon, std::uint64_t most) {
  constexpr std::array ratios{1.25, 1.04, 1.01};
  std::size_t level = 0;
  auto const after = [&](std::size_t l) {
    std::uint64_t const period = run.period();
    auto const to = static_cast<std::uint64_t>(static_cast<double>(run.time()) * ratios[l]);
    return std::max(run.time() + period, to / period * period);
  };
  finish end;
  while (run.time() + run.period() <= most) {
    std::uint64_t next = after(level);
    if (next > most) next = most / run.period() * run.period();
    bool const can_be_finer = level + 1 != ratios.size() && next > run.time() + run.period();
    std::optional<Run> const before = can_be_finer ? std::optional<Run>(run) : std::nullopt;
    run.advance(next);
    auto const gaps = gaps_of(run, value, optimum);
    double nearest = std::numeric_limits<double>::infinity();
    end.field.clear();
    for (std::size_t i = 0; i != rules.size(); ++i) {
      runner r{rules[i]};
      for (std::size_t c = 0; c != candidates; ++c)
        if (gaps[c][i] < r.gap) r.candidate = c, r.gap = gaps[c][i];
      nearest = std::min(nearest, r.gap);
      end.field.push_back(r);
    }
    end.time = run.time();
    end.rounds = run.rounds();
    end.reached = nearest <= epsilon;
    if (end.reached && !before) return end;
    if (end.reached) {
      run = *before;
      ++level;
    } else {
      level = std::max(level, nearest <= 2 * epsilon ? std::size_t{1} : std::size_t{0});
    }
  }
  end.reached = false;
  return end;
}

/// @brief The best step size of one cell.
struct best {
  runner winner;
  std::uint64_t time = 0, rounds = 0;
};

/// @brief Races step sizes until the best of both shapes lie inside what was tried.
///
/// @param start a function (rules) → a run at its start, of as many lanes as `rules` has elements
/// @param tried windows to begin with, of `half` powers each
/// @param most  the time at which to give up
/// @param n     the number of samples
/// @return nothing if no step size is there after `most` steps
template <class Start>
std::optional<best> search(Start const& start, std::array<window, 2> tried, value_of const& value,
                           double optimum, double epsilon, std::uint64_t most, std::size_t n) {
  std::optional<best> found;
  std::array<std::optional<runner>, 2> leader;  // of each shape
  std::vector<step_rule> rules;
  auto const enter = [&](std::size_t s, int first) {
    for (int i = 0; i != half; ++i) rules.push_back({shapes[s], first + i});
  };
  for (std::size_t s = 0; s != shapes.size(); ++s) enter(s, tried[s].first);

  constexpr int enough = 8;
  for (int races = 0; races != enough; ++races) {
    auto const end = race(start(rules), rules, value, optimum, epsilon, most);
    for (auto const& r : end.field) {
      auto& of_shape = leader[static_cast<std::size_t>(r.rule.kind)];
      if (!of_shape || r < *of_shape) of_shape = r;
    }
    if (end.reached) {
      auto const winner = *std::min_element(end.field.begin(), end.field.end());
      if (!found || end.time < found->time || winner < found->winner)
        found = best{winner, end.time, end.rounds};
      most = found->time;
      leader[static_cast<std::size_t>(found->winner.rule.kind)] = found->winner;
    }
    // Whose leader is at an edge, goes on there; with room for both, or twice as far.
    rules.clear();
    std::array<int, 2> wanted{};
    for (std::size_t s = 0; s != shapes.size(); ++s) {
      auto const& rule = leader[s]->rule;
      bool const never_falls = rule.scaled(n) >= rule.cap() * static_cast<double>(most);
      if (rule.power == tried[s].first) wanted[s] = -1;
      if (rule.power == tried[s].last && !(shapes[s] == shape::decreasing && never_falls))
        wanted[s] = 1;
    }
    if (wanted[0] == 0 && wanted[1] == 0) return found;
    int const windows = wanted[0] != 0 && wanted[1] != 0 ? 1 : 2;
    for (std::size_t s = 0; s != shapes.size(); ++s) {
      for (int i = 0; wanted[s] != 0 && i != windows; ++i) {
        if (wanted[s] < 0)
          enter(s, tried[s].first -= half);
        else
          enter(s, std::exchange(tried[s].last, tried[s].last + half) + 1);
      }
    }
  }
  throw std::runtime_error("ever larger or smaller step sizes are better; the search does not end");
}

}  // namespace paper
