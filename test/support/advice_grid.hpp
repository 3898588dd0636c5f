// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/minimize.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/objective/quadratic.hpp"
#include "localsgd/planning/advice.hpp"
#include "localsgd/planning/measure_constants.hpp"
#include "localsgd/planning/rehearse.hpp"
#include "localsgd/synchronizer/serial.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

/// @file
/// @brief Advice beside what the best H in powers of two would have been: counted, never timed.

namespace support {

/// @brief One case of the grid.
struct judged {
  std::string problem, costs;
  std::size_t workers = 0;
  double accuracy = 0;
  double round_in_steps = 0;        ///< r
  std::uint64_t advised = 0, best = 0;
  double predicted_steps = 0, steps = 0;  ///< Of the advised H.
  double ratio = 0;                 ///< Its time over that of the best H.
};

/// @brief Costs with a name.
struct named_costs {
  std::string name;
  localsgd::cost_model costs;
};

/// @brief From threads that share a memory to machines on a network; a gradient takes 40 ns.
inline std::vector<named_costs> all_costs() {
  using localsgd::topology;
  return {{"memory", {40e-9, 0.3e-6, 1e10, std::nullopt, 2}},
          {"fast ring", {40e-9, 0.2e-6, 1e10, topology::ring, 0}},
          {"fast tree", {40e-9, 1.5e-6, 5e9, topology::tree, 0}},
          {"slow tree", {40e-9, 8e-6, 1e9, topology::tree, 0}},
          {"master", {40e-9, 2e-6, 1e9, topology::master, 0}}};
}

/// @brief Steps to f ≤ target at exactly this H: the mean over seeds that no rehearsal uses.
///        Infinity if some run is not there after `epochs`.
template <class F>
double steps_below(F const& f, double target, std::size_t workers, std::uint64_t local_steps,
                   std::size_t seeds, double epochs) {
  double sum = 0;
  for (std::size_t seed = 100; seed != 100 + seeds; ++seed) {
    localsgd::settings s{.workers = workers, .local_steps = local_steps, .seed = seed,
                         .evaluations = 48};
    double const most = epochs * static_cast<double>(f.samples());
    std::uint64_t found = 0;
    for (s.steps = std::max<std::uint64_t>(64, local_steps); found == 0; s.steps *= 2) {
      auto const r = localsgd::minimize(f, s, localsgd::serial{});
      for (auto const& e : r.history)
        if (found == 0 && e.steps > 0 && e.objective <= target) found = e.steps;
      if (found == 0 && static_cast<double>(s.steps) * static_cast<double>(workers) > most)
        return std::numeric_limits<double>::infinity();
    }
    sum += static_cast<double>(found);
  }
  return sum / static_cast<double>(seeds);
}

/// @brief Judges the advice for one problem: accuracies are shares of f(0) − f*.
template <class F>
std::vector<judged> judge(std::string const& name, F const& f,
                          std::vector<std::size_t> const& all_k,
                          std::vector<double> const& shares, std::size_t seeds, double epochs) {
  localsgd::serial here;
  auto const solved = localsgd::minimize(f, {.tolerance = 1e-7}, here);
  double const at_start = solved.history.front().objective, optimum = solved.objective;
  auto const c = localsgd::measure_constants(f, solved);
  localsgd::problem_shape const shape{f.samples(), f.dimension()};
  std::vector<judged> out;
  for (double const share : shares) {
    double const accuracy = share * (at_start - optimum);
    for (std::size_t const k : all_k) {
      auto const seen =
          localsgd::rehearse(f, accuracy, here, {.workers = k, .optimum = optimum});
      std::map<std::uint64_t, double> steps;
      auto const steps_at = [&](std::uint64_t h) {
        if (!steps.contains(h))
          steps[h] = steps_below(f, optimum + accuracy, k, h, seeds, epochs);
        return steps[h];
      };
      // Beyond an H that is reached in one round a larger one is only slower.
      std::uint64_t longest = 1;
      while (steps_at(longest) > static_cast<double>(longest) && longest < (1U << 20)) longest *= 2;
      for (named_costs const& each : all_costs()) {
        localsgd::cost_model const& costs = each.costs;
        auto const time = [&](std::uint64_t h) {
          double const t = steps_at(h), bytes = 8 * static_cast<double>(f.dimension());
          return costs.seconds(k, 1, t, t / static_cast<double>(h), bytes);
        };
        localsgd::advice const a = localsgd::advise(c, costs, shape, {.accuracy = accuracy},
                                                    {.workers = {k}, .batch_sizes = {1}}, seen);
        judged j{name, each.name, k, accuracy};
        j.round_in_steps =
            costs.seconds_per_round(k, 8 * static_cast<double>(f.dimension())) /
            costs.seconds_per_step(k, 1);
        j.advised = a.local_steps;
        j.predicted_steps = a.steps;
        j.steps = steps_at(a.local_steps);
        j.best = 1;
        for (std::uint64_t h = 1; h <= longest; h *= 2)
          if (time(h) < time(j.best)) j.best = h;
        j.ratio = time(a.local_steps) / time(j.best);
        out.push_back(j);
      }
    }
  }
  return out;
}

/// @brief The share of the cases that are within `limit` times the best.
inline double share_within(std::vector<judged> const& all, double limit) {
  auto const good =
      std::ranges::count_if(all, [&](judged const& j) { return j.ratio <= limit; });
  return static_cast<double>(good) / static_cast<double>(all.size());
}

/// @brief Features of about unit length, targets by a hidden linear model with noise: its signs
///        where `classes`. The same with every standard library.
struct synthetic {
  synthetic(std::size_t n, std::size_t d, bool classes)
      : features(xt::zeros<float>({n, d})), targets(n) {
    std::mt19937_64 engine(1);
    auto const normal = [&] {  // nearly
      double sum = -6;
      for (int i = 0; i != 12; ++i) sum += static_cast<double>(engine() >> 11) * 0x1p-53;
      return sum;
    };
    std::vector<double> hidden(d);
    for (double& w : hidden) w = normal();
    for (std::size_t i = 0; i != n; ++i) {
      double z = 0;
      for (std::size_t j = 0; j != d; ++j) {
        features(i, j) = static_cast<float>(normal() / std::sqrt(static_cast<double>(d)));
        z += static_cast<double>(features(i, j)) * hidden[j];
      }
      z += 0.4 * normal();
      targets[i] = classes ? (z > 0 ? 1 : -1) : z;
    }
  }
  localsgd::dense_matrix<float> features;
  std::vector<double> targets;
};

/// @brief Eigenvalues from 1/κ to 1, equally far apart as powers, with noise of variance 4.
inline localsgd::quadratic<> noisy_quadratic(double kappa) {
  std::vector<double> spectrum(20);
  for (std::size_t j = 0; j != spectrum.size(); ++j)
    spectrum[j] = std::pow(kappa, static_cast<double>(j) / 19 - 1);
  return localsgd::quadratic({.spectrum = spectrum, .samples = 2000, .variance = 4});
}

}  // namespace support
