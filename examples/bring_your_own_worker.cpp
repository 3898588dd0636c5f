// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// A custom worker: SGD with clipped gradients, which a few wild samples cannot throw far away.

#include <localsgd/localsgd.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <random>
#include <span>
#include <vector>

using namespace localsgd;

//! [own worker]
/// SGD with gradients clipped to a norm of at most c.
template <Objective F, Sampler S, StepSize E, IterateWeights W>
struct clipped_sequence {
  using scalar = typename F::scalar;
  double c;
  F const& f;
  S const& sampler;
  E const& eta;
  W weights;
  plan const& p;
  std::size_t worker;
  std::vector<std::size_t> batch = std::vector<std::size_t>(p.batch_size);
  std::vector<scalar> x = std::vector<scalar>(p.dimension), g = x;
  iterate_average mean{p.dimension};
  void advance(std::uint64_t from, std::uint64_t to) {
    for (std::uint64_t t = from; t != to; ++t) {
      mean.add(weights.weight(t), std::span<scalar const>(x));
      sampler.draw(p, worker, t, batch);
      f.gradient(x, batch, g);
      double square = 0;
      for (scalar const v : g) square += double(v) * double(v);
      auto const step = scalar(eta(t) * std::min(1.0, c / std::sqrt(square)));
      for (std::size_t i = 0; i != x.size(); ++i) x[i] -= step * g[i];
    }
  }
  std::span<scalar> local() { return x; }
  void assign(std::span<scalar const> from) { copy(from, x); }
  void average(std::span<scalar> to) const { mean.weights() > 0 ? mean.write(to) : copy(x, to); }
  static void copy(std::span<scalar const> from, std::span<scalar> to) {
    if (from.data() != to.data()) std::ranges::copy(from, to.begin());
  }
};

/// The component creates one sequence for each of the K workers.
struct clipped_sgd {
  double c;
  template <Objective F, Sampler S, StepSize E, IterateWeights W>
  auto bind(F const& f, S const& s, E const& e, W const& w, plan const& p, std::size_t k) const {
    return clipped_sequence<F, S, E, W>{c, f, s, e, w, p, k};
  }
};
static_assert(LocalWorker<clipped_sgd, quadratic<>, with_replacement, constant_step>);
//! [own worker]

int main() {
  // y = a_1 + 2a_2 + 3a_3. One sample in a hundred is a thousand times as large as the others.
  std::mt19937 random(1);
  std::normal_distribution<> normal;
  dense_matrix<double> rows({2000, 3});
  std::vector<double> y(2000);
  for (std::size_t i = 0; i != y.size(); ++i)
    for (std::size_t j = 0; j != 3; ++j)
      y[i] += double(j + 1) * (rows(i, j) = normal(random) * (i % 100 == 0 ? 1000 : 1));
  linear_objective const f(rows, y, squared{}, no_penalty{});
  //! [worker]
  result const clipped = minimize(f, {}, clipped_sgd{1}, constant_step{0.05});
  //! [worker]
  result const plain = minimize(f, {}, sgd{}, constant_step{0.05});
  double const error = std::hypot(clipped.x[0] - 1, clipped.x[1] - 2, clipped.x[2] - 3);
  std::printf("clipped: %.1e from the truth; plain: %s\n", error, to_string(plain.reason).data());
  return error < 0.1 && plain.reason == stop_reason::diverged ? 0 : 1;
}
