// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// A custom schedule: gaps in proportion to the steps so far, so that a run of T steps needs about
// log T averages.

#include <localsgd/localsgd.hpp>

#include <cmath>
#include <cstdint>
#include <cstdio>

//! [own schedule]
/// Sync times t, each about `ratio` times the one before.
struct geometric {
  double ratio;
  std::uint64_t next(std::uint64_t t) const {
    return t + std::uint64_t(std::ceil((ratio - 1) * double(t + 1)));
  }
};
static_assert(localsgd::Schedule<geometric>);
//! [own schedule]

int main() {
  localsgd::quadratic const f({.spectrum = {1, 2, 4, 8, 16}, .samples = 1000, .variance = 1});
  localsgd::settings const s{.workers = 8, .steps = 10000};
  //! [schedule]
  auto const few = localsgd::minimize(f, s, geometric{1.25});
  auto const all = localsgd::minimize(f, s, localsgd::every{1});
  //! [schedule]
  std::printf("f = %.1e after %ju averages, %.1e after %ju\n", few.objective,
              std::uintmax_t{few.rounds}, all.objective, std::uintmax_t{all.rounds});
  return few.rounds < 50 && few.objective < 2 * all.objective ? 0 : 1;
}
