// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// A custom objective that is not a linear model: the geometric median of points.

#include <localsgd/localsgd.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <span>
#include <vector>

//! [objective]
/// f(x) = (1/n) Σ_i sqrt(‖x − p_i‖² + ε²) + (λ/2)‖x‖²: a smoothed geometric median.
struct geometric_median {
  using scalar = double;       // the type of x and of gradients: double or float
  std::vector<double> points;  // u and v alternately
  double epsilon = 0.1, lambda = 0.01;
  std::size_t dimension() const { return 2; }
  std::size_t samples() const { return points.size() / 2; }

  // Overwrites g with the mean gradient over the batch, returns the mean loss. Modifies only g,
  // because several threads call it at once.
  double gradient(std::span<double const> x, std::span<std::size_t const> batch,
                  std::span<double> g) const {
    double const share = 1 / double(batch.size());
    double loss = lambda / 2 * (x[0] * x[0] + x[1] * x[1]);
    g[0] = lambda * x[0];
    g[1] = lambda * x[1];
    for (std::size_t const i : batch) {
      double const u = x[0] - points[2 * i], v = x[1] - points[2 * i + 1];
      double const distance = std::sqrt(u * u + v * v + epsilon * epsilon);
      g[0] += share * u / distance;
      g[1] += share * v / distance;
      loss += share * distance;
    }
    return loss;
  }

  // Optional: L determines the step size, μ the certificate. L may be too large, μ too small.
  double smoothness() const { return 1 / epsilon + lambda; }
  double strong_convexity() const { return lambda; }
};
static_assert(localsgd::Objective<geometric_median>);
//! [objective]

//! [check]
/// Compares the gradient at x with finite differences of the loss.
bool is_consistent(geometric_median const& f, std::vector<double> x,
                   std::vector<std::size_t> const& batch) {
  std::vector<double> g(f.dimension()), other(f.dimension());
  f.gradient(x, batch, g);
  double error = 0, h = 1e-6;
  for (std::size_t j = 0; j != x.size(); ++j) {
    double const at = x[j];
    x[j] = at + h;
    double const above = f.gradient(x, batch, other);
    x[j] = at - h;
    double const below = f.gradient(x, batch, other);
    x[j] = at;
    error = std::max(error, std::abs((above - below) / (2 * h) - g[j]));
  }
  return error < 1e-6;
}
//! [check]

int main() {
  //! [use]
  // The corners of a square, and a point far away. Their mean is (20.8, 21.6).
  geometric_median const f{{0, 1, 0, 3, 2, 1, 2, 3, 100, 100}};
  auto const r = localsgd::minimize(f, {.workers = 4, .epochs = 20000, .tolerance = 1e-3});
  std::printf("median = (%.3f, %.3f), %s, f - f* <= %.1g\n", r.x[0], r.x[1],
              to_string(r.reason).data(), r.certificate);
  //! [use]
  bool const robust = r.x[0] < 2 && r.x[1] < 3;  // within the square
  bool const good = is_consistent(f, {0, 0}, {0}) && is_consistent(f, {7, -3}, {1, 4, 4, 2});
  return good && robust && r.reason == localsgd::stop_reason::tolerance_reached ? 0 : 1;
}
