// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// A custom objective that is not a linear model: the geometric median of points.

#include <localsgd/localsgd.hpp>

#include <cmath>
#include <cstdio>
#include <utility>
#include <vector>

//! [objective]
/// f(x) = (1/n) Σ_i sqrt(‖x − p_i‖² + ε²) + (λ/2)‖x‖²: the smoothed geometric median of n points of
/// the plane.
class geometric_median {
 public:
  using scalar = double;  // the type of x and of gradients: double or float

  geometric_median(std::vector<double> points, double epsilon, double lambda)
      : points_(std::move(points)), epsilon_(epsilon), lambda_(lambda) {}

  std::size_t dimension() const { return 2; }
  std::size_t samples() const { return points_.size() / 2; }

  // Overwrites g with the mean gradient over the batch, returns the mean loss over it. Several
  // threads call it at once, so it modifies nothing but g.
  double gradient(std::span<double const> x, std::span<std::size_t const> batch,
                  std::span<double> g) const {
    double const share = 1 / double(batch.size());
    double loss = lambda_ / 2 * (x[0] * x[0] + x[1] * x[1]);
    g[0] = lambda_ * x[0];
    g[1] = lambda_ * x[1];
    for (std::size_t const i : batch) {
      double const u = x[0] - points_[2 * i], v = x[1] - points_[2 * i + 1];
      double const distance = std::sqrt(u * u + v * v + epsilon_ * epsilon_);
      g[0] += share * u / distance;
      g[1] += share * v / distance;
      loss += share * distance;
    }
    return loss;
  }

  // Optional: L determines the step size, μ also the certificate. Bounds are enough: L may be too
  // large, μ too small.
  double smoothness() const { return 1 / epsilon_ + lambda_; }
  double strong_convexity() const { return lambda_; }

 private:
  std::vector<double> points_;  // x and y alternately
  double epsilon_, lambda_;
};
static_assert(localsgd::Objective<geometric_median>);
//! [objective]

//! [check]
/// Compares the gradient at x with finite differences of the loss.
bool is_consistent(geometric_median const& f, std::vector<double> x,
                   std::vector<std::size_t> const& batch) {
  std::vector<double> g(f.dimension()), other(f.dimension());
  f.gradient(x, batch, g);
  bool good = true;
  for (std::size_t j = 0; j != x.size(); ++j) {
    double const h = 1e-6, at = x[j];
    x[j] = at + h;
    double const above = f.gradient(x, batch, other);
    x[j] = at - h;
    double const below = f.gradient(x, batch, other);
    x[j] = at;
    good = good && std::abs((above - below) / (2 * h) - g[j]) < 1e-6;
  }
  return good;
}
//! [check]

int main() {
  // The corners of a square around (1, 2), ten times each, and 9 points far away.
  std::vector<double> points;
  for (int copy = 0; copy != 10; ++copy)
    for (double const u : {0.0, 2.0})
      for (double const v : {1.0, 3.0}) points.insert(points.end(), {u, v});
  for (int copy = 0; copy != 9; ++copy) points.insert(points.end(), {100.0, 100.0});

  //! [use]
  geometric_median const f(points, 0.1, 0.01);
  localsgd::result const r =
      localsgd::minimize(f, {.workers = 4, .epochs = 20000, .tolerance = 1e-3});
  std::printf("median = (%.3f, %.3f), %s, f - f* <= %.1g after %.0f epochs\n", r.x[0], r.x[1],
              to_string(r.reason).data(), r.certificate, double(r.gradients) / double(f.samples()));
  //! [use]

  // The mean of the points is (19.2, 20.0); the median stays within the square.
  bool const robust = r.x[0] < 2 && r.x[1] < 3;
  bool const good = is_consistent(f, {0, 0}, {0}) && is_consistent(f, {7, -3}, {1, 48, 48, 20});
  return good && robust && r.reason == localsgd::stop_reason::tolerance_reached ? 0 : 1;
}
