// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_dual_ascent
#include "localsgd/worker/dual/ascent.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "localsgd/loss/logistic.hpp"
#include "localsgd/loss/squared.hpp"
#include "localsgd/loss/squared_hinge.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/regularizer/l1.hpp"
#include "localsgd/regularizer/l2.hpp"
#include "test/support/problems.hpp"
#include "test/support/runs.hpp"
#include "test/support/teams.hpp"

namespace {

using namespace localsgd;
using detail::aligned_vector;
using detail::dual_ascent;
using detail::full_gradient;

constexpr double tolerance = 1e-6;

// What the round offers to a hook, as far as the ascent asks for it.
template <class Team>
struct context {
  Team& threads;
  full_gradient& evaluates;
  double bound;
  std::vector<double>& x;
  std::vector<double>& theta;
  Team& team() { return threads; }
  full_gradient& pass() { return evaluates; }
  double certified() const { return bound; }
  void spend(std::uint64_t) {}
  void consider_dual(std::span<double const> point, std::span<double const> slopes, double) {
    x.assign(point.begin(), point.end());
    theta.assign(slopes.begin(), slopes.end());
  }
};

struct outcome {
  std::vector<double> x, theta;  // of the dual point
  std::vector<double> anchor;
  full_gradient::value value;
  int stages = 0;
  std::uint64_t gradients = 0;
};

template <class F>
plan plan_of(F const& f, double wanted = tolerance) {
  plan p = support::make_plan(f.samples(), f.dimension(), 4, 1);
  p.tolerance = wanted;
  p.steps = 1000 * f.samples();
  return p;
}

// As many stages as there are bounds for: before the first stage, after it, …
template <class F>
outcome ascend(F const& f, plan const& p, std::vector<double> const& bounds, std::size_t threads = 1) {
  dual_ascent<F> ascent(f, p);
  full_gradient pass(f, p);
  aligned_vector<double> point(p.dimension), trial(p.dimension);
  std::vector<double> slopes(p.samples);
  outcome end;
  support::with_team(p.workers, threads, [&](auto& team) {
    auto const start = pass(f, std::span<double const>(point), team);
    if (team.leads()) end.value = start;
    for (double const bound : bounds) {
      context<std::remove_reference_t<decltype(team)>> round{team, pass, bound, end.x, end.theta};
      bool const made = ascent.advance(round, f, {point, trial, end.value}, slopes, [] {});
      if (team.leads()) end.stages += made ? 1 : 0;
      if (!made) break;
    }
  });
  end.anchor.assign(point.begin(), point.end());
  end.gradients = ascent.gradients();
  return end;
}

struct sparse_problem {
  csr_matrix<float> features = support::features<csr_matrix<float>>(40, 1200, 0.05);
  std::vector<double> labels = support::random_signs(40, 5);
};
sparse_problem const& data() {
  static sparse_problem const it;
  return it;
}

}  // namespace

BOOST_AUTO_TEST_CASE(orthogonal_rows_are_solved_in_one_epoch) {
  // Each sample has a coordinate of its own: x_i = a_i y_i/(a_i² + λn).
  constexpr std::size_t n = 8;
  double const lambda = 0.05;
  dense_matrix<double> a(std::array<std::size_t, 2>{n, n});
  a.fill(0);
  std::vector<double> y(n), expected(n);
  for (std::size_t i = 0; i != n; ++i) {
    a(i, i) = 1 + 0.5 * static_cast<double>(i);
    y[i] = static_cast<double>(i) - 3;
    expected[i] = a(i, i) * y[i] / (a(i, i) * a(i, i) + lambda * n);
  }
  linear_objective const f(a, y, squared{}, l2{lambda});
  auto const end = ascend(f, plan_of(f, 1e30), {1});
  BOOST_TEST(end.stages == 1);
  for (std::size_t i = 0; i != n; ++i)
    BOOST_TEST(end.anchor[i] == expected[i], boost::test_tools::tolerance(1e-13));
  BOOST_TEST(end.gradients == 2 * n);  // an epoch and an evaluation
}

BOOST_AUTO_TEST_CASE(a_point_that_no_longer_moves_is_still_a_dual_point) {
  dense_matrix<double> a(std::array<std::size_t, 2>{2, 2});
  a.fill(0);
  a(0, 0) = a(1, 1) = 1;
  std::vector<double> const y{1, -1};
  linear_objective const f(a, y, squared{}, l2{0.5});  // x = y/2
  auto const end = ascend(f, plan_of(f, 1e-300), {1});
  BOOST_TEST(end.theta.size() == 2u);
  BOOST_TEST(end.anchor[0] == 0.5);
  BOOST_TEST(end.anchor[1] == -0.5);
}

