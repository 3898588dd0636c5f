// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_newton_newton_cg
#include "localsgd/worker/newton/newton_cg.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "localsgd/checkpoint/archive.hpp"
#include "localsgd/loss/logistic.hpp"
#include "localsgd/loss/squared.hpp"
#include "localsgd/minimize.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/synchronizer/serial.hpp"
#include "localsgd/synchronizer/thread_pool.hpp"
#include "localsgd/worker/newton/newton.hpp"
#include "test/support/problems.hpp"
#include "test/support/teams.hpp"

namespace {

using namespace localsgd;
using detail::full_gradient;
using detail::newton_direction;

// An objective of which only the required members and μ are known.
template <class F>
struct only_gradients {
  using scalar = typename F::scalar;
  F f;
  std::size_t dimension() const { return f.dimension(); }
  std::size_t samples() const { return f.samples(); }
  double strong_convexity() const { return f.strong_convexity(); }
  double gradient(std::span<scalar const> x, std::span<std::size_t const> batch,
                  std::span<scalar> g) const {
    return f.gradient(x, batch, g);
  }
};
template <class F>
only_gradients(F) -> only_gradients<F>;
template <class F>
struct without_convexity {
  using scalar = typename F::scalar;
  F f;
  std::size_t dimension() const { return f.dimension(); }
  std::size_t samples() const { return f.samples(); }
  double gradient(std::span<scalar const> x, std::span<std::size_t const> batch,
                  std::span<scalar> g) const {
    return f.gradient(x, batch, g);
  }
};
template <class F>
without_convexity(F) -> without_convexity<F>;

constexpr std::size_t n = 200, d = 12;

// Features whose units go from 10⁻³ to 10³.
dense_matrix<double> in_other_units() {
  auto a = support::random_features<double>(n, d, 1);
  for (std::size_t j = 0; j != d; ++j)
    for (std::size_t i = 0; i != n; ++i)
      a(i, j) *= std::pow(10.0, 6.0 * static_cast<double>(j) / (d - 1) - 3);
  return a;
}

plan plan_of(auto const& f) { return support::make_plan(f.samples(), f.dimension(), 4, 1); }

// One step at x after another with the same direction; ‖∇f‖² at all points.
template <class F>
struct descent {
  std::vector<double> x;
  std::vector<double> norms;
  double passes = 0;

  descent(F const& f, newton_direction<F>& direction, std::vector<double> start, int steps,
          std::size_t threads = 1)
      : x(std::move(start)) {
    plan const p = plan_of(f);
    full_gradient pass(f, p);
    std::vector<double> step(x.size());
    support::with_team(p.workers, threads, [&](auto& team) {
      direction.prepare(f, pass, team);
      for (int i = 0; i <= steps; ++i) {
        auto const value = pass(f, std::span<double const>(x), team);
        if (team.leads()) norms.push_back(value.squared_gradient_norm);
        if (i == steps) break;
        if (team.leads()) direction.keep_gradient(pass);
        direction.curvature_at(f, std::span<double const>(x), pass, team);
        if (team.leads()) {
          BOOST_TEST(direction.solve(f, 0, step) > 0);
          passes += direction.gradients_per_sample();
          for (std::size_t j = 0; j != x.size(); ++j) x[j] += step[j];
        }
        team.barrier();
      }
    });
  }
};
template <class F>
descent<F> descend(F const& f, std::vector<double> start, int steps, std::size_t threads = 1) {
  newton_direction<F> direction(f, plan_of(f));
  return {f, direction, std::move(start), steps, threads};
}

}  // namespace

namespace {
// The step from 0 for one sample (a, 2), λ = 10⁻³: the fall that it predicts, and the number of sums.
struct one_step {
  std::vector<double> step = std::vector<double>(60);
  double fall = 0;
  std::size_t sums = 0;

  explicit one_step(dense_matrix<double> const& a) {
    std::vector<double> const y{2}, zero(60, 0.0);
    linear_objective const f(a, y, squared{}, l2{1e-3});
    plan const p = plan_of(f);
    full_gradient pass(f, p);
    detail::newton_cg direction(f, p);
    support::with_team(p.workers, 1, [&](auto& team) {
      pass(f, std::span<double const>(zero), team);
      direction.keep_gradient(pass);
      direction.curvature_at(f, std::span<double const>(zero), pass, team);
      fall = direction.solve(0, step);
    });
    sums = direction.sums();
  }
};
}  // namespace

