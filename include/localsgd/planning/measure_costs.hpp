// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/minimize.hpp"
#include "localsgd/step_size/automatic_step.hpp"
#include "localsgd/step_size/constant_step.hpp"
#include "localsgd/theory/cost_model.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

/// @file
/// @brief Measures the cost of steps and rounds on the current machine.

namespace localsgd {

namespace detail {

/// @brief An objective without work in d dimensions, so that a run consists only of rounds.
struct idle_objective {
  using scalar = double;
  std::size_t length;
  std::size_t dimension() const noexcept { return length; }
  static std::size_t samples() noexcept { return 1; }
  static double gradient(std::span<double const>, std::span<std::size_t const>,
                         std::span<double> g) noexcept {
    std::fill(g.begin(), g.end(), 0.0);
    return 0;
  }
};

/// @brief A worker that does not move.
class idle_sequence {
 public:
  explicit idle_sequence(std::size_t dimension) : x_(dimension) {}
  void advance(std::uint64_t, std::uint64_t) noexcept {}
  std::span<double> local() noexcept { return x_; }
  void assign(std::span<double const> x) noexcept { std::copy(x.begin(), x.end(), x_.begin()); }
  void average(std::span<double> out) const noexcept {
    std::copy(x_.begin(), x_.end(), out.begin());
  }

 private:
  aligned_vector<double> x_;
};
struct idle_worker {
  template <class F, class S, class E>
  idle_sequence bind(F const&, S const&, E const&, plan const& p, std::size_t) const {
    return idle_sequence(p.dimension);
  }
};

/// @brief The time of one operation of `seconds(count)`, from runs of at least `long_enough`: the
///        difference between two lengths, which cancels fixed costs; the minimum of five.
///
/// On a busy machine, the difference can have any value. If it is less than a quarter of the mean
/// time per operation of the longer run, the runs are made longer; finally that mean is used, which
/// is never below the true value.
template <class Seconds>
double seconds_of_one(Seconds const& seconds, double long_enough) {
  std::uint64_t count = 16;
  while (seconds(count) < long_enough && count < (std::uint64_t{1} << 30)) count *= 2;
  double mean = 0;
  for (int attempt = 0; attempt != 4; ++attempt, count *= 2) {
    double lesser = seconds(count), greater = seconds(3 * count);
    for (int i = 0; i != 4; ++i) {
      lesser = std::min(lesser, seconds(count));
      greater = std::min(greater, seconds(3 * count));
    }
    double const n = static_cast<double>(count), difference = (greater - lesser) / (2 * n);
    mean = greater / (3 * n);
    if (difference > mean / 4) return difference;
  }
  return std::max(mean, 1e-12);  // the cost must not be zero if a clock did not advance
}

}  // namespace detail

/// @brief The cost model of `synchronizer` on this machine for f, measured by timed runs that take
///        some tenths of a second.
///
/// The time of a gradient is measured by local steps of f without rounds; latency and bandwidth, by
/// empty rounds in 16 and in 65,536 dimensions. They are reported as those of a shared memory (no
/// network) with as many members as the synchronizer has for K workers, so over a network ℓ and β
/// are effective values for this K. Times vary between runs; they affect only advice, not results.
/// @param workers K ≥ 1 @param batch_size b, 1 … n
/// @throws invalid_settings; exceptions of f and the synchronizer
template <Objective F, Synchronizer S>
cost_model measure_costs(F const& f, S& synchronizer, std::size_t workers = settings{}.workers,
                         std::size_t batch_size = 1) {
  constexpr double long_enough = 3e-3;
  std::atomic<std::size_t> members{1};
  plan nothing;
  nothing.workers = workers;
  auto const identity = [] { return std::string(); };
  auto const count = [&](auto const& launch) {
    launch([&](auto& team) { members = team.threads(); });
  };
  synchronizer.run(nothing, detail::program<decltype(identity), decltype(count)>{identity, count});

  auto const at_most = [](std::uint64_t steps) { return static_cast<std::size_t>(steps); };
  settings s{.workers = workers, .local_steps = 1, .batch_size = batch_size};
  constant_step const step(automatic_step{}.choose(f, detail::make_plan(f, s, false))(0));
  double const of_step = detail::seconds_of_one(
      [&](std::uint64_t steps) {
        s.local_steps = at_most(steps);
        s.steps = steps;
        return minimize(f, s, synchronizer, step).seconds;
      },
      long_enough);
  auto const round = [&](std::size_t dimension) {
    return detail::seconds_of_one(
        [&](std::uint64_t rounds) {
          return minimize(detail::idle_objective{dimension},
                          {.workers = workers, .local_steps = 1, .steps = rounds}, synchronizer,
                          detail::idle_worker{}, constant_step(1))
              .seconds;
        },
        long_enough);
  };
  constexpr std::size_t few = 16, many = 65536;
  double const empty = round(few), full = round(many);
  double const m = static_cast<double>(members.load()), k = static_cast<double>(workers);
  double const moved = 2 * k / m * static_cast<double>((many - few) * sizeof(double));
  double const turns = static_cast<double>((workers + members - 1) / members);
  return {.gradient_seconds = of_step / (turns * static_cast<double>(batch_size)),
          .latency_seconds = empty,
          .bytes_per_second = moved / std::max(full - empty, 1e-12),
          .network = std::nullopt,
          .members = members};
}

}  // namespace localsgd
