// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/planning/goal.hpp"
#include "localsgd/planning/prediction.hpp"
#include "localsgd/theory/constants.hpp"
#include "localsgd/theory/cost_model.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// @file
/// @brief Predicts the cost of each choice and selects the best: the implementation of advise().

namespace localsgd::detail {

/// @brief One query, validated on construction. @throws invalid_settings
class advisor {
 public:
  advisor(constants const& c, cost_model const& cost, problem_shape const& shape, goal const& wish,
          choices const& among, std::optional<rehearsal> const& seen)
      : cost_(cost), shape_(shape), wish_(wish), among_(among) {
    c.validate();
    cost.validate();
    shape.validate();
    wish.validate();
    require(wish.tolerance == 0, "goal.tolerance", wish.tolerance,
            "0 unless the advice is for a cluster; use goal.accuracy");
    among.validate(shape.samples);
    counts_ = {c, static_cast<double>(shape.samples), wish.accuracy};
    if (!seen) return;
    seen->validate();
    require(wish.accuracy == seen->accuracy, "goal.accuracy", wish.accuracy,
            "equal to the accuracy of the rehearsal, " + shown(seen->accuracy));
    counts_.start = seen->start;
    counts_.noise = seen->noise;
    counts_.drift = seen->drift;
    counts_.one_shot = seen->one_shot;
    counts_.seen_workers = static_cast<double>(seen->workers);
    counts_.seen_batch = static_cast<double>(seen->batch_size);
    extrapolated_ = seen->extrapolated;
  }

  advice operator()() const {
    std::vector<candidate> all;
    for (std::size_t const k : among_.workers)
      for (std::size_t const b : among_.batch_sizes) add_all(all, k, b);
    auto const within = [&](candidate const& c) { return c.why.empty(); };
    std::size_t const best = choose(all);
    advice a;
    static_cast<candidate&>(a) = all[best];
    all.erase(all.begin() + static_cast<std::ptrdiff_t>(best));
    add_other_gaps(all, a);
    for (candidate& c : all)
      if (within(c)) c.why = compared(c, a);
    std::stable_sort(all.begin(), all.end(), [](candidate const& x, candidate const& y) {
      return x.seconds < y.seconds;
    });
    a.rejected = std::move(all);
    a.why = wish_.accuracy > 0  ? "the shortest time"
            : wish_.seconds > 0 ? "the best accuracy within the time limit"
                                : "the shortest time for this number of gradients";
    a.schedule = "every{" + shown(a.local_steps) + "}";
    a.step_size = "automatic_step";
    note_assumptions(a);
    a.settings = {.workers = a.workers,
                  .local_steps = static_cast<std::size_t>(a.local_steps),
                  .batch_size = a.batch_size,
                  .steps = static_cast<std::uint64_t>(
                      std::min(a.steps, static_cast<double>(settings::max_steps)))};
    return a;
  }

 private:
  double bytes() const {
    return static_cast<double>(shape_.dimension) * static_cast<double>(shape_.scalar_bytes);
  }
  double budget() const {
    return wish_.gradients > 0 ? wish_.gradients : std::numeric_limits<double>::infinity();
  }
  double time() const {
    return wish_.seconds > 0 ? wish_.seconds : std::numeric_limits<double>::infinity();
  }

  void add_all(std::vector<candidate>& all, std::size_t k, std::size_t b) const {
    if (among_.local_steps.empty())
      all.push_back(predict(k, b, best_gap(k, b)));
    else
      for (std::uint64_t const h : among_.local_steps) all.push_back(predict(k, b, h));
  }

  // H by the rule of the default H, with all quantities that the default does not know.
  double best_gap(std::size_t k, std::size_t b) const {
    double const workers = static_cast<double>(k), batch = static_cast<double>(b);
    double const step = cost_.seconds_per_step(k, b);
    double const round = cost_.seconds_per_round(k, bytes()) / step;
    double steps = 0, gap = std::numeric_limits<double>::quiet_NaN();
    if (wish_.accuracy > 0) {
      steps = counts_.close(workers, batch);
      gap = counts_.drift_free(workers, batch, steps);
    } else {
      steps = std::max(1.0, std::min(budget() / (workers * batch), time() / step));
    }
    if (k == 1) return std::ceil(steps);  // nothing to average
    if (wish_.accuracy > 0 && !counts_.drift.empty()) {
      double const h =
          std::ceil(best_local_steps(round, steps, counts_.drift, counts_.close(1, batch)));
      // If known, one long round is compared with several that are rounded up.
      double const once = counts_.once(workers, batch);
      double const several = (counts_.apart(workers, batch, h) + h / 2) * (1 + round / h);
      return once > 0 && once + round < several ? std::ceil(once) : h;
    }
    return std::ceil(std::min(balanced_local_steps(round, steps, gap), steps));
  }

