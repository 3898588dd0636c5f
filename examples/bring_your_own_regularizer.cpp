// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// A custom regularizer: keeps a model of few samples close to an earlier model of many similar
// ones.

#include <localsgd/localsgd.hpp>

#include <cstddef>
#include <cstdio>
#include <iomanip>
#include <random>
#include <span>
#include <sstream>
#include <string>
#include <vector>

//! [own regularizer]
/// r(x) = (λ/2)‖x − c‖²: keeps x close to an earlier model c.
struct close_to {
  double lambda;
  std::vector<double> c;

  double value(std::span<double const> x) const {
    double sum = 0;
    for (std::size_t j = 0; j != x.size(); ++j) sum += (x[j] - c[j]) * (x[j] - c[j]);
    return lambda / 2 * sum;
  }
  void gradient(std::span<double const> x, std::span<double> g) const {
    for (std::size_t j = 0; j != x.size(); ++j) g[j] = lambda * (x[j] - c[j]);
  }
  double smoothness() const { return lambda; }
  double strong_convexity() const { return lambda; }
  std::string identity() const {  // all parameters, with all their digits
    std::ostringstream text;
    text << std::setprecision(17) << "close_to(" << lambda;
    for (double const v : c) text << ", " << v;
    text << ")";
    return text.str();
  }
};
static_assert(localsgd::Regularizer<close_to>);
//! [own regularizer]

int main() {
  using namespace localsgd;
  // Labels are signs of ⟨truth, a⟩. The earlier model is wrong about the last coefficient only.
  std::size_t const d = 20;
  std::mt19937 random(1);
  std::normal_distribution<> normal;
  std::vector<double> earlier(d), truth;
  for (double& v : earlier) v = normal(random);
  truth = earlier;
  truth.back() += 5;
  auto const draw = [&](dense_matrix<double>& rows, std::vector<double>& labels) {
    for (std::size_t i = 0; i != labels.size(); ++i) {
      double score = 0;
      for (std::size_t j = 0; j != d; ++j) score += truth[j] * (rows(i, j) = normal(random));
      labels[i] = score > 0 ? 1 : -1;
    }
  };
  dense_matrix<double> few({40, d}), many({5000, d});
  std::vector<double> labels(40), truths(5000);
  draw(few, labels), draw(many, truths);

  //! [regularizer]
  linear_objective const f(few, labels, logistic{}, close_to{0.02, earlier});
  result const updated = minimize(f, {.tolerance = 1e-8});
  //! [regularizer]
  linear_objective const from_scratch(few, labels, logistic{}, l2{0.02});
  linear_objective const test(many, truths, logistic{}, no_penalty{});
  double const alone = error_rate{}(test, minimize(from_scratch, {.tolerance = 1e-8}).x);
  double const before = error_rate{}(test, earlier), now = error_rate{}(test, updated.x);
  std::printf(
      "errors: %.1f %% with the earlier model, %.1f %% with one of the new samples alone, "
      "%.1f %% with both\n",
      100 * before, 100 * alone, 100 * now);
  return updated.certificate <= 1e-8 && now < before && now < alone ? 0 : 1;
}
