// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// Components of the library: other samplers, step sizes, weights, schedules and synchronizers, in
// any order and combination, for the same objective.

#include <localsgd/localsgd.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <random>
#include <vector>

using namespace localsgd;

int failures = 0;
/// Prints the cost and the accuracy of a run, and counts runs that are less accurate.
void expect(char const* how, result<> const& r, double certificate) {
  std::printf("%-24s %6ju rounds, f - f* <= %.1e\n", how, std::uintmax_t{r.rounds}, r.certificate);
  failures += !(r.certificate <= certificate);
}

int main() {
  std::size_t const n = 400, d = 5;
  std::mt19937 random(1);
  std::normal_distribution<> normal;
  dense_matrix<double> features({n, d});
  std::vector<double> labels(n);
  for (std::size_t i = 0; i != n; ++i) {
    for (std::size_t j = 0; j != d; ++j) features(i, j) = normal(random);
    labels[i] = features(i, 0) - 2 * features(i, 1) + normal(random) > 0 ? 1 : -1;
  }
  linear_objective const f(features, labels, logistic{}, l2{0.01});
  settings const s{.workers = 4, .local_steps = 8, .epochs = 100};

  //! [sampler]
  result const without_repeats = minimize(f, s, shuffled{});
  result const sharded_data = minimize(f, s, sharded{shuffled{}}, weighted_mean{});
  std::vector<std::size_t> const sizes{40, 60, 100, 200};  // one for each of the 4 workers
  result const uneven_shards = minimize(f, s, sharded{sizes}, weighted_mean{});
  //! [sampler]
  expect("shuffled samples", without_repeats, 1e-3);
  expect("shards", sharded_data, 1e-2);
  expect("uneven shards", uneven_shards, 1e-2);
  //! [step size]
  result const fixed = minimize(f, s, constant_step{0.05});
  double const mu = f.strong_convexity(), kappa = f.smoothness() / mu;
  result const as_in_theorem = minimize(f, s, theory_step(mu, 16 * kappa + 8));
  //! [step size]
  expect("a constant step size", fixed, 1e-2);
  expect("that of the theorem", as_in_theorem, 1e-1);
  //! [iterate weights]
  result const plain_mean = minimize(f, s, linear_sgd{}, uniform_weights{});
  result const slower_to_forget = minimize(f, s, linear_sgd{}, linear_weights{});
  //! [iterate weights]
  expect("uniform weights", plain_mean, 1e-2);
  expect("linear weights", slower_to_forget, 1e-3);
  //! [schedule]
  result const at_every_step = minimize(f, s, every{1});  // mini-batch SGD
  result const less_and_less = minimize(f, s, growing(1, 1));
  result const once = minimize(f, s, one_shot{});
  //! [schedule]
  expect("an average every step", at_every_step, 1e-3);
  expect("growing gaps", less_and_less, 1e-3);
  expect("one average", once, 1e-2);
  //! [synchronizer]
  thread_pool pool(2);  // an lvalue is used in place, so its threads serve many runs
  result const first = minimize(f, s, pool);
  result const second = minimize(f, s, pool, every{1});
  result const never_waits = minimize(f, s, asynchronous{2});
  //! [synchronizer]
  expect("two threads", first, 1e-3);
  expect("asynchronous steps", never_waits, 1e-2);
  bool const same_bits = std::ranges::equal(second.x, at_every_step.x);
  return same_bits ? failures : 1;
}
