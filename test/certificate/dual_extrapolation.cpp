// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE certificate_dual_extrapolation
#include "localsgd/certificate/dual_extrapolation.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <span>
#include <type_traits>
#include <vector>

#include "localsgd/data/csr_matrix.hpp"
#include "localsgd/certificate/certificate.hpp"
#include "localsgd/loss/gamma.hpp"
#include "localsgd/loss/huber.hpp"
#include "localsgd/loss/logistic.hpp"
#include "localsgd/loss/poisson.hpp"
#include "localsgd/loss/smoothed_hinge.hpp"
#include "localsgd/loss/squared.hpp"
#include "localsgd/loss/squared_hinge.hpp"
#include "localsgd/objective/linear.hpp"
#include "test/support/losses.hpp"
#include "test/support/problems.hpp"

namespace {

using localsgd::csr_matrix;
using localsgd::dense_matrix;
using localsgd::huber;
using localsgd::index_range;
using localsgd::l2;
using localsgd::linear_objective;
using localsgd::linear_options;
using localsgd::logistic;
using localsgd::poisson;
using localsgd::smoothed_hinge;
using localsgd::squared;
using localsgd::squared_hinge;
using localsgd::detail::dual_extrapolation;
using localsgd::detail::has_dual;
using localsgd::detail::linear_point;
using support::infinity;

// Everything an evaluation finds at x.
struct evaluated {
  std::vector<double> x, gradient, slopes;
  double objective, squared_slopes;

