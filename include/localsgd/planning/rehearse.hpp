// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/minimize.hpp"
#include "localsgd/objective/concept.hpp"
#include "localsgd/planning/advice.hpp"
#include "localsgd/planning/measure_constants.hpp"
#include "localsgd/planning/measure_costs.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

/// @file
/// @brief Advice based on measurements: short runs on the problem itself.

namespace localsgd {

/// @brief Options of a rehearsal.
struct rehearsal_options {
  std::size_t workers = 8;     ///< K ≥ 2 of the run that is compared with the run of one worker.
  std::size_t batch_size = 1;  ///< b of both runs, 1 … n.
  std::size_t runs = 5;        ///< The number of seeds to average over, ≥ 1.
  double epochs = 50;          ///< The K·b·T/n at which a run is ended, > 0.
  double optimum = std::numeric_limits<double>::quiet_NaN();  ///< f*; NaN = computed.

  /// @throws invalid_settings naming the member, its value and the violated rule.
  void validate() const {
    detail::require(workers >= 2, "rehearsal_options.workers", workers, ">= 2");
    detail::require(batch_size >= 1, "rehearsal_options.batch_size", batch_size, ">= 1");
    detail::require(runs >= 1, "rehearsal_options.runs", runs, ">= 1");
    detail::require_positive("rehearsal_options.epochs", epochs);
    detail::require(!std::isinf(optimum), "rehearsal_options.optimum", optimum,
                    "finite, or NaN to compute it");
  }
};

namespace detail {

struct seen_steps {
  double steps = 0;
  bool extrapolated = false;
};

/// @brief The first evaluated sync time with f ≤ f* + ε, in runs of doubling length, since a longer
///        run begins with the same steps.
template <Objective F, Synchronizer S>
seen_steps first_steps_below(F const& f, double optimum, double accuracy, settings s, double epochs,
                             S& synchronizer) {
  double const each = static_cast<double>(s.workers * s.batch_size);
  double const most = epochs * static_cast<double>(f.samples()) / each;
  s.evaluations = 48;
  for (s.steps = std::max<std::uint64_t>(64, s.local_steps);; s.steps *= 2) {
    auto const r = minimize(f, s, synchronizer);
    for (auto const& e : r.history)
      if (e.objective <= optimum + accuracy) return {static_cast<double>(e.steps), false};
    // From now on, the remaining f − f* decreases like 1/T.
    if (static_cast<double>(s.steps) > most)
      return {static_cast<double>(s.steps) * (r.objective - optimum) / accuracy, true};
  }
}

}  // namespace detail

/// @brief Measures the number of steps to f − f* ≤ ε, in runs of one worker and of K workers at H =
///        4, which are fitted by T(K, b) = start + noise/(Kb); and the cost of drift, in runs of K
///        workers at H = T/4, H = T, and 2, 4, … times that until one round suffices.
///
/// f* is computed by a run with a tolerance of ε/8, unless it is given. A run that does not reach ε
/// within `epochs` is extrapolated like 1/T. With a synchronous synchronizer, the result is the
/// same on any machine. The cost is that of `runs` runs of each kind, which pays off if the real
/// run is repeated often or is made on another machine.
/// @throws invalid_settings if an option is out of range, or if f* is not given and f is not
///   strongly convex
template <Objective F, Synchronizer S>
rehearsal rehearse(F const& f, double accuracy, S& synchronizer,
                   rehearsal_options const& options = {}) {
  options.validate();
  detail::require_positive("accuracy", accuracy);
  double optimum = options.optimum;
  if (std::isnan(optimum)) {
    detail::require(detail::certifying_convexity(f) > 0, "rehearsal_options.optimum", optimum,
                    "a finite number if f is not known to be strongly convex");
    optimum = minimize(f, {.tolerance = accuracy / 8}, synchronizer).objective;
  }
  rehearsal seen{.accuracy = accuracy, .workers = options.workers,
                 .batch_size = options.batch_size};
  double alone = 0, together = 0;
  double const runs = static_cast<double>(options.runs);
  double const b = static_cast<double>(options.batch_size);
  double const k = static_cast<double>(options.workers);
  auto const steps = [&](std::size_t workers, std::size_t local_steps, std::size_t run) {
    settings const s{.workers = workers,
                     .local_steps = local_steps,
                     .batch_size = options.batch_size,
                     .seed = run};
    auto const n = detail::first_steps_below(f, optimum, accuracy, s, options.epochs, synchronizer);
    seen.extrapolated = seen.extrapolated || n.extrapolated;
    return n.steps / runs;
  };
  for (std::size_t run = 0; run != options.runs; ++run) {
    alone += steps(1, 4, run);
    together += steps(options.workers, 4, run);
  }
  double before = 4, slower = 1;
  for (double const part : {0.25, 1.0}) {
    auto const gap = std::bit_floor(static_cast<std::size_t>(std::max(8.0, together * part)));
    double const h = static_cast<double>(gap);
    if (h <= before) continue;
    double apart = 0;
    for (std::size_t run = 0; run != options.runs; ++run) apart += steps(options.workers, gap, run);
    // T is rounded up to a multiple of H, by H/2 on average; this is not drift.
    slower = std::max(slower, (apart - h / 2) / together);
    seen.drift.push_back({before = h, slower});
  }
  // All runs end with their first round if the mean is not larger.
  auto const most = options.epochs * static_cast<double>(f.samples()) / (k * b);
  auto gap = std::bit_floor(static_cast<std::size_t>(std::max(8.0, together)));
  for (; seen.one_shot == 0 && static_cast<double>(gap) <= most; gap *= 2) {
    double at_once = 0;
    for (std::size_t run = 0; run != options.runs; ++run)
      at_once += steps(options.workers, gap, run);
    if (at_once < 1.001 * static_cast<double>(gap)) seen.one_shot = static_cast<double>(gap);
  }
  // T(1) = start + noise/b, T(K) = start + noise/(Kb), both ≥ 0.
  seen.noise = std::clamp((alone - together) / (1 - 1 / k) * b, 0.0, alone * b);
  seen.start = std::max(0.0, together - seen.noise / (k * b));
  return seen;
}

/// @brief Advice for a run on this machine: measures the constants and the costs, makes a rehearsal
///        if an accuracy is given and f is strongly convex, and calls advise().
///
/// Takes several times as long as the run itself. The costs are times, so the advice may differ
/// between calls; otherwise the recommended run does not depend on them.
/// @param synchronizer the synchronizer of the run; used for the measurements
/// @throws invalid_settings as in advise()
template <Objective F, Synchronizer S>
advice advise(F const& f, goal const& wish, S& synchronizer, choices const& among = {}) {
  wish.validate();
  among.validate(f.samples());
  std::size_t const most = *std::max_element(among.workers.begin(), among.workers.end());
  std::size_t const least_batch =
      *std::min_element(among.batch_sizes.begin(), among.batch_sizes.end());
  bool const certain = detail::certifying_convexity(f) > 0 && wish.accuracy > 0;
  auto const solved = minimize(f, {.tolerance = certain ? wish.accuracy / 8 : 0}, synchronizer);
  constants const c = measure_constants(f, solved);
  std::optional<rehearsal> seen;
  if (certain)
    seen = rehearse(f, wish.accuracy, synchronizer,
                    {.workers = std::max<std::size_t>(2, most),
                     .batch_size = least_batch,
                     .optimum = solved.objective});
  problem_shape const shape{f.samples(), f.dimension(), sizeof(typename F::scalar)};
  return advise(c, measure_costs(f, synchronizer, most), shape, wish, among, seen);
}

}  // namespace localsgd
