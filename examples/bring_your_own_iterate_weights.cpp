// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// Custom weights of the averaged iterate: the mean of the last half forgets the start.

#include <localsgd/localsgd.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string>

//! [own iterate weights]
/// The unweighted mean of the last half of the iterates.
struct last_half {
  std::uint64_t steps;  // T
  double weight(std::uint64_t t) const { return t < steps / 2 ? 0 : 1; }
  double sum(std::uint64_t t) const { return t < steps / 2 ? 0 : double(t - steps / 2); }
  std::string identity() const { return "last_half(" + std::to_string(steps) + ")"; }
};
static_assert(localsgd::IterateWeights<last_half>);
//! [own iterate weights]

/// ‖x − x*‖, where x* is all ones.
double distance(std::span<double const> x) {
  double sum = 0;
  for (double const v : x) sum += (v - 1) * (v - 1);
  return std::sqrt(sum);
}

int main() {
  // The first iterates, far from the minimum, dominate the mean of all.
  localsgd::quadratic const f({.spectrum = {1, 2, 4, 8, 16}, .samples = 1000, .variance = 1});
  localsgd::settings const s{.workers = 4, .local_steps = 8, .steps = 4000};
  localsgd::constant_step const step{0.01};
  //! [iterate weights]
  auto const half = localsgd::minimize(f, s, step, last_half{s.steps});
  auto const all = localsgd::minimize(f, s, step, localsgd::uniform_weights{});
  //! [iterate weights]
  // Weights never change the steps, only the average.
  bool const same_steps = std::ranges::equal(half.last, all.last);
  double const of_half = distance(half.average), of_all = distance(all.average);
  std::printf("the mean of the last half is %.1e from the minimum, that of all iterates %.1e\n",
              of_half, of_all);
  return same_steps && of_half < of_all / 3 ? 0 : 1;
}