  candidate predict(std::size_t k, std::size_t b, double gap) const {
    gap = std::min(gap, static_cast<double>(settings::max_steps));
    return predict(k, b, static_cast<std::uint64_t>(gap));
  }
  candidate predict(std::size_t k, std::size_t b, std::uint64_t h) const {
    double const workers = static_cast<double>(k), batch = static_cast<double>(b);
    double const gap = static_cast<double>(h), step = cost_.seconds_per_step(k, b);
    double const round = cost_.seconds_per_round(k, bytes());
    candidate c{k, b, h};
    if (wish_.accuracy > 0) {
      c.rounds = std::ceil(counts_.apart(workers, batch, gap) / gap);
      c.steps = c.rounds * gap;
      c.accuracy = wish_.accuracy;
    } else {
      double const most = budget() / (workers * batch);
      c.steps = std::min(most, time() / (step + round / gap));
      // The last round may be short, but costs the same.
      if (c.steps < most)
        c.steps = std::min(c.steps, (time() - round * std::ceil(c.steps / gap)) / step);
      c.steps = std::max(1.0, std::floor(c.steps * (1 + 1e-12)));
      c.rounds = std::ceil(c.steps / gap);
      c.accuracy = reached(c.steps, workers * batch);
    }
    c.gradients = workers * batch * c.steps;
    c.bytes = 2 * (workers - 1) * bytes() * c.rounds;
    c.seconds = c.steps * step + c.rounds * round;
    double const slack = 1 + 1e-9;
    if (wish_.accuracy > 0 && c.gradients > budget() * slack)
      c.why = "more gradients than allowed";
    else if (c.seconds > time() * slack && wish_.accuracy > 0)
      c.why = "more time than allowed";
    else if (c.gradients > budget() * slack || c.seconds > time() * slack)
      c.why = "one step exceeds the budget";
    return c;
  }

  // The smallest ε for which T steps are sufficient.
  double reached(double steps, double gradients) const {
    constants const& c = counts_.c;
    double high = c.smoothness.value / 2 * c.squared_distance.value, low = high * 1e-15;
    if (high == 0) return 0;  // x_0 is the minimiser
    for (int i = 0; i != 60; ++i) {
      double const middle = std::sqrt(low * high);
      (sufficient_steps(c, middle, gradients) <= steps ? high : low) = middle;
    }
    return high;
  }

  std::size_t choose(std::vector<candidate> const& all) const {
    double const none = std::numeric_limits<double>::infinity();
    double sharpest = none, fastest = none;
    for (auto const& c : all)
      if (c.why.empty()) sharpest = std::min(sharpest, c.accuracy);
    if (sharpest == none) refuse(all);
    // The accuracy for a number of gradients hardly depends on K and b, so the time decides.
    double const slack = wish_.gradients > 0 && wish_.accuracy == 0 ? 1.1 : 1.0;
    std::size_t best = 0;
    for (std::size_t i = 0; i != all.size(); ++i)
      if (all[i].why.empty() && all[i].accuracy <= slack * sharpest && all[i].seconds < fastest) {
        fastest = all[i].seconds;
        best = i;
      }
    return best;
  }