BOOST_AUTO_TEST_CASE(the_direction_of_few_samples_is_a_combination_of_their_rows) {
  // ∇f(0) = a·φ', and so a is an eigenvector of ∇²f = λI + φ''·aaᵀ: if D is a multiple of I, the direction
  // is one of a, found in one iteration. A pass more measures the diagonal.
  dense_matrix<double> a(std::array<std::size_t, 2>{1, 60}, 1.0);
  std::vector<double> multiple(60);
  for (std::size_t j = 0; j != 60; ++j) a(0, j) = j % 3 == 0 ? -1 : 1;
  for (std::size_t j = 0; j != 60; ++j) multiple[j] = 2 / (1e-3 + 60) * a(0, j);
  one_step const found(a);
  BOOST_TEST(found.sums == 2u);
  BOOST_TEST(support::relative_distance(found.step, multiple) <= 1e-6);  // differences of gradients
}

BOOST_AUTO_TEST_CASE(with_few_samples_the_units_of_features_matter_little) {
  auto a = support::random_features<double>(1, 60, 4);
  for (std::size_t j = 0; j != 60; ++j) a(0, j) *= std::pow(10.0, static_cast<double>(j % 7) - 3);
  one_step const found(a);
  // f(0) = 2, and f* = 2λ/(λ + ‖a‖²) is less than 10⁻⁶.
  BOOST_TEST(found.fall >= 2 - 1e-3);
  BOOST_TEST(found.sums <= 4u);
}

BOOST_AUTO_TEST_CASE(least_squares_in_any_units_is_solved) {
  auto const a = in_other_units();
  auto const y = support::random_point(n, 3);
  only_gradients const f{linear_objective(a, y, squared{}, l2{1e-6})};
  auto const end = descend(f, std::vector<double>(d), 8);
  BOOST_TEST(end.norms.back() < 1e-14 * end.norms.front());
  // With all d searches of the first directions in P, later ones take few: in all far fewer than 8d.
  BOOST_TEST(end.passes <= 5 * d);
}

BOOST_AUTO_TEST_CASE(the_units_of_a_feature_do_not_matter) {
  auto const a = support::random_features<double>(n, d, 1), b = in_other_units();
  auto const y = support::random_point(n, 3);
  only_gradients const f{linear_objective(a, y, squared{}, l2{1e-12})};
  only_gradients const g{linear_objective(b, y, squared{}, l2{1e-12})};
  auto const one = descend(f, std::vector<double>(d), 1), other = descend(g, std::vector<double>(d), 1);
  for (std::size_t j = 0; j != d; ++j) {
    double const unit = std::pow(10.0, 6.0 * static_cast<double>(j) / (d - 1) - 3);
    BOOST_TEST(std::abs(other.x[j] * unit - one.x[j]) < 1e-3 * support::norm(one.x));
  }
}

BOOST_AUTO_TEST_CASE(steps_from_0_converge_on_logistic_regression) {
  auto const a = support::random_features<double>(n, d, 1);
  auto const y = support::random_signs(n, 1);
  only_gradients const f{linear_objective(a, y, logistic{}, l2{0.1})};
  auto const end = descend(f, std::vector<double>(d), 6);
  BOOST_TEST(end.norms.back() < 1e-8 * end.norms.front());
}

BOOST_AUTO_TEST_CASE(any_number_of_threads_makes_the_same_bits) {
  auto const a = in_other_units();
  auto const y = support::random_signs(n, 1);
  only_gradients const f{linear_objective(a, y, logistic{}, l2{0.01})};
  auto const one = descend(f, std::vector<double>(d), 3);
  for (std::size_t const threads : {2U, 3U, 4U})
    BOOST_TEST((descend(f, std::vector<double>(d), 3, threads).x == one.x));
}

BOOST_AUTO_TEST_CASE(a_restored_direction_goes_on_with_the_same_bits) {
  auto const a = in_other_units();
  auto const y = support::random_signs(n, 1);
  only_gradients const f{linear_objective(a, y, logistic{}, l2{0.01})};
  newton_direction<std::remove_const_t<decltype(f)>> first(f, plan_of(f)), second(f, plan_of(f));
  descent const half(f, first, std::vector<double>(d), 2);
  detail::state_writer writer;
  writer(first);
  detail::state_reader reader(writer.bytes);
  reader(second);
  BOOST_TEST(reader.left() == 0U);
  descent const on(f, first, half.x, 2), restored(f, second, half.x, 2);
  BOOST_TEST((on.x == restored.x));
}

BOOST_AUTO_TEST_CASE(where_the_convexity_is_not_known_there_is_no_direction) {
  auto const a = support::random_features<double>(n, d, 1);
  auto const y = support::random_signs(n, 1);
  linear_objective const model(a, y, logistic{}, l2{0.1});
  only_gradients const f{model};
  without_convexity const g{model};
  BOOST_TEST((newton_direction<std::remove_const_t<decltype(f)>>(f, plan_of(f)).exists()));
  BOOST_TEST(!(newton_direction<std::remove_const_t<decltype(g)>>(g, plan_of(g)).exists()));
}