BOOST_AUTO_TEST_CASE(the_point_is_that_of_its_dual_variables) {
  for (double const intercept : {0.0, 1.5}) {
    linear_options const options{.intercept = intercept,
                                 .regularize_intercept = true};
    linear_objective const f(data().features, data().labels, logistic{}, l2{0.02}, options);
    auto const end = ascend(f, plan_of(f), {1, 0.5});
    std::vector<double> x(f.dimension());
    for (std::size_t i = 0; i != f.samples(); ++i) {
      BOOST_TEST(end.theta[i] * f.target(i) <= 0);  // in the domain of φ*
      double const c = -end.theta[i] / (0.02 * static_cast<double>(f.samples()));
      detail::add_scaled(c, detail::row_of(f.features(), i), x.data());
      if (intercept != 0) x.back() += c * intercept;
    }
    BOOST_TEST(support::relative_distance(x, end.x) < 1e-14);
  }
}

BOOST_AUTO_TEST_CASE(the_gap_falls_below_the_tolerance) {
  linear_objective const f(data().features, data().labels, logistic{}, l2{0.02});
  auto const end = ascend(f, plan_of(f), {1, 1e-3, 1e-4, 1e-5});
  double dual = 0, square = 0;
  for (std::size_t i = 0; i != f.samples(); ++i)
    dual -= f.loss().conjugate(end.theta[i], f.target(i)) / static_cast<double>(f.samples());
  for (double const each : end.x) square += each * each;
  double const gap = support::at(f, end.x).value - (dual - 0.01 * square);
  BOOST_TEST(gap >= -1e-15);
  BOOST_TEST(gap <= tolerance);
}

BOOST_AUTO_TEST_CASE(the_anchor_never_moves_to_a_higher_value) {
  // One long direction for all rows: the first epochs overshoot.
  dense_matrix<double> a = support::features<dense_matrix<double>>(30, 50, 1);
  for (double& each : a) each = 100 * (1 + each);
  auto const y = support::random_signs(30, 2);
  linear_objective const f(a, y, logistic{}, l2{1e-4});
  plan const p = plan_of(f, 1e-9);
  double before = std::log(2.0);
  for (std::size_t stages = 1; stages != 5; ++stages) {
    auto const end = ascend(f, p, std::vector<double>(stages, 1));
    BOOST_TEST(end.value.objective <= before);
    BOOST_TEST(end.value.objective == support::at(f, end.anchor).value,
               boost::test_tools::tolerance(1e-13));
    before = end.value.objective;
  }
  BOOST_TEST(before < std::log(2.0));
}

BOOST_AUTO_TEST_CASE(threads_do_not_change_the_bits) {
  linear_objective const f(data().features, data().labels, squared_hinge{}, l2{0.02});
  auto const one = ascend(f, plan_of(f), {1, 0.5}, 1);
  for (std::size_t const threads : {std::size_t{2}, std::size_t{3}}) {
    auto const several = ascend(f, plan_of(f), {1, 0.5}, threads);
    BOOST_TEST(several.theta == one.theta);
    BOOST_TEST(several.anchor == one.anchor);
    BOOST_TEST(several.value.objective == one.value.objective);
  }
}

BOOST_AUTO_TEST_CASE(samples_without_weight_stay_where_they_are) {
  auto weights = std::vector<double>(40, 1);
  weights[3] = weights[17] = 0;
  linear_objective const f(data().features, data().labels, logistic{}, l2{0.02},
                           linear_options{.weights = weights});
  auto const end = ascend(f, plan_of(f), {1});
  BOOST_TEST(end.theta[3] == 0);
  BOOST_TEST(end.theta[17] == 0);
  BOOST_TEST(end.theta[4] != 0);
}

BOOST_AUTO_TEST_CASE(it_ends_within_the_epochs_of_the_run) {
  linear_objective const f(data().features, data().labels, logistic{}, l2{0.02});
  plan p = plan_of(f, 1e-12);
  p.steps = 3 * p.samples / (p.workers * p.batch_size);
  auto const end = ascend(f, p, {1, 0.5, 0.25});
  BOOST_TEST(end.stages == 1);
  BOOST_TEST(end.gradients == (3 + 1) * p.samples);
}

BOOST_AUTO_TEST_CASE(it_ends_if_stages_prove_nothing) {
  linear_objective const f(data().features, data().labels, logistic{}, l2{0.02});
  auto const end = ascend(f, plan_of(f, 1e-300), std::vector<double>(20, 1));
  BOOST_TEST(end.stages > 0);
  BOOST_TEST(end.stages < 20);
}