  linear_point point() const { return {x, gradient, slopes, squared_slopes}; }
};

template <class F>
double prediction(F const& f, std::vector<double> const& x, std::size_t i) {
  auto const row = localsgd::detail::row_of(f.features(), i);
  double const of_intercept = f.intercept() != 0 ? f.intercept() * x.back() : 0;
  double const offset = f.offsets().empty() ? 0 : f.offsets()[i];
  return localsgd::detail::dot(row, x.data()) + of_intercept + offset;
}

template <class F>
evaluated evaluate(F const& f, std::vector<double> const& x) {
  auto const [gradient, objective] = support::at(f, x);
  std::vector<double> slopes(f.samples());
  for (std::size_t i = 0; i != slopes.size(); ++i)
    slopes[i] = f.loss().derivative(prediction(f, x, i), f.target(i));
  double squares = 0;
  for (std::size_t i = 0; i != slopes.size(); ++i)
    squares += f.scale(i) * slopes[i] * slopes[i] / static_cast<double>(f.samples());
  return {x, gradient, slopes, objective, squares};
}

template <class F>
evaluated gradient_step(F const& f, evaluated const& from, double step) {
  auto x = from.x;
  for (std::size_t j = 0; j != x.size(); ++j) x[j] -= step * from.gradient[j];
  return evaluate(f, x);
}

template <class F>
double minimum(F const& f) {
  double const step = 1 / f.smoothness();
  double lowest = infinity;
  auto at = evaluate(f, std::vector<double>(f.dimension()));
  for (int i = 0; i != 6000; ++i) {  // (1 − μ/L)^6000 is below 1e-17 for all problems here
    lowest = std::min(lowest, at.objective);
    at = gradient_step(f, at, step);
  }
  return std::min(lowest, at.objective);
}

// What the parts of the samples add up to, in their order.
template <class F>
std::vector<double> dual_sum(dual_extrapolation<F> const& dual, F const& f, evaluated const& at,
                             std::size_t parts) {
  std::vector<double> total(f.dimension() + 2);
  for (std::size_t p = 0; p != parts; ++p) {
    std::vector<double> part(total.size());
    dual.add_dual({f.samples() * p / parts, f.samples() * (p + 1) / parts}, at.slopes, part);
    for (std::size_t j = 0; j != total.size(); ++j) total[j] += part[j];
  }
  return total;
}

struct outcome {
  double predicted, bound;
  bool moved;  // some θ_i(c) was outside the domain
};

template <class F>
outcome bound_at(dual_extrapolation<F>& dual, F const& f, evaluated const& at,
                 std::size_t parts = 3) {
  double const predicted = dual.propose(at.point());
  auto const sum = dual_sum(dual, f, at, parts);
  std::span<double const> const moved(sum.data(), f.dimension());
  return {predicted, dual.bound(at.objective, sum[f.dimension()], moved), support::norm(moved) > 0};
}

// f(x) − D(θ(c)) from its definition, over all rows. `past` as it was added.
template <class F>
double gap_by_definition(F const& f, evaluated const& at, std::vector<evaluated> const& past,
                         std::span<double const> c) {
  double const n = static_cast<double>(f.samples());
  std::vector<double> h(f.dimension());
  double conjugates = 0;
  for (std::size_t i = 0; i != f.samples(); ++i) {
    double theta = at.slopes[i];
    for (std::size_t k = 0; k != c.size(); ++k)
      theta += c[k] * (past[past.size() - 1 - k].slopes[i] - at.slopes[i]);
    theta = f.loss().project_to_dual_domain(theta, f.target(i));
    double const offset = f.offsets().empty() ? 0 : f.offsets()[i];
    conjugates += f.scale(i) * (f.loss().conjugate(theta, f.target(i)) - theta * offset) / n;
    double const share = f.scale(i) * theta / n;
    localsgd::detail::add_scaled(share, localsgd::detail::row_of(f.features(), i), h.data());
    if (f.intercept() != 0) h.back() += share * f.intercept();
  }
  double const penalty = f.regularizer().ridge_strength();
  return at.objective + conjugates + std::pow(support::norm(h), 2) / (2 * penalty);
}

double natural_gap(evaluated const& at, double lambda) {
  return std::pow(support::norm(at.gradient), 2) / (2 * lambda);
}

constexpr double lambda = 0.05;
constexpr std::size_t n = 60, d = 7;

// Calls check(f) for every loss that has a conjugate, with one layout and options.
template <class Matrix, class Check>
void with_every_loss(linear_options options, Check const& check) {
  auto const features = support::features<Matrix>(n, d, 0.5);
  auto const signs = support::random_signs(n, 3);
  auto reals = support::random_point(n, 4);
  for (double& y : reals) y *= 3;
  check(linear_objective(features, signs, logistic{}, l2{lambda}, options));
  check(linear_objective(features, signs, squared_hinge{}, l2{lambda}, options));
  check(linear_objective(features, signs, smoothed_hinge{0.5}, l2{lambda}, options));
  check(linear_objective(features, reals, squared{}, l2{lambda}, options));
  check(linear_objective(features, reals, huber{3}, l2{lambda}, options));
  auto counts = reals;
  for (double& y : counts) y = std::floor(std::abs(y));
  check(linear_objective(features, counts, poisson{}, l2{lambda}, options));
  for (double& y : counts) y += 0.5;
  check(linear_objective(features, counts, localsgd::gamma_loss{}, l2{lambda}, options));
}

template <class Check>
void with_every_problem(Check const& check) {
  support::numbers random(9);
  std::vector<double> weights(n);
  for (double& w : weights) w = static_cast<double>(random.below(4));
  auto offset = support::random_point(n, 8);
  for (double& o : offset) o /= 8;
  for (double const intercept : {0.0, 1.5})
    for (bool const weighted : {false, true}) {
      linear_options options{.intercept = intercept, .regularize_intercept = true};
      if (weighted) options.weights = weights;
      with_every_loss<dense_matrix<double>>(options, check);
      options.offset = offset;
      with_every_loss<csr_matrix<float>>(options, check);
    }
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_linear_model_has_a_dual_whether_or_not_its_loss_has_a_conjugate) {
  using matrix = dense_matrix<double>;
  BOOST_TEST((has_dual<linear_objective<matrix, huber>>));
  BOOST_TEST((has_dual<linear_objective<matrix, poisson>>));
}

BOOST_AUTO_TEST_CASE(without_a_conjugate_the_bound_is_as_tight) {
  with_every_loss<csr_matrix<float>>({.intercept = 1.5}, [](auto const& f) {
    using loss_type = std::remove_cvref_t<decltype(f.loss())>;
    std::vector<double> targets(n);
    for (std::size_t i = 0; i != n; ++i) targets[i] = f.target(i);
    auto const features = support::features<csr_matrix<float>>(n, d, 0.5);
    support::required_members<loss_type> const loss{f.loss()};
    linear_objective const own(features, targets, loss, l2{lambda}, {.intercept = 1.5});
    dual_extrapolation stock_dual(f, n);
    dual_extrapolation own_dual(own, n);
    auto at = evaluate(f, support::random_point(f.dimension(), 5));
    for (int i = 0; i != 60; ++i) {
      double const stock = bound_at(stock_dual, f, at).bound, mine = bound_at(own_dual, own, at).bound;
      BOOST_TEST(std::abs(mine - stock) <= 1e-10 * (1 + stock));
      stock_dual.add(at.point());
      own_dual.add(at.point());
      at = gradient_step(f, at, 1 / f.smoothness());
    }
  });
}

BOOST_AUTO_TEST_CASE(the_bound_is_never_below_the_gap_where_the_loss_may_be_negative) {
  auto const features = support::features<dense_matrix<double>>(n, d, 0.5);
  support::numbers random(3);
  std::vector<double> counts(n);
  for (double& y : counts) y = static_cast<double>(random.below(9));
  linear_objective const f(features, counts, poisson{20}, l2{lambda}, {.intercept = 1});
  double const least = minimum(f), step = 1 / f.smoothness();
  dual_extrapolation dual(f, n);
  auto at = evaluate(f, std::vector<double>(f.dimension()));
  for (int i = 0; i != 400; ++i) {
    BOOST_TEST(bound_at(dual, f, at).bound >= at.objective - least);
    dual.add(at.point());
    at = gradient_step(f, at, step);
  }
}

BOOST_AUTO_TEST_CASE(the_bound_is_never_below_the_gap_and_mostly_tighter_than_the_natural_one) {
  with_every_problem([](auto const& f) {
    int seen = 0, halved = 0;
    double const least = minimum(f), step = 1 / f.smoothness();
    dual_extrapolation dual(f, n);
    auto at = evaluate(f, support::random_point(f.dimension(), 5));
    for (int i = 0; i != 400; ++i) {
      auto const [predicted, bound, moved] = bound_at(dual, f, at);
      double const gap = at.objective - least, natural = natural_gap(at, lambda);
      BOOST_TEST(bound >= gap);
      if (i == 0) BOOST_TEST(predicted == infinity);
      if (!dual.coefficients().empty()) BOOST_TEST(predicted <= natural * (1 + 1e-12));
      if (i > 0 && natural > 1e-7) {
        ++seen;
        if (bound < natural / 2) ++halved;
      }
      dual.add(at.point());
      at = gradient_step(f, at, step);
    }
    BOOST_TEST(seen >= 8);
    BOOST_TEST(halved >= 0.2 * seen);
  });
}

BOOST_AUTO_TEST_CASE(the_bound_is_the_gap_at_the_proposed_dual_point) {
  int moves = 0, stays = 0;
  with_every_problem([&](auto const& f) {
    double const step = 1.5 / f.smoothness();
    dual_extrapolation dual(f, n);
    std::vector<evaluated> past;
    auto at = evaluate(f, support::random_point(f.dimension(), 6));
    for (int i = 0; i != 12; ++i) {
      auto const [predicted, bound, moved] = bound_at(dual, f, at);
      double const exact = gap_by_definition(f, at, past, dual.coefficients());
      double size = 1;  // the rounding of the slopes is multiplied by c
      for (double const c : dual.coefficients()) size += std::abs(c);
      double const rounding = 1e-11 * size * (1 + at.objective + exact);
      BOOST_TEST(bound >= exact);
      BOOST_TEST(bound <= exact + rounding);  // what rounding is granted hides nothing
      (moved ? moves : stays) += 1;
      dual.add(at.point());
      past.push_back(at);
      at = gradient_step(f, at, step);
    }
  });
  BOOST_TEST(moves >= 50);  // both cases are seen
  BOOST_TEST(stays >= 50);
}

BOOST_AUTO_TEST_CASE(without_a_past_the_bound_is_the_natural_one) {
  with_every_problem([](auto const& f) {
    dual_extrapolation dual(f, n);
    auto const at = evaluate(f, support::random_point(f.dimension(), 7));
    auto const [predicted, bound, moved] = bound_at(dual, f, at);
    BOOST_TEST(predicted == infinity);
    BOOST_TEST(dual.coefficients().empty());
    BOOST_TEST(!moved);
    BOOST_TEST(bound >= natural_gap(at, lambda));
    BOOST_TEST(bound == natural_gap(at, lambda), boost::test_tools::tolerance(1e-10));
  });
}

BOOST_AUTO_TEST_CASE(slopes_that_leave_the_domain_are_moved_back) {
  // A narrow kink: nearly all slopes are at an end of the domain, and some change from end to end.
  auto const features = support::features<dense_matrix<double>>(n, d, 1);
  auto const signs = support::random_signs(n, 3);
  linear_objective const f(features, signs, smoothed_hinge{1e-2}, l2{1},
                           {.intercept = 1, .regularize_intercept = true});
  auto const first = evaluate(f, support::random_point(f.dimension(), 8));
  auto const second = gradient_step(f, first, 0.5);
  dual_extrapolation dual(f, n);
  dual.add(first.point());
  auto const [predicted, bound, moved] = bound_at(dual, f, second);
  double const exact = gap_by_definition(f, second, {first}, dual.coefficients());
  BOOST_TEST(moved);
  BOOST_TEST(bound == exact, boost::test_tools::tolerance(1e-10));
  BOOST_TEST(bound > predicted);
  BOOST_TEST(bound >= exact);
}

BOOST_AUTO_TEST_CASE(the_prediction_is_the_gap_where_the_model_is_quadratic) {
  auto const features = support::features<csr_matrix<double>>(n, d, 0.5);
  auto const y = support::random_point(n, 4);
  linear_objective const f(features, y, squared{}, l2{lambda},
                           {.intercept = 1, .regularize_intercept = true});
  dual_extrapolation dual(f, n);
  auto at = evaluate(f, support::random_point(f.dimension(), 5));
  for (int i = 0; i != 3; ++i) {
    dual.add(at.point());
    at = gradient_step(f, at, 0.3 + 0.1 * i);
  }
  auto const [predicted, bound, moved] = bound_at(dual, f, at);
  BOOST_TEST(dual.coefficients().size() == 3);
  BOOST_TEST(bound == predicted, boost::test_tools::tolerance(1e-7));
  // No other c has a smaller gap.
  std::vector<double> c(dual.coefficients().begin(), dual.coefficients().end());
  std::vector<evaluated> past;
  auto again = evaluate(f, support::random_point(f.dimension(), 5));
  for (int i = 0; i != 3; ++i) {
    past.push_back(again);
    again = gradient_step(f, again, 0.3 + 0.1 * i);
  }
  for (std::size_t k = 0; k != 3; ++k)
    for (double const change : {-0.1, 0.1}) {
      auto other = c;
      other[k] += change;
      BOOST_TEST(gap_by_definition(f, at, past, other) > predicted);
    }
}

BOOST_AUTO_TEST_CASE(parts_of_the_samples_add_up_to_all_of_them) {
  with_every_problem([](auto const& f) {
    dual_extrapolation dual(f, n);
    auto const first = evaluate(f, support::random_point(f.dimension(), 5));
    auto const second = gradient_step(f, first, 1 / f.smoothness());
    dual.add(first.point());
    dual.propose(second.point());
    auto const whole = dual_sum(dual, f, second, 1);
    for (std::size_t const parts : {2U, 7U, 60U})
      BOOST_TEST(support::relative_distance(dual_sum(dual, f, second, parts), whole) <= 1e-14);
  });
}

BOOST_AUTO_TEST_CASE(only_the_last_four_evaluations_count) {
  auto const features = support::features<dense_matrix<float>>(n, d, 1);
  auto const y = support::random_point(n, 4);
  linear_objective const f(features, y, squared{}, l2{lambda});
  dual_extrapolation all(f, n), last(f, n);
  auto at = evaluate(f, support::random_point(d, 5));
  for (int i = 0; i != 10; ++i) {
    all.add(at.point());
    if (i >= 6) last.add(at.point());
    at = gradient_step(f, at, 0.2);
  }
  BOOST_TEST(all.propose(at.point()) == last.propose(at.point()));
  BOOST_TEST(all.coefficients().size() == 4);
  BOOST_TEST(std::ranges::equal(all.coefficients(), last.coefficients()));
}

BOOST_AUTO_TEST_CASE(a_point_that_is_known_already_is_no_use) {
  auto const features = support::features<dense_matrix<double>>(n, d, 1);
  auto const signs = support::random_signs(n, 3);
  linear_objective const f(features, signs, logistic{}, l2{lambda});
  dual_extrapolation dual(f, n);
  auto const at = evaluate(f, support::random_point(d, 5));
  dual.add(at.point());
  BOOST_TEST(dual.propose(at.point()) == infinity);
  BOOST_TEST(dual.coefficients().empty());
}

BOOST_AUTO_TEST_CASE(considered_dual_variables_are_the_next_proposal_and_nothing_more) {
  with_every_problem([](auto const& f) {
    // The slopes at one point, as if they had been found otherwise, and the point that they determine.
    evaluated given = evaluate(f, support::random_point(f.dimension(), 8));
    double const penalty = f.regularizer().ridge_strength();
    std::vector<double> x(f.dimension());
    for (std::size_t j = 0; j != x.size(); ++j) x[j] = given.x[j] - given.gradient[j] / penalty;
    std::vector<double> const none(x.size(), 0.0);
    auto const own = evaluate(f, x), other = evaluate(f, support::random_point(f.dimension(), 9));
    for (evaluated const* at : {&own, &other}) {
      dual_extrapolation dual(f, n), without(f, n);
      for (auto* each : {&dual, &without}) each->add(evaluate(f, none).point());
      dual.consider({x, none, given.slopes, given.squared_slopes});
      auto const [predicted, bound, moved] = bound_at(dual, f, *at);
      BOOST_TEST(predicted == 0);
      BOOST_TEST(!moved);
      BOOST_TEST_REQUIRE(dual.coefficients().size() == 1U);
      BOOST_TEST(dual.coefficients()[0] == 1);
      double const exact = gap_by_definition(f, *at, {given}, dual.coefficients());
      BOOST_TEST(bound >= exact);
      BOOST_TEST(bound <= exact + 1e-10 * (1 + at->objective + exact));
      for (auto* each : {&dual, &without}) each->add(at->point());
      auto const next = gradient_step(f, *at, 0.5 / f.smoothness());
      BOOST_TEST(bound_at(dual, f, next).bound == bound_at(without, f, next).bound);
    }
  });
}

BOOST_AUTO_TEST_CASE(evaluations_that_contradict_convexity_are_left_out) {
  auto const features = support::features<dense_matrix<double>>(n, d, 1);
  auto const signs = support::random_signs(n, 3);
  linear_objective const f(features, signs, logistic{}, l2{lambda});
  auto const first = evaluate(f, support::random_point(d, 5));
  auto const second = gradient_step(f, first, 0.2);
  auto wrong = first;  // farther on the other side, with the same slopes
  for (std::size_t j = 0; j != d; ++j) {
    wrong.x[j] = second.x[j] + 1e4 * (second.x[j] - first.x[j]);
    wrong.gradient[j] += lambda * (wrong.x[j] - first.x[j]);
  }
  dual_extrapolation with(f, n), without(f, n);
  with.add(wrong.point());
  for (auto* dual : {&with, &without}) dual->add(first.point());
  BOOST_TEST(with.propose(second.point()) == without.propose(second.point()));
  BOOST_TEST(with.coefficients().size() == 1);
}

BOOST_AUTO_TEST_CASE(there_is_no_bound_without_a_penalty_or_with_numbers_that_are_not_finite) {
  auto const features = support::features<dense_matrix<double>>(n, d, 1);
  auto const y = support::random_point(n, 4);
  for (double const penalty : {0.0, lambda}) {
    linear_objective const f(features, y, squared{}, l2{penalty});
    dual_extrapolation dual(f, n);
    auto const first = evaluate(f, support::random_point(d, 5));
    auto second = gradient_step(f, first, 0.1);
    dual.add(first.point());
    BOOST_TEST(std::isfinite(bound_at(dual, f, second).bound) == (penalty > 0));
    BOOST_TEST(std::isfinite(bound_at(dual, f, second).predicted) == (penalty > 0));
    for (double const bad : {support::not_a_number, infinity}) {
      auto broken = second;
      broken.objective = bad;
      BOOST_TEST(bound_at(dual, f, broken).bound == infinity);
      broken = second;
      broken.gradient[1] = bad;
      BOOST_TEST(bound_at(dual, f, broken).predicted == infinity);
      BOOST_TEST(bound_at(dual, f, broken).bound == infinity);
    }
  }
}

BOOST_AUTO_TEST_CASE(the_bound_covers_the_rounding_of_a_prediction_that_meets_its_target) {
  // 3 fl(1/3) is 1 - 2^-54 and rounds to 1: the loss is 2^-109, but 0 as computed. F* <= λ/18.
  dense_matrix<double> const rows{{3}};
  std::vector<double> const targets{1};
  linear_objective const f(rows, targets, squared{}, l2{0x1p-200});
  evaluated const at = evaluate(f, {1.0 / 3});
  BOOST_TEST(at.slopes[0] == 0);
  BOOST_TEST(at.objective < 0x1p-200);
  dual_extrapolation dual(f, f.samples());
  BOOST_TEST(bound_at(dual, f, at).bound >= 0x1p-109);
}