BOOST_AUTO_TEST_CASE(a_minimum_has_no_direction) {
  dense_matrix<double> const a{{1, 2}, {2, 1}};
  std::vector<double> const y{0, 0};
  only_gradients const f{linear_objective(a, y, squared{}, l2{0.1})};
  newton_direction<std::remove_const_t<decltype(f)>> direction(f, plan_of(f));
  full_gradient pass(f, plan_of(f));
  std::vector<double> const x(2);
  std::vector<double> step(2);
  support::with_team(4, 1, [&](auto& team) {
    pass(f, std::span<double const>(x), team);
    direction.keep_gradient(pass);
    direction.curvature_at(f, std::span<double const>(x), pass, team);
    BOOST_TEST(direction.solve(f, 0, step) == 0);
  });
}

BOOST_AUTO_TEST_CASE(a_run_in_any_units_takes_at_most_a_few_times_the_gradients_of_a_linear_model) {
  auto const a = in_other_units();
  auto const y = support::random_signs(n, 1);
  linear_objective const model(a, y, logistic{}, l2{1e-3});
  only_gradients const own{model};
  settings const s{.epochs = 2000, .tolerance = 1e-6};
  auto const stock = minimize(model, s, serial{}), r = minimize(own, s, serial{});
  BOOST_TEST((r.reason == stop_reason::tolerance_reached));
  BOOST_TEST(r.objective - stock.objective < 2e-6);
  BOOST_TEST(r.gradients < 8 * stock.gradients);
  thread_pool pool(3);
  BOOST_TEST((minimize(own, s, pool).x == r.x));
}

BOOST_AUTO_TEST_CASE(for_least_squares_one_direction_reaches_the_tolerance) {
  auto const a = in_other_units();
  std::vector<double> y(n);
  for (std::size_t i = 0; i != n; ++i) y[i] = 1 + std::sin(static_cast<double>(i));
  linear_objective const f(a, y, squared{}, l2{1e-3});
  auto const after_one = [&](double tolerance) {
    plan p = plan_of(f);
    p.tolerance = tolerance;
    full_gradient pass(f, p);
    detail::newton_cg direction(f, p);
    std::vector<double> x(d, 0.0);
    double objective = 0;
    support::with_team(p.workers, 1, [&](auto& team) {
      pass(f, std::span<double const>(x), team);
      direction.keep_gradient(pass);
      direction.curvature_at(f, std::span<double const>(std::vector<double>(d, 0.0)), pass, team);
      BOOST_TEST(direction.solve(0, x) > 0);
      objective = pass(f, std::span<double const>(x), team).objective;
    });
    return objective;
  };
  double const least = after_one(1e-15);
  for (double const tolerance : {1e-2, 1e-4, 1e-6}) {
    double const gap = after_one(tolerance) - least;
    BOOST_TEST(gap <= tolerance);
  }
}

BOOST_AUTO_TEST_CASE(a_search_that_is_not_going_to_reach_the_tolerance_in_time_is_given_up) {
  constexpr std::size_t wide = 60;
  std::vector<double> y(n);
  for (std::size_t i = 0; i != n; ++i) y[i] = 1 + std::sin(static_cast<double>(i));
  struct outcome {
    double passes;
    bool gave_up;
  };
  auto const search = [&](dense_matrix<double> const& a, double lambda, double most) {
    linear_objective const f(a, y, squared{}, l2{lambda});
    plan p = plan_of(f);
    p.tolerance = 1e-6;
    full_gradient pass(f, p);
    detail::newton_cg direction(f, p);
    std::vector<double> const x(wide, 0.0);
    support::with_team(p.workers, 1, [&](auto& team) {
      pass(f, std::span<double const>(x), team);
      direction.keep_gradient(pass);
      direction.curvature_at(f, std::span<double const>(x), pass, team, most);
    });
    return outcome{direction.gradients_per_sample(), direction.gave_up()};
  };
  auto const easy = support::random_features<double>(n, wide, 1);
  outcome const solved = search(easy, 1, 30);
  BOOST_TEST(!solved.gave_up);
  BOOST_TEST(solved.passes < 30);
  auto const hard = support::mixed_features(n, wide, 1);
  outcome const hopeless = search(hard, 1e-9, 30);
  BOOST_TEST(hopeless.gave_up);
  BOOST_TEST(hopeless.passes < 30);
  outcome const unlimited = search(hard, 1e-9, std::numeric_limits<double>::infinity());
  BOOST_TEST(!unlimited.gave_up);
  BOOST_TEST(unlimited.passes > hopeless.passes);
}