BOOST_AUTO_TEST_CASE(newton_steps_that_cost_more_than_all_epochs_are_not_made) {
  // 600 short rows and 6,000 columns: the Gram matrix alone has the work of more than 700 epochs.
  auto const a = support::features<csr_matrix<float>>(600, 6000, 0.001);
  auto const y = support::random_signs(600, 5);
  linear_objective const f(a, y, logistic{}, l2{0.002});
  BOOST_TEST(detail::gram_newton<std::remove_cvref_t<decltype(f)>>::epochs(f) > 150);
  auto const end = ascend(f, plan_of(f, 1e-300), std::vector<double>(40, 1));
  BOOST_TEST(end.stages < 40);
  BOOST_TEST(end.gradients < 150 * f.samples());
}

BOOST_AUTO_TEST_CASE(numbers_that_overflow_leave_the_anchor) {
  dense_matrix<double> a(std::array<std::size_t, 2>{2, 3});
  a.fill(1e200);
  std::vector<double> const y{1, -1};
  linear_objective const f(a, y, squared{}, l2{1e-3});
  auto const end = ascend(f, plan_of(f), {1, 1, 1});
  BOOST_TEST(end.anchor == std::vector<double>(3));
  BOOST_TEST(end.theta.empty());  // no dual point was proposed
  BOOST_TEST(end.stages == 1);
}

BOOST_AUTO_TEST_CASE(it_begins_on_many_features_with_a_penalty_for_all) {
  auto const begins = [](auto const& f, plan const& p) {
    return dual_ascent<std::remove_cvref_t<decltype(f)>>::begins(f, p);
  };
  linear_objective const f(data().features, data().labels, logistic{}, l2{0.02});
  BOOST_TEST(begins(f, plan_of(f)));
  BOOST_TEST(!begins(f, plan_of(f, 0)));
  linear_objective const free(data().features, data().labels, logistic{}, l2{0.02},
                              linear_options{.intercept = 1});
  BOOST_TEST(begins(free, plan_of(free)));
  struct own {  // without a conjugate
    double value(double z, double y) const { return logistic{}.value(z, y); }
    double derivative(double z, double y) const { return logistic{}.derivative(z, y); }
    double curvature() const { return 0.25; }
  };
  linear_objective const mine(data().features, data().labels, own{}, l2{0.02}),
      mine_free(data().features, data().labels, own{}, l2{0.02}, linear_options{.intercept = 1});
  BOOST_TEST(begins(mine, plan_of(mine)));
  BOOST_TEST(!begins(mine_free, plan_of(mine_free)));
  linear_objective const flat(data().features, data().labels, logistic{}, l2{0.0});
  BOOST_TEST(!begins(flat, plan_of(flat)));
  auto const few = support::features<csr_matrix<float>>(40, 20, 0.5);
  linear_objective const narrow(few, data().labels, logistic{}, l2{0.02});
  BOOST_TEST(!begins(narrow, plan_of(narrow)));
  linear_objective const sparse(data().features, data().labels, logistic{}, l1{0.02});
  BOOST_TEST(!begins(sparse, plan_of(sparse)));
}

BOOST_AUTO_TEST_CASE(a_run_ends_without_a_round_at_a_proven_optimum) {
  linear_objective const f(data().features, data().labels, squared_hinge{}, l2{0.02});
  auto const best = minimize(f, {.tolerance = 1e-12}, serial{});
  auto const r = minimize(f, {.tolerance = tolerance}, serial{});
  BOOST_TEST((r.reason == stop_reason::tolerance_reached));
  BOOST_TEST(r.rounds == 0u);
  BOOST_TEST(r.history.size() >= 2u);
  for (evaluation const& each : r.history)
    BOOST_TEST(each.certificate >= each.objective - best.objective);
}

BOOST_AUTO_TEST_CASE(every_stage_is_proven_by_its_own_dual_variables) {
  // Epochs raise D from D(0) = 0. That f is not negative proves no more than D(0).
  auto const a = support::features<csr_matrix<float>>(1500, 1200, 0.01);
  auto const y = support::random_signs(1500, 4);
  for (double const intercept : {0.0, 1.0}) {
    linear_objective const f(a, y, squared_hinge{}, l2{0.003}, {.intercept = intercept});
    auto const r = minimize(f, {.tolerance = 1e-10}, serial{});
    BOOST_TEST_REQUIRE(r.history.size() >= 3u);
    for (std::size_t const stage : {1u, 2u})
      BOOST_TEST(r.history[stage].certificate < r.history[stage].objective / 2);
  }
}

BOOST_AUTO_TEST_CASE(after_a_warm_start_it_goes_on_from_the_slopes_there) {
  for (double const intercept : {0.0, 1.0}) {
    linear_options const options{.intercept = intercept};
    linear_objective const before(data().features, data().labels, logistic{}, l2{1.1}, options),
        f(data().features, data().labels, logistic{}, l2{1.0}, options);
    warm_start const near(minimize(before, {.tolerance = 1e-9}, serial{}).x);
    auto const cold = minimize(f, {.tolerance = 1e-9}, serial{});
    auto const warm = minimize(f, {.tolerance = 1e-9}, serial{}, near);
    BOOST_TEST((warm.reason == stop_reason::tolerance_reached));
    BOOST_TEST(warm.rounds == 0u);
    BOOST_TEST(warm.gradients <= cold.gradients);
    BOOST_TEST(std::abs(warm.objective - cold.objective) <= 1e-9);
    BOOST_TEST(minimize(f, {.tolerance = 1e-9}, thread_pool{3}, near).x == warm.x);
    BOOST_TEST(minimize(f, {.tolerance = 2e-9}, serial{}, warm_start(warm.x)).history.size() == 1u);
  }
}

