// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// A custom step size that falls like a cosine, and the rule that chooses its first value.

#include <localsgd/localsgd.hpp>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <numbers>
#include <span>

//! [own step size]
/// η_t = η₀ (1 + cos(πt/T))/2.
struct cosine_step {
  double first;
  std::uint64_t steps;
  double operator()(std::uint64_t t) const {
    return first * (1 + std::cos(std::numbers::pi * double(t) / double(steps))) / 2;
  }
};
static_assert(localsgd::StepSize<cosine_step>);

/// A rule chooses a step size from the objective and the plan of the run.
struct cosine {
  template <localsgd::Objective F>
  cosine_step choose(F const& f, localsgd::plan const& p) const {
    return {1 / (4 * f.smoothness()), p.steps};
  }
};
static_assert(localsgd::StepSizeRule<cosine, localsgd::quadratic<>>);
//! [own step size]

/// ‖x − x*‖, where x* is all ones.
double distance(std::span<double const> x) {
  double sum = 0;
  for (double const v : x) sum += (v - 1) * (v - 1);
  return std::sqrt(sum);
}

int main() {
  // With a constant step size, the noise of the gradients keeps the iterates away from the minimum.
  localsgd::quadratic const f({.spectrum = {1, 2, 4, 8, 16}, .samples = 1000, .variance = 1});
  localsgd::settings const s{.workers = 4, .local_steps = 8, .epochs = 50};
  //! [step size]
  auto const falling = localsgd::minimize(f, s, cosine{});
  auto const constant = localsgd::minimize(f, s, localsgd::constant_step{1 / (4 * f.smoothness())});
  //! [step size]
  double const last = distance(falling.last), other = distance(constant.last);
  std::printf("the last iterate is %.1e from the minimum, %.1e with a constant step size\n", last,
              other);
  return last < other / 3 ? 0 : 1;
}