  [[noreturn]] void refuse(std::vector<candidate> const& all) const {
    double floor = std::numeric_limits<double>::infinity();
    for (auto const& c : all) {
      double const k = static_cast<double>(c.workers), b = static_cast<double>(c.batch_size);
      double const each = c.seconds / c.steps;
      double const steps = std::floor(std::min(budget() / (k * b), time() / each));
      if (steps < 1) continue;
      floor = std::min(floor, counts_.start < 0 ? reached(steps, k * b)
                                                : wish_.accuracy * c.steps / steps);
    }
    if (std::isinf(floor)) {
      // The limit that no choice satisfies; or the time, if each limit is satisfied by some choice
      // but no choice satisfies both.
      bool const too_few = std::ranges::all_of(all, [&](candidate const& c) {
        return static_cast<double>(c.workers) * static_cast<double>(c.batch_size) > budget();
      });
      bool const too_short = std::ranges::all_of(
          all, [&](candidate const& c) { return c.seconds / c.steps > time(); });
      if (too_few && !too_short)
        throw invalid_settings("goal.gradients", wish_.gradients,
                               "enough for one step of at least one choice");
      if (too_few)
        throw invalid_settings(
            "goal.gradients", wish_.gradients,
            "enough for one step of at least one choice; so must goal.seconds = " +
                shown(wish_.seconds));
      throw invalid_settings(
          "goal.seconds", wish_.seconds,
          too_short ? "enough for one step of at least one choice"
                    : "enough for one step of at least one choice that goal.gradients = " +
                          shown(wish_.gradients) + " allows");
    }
    throw invalid_settings("goal.accuracy", wish_.accuracy,
                           "at least " + shown(floor) + ", the best accuracy within the budget");
  }

  // The chosen K and b with other gaps: mini-batch SGD, a quarter, four times as much, one-shot.
  void add_other_gaps(std::vector<candidate>& all, advice const& a) const {
    if (a.workers == 1 || !among_.local_steps.empty()) return;
    double const h = static_cast<double>(a.local_steps);
    for (double const gap : {1.0, std::ceil(h / 4), 4 * h, a.steps})
      if (gap >= 1 && gap <= a.steps && gap != h &&
          std::none_of(all.begin(), all.end(), [&](candidate const& c) {
            return c.workers == a.workers && c.batch_size == a.batch_size &&
                   static_cast<double>(c.local_steps) == gap;
          }))
        all.push_back(predict(a.workers, a.batch_size, gap));
  }

  static std::string compared(candidate const& c, candidate const& to) {
    char text[64];
    double const slower = c.seconds / to.seconds, worse = c.accuracy / to.accuracy;
    if (worse > 1.005)
      std::snprintf(text, sizeof text, "%.2f times the error", worse);
    else if (worse < 0.995)
      std::snprintf(text, sizeof text, "more accurate, if drift costs nothing");
    else if (slower < 1.005)
      std::snprintf(
          text, sizeof text, "as good, %s",
          c.local_steps > to.local_steps ? "but more sensitive to drift" : "but no better");
    else
      std::snprintf(text, sizeof text, "%.2f times the time", slower);
    return text;
  }

  void note_assumptions(advice& a) const {
    auto& notes = a.assumed;
    bool const measured = counts_.start >= 0;
    notes.push_back(measured ? "steps: start + noise/(K b), measured by a rehearsal"
                             : "steps: sufficient by the bound of Khaled et al. for H = 1 at a "
                               "constant step size; usually far fewer are needed");
    if (extrapolated_)
      notes.push_back("a rehearsal did not reach the accuracy; its steps are extrapolated");
    if (counts_.drift.empty()) {
      notes.push_back(
          "H: a heuristic; the local steps take about four times as long as the average, or three "
          "to six times by an estimate of the drift");
    } else {
      char text[96];
      drift_cost const& last = counts_.drift.back();
      std::snprintf(text, sizeof text,
                    "H: a rehearsal at H = %.0f took %.2f times the steps of one at H = 4",
                    last.local_steps, last.times);
      notes.push_back(text);
    }
    if (counts_.c.strong_convexity.value == 0) {
      char text[200];
      std::snprintf(
          text, sizeof text,
          "mu = 0: convex rate; an L2 penalty lambda = %.3g on all of x, including the intercept, "
          "would make f strongly convex and raise its minimum by at most half the accuracy",
          a.accuracy / std::max(counts_.c.squared_distance.value, 1e-300));
      notes.push_back(text);
    }
    if (std::isinf(counts_.c.squared_distance.standard_error))
      notes.push_back(
          "the distance from the start to the minimiser is a guess, because f is not strongly "
          "convex");
    notes.push_back("all workers draw from all samples");
  }

  step_counts counts_;
  bool extrapolated_ = false;
  cost_model cost_;
  problem_shape shape_;
  goal wish_;
  choices among_;
};

}  // namespace localsgd::detail
