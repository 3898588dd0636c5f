// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// A custom averager: the server takes adaptive steps, so that coordinates that rarely change move
// as far as the others. Here most features are rare.

#include <localsgd/localsgd.hpp>

#include <array>
#include <cmath>
#include <cstdio>
#include <random>
#include <span>
#include <string>
#include <vector>

//! [own averager]
/// FedAdagrad (Reddi et al. 2021): x ← x + ηΔ/(√v + ε), where Δ is the mean change of a round and v
/// the sum of all Δ² so far.
struct adaptive_server {
  double eta = 1, epsilon = 1e-3;

  /// The state in one run.
  struct bound {
    static constexpr bool keeps_mean = false;  // so `asynchronous` rejects it
    double eta, epsilon;
    std::size_t workers;
    std::vector<double> v, next;  // next becomes v once the round is accepted

    double weight(std::size_t) const { return 1 / double(workers); }
    void begin_round(localsgd::round_info const&) { next = v; }
    // Several threads call it at once, each for its own coordinates.
    void apply(std::size_t first, std::span<double const> previous, std::span<double> mean) {
      for (std::size_t i = 0; i != mean.size(); ++i) {
        double const change = mean[i] - previous[i];
        next[first + i] = v[first + i] + change * change;
        mean[i] = previous[i] + eta * change / (std::sqrt(next[first + i]) + epsilon);
      }
    }
    void commit() { v.swap(next); }
    void rollback() {}
    void reset(std::span<double const>) {}
    void state(auto& archive) { archive(v); }  // for checkpoints
  };

  template <class Scalar>
  bound bind(localsgd::plan const& p, std::span<std::size_t const> shard_sizes) const {
    return {eta, epsilon, shard_sizes.size(), std::vector<double>(p.dimension), {}};
  }
  std::string identity() const {
    std::array<char, 80> text{};  // all parameters, exactly
    std::snprintf(text.data(), text.size(), "adaptive_server(%a, %a)", eta, epsilon);
    return text.data();
  }
};
static_assert(localsgd::Averager<adaptive_server>);
//! [own averager]

int main() {
  using namespace localsgd;
  std::size_t const n = 5000, d = 50;
  std::mt19937 random(1);
  dense_matrix<double> rows({n, d});  // feature j is 1 in one of 1 + 4j samples, else 0
  std::vector<double> y(n);
  for (std::size_t i = 0; i != n; ++i) {
    for (std::size_t j = 0; j != d; ++j)
      y[i] += (j % 2 == 0 ? 2 : -2) * (rows(i, j) = random() % (1 + 4 * j) == 0);
    y[i] = y[i] > 0 ? 1 : -1;
  }
  linear_objective const f(rows, y, logistic{}, l2{1e-4});
  settings const s{.workers = 8, .local_steps = 16, .steps = 16 * 40};
  //! [averager]
  result const adaptive = minimize(f, s, adaptive_server{}, constant_step{1});
  //! [averager]
  double const plain = minimize(f, s, constant_step{1}).objective;
  std::printf("f = %.4f after 40 averages, %.4f with the mean\n", adaptive.objective, plain);
  return adaptive.objective < 0.75 * plain ? 0 : 1;
}
