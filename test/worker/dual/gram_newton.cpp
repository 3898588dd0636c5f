// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_dual_gram_newton
#include "localsgd/worker/dual/gram_newton.hpp"

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <type_traits>
#include <vector>

#include "localsgd/loss/logistic.hpp"
#include "localsgd/loss/smoothed_hinge.hpp"
#include "localsgd/loss/squared.hpp"
#include "localsgd/loss/squared_hinge.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/regularizer/l2.hpp"
#include "test/support/problems.hpp"

namespace {

using namespace localsgd;
using detail::gram_newton;

constexpr std::size_t n = 30, d = 70;
constexpr double lambda = 0.01;

// −(1/(λn)) Σ u_i a_i
template <class F>
std::vector<double> point_of(F const& f, std::vector<double> const& u) {
  std::vector<double> x(f.dimension());
  for (std::size_t i = 0; i != u.size(); ++i) {
    double const c = -u[i] / (lambda * static_cast<double>(f.samples()));
    detail::add_scaled(c, detail::row_of(f.features(), i), x.data());
    if (f.intercept() != 0) x.back() += c * f.intercept();
  }
  return x;
}

template <class F>
struct outcome {
  std::size_t steps;
  std::vector<double> x;
};
template <class F>
outcome<F> solve(F const& f, double goal) {
  gram_newton<F> newton;
  newton.prepare(f, 1 / (lambda * static_cast<double>(f.samples())));
  std::vector<double> u(f.samples());
  std::size_t const steps = newton(f, u, goal);
  return {steps, point_of(f, u)};
}

// ‖∇f(x)‖²/(2λ)
template <class F>
double gap_at(F const& f, std::vector<double> const& x) {
  double const slope = support::norm(support::at(f, x).gradient);
  return slope * slope / (2 * lambda);
}

struct problem {
  dense_matrix<double> dense = support::features<dense_matrix<double>>(n, d, 0.4);
  csr_matrix<double> sparse = support::features<csr_matrix<double>>(n, d, 0.4);
  std::vector<double> signs = support::random_signs(n, 4), offsets = support::random_point(n, 5),
                      weights = [] {
                        std::vector<double> made(n, 1.5);
                        made[2] = made[11] = 0;
                        return made;
                      }();
};
problem const& data() {
  static problem const it;
  return it;
}

template <class L>
void check(L const& loss, std::size_t most_steps) {
  for (bool const full : {false, true}) {
    linear_options options;
    if (full)
      options = {.intercept = 2, .weights = data().weights, .offset = data().offsets,
                 .regularize_intercept = true};
    linear_objective const f(data().dense, data().signs, loss, l2{lambda}, options);
    linear_objective const g(data().sparse, data().signs, loss, l2{lambda}, options);
    auto const found = solve(f, 1e-10);
    BOOST_TEST(gap_at(f, found.x) <= 1.01e-10);
    BOOST_TEST(found.steps >= 1u);
    BOOST_TEST(found.steps <= most_steps);
    BOOST_TEST(support::relative_distance(found.x, solve(g, 1e-10).x) < 1e-9);
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(least_squares_take_one_step) { check(squared{}, 1); }

BOOST_AUTO_TEST_CASE(any_loss_takes_a_few_steps_on_any_rows_with_all_options) {
  check(logistic{}, 10);
  check(squared_hinge{}, 20);
  check(smoothed_hinge{}, 20);
}

BOOST_AUTO_TEST_CASE(long_and_nearly_parallel_rows_take_a_few_steps) {
  auto a = data().dense;
  for (double& each : a) each = 30 * (1 + 0.1 * each);
  linear_objective const f(a, data().signs, squared_hinge{}, l2{lambda});
  auto const found = solve(f, 1e-9);
  BOOST_TEST(found.steps < 40u);
  BOOST_TEST(gap_at(f, found.x) <= 1.01e-9);
}

BOOST_AUTO_TEST_CASE(at_the_optimum_no_step_is_made) {
  linear_objective const f(data().dense, data().signs, logistic{}, l2{lambda});
  gram_newton<std::remove_cvref_t<decltype(f)>> newton;
  newton.prepare(f, 1 / (lambda * n));
  std::vector<double> u(n);
  BOOST_TEST(newton(f, u, 1e-12) > 0u);
  auto const before = u;
  BOOST_TEST(newton(f, u, 1e-11) == 0u);
  BOOST_TEST(u == before);
}

BOOST_AUTO_TEST_CASE(a_goal_beyond_rounding_ends) {
  linear_objective const f(data().dense, data().signs, logistic{}, l2{lambda});
  BOOST_TEST(solve(f, 0).steps < 100u);
}

BOOST_AUTO_TEST_CASE(its_work_in_epochs_grows_with_the_samples_and_with_empty_columns) {
  auto const epochs = [](std::size_t rows, std::size_t columns, double density) {
    auto const a = support::features<csr_matrix<float>>(rows, columns, density);
    auto const y = support::random_signs(rows, 1);
    linear_objective const f(a, y, logistic{}, l2{lambda});
    return gram_newton<std::remove_cvref_t<decltype(f)>>::epochs(f);
  };
  double const full = epochs(50, 1000, 1);
  BOOST_TEST(full < 4);  // few samples, many features
  BOOST_TEST(epochs(200, 1000, 1) > full);
  BOOST_TEST(epochs(50, 1000, 0.01) > 10 * full);
}