BOOST_AUTO_TEST_CASE(a_free_intercept_is_found_and_proven_too) {
  auto labels = data().labels;
  for (std::size_t i = 0; i != 25; ++i) labels[i] = 1;  // far from balance
  for (double const intercept : {1.0, 0.1}) {
    linear_objective const f(data().features, labels, squared_hinge{}, l2{0.02},
                             linear_options{.intercept = intercept});
    auto const r = minimize(f, {.tolerance = 1e-5}, serial{});
    BOOST_TEST((r.reason == stop_reason::tolerance_reached));
    BOOST_TEST(r.rounds == 0u);
    auto const steps = minimize(f, {.tolerance = 1e-12}, serial{}, svrg{});
    for (evaluation const& each : r.history)
      BOOST_TEST(each.certificate >= each.objective - steps.objective);
    BOOST_TEST(r.x.data()[f.dimension() - 1] == steps.x.data()[f.dimension() - 1],
               boost::test_tools::tolerance(1e-3));
    auto const pool = minimize(f, {.tolerance = 1e-5}, thread_pool{3});
    BOOST_TEST(pool.x == r.x);
  }
}

BOOST_AUTO_TEST_CASE(where_epochs_gain_little_newton_steps_in_the_samples_end_the_run) {
  auto a = support::features<dense_matrix<double>>(60, 1100, 1);
  for (double& each : a) each = 30 * (1 + 0.1 * each);  // all rows are nearly parallel
  auto const y = support::random_signs(60, 2);
  linear_objective const f(a, y, squared_hinge{}, l2{1e-2});
  auto const r = minimize(f, {.tolerance = 1e-9}, serial{});
  BOOST_TEST((r.reason == stop_reason::tolerance_reached));
  BOOST_TEST(r.rounds == 0u);
  BOOST_TEST(r.gradients < 100 * f.samples());
  auto const pool = minimize(f, {.tolerance = 1e-9}, thread_pool{3});
  BOOST_TEST(pool.x == r.x);
  BOOST_TEST(pool.gradients == r.gradients);
}

BOOST_AUTO_TEST_CASE(with_many_samples_local_steps_go_on_to_the_tolerance) {
  // Feature 0 is large and common, so that all rows are nearly parallel; three others are rare.
  constexpr std::size_t n = 1100, d = 1200;
  support::numbers random(3);
  std::vector<std::size_t> starts{0};
  std::vector<std::uint32_t> indices;
  std::vector<float> values;
  for (std::size_t i = 0; i != n; ++i) {
    indices.push_back(0);
    values.push_back(30);
    for (std::size_t k = 0; k != 3; ++k) {
      indices.push_back(static_cast<std::uint32_t>(1 + 399 * k + random.below(399)));
      values.push_back(1);
    }
    starts.push_back(indices.size());
  }
  csr_matrix<float> const a(d, detail::to_vector<std::size_t>(std::span<std::size_t const>(starts)),
                            detail::to_vector<std::uint32_t>(std::span<std::uint32_t const>(indices)),
                            detail::to_vector<float>(std::span<float const>(values)));
  auto const y = support::random_signs(n, 2);
  linear_objective const f(a, y, squared_hinge{}, l2{1e-3});
  auto const r = minimize(f, {.tolerance = 1e-5}, serial{});
  BOOST_TEST((r.reason == stop_reason::tolerance_reached));
  BOOST_TEST(r.rounds > 0u);
  auto const pool = minimize(f, {.tolerance = 1e-5}, thread_pool{3});
  BOOST_TEST(pool.x == r.x);
  BOOST_TEST(pool.gradients == r.gradients);
}

BOOST_AUTO_TEST_CASE(an_observer_sees_every_stage_and_can_end_the_run) {
  linear_objective const f(data().features, data().labels, squared_hinge{}, l2{1e-6});
  struct stops_at_the_second {
    int seen = 0;
    proceed after_evaluation(evaluation const&, plan const&) {
      return ++seen < 2 ? proceed::yes : proceed::no;
    }
  };
  auto const r = minimize(f, {.tolerance = 1e-9}, serial{}, stops_at_the_second{});
  BOOST_TEST((r.reason == stop_reason::observer_request));
  BOOST_TEST(r.history.size() == 2u);
}
