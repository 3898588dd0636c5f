// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

//! [program]
#include <localsgd/minimize.hpp>

#include <iostream>
#include <vector>

// f(x) = mean over i of (x - p_i)^2 / 2. Its minimum is the mean of the points.
struct centre {
  using scalar = double;
  std::vector<double> p;

  std::size_t dimension() const { return 1; }
  std::size_t samples() const { return p.size(); }
  double strong_convexity() const { return 1; }

  double gradient(std::span<double const> x, std::span<std::size_t const> batch,
                  std::span<double> g) const {
    double loss = 0;
    g[0] = 0;
    for (std::size_t i : batch) {
      g[0] += (x[0] - p[i]) / double(batch.size());
      loss += (x[0] - p[i]) * (x[0] - p[i]) / 2 / double(batch.size());
    }
    return loss;
  }
};

int main() {
  centre const f{{1, 2, 3, 6}};
  localsgd::result r = localsgd::minimize(f, {.workers = 4, .local_steps = 8, .epochs = 20000});
  std::cout << "x = " << r.x[0] << " after " << r.rounds << " rounds, at most " << r.certificate
            << " above the minimum\n";  // x is about 3
}
//! [program]
