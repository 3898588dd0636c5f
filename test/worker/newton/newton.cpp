// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_newton_newton
#include "localsgd/worker/newton/newton.hpp"

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <span>
#include <tuple>
#include <type_traits>
#include <vector>

#include "localsgd/loss/logistic.hpp"
#include "localsgd/loss/squared.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/objective/quadratic.hpp"
#include "localsgd/objective/softmax.hpp"
#include "test/support/problems.hpp"
#include "test/support/teams.hpp"

namespace {

using namespace localsgd;
using detail::full_gradient;
using detail::newton_direction;

constexpr std::size_t n = 60, d = 7;
using both = std::tuple<dense_matrix<double>, csr_matrix<double>>;

// x + the direction at x.
template <class F>
std::vector<double> newton_step(F const& f, std::vector<double> x, std::size_t threads) {
  plan const p = support::make_plan(f.samples(), f.dimension(), 4, 1);
  newton_direction<F> direction(f, p);
  full_gradient pass(f, p);
  std::vector<double> step(f.dimension());
  support::with_team(p.workers, threads, [&](auto& team) {
    direction.prepare(f, pass, team);
    pass(f, std::span<double const>(x), team);
    if (team.leads()) direction.keep_gradient(pass);
    team.barrier();
    direction.curvature_at(f, std::span<double const>(x), pass, team);
    if (team.leads()) BOOST_TEST(direction.solve(f, 0, step) > 0);
    team.barrier();
  });
  for (std::size_t j = 0; j != x.size(); ++j) x[j] += step[j];
  return x;
}

template <class F>
double gradient_norm(F const& f, std::vector<double> const& x) {
  plan const p = support::make_plan(f.samples(), f.dimension(), 4, 1);
  full_gradient pass(f, p);
  double norm = 0;
  support::with_team(p.workers, 1, [&](auto& team) {
    norm = pass(f, std::span<double const>(x), team).squared_gradient_norm;
  });
  return norm;
}

template <class F>
void converges_quadratically(F const& f) {
  std::vector<double> x(f.dimension());
  double before = gradient_norm(f, x);
  for (int i = 0; i != 3; ++i) {
    x = newton_step(f, x, 1);
    double const after = gradient_norm(f, x);
    BOOST_TEST(after <= before / 100);
    before = after;
  }
  BOOST_TEST(before < 1e-12);
}

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(one_step_solves_least_squares, Matrix, both) {
  for (double const density : {0.2, 1.0})
    for (localsgd::linear_options const& options : {
             localsgd::linear_options{},
             localsgd::linear_options{.intercept = 2, .regularize_intercept = true},
             localsgd::linear_options{.intercept = 2},
         }) {
      auto const a = support::features<Matrix>(n, d, density);
      auto const y = support::random_point(n, 3);
      linear_objective const f(a, y, squared{}, l2{0.1}, options);
      auto const x = newton_step(f, support::random_point(f.dimension(), 5), 1);
      BOOST_TEST(gradient_norm(f, x) < 1e-14);
    }
}

BOOST_AUTO_TEST_CASE(damping_adds_to_the_diagonal_and_the_predicted_fall_is_that_of_the_model) {
  // One sample for each coordinate: H is diagonal, and p_j = −g_j/(h_j(1 + ν)).
  dense_matrix<double> a(std::array<std::size_t, 2>{2, 2}, 0.0);
  a(0, 0) = 2;
  a(1, 1) = 4;
  std::vector<double> const y{1, 2}, x{0, 0};
  linear_objective const f(a, y, squared{}, l2{0.5});
  // ∇f(0) = −(2·1, 4·2)/2 = (−1, −4), H = diag(4, 16)/2 + 0.5 = diag(2.5, 8.5).
  plan const p = support::make_plan(2, 2, 1, 1);
  newton_direction<std::remove_cv_t<decltype(f)>> direction(f, p);
  full_gradient pass(f, p);
  for (double const damping : {0.0, 1.0}) {
    std::vector<double> step(2);
    double fall = 0;
    support::with_team(1, 1, [&](auto& team) {
      direction.prepare(f, pass, team);
      pass(f, std::span<double const>(x), team);
      if (team.leads()) direction.keep_gradient(pass);
      team.barrier();
      direction.curvature_at(f, std::span<double const>(x), pass, team);
      fall = direction.solve(f, damping, step);
    });
    // The second derivative is a difference of two first ones, to 1e-11.
    double const first = 1 / (2.5 * (1 + damping)), second = 4 / (8.5 * (1 + damping));
    BOOST_TEST(step[0] == first, boost::test_tools::tolerance(1e-10));
    BOOST_TEST(step[1] == second, boost::test_tools::tolerance(1e-10));
    double const expected =
        first + 4 * second - 0.5 * (2.5 * first * first + 8.5 * second * second);
    BOOST_TEST(fall == expected, boost::test_tools::tolerance(1e-10));
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(steps_converge_quadratically, Matrix, both) {
  auto const a = support::features<Matrix>(n, d, 0.7);
  auto const y = support::random_signs(n, 1);
  converges_quadratically(linear_objective(a, y, logistic{}, l2{0.1}));
  converges_quadratically(linear_objective(a, y, logistic{}, l2{0.1}, {.intercept = 1}));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(steps_on_softmax_regression_converge_quadratically, Matrix, both) {
  auto const a = support::features<Matrix>(n, d, 0.7);
  std::vector<double> classes(n);
  for (std::size_t i = 0; i != n; ++i) classes[i] = static_cast<double>(i * i % 3);
  softmax_objective const f(a, classes, 3, l2{0.1});
  converges_quadratically(f);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(any_number_of_threads_makes_the_same_bits, Matrix, both) {
  auto const a = support::features<Matrix>(n, d, 0.5);
  auto const y = support::random_signs(n, 1);
  linear_objective const f(a, y, logistic{}, l2{0.1},
                           {.intercept = 1, .regularize_intercept = true});
  auto const x = support::random_point(f.dimension(), 5);
  auto const one = newton_step(f, x, 1);
  for (std::size_t const threads : {2U, 3U, 4U})
    BOOST_TEST((newton_step(f, x, threads) == one));
}

BOOST_AUTO_TEST_CASE(full_sparse_rows_have_the_direction_of_dense_ones) {
  auto const plain = support::random_features<double>(n, d, 1, 1);
  auto const dense = support::in_layout<dense_matrix<double>>(plain);
  auto const sparse = support::in_layout<csr_matrix<double>>(plain);
  auto const y = support::random_signs(n, 1);
  linear_objective const f(dense, y, logistic{}, l2{0.1});
  linear_objective const g(sparse, y, logistic{}, l2{0.1});
  auto const x = support::random_point(d, 5);
  BOOST_TEST(support::relative_distance(newton_step(f, x, 1), newton_step(g, x, 1)) < 1e-12);
}

BOOST_AUTO_TEST_CASE(in_many_dimensions_conjugate_gradients_solve_the_system_as_far_as_they_need) {
  // Rows of length 1 without common features: ∇²f is its diagonal, (1/n + λ) I, so one iteration is exact.
  constexpr std::size_t rows = 1100;
  auto starts = vector<std::size_t>::from_shape({rows + 1});
  std::iota(starts.begin(), starts.end(), 0U);
  auto columns = vector<csr_matrix<double>::index_type>::from_shape({rows});
  std::iota(columns.begin(), columns.end(), 0U);
  auto ones = vector<double>::from_shape({rows});
  std::fill(ones.begin(), ones.end(), 1.0);
  csr_matrix<double> const a(rows, starts, columns, ones);
  std::vector<double> const y(rows, 1.0);
  linear_objective const f(a, y, squared{}, l2{0.5});
  auto const step = newton_step(f, std::vector<double>(rows), 1);
  double const expected = 1.0 / (1.0 + 0.5 * rows);
  for (double const s : step) BOOST_TEST(std::abs(s - expected) < 1e-7 * expected);
}

BOOST_AUTO_TEST_CASE(in_many_dimensions_there_is_none_without_a_penalty_or_for_floats) {
  auto const a = support::features<csr_matrix<double>>(4, 1025, 0.1);
  auto const c = support::features<csr_matrix<float>>(4, 1025, 0.1);
  auto const b = support::features<csr_matrix<double>>(4, 1024, 0.1);
  auto const y = support::random_signs(4, 1);
  auto const exists = [&](auto const& f) {
    return newton_direction<std::remove_cvref_t<decltype(f)>>(
               f, support::make_plan(f.samples(), f.dimension(), 1, 1))
        .exists();
  };
  BOOST_TEST(exists(linear_objective(b, y, logistic{}, l2{0.1})));
  BOOST_TEST(exists(linear_objective(b, y, logistic{}, l2{0})));
  BOOST_TEST(exists(linear_objective(a, y, logistic{}, l2{0.1})));
  BOOST_TEST(!exists(linear_objective(a, y, logistic{}, l2{0})));
  BOOST_TEST(!exists(linear_objective<csr_matrix<float>, logistic, float>(c, y, logistic{}, l2{0.1})));
  BOOST_TEST(exists(quadratic<>({.spectrum = {1, 2}, .samples = 3})));  // from gradients alone
}

namespace {

constexpr std::size_t many = 1000, wide = 250;

// Newton steps from 0: ‖∇f‖ at the end, and what the directions cost, in gradients.
struct path {
  double norm = 0;
  std::vector<double> costs;
};
template <class F>
path descend(F const& f, int steps, std::size_t threads = 1) {
  plan const p = support::make_plan(f.samples(), f.dimension(), 4, 1);
  newton_direction<F> direction(f, p);
  full_gradient pass(f, p);
  std::vector<double> x(f.dimension()), step(f.dimension());
  path out;
  support::with_team(p.workers, threads, [&](auto& team) {
    direction.prepare(f, pass, team);
    for (int i = 0; i <= steps; ++i) {
      auto const value = pass(f, std::span<double const>(x), team);
      if (team.leads()) out.norm = std::sqrt(value.squared_gradient_norm);
      if (i == steps) break;
      if (team.leads()) direction.keep_gradient(pass);
      team.barrier();
      direction.curvature_at(f, std::span<double const>(x), pass, team);
      if (team.leads()) {
        BOOST_TEST(direction.solve(f, 0, step) > 0);
        out.costs.push_back(direction.gradients_per_sample());
        for (std::size_t j = 0; j != x.size(); ++j) x[j] += step[j];
      }
      team.barrier();
    }
  });
  return out;
}

// The cost of the Hessian and its factorization, in gradients: see hessian_work.hpp.
double factored_cost() {
  auto const work = detail::work_of_row(false, wide, wide);
  return (work.hessian + detail::work_of_system(wide, 4) / many) / work.gradient;
}

}  // namespace

BOOST_AUTO_TEST_CASE(well_conditioned_systems_are_solved_by_a_few_gradients) {
  auto const a = support::random_features<double>(many, wide, 1);
  auto const y = support::random_signs(many, 1);
  linear_objective const f(a, y, logistic{}, l2{1});
  double const hessian = factored_cost();
  auto const end = descend(f, 6);
  for (double const each : end.costs) BOOST_TEST(each < hessian);
  BOOST_TEST(end.norm < 1e-7);
}

BOOST_AUTO_TEST_CASE(searches_cost_at_most_half_of_an_exact_step_before_systems_are_factorized) {
  auto const a = support::mixed_features(many, wide, 3);
  auto const y = support::random_point(many, 3);
  linear_objective const f(a, y, squared{}, l2{1e-10});
  double const hessian = factored_cost();
  auto const end = descend(f, 8);
  double searched = 0;
  std::size_t searches = 0;
  while (searches != end.costs.size() && std::abs(end.costs[searches] - hessian) > 1e-9 * hessian)
    searched += end.costs[searches++];
  BOOST_TEST(searches != 0u);
  BOOST_TEST(searches < end.costs.size());
  BOOST_TEST(searched <= hessian / 2 + static_cast<double>(searches) + 1);
  BOOST_TEST(end.norm < 1e-9);
  for (std::size_t const threads : {2U, 3U}) {
    auto const other = descend(f, 8, threads);
    BOOST_TEST(other.norm == end.norm);
    BOOST_TEST((other.costs == end.costs));
  }
}
