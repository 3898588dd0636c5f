// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// A custom sampler: rows are drawn with probabilities proportional to their squared norms. The
// randomised Kaczmarz method of Strohmer and Vershynin recovers a signal from uneven samples.

#include <localsgd/localsgd.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <numbers>
#include <span>
#include <vector>

//! [own sampler]
/// Sample i has the probability p_i = weights[i] / Σ weights. A run then minimises Σ p_i f_i
/// instead of the mean, so use it if all f_i have a common minimum, like the equations of a
/// solvable system.
class by_weight {
 public:
  explicit by_weight(std::span<double const> weights) {
    for (double const w : weights) sums_.push_back((sums_.empty() ? 0 : sums_.back()) + w);
  }

  // A pure function of the seed, the worker and the step. It fills `out` for one step or several.
  void draw(localsgd::plan const& p, std::size_t worker, std::uint64_t step,
            std::span<std::size_t> out) const {
    for (std::size_t i = 0; i != out.size(); ++i) {
      auto const words = localsgd::random_words(p.seed, localsgd::random_stream::samples,
                                                std::uint32_t(worker), step * p.batch_size + i);
      double const u = localsgd::unit_interval(words[0]) * sums_.back();
      auto const row = std::upper_bound(sums_.begin(), sums_.end() - 1, u) - sums_.begin();
      out[i] = std::size_t(row);
    }
  }
  std::size_t shard_size(localsgd::plan const& p, std::size_t /*worker*/) const {
    return p.samples;  // every worker sees all samples
  }

 private:
  std::vector<double> sums_;  // of the weights up to each sample
};
static_assert(localsgd::Sampler<by_weight>);
//! [own sampler]

int main() {
  // The signal Σ_j x_j φ_j(t), φ = √½, cos 2πt, sin 2πt, cos 4πt, …, is known at 700 times, dense
  // near 0 and sparse near 1. The weight of a row, its squared norm, is the time since the previous
  // one.
  std::size_t const n = 700, d = 15;
  localsgd::dense_matrix<double> rows({n, d});
  std::vector<double> values(n), squared_norms(n);
  for (std::size_t i = 0; i != n; ++i) {
    double const t = std::pow(double(i + 1) / n, 8);
    squared_norms[i] = t - std::pow(double(i) / n, 8);
    for (std::size_t j = 0; j != d; ++j) {
      double const angle = 2 * std::numbers::pi * double((j + 1) / 2) * t;
      double const phi = j == 0 ? std::sqrt(0.5) : j % 2 == 1 ? std::cos(angle) : std::sin(angle);
      rows(i, j) = phi / std::sqrt(d / 2.0);    // of norm 1: a step of size 1 solves the equation
      values[i] += rows(i, j) / double(j + 1);  // x_j = 1/(j + 1)
    }
  }
  localsgd::linear_objective const f(rows, values, localsgd::squared{}, localsgd::no_penalty{});
  localsgd::settings const s{.workers = 2, .local_steps = 50, .steps = 600};

  auto const error = [&](auto const& sampler) {
    auto const x = localsgd::minimize(f, s, sampler, localsgd::constant_step{1}).last;
    double sum = 0;
    for (std::size_t j = 0; j != d; ++j) sum += std::pow(x[j] - 1 / double(j + 1), 2);
    return std::sqrt(sum);
  };
  double const by_norms = error(by_weight(squared_norms)),
               uniform = error(localsgd::with_replacement{});
  std::printf("the error after %ju steps is %.1e; with uniform samples it is %.1e\n",
              std::uintmax_t{s.steps}, by_norms, uniform);
  return by_norms < 1e-6 && uniform > 1e-4 ? 0 : 1;
}
