// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// Convergence of Local SGD for several H, and of a run with a tolerance, on a simulated cluster of 8
// machines. Prints f − f* against gradients, exchanges and virtual seconds as CSV. Nothing is timed,
// so the numbers do not depend on the load of the machine.

#include <localsgd/localsgd.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace {

/// n noisy points of two classes, d features.
struct points {
  localsgd::dense_matrix<float> features;
  std::vector<double> labels;

  points(std::size_t n, std::size_t d) : features({n, d}), labels(n) {
    auto const normal = [](std::uint32_t lane, std::size_t i) {
      return localsgd::standard_normal(
          localsgd::random_words(1, localsgd::random_stream::noise, lane, i));
    };
    for (std::size_t i = 0; i != n; ++i) {
      double score = normal(1, i);
      for (std::size_t j = 0; j != d; ++j) {
        double const value = normal(0, i * d + j);
        features(i, j) = static_cast<float>(value);
        score += j % 3 == 0 ? 0.3 * value : 0.05 * value;
      }
      labels[i] = score > 0 ? 1 : -1;
    }
  }
};

void print(std::string const& name, localsgd::result<> const& r, double minimum) {
  for (localsgd::evaluation const& e : r.history)
    std::printf("%s,%ju,%ju,%.9g,%.9g\n", name.c_str(), std::uintmax_t{e.gradients},
                std::uintmax_t{e.exchanges}, e.seconds, e.objective - minimum);
}

}  // namespace

int main() {
  points const data(20000, 100);
  localsgd::linear_objective const f(data.features, data.labels, localsgd::logistic{},
                                     localsgd::l2{1e-3});
  double const minimum = localsgd::minimize(f, {.tolerance = 1e-13}).objective;

  // 1 µs for a gradient, 50 µs and 1 Gbit/s for a message.
  localsgd::cluster const machines{.costs = {.gradient_seconds = 1e-6,
                                             .latency_seconds = 50e-6,
                                             .bytes_per_second = 125e6,
                                             .network = localsgd::topology::tree}};
  std::puts("run,gradients,exchanges,seconds,gap");
  for (std::size_t const h : {1, 8, 64, 512}) {
    localsgd::simulated cluster(machines);
    print("H = " + std::to_string(h),
          localsgd::minimize(f, {.local_steps = h, .epochs = 30, .evaluations = 200}, cluster,
                             localsgd::linear_sgd{}),
          minimum);
  }
  localsgd::simulated cluster(machines);
  print("tolerance", localsgd::minimize(f, {.tolerance = 1e-9}, cluster), minimum);
}
