// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// A custom loss for a linear model: the 0.9 quantile instead of the mean.

#include <localsgd/localsgd.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string_view>
#include <vector>

//! [loss]
/// The loss of quantile regression, smoothed: with r = y − z it is q·r for r > 0 and (q − 1)·r for
/// r < 0, with a parabola of width γ on each side of the kink.
class quantile {
 public:
  quantile(double q, double gamma) : q_(q), gamma_(gamma) {}

  // φ(z, y) and ∂φ/∂z
  double value(double z, double y) const {
    double const r = y - z;
    double const bend = std::abs(r) < gamma_ ? r * r / (2 * gamma_) + gamma_ / 2 : std::abs(r);
    return (q_ - 0.5) * r + bend / 2;
  }
  double derivative(double z, double y) const {
    return 0.5 - q_ - std::clamp((y - z) / gamma_, -1.0, 1.0) / 2;
  }
  double curvature() const { return 1 / (2 * gamma_); }  // sup ∂²φ/∂z²

  // Optional. Without the first, slopes far from 0 are measured; the others reject invalid targets.
  double lipschitz_constant() const { return std::max(q_, 1 - q_); }  // sup |∂φ/∂z|
  static bool accepts(double y) { return std::isfinite(y); }
  static constexpr std::string_view targets = "a finite number";

 private:
  double q_, gamma_;
};
static_assert(localsgd::Loss<quantile>);
//! [loss]

//! [check]
/// Whether `derivative` is the derivative of `value`, and within the bounds `curvature` and
/// `lipschitz_constant`.
bool is_consistent(quantile const& loss, double y) {
  double const h = 1e-6;
  bool good = true;
  for (double z = y - 2; z < y + 2; z += 0.0137) {
    double const slope = loss.derivative(z, y);
    double const change = (loss.value(z + h, y) - loss.value(z - h, y)) / (2 * h);
    double const bend = (loss.derivative(z + h, y) - loss.derivative(z - h, y)) / (2 * h);
    good = good && std::abs(change - slope) < 1e-4 &&
           std::abs(slope) <= loss.lipschitz_constant() + 1e-12 && bend >= -1e-4 &&
           bend <= loss.curvature() + 1e-4;
  }
  return good;
}
//! [check]

int main() {
  if (!is_consistent(quantile(0.9, 0.02), 0.3)) return 2;

  //! [use]
  // y_i = i/n, and the only feature is a constant: the answer is the 0.9 quantile of y.
  std::size_t const n = 1000;
  localsgd::dense_matrix<double> const features = xt::ones<double>({n, std::size_t{1}});
  std::vector<double> y(n);
  for (std::size_t i = 0; i != n; ++i) y[i] = double(i) / double(n);

  localsgd::linear_objective const f(features, y, quantile(0.9, 0.02), localsgd::l2{1e-3});
  localsgd::result const r = localsgd::minimize(f, {.workers = 4, .epochs = 200});
  std::printf("the 0.9 quantile is %.3f; f = %.6f, at most %.1g above the minimum\n", r.x[0],
              r.objective, r.certificate);
  //! [use]
  // Around 0.9 the targets are uniform, so the symmetric parabola does not move the minimum. The
  // penalty does: its slope there is 0.9e-3, and the mean loss has curvature 1.
  return std::abs(r.x[0] - (0.9 - 0.9e-3)) < 0.005 ? 0 : 1;
}
