// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE certificate_certifier
#include "localsgd/certificate/certifier.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <mutex>
#include <span>
#include <type_traits>
#include <vector>

#include "localsgd/localsgd.hpp"
#include "test/support/losses.hpp"
#include "test/support/problems.hpp"
#include "test/support/runs.hpp"
#include "test/support/teams.hpp"

using namespace localsgd;
using detail::certifier;
using detail::full_gradient;
using support::infinity;

namespace {

// L, without saying that it is never negative.
template <class L>
struct silent : L {
  static constexpr bool nonnegative = false;
};

constexpr std::size_t n = 200, d = 12;

// How far off a difference of values of f may be, and what is granted for it: sums of n numbers.
double rounding_of(double f) {
  return 8 * n * std::numeric_limits<double>::epsilon() * (1 + std::abs(f));
}

// Calls check(f) for every loss that has a conjugate, and λ from 1e-2 to 1e-5.
template <class Check>
void with_every_problem(Check const& check) {
  support::problem const data(n, d, 0.5);
  for (double const lambda : {1e-2, 1e-3, 1e-4, 1e-5}) {
    check(linear_objective(data.dense, data.labels, silent<logistic>{}, l2{lambda}));
    check(linear_objective(data.sparse, data.labels, silent<squared_hinge>{}, l2{lambda}));
    check(linear_objective(data.sparse, data.labels, silent<smoothed_hinge>{smoothed_hinge{0.5}}, l2{lambda},
                           {.intercept = 1, .regularize_intercept = true}));
    check(linear_objective(data.dense, data.reals, silent<squared>{}, l2{lambda}));
    check(linear_objective(data.dense, data.labels, silent<logistic>{}, l2{lambda},
                           {.offset = data.reals}));
    check(linear_objective(data.dense, data.reals, silent<huber>{huber{0.5}}, l2{lambda},
                           {.intercept = 0.5, .regularize_intercept = true}));
  }
}

template <class F>
double natural(F const& f, std::vector<double> const& x) {
  return std::pow(support::norm(support::at(f, x).gradient), 2) / (2 * f.strong_convexity());
}

// What a certifier says of points that it sees one after the other, for 5 workers on a team.
struct seen {
  double objective, bound;
};
template <class F>
std::vector<seen> bounds(F const& f, std::vector<std::vector<typename F::scalar>> const& points,
                         std::size_t threads = 1, bool gives_slopes = true,
                         double tolerance = 0) {
  plan p = support::make_plan(f.samples(), f.dimension(), 5, 1);
  p.tolerance = tolerance;
  full_gradient pass(p);
  certifier<F> bound(f, p, pass);
  std::vector<seen> out;
  std::mutex one_at_a_time;
  support::with_team(p.workers, threads, [&](auto& team) {
    for (auto const& point : points) {
      std::span<typename F::scalar const> const x(point);
      auto const slopes = gives_slopes ? bound.slopes() : std::span<double>{};
      auto const value = pass(f, x, team, slopes);
      double const here = bound(team, pass, x, value, slopes);
      team.broadcast(0);  // nobody goes on while somebody is still reading the sums
      if (team.leads()) {
        out.push_back({value.objective, here});
      } else {
        std::scoped_lock const lock(one_at_a_time);
        BOOST_TEST(here == 0);
      }
    }
  });
  return out;
}

// Steps of gradient descent from a random point.
template <class F>
std::vector<std::vector<double>> descent(F const& f, int count) {
  double const step = 1 / f.smoothness();
  std::vector<std::vector<double>> points{support::random_point(f.dimension(), 5)};
  while (static_cast<int>(points.size()) != count) {
    auto x = points.back();
    auto const g = support::at(f, x).gradient;
    for (std::size_t j = 0; j != x.size(); ++j) x[j] -= step * g[j];
    points.push_back(x);
  }
  return points;
}

template <class F>
double least_value(F const& f) {
  auto const r = minimize(f, {.epochs = 20000, .tolerance = 1e-13}, serial{});
  BOOST_TEST((r.reason == stop_reason::tolerance_reached));
  BOOST_TEST(r.certificate <= 1e-13);
  return r.objective;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_loss_that_is_never_negative_bounds_the_gap_by_f) {
  support::problem const data(n, d, 0.5);
  linear_objective const f(data.dense, data.labels, logistic{}, l2{1e-3});
  auto const points = descent(f, 10);
  auto const got = bounds(f, points);
  BOOST_TEST(natural(f, points.front()) > 2 * got.front().objective);
  BOOST_TEST(got.front().bound >= got.front().objective);
  for (auto const& s : got) BOOST_TEST(s.bound <= s.objective * (1 + 1e-9));
}

BOOST_AUTO_TEST_CASE(no_bound_in_the_history_of_a_run_is_below_the_gap) {
  with_every_problem([](auto const& f) {
    double const least = least_value(f);
    for (std::size_t const workers : {1U, 8U}) {
      settings const s{
          .workers = workers, .local_steps = 4, .epochs = 20, .seed = workers, .evaluations = 25};
      auto const check = [&](auto const& r) {
        BOOST_TEST(r.history.size() >= 10);
        for (auto const& e : r.history) {
          BOOST_TEST(e.certificate >= e.objective - least - rounding_of(e.objective));
          BOOST_TEST(std::isfinite(e.certificate));
        }
        BOOST_TEST(r.certificate == r.history.back().certificate);
      };
      check(minimize(f, s, linear_sgd{}, serial{}));
      check(minimize(f, s, svrg{}, serial{}));
    }
  });
}

BOOST_AUTO_TEST_CASE(what_was_proved_of_the_minimum_once_is_proved_for_good) {
  with_every_problem([](auto const& f) {
    settings const s{.workers = 8, .epochs = 20, .evaluations = 25};
    auto const check = [](auto const& r) {
      double proved = -infinity;
      for (auto const& e : r.history) {
        BOOST_TEST(e.certificate <=
                   e.objective - proved + rounding_of(e.objective) + rounding_of(proved));
        proved = std::max(proved, e.objective - e.certificate);
      }
    };
    check(minimize(f, s, linear_sgd{}, serial{}));
    check(minimize(f, s, svrg{}, serial{}));
  });
}

BOOST_AUTO_TEST_CASE(at_the_end_of_a_run_of_eight_workers_the_bound_is_mostly_tighter) {
  support::problem const data(n, d, 0.5);
  int tighter = 0, much_tighter = 0, runs = 0;
  for (double const lambda : {1e-2, 1e-3, 1e-4, 1e-5})
    for (std::uint64_t const seed : {1U, 2U, 3U, 4U, 5U}) {
      linear_objective const f(data.dense, data.labels, silent<logistic>{}, l2{lambda});
      auto const r = minimize(f, {.workers = 8, .epochs = 20, .seed = seed, .evaluations = 25},
                              linear_sgd{}, serial{});
      double const own = natural(f, {r.x.begin(), r.x.end()});
      BOOST_TEST(r.certificate <= own * (1 + 1e-9));
      ++runs;
      if (r.certificate < own) ++tighter;
      if (r.certificate < own / 3) ++much_tighter;
    }
  BOOST_TEST(tighter >= runs / 2);
  BOOST_TEST(much_tighter >= runs / 10);
}

BOOST_AUTO_TEST_CASE(the_first_bound_is_that_of_the_gradient) {
  with_every_problem([](auto const& f) {
    auto const x = support::random_point(f.dimension(), 4);
    auto const first = bounds(f, {x}).front();
    BOOST_TEST(first.bound == natural(f, x), boost::test_tools::tolerance(1e-10));
    BOOST_TEST(first.bound >= natural(f, x) * (1 - 1e-12));
  });
}

BOOST_AUTO_TEST_CASE(dual_points_make_the_bound_tighter_and_never_too_tight) {
  with_every_problem([](auto const& f) {
    auto const points = descent(f, 40);
    auto const with = bounds(f, points), without = bounds(f, points, 1, false);
    double const least = least_value(f);
    int tighter = 0;
    for (std::size_t i = 0; i != points.size(); ++i) {
      BOOST_TEST(with[i].objective == without[i].objective);
      double const gap = with[i].objective - least - rounding_of(least);
      double const own = natural(f, points[i]);
      BOOST_TEST(with[i].bound >= gap);
      BOOST_TEST(without[i].bound >= gap);
      if (own < 1e-12) continue;  // there ∇f is mostly rounding
      BOOST_TEST(without[i].bound <= own * (1 + 1e-4));
      BOOST_TEST(with[i].bound <= own * (1 + 1e-4));
      if (with[i].bound < without[i].bound / 1.25) ++tighter;
    }
    BOOST_TEST(tighter >= 5);
  });
}

BOOST_AUTO_TEST_CASE(a_worse_point_is_bounded_by_what_a_better_one_has_proved) {
  with_every_problem([](auto const& f) {
    auto const points = descent(f, 60);
    for (bool const slopes : {true, false}) {
      auto const s = bounds(f, {points.back(), points.front()}, 1, slopes);
      double const proved = s[0].objective - s[0].bound, by_the_first = s[1].objective - proved;
      BOOST_TEST(s[1].bound <= by_the_first + rounding_of(s[1].objective) + rounding_of(proved));
      BOOST_TEST(s[1].bound >= by_the_first / 2);  // not by much: it is that
      BOOST_TEST(s[1].bound < natural(f, points.front()) / 2);
    }
  });
}

BOOST_AUTO_TEST_CASE(no_certificate_is_negative_or_below_the_gap_where_rows_cancel) {
  // Columns that are nearly equal. In long double, x* solves (AᵀA/n + λI) x = Aᵀy/n.
  dense_matrix<double> a(std::array<std::size_t, 2>{3, 2}, 0.0);
  double const entries[3][2] = {{71, 70}, {78, 77}, {76, 75}};
  for (double const scale : {1.0, 1e3}) {
    for (std::size_t i = 0; i != 3; ++i)
      for (std::size_t j = 0; j != 2; ++j) a(i, j) = scale * entries[i][j];
    std::vector<double> const y{107, 106, 100};
    linear_objective const f(a, y, squared{}, l2{0.01});
    using real = long double;
    real m[2][2] = {{0.01L, 0}, {0, 0.01L}}, b[2] = {0, 0};
    auto const entry = [&](std::size_t i, std::size_t j) { return static_cast<real>(a(i, j)); };
    for (std::size_t i = 0; i != 3; ++i)
      for (std::size_t j = 0; j != 2; ++j) {
        b[j] += entry(i, j) * y[i] / 3;
        for (std::size_t k = 0; k != 2; ++k) m[j][k] += entry(i, j) * entry(i, k) / 3;
      }
    real const det = m[0][0] * m[1][1] - m[0][1] * m[1][0];
    real const best[2] = {(m[1][1] * b[0] - m[0][1] * b[1]) / det,
                          (m[0][0] * b[1] - m[1][0] * b[0]) / det};
    // f(x) − f* = ½ (x − x*)ᵀ M (x − x*), without cancellation
    auto const gap = [&](auto const& x) {
      real const e[2] = {x(0) - best[0], x(1) - best[1]};
      return static_cast<double>(
          (e[0] * (m[0][0] * e[0] + m[0][1] * e[1]) + e[1] * (m[1][0] * e[0] + m[1][1] * e[1])) / 2);
    };
    auto const check = [&](auto const& r) {
      BOOST_TEST(r.certificate >= gap(r.x) * (1 - 1e-6) - 1e-22);
      for (auto const& e : r.history) BOOST_TEST(e.certificate >= 0);
    };
    for (std::size_t const k : {1U, 2U, 3U, 4U, 5U, 8U}) {
      auto const r = minimize(f, {.workers = k, .tolerance = 1e-300}, serial{});
      check(r);
      BOOST_TEST((r.reason != stop_reason::tolerance_reached));
      if (scale == 1) BOOST_TEST((r.reason == stop_reason::precision_reached));
      check(minimize(f, {.workers = k, .epochs = 60, .evaluations = 40}, svrg{}, serial{}));
      check(minimize(f, {.workers = k, .epochs = 60, .evaluations = 40}, serial{}));
    }
  }
}

BOOST_AUTO_TEST_CASE(precision_is_a_few_ulps_of_f_and_what_cancellation_hides) {
  support::problem const data(n, d, 0.5);
  linear_objective const f(data.dense, data.labels, logistic{}, l2{1e-3});
  plan const p = support::make_plan(n, d, 1, 1);
  full_gradient pass(p);
  certifier bound(f, p, pass);
  double const epsilon = std::numeric_limits<double>::epsilon();
  BOOST_TEST(bound.precision(2) == 512 * epsilon);  // n = 200: 256 ulps
  std::vector<double> const x(d, 1.0);
  support::with_team(1, 1, [&](auto& team) {
    auto const value = pass(f, std::span<double const>(x), team);
    bound(team, pass, x, value, {});
  });
  BOOST_TEST(bound.precision(2) > 512 * epsilon);
  BOOST_TEST(bound.precision(2) < 1e-11);
}

BOOST_AUTO_TEST_CASE(a_point_known_from_before_gets_what_is_proved_since) {
  support::problem const data(n, d, 0.5);
  linear_objective const f(data.dense, data.labels, silent<logistic>{}, l2{1e-3});
  plan const p = support::make_plan(n, d, 1, 1);
  full_gradient pass(p);
  certifier bound(f, p, pass);
  auto const points = descent(f, 60);
  support::with_team(1, 1, [&](auto& team) {
    auto const look = [&](std::vector<double> const& x) {
      return pass(f, std::span<double const>(x), team);
    };
    auto const first = look(points.front());
    double const before = bound.at_known_point(first, points.front());
    BOOST_TEST(before == certificate(first.squared_gradient_norm, 1e-3));  // no row was measured yet
    auto const best = look(points.back());
    double const at_best = bound(team, pass, points.back(), best, {});
    BOOST_TEST(at_best < before / 10);
    double const after = bound.at_known_point(first, points.front());
    BOOST_TEST(after < before);
    BOOST_TEST(std::abs(after - (first.objective - best.objective + at_best)) <=
               rounding_of(first.objective));
  });
}

BOOST_AUTO_TEST_CASE(dual_variables_from_elsewhere_bound_the_next_point_even_if_its_bound_is_known) {
  support::problem const data(n, d, 0.5);
  linear_objective const f(data.dense, data.labels, silent<logistic>{}, l2{1e-3});
  auto const points = descent(f, 60);
  auto const &far = points.front(), &near = points.back();
  auto const [gradient, objective] = support::at(f, near);
  double const lowest = objective - natural(f, near);  // D at the slopes there
  std::vector<double> theta(n), x(d);
  double squares = 0;
  for (std::size_t i = 0; i != n; ++i) {
    double const z = detail::dot(detail::row_of(f.features(), i), near.data());
    theta[i] = f.loss().derivative(z, f.target(i));
    squares += theta[i] * theta[i] / n;
  }
  for (std::size_t j = 0; j != d; ++j) x[j] = near[j] - gradient[j] / 1e-3;

  plan p = support::make_plan(n, d, 1, 1);
  for (double const tolerance : {0.0, 1e-300}) {  // with one, no other dual point would be tried
    p.tolerance = tolerance;
    full_gradient pass(p);
    certifier bound(f, p, pass);
    support::with_team(1, 1, [&](auto& team) {
      auto const look = [&] {
        auto const value = pass(f, std::span<double const>(far), team, bound.slopes());
        double const here = bound(team, pass, far, value, bound.slopes());
        return seen{value.objective, here};
      };
      seen const before = look();
      BOOST_TEST(before.bound > 2 * (before.objective - lowest));
      bound.consider(x, theta, squares);
      double const after = look().bound;
      BOOST_TEST(after == before.objective - lowest, boost::test_tools::tolerance(1e-9));
    });
  }
}

BOOST_AUTO_TEST_CASE(a_tolerance_that_a_dual_point_cannot_reach_costs_no_pass) {
  support::problem const data(n, d, 0.5);
  linear_objective const f(data.dense, data.labels, silent<logistic>{}, l2{1e-3});
  auto const points = descent(f, 30);
  auto const out_of_reach = bounds(f, points, 1, true, 1e-300);
  auto const without = bounds(f, points, 1, false);
  auto const with = bounds(f, points);
  for (std::size_t i = 0; i != points.size(); ++i)
    BOOST_TEST(out_of_reach[i].bound == without[i].bound);
  // In reach it is computed.
  double const tolerance = (with.back().bound + without.back().bound) / 2;
  BOOST_TEST(with.back().bound < tolerance);
  auto const in_reach = bounds(f, points, 1, true, tolerance);
  BOOST_TEST(std::ranges::any_of(in_reach, [&](seen const& s) { return s.bound <= tolerance; }));
}

BOOST_AUTO_TEST_CASE(the_number_of_threads_changes_no_bit_of_a_bound) {
  with_every_problem([](auto const& f) {
    auto const points = descent(f, 8);
    auto const expected = bounds(f, points);
    for (std::size_t const threads : {1U, 2U, 3U, 5U}) {
      auto const got = bounds(f, points, threads);
      for (std::size_t i = 0; i != points.size(); ++i) {
        BOOST_TEST(got[i].bound == expected[i].bound);
        BOOST_TEST(got[i].objective == expected[i].objective);
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(slopes_are_kept_where_a_dual_point_can_be_made_of_them) {
  support::problem const data(n, d);
  plan const p = support::make_plan(n, d, 1, 1);
  full_gradient const pass(p);
  auto const slopes = [&](auto const& f) {
    return certifier<std::decay_t<decltype(f)>>(f, p, pass).slopes().size();
  };
  std::vector<double> const counts(n, 2.0);
  BOOST_TEST(slopes(linear_objective(data.dense, data.labels, logistic{}, l2{0.1})) == n);
  BOOST_TEST(slopes(linear_objective(data.dense, data.labels, logistic{}, l2{})) == 0);
  BOOST_TEST(slopes(linear_objective(data.dense, counts, poisson{}, l2{0.1})) == n);
  BOOST_TEST(slopes(linear_objective(data.dense, data.labels, logistic{}, l2{0.1}, {},
                                     iterate_type<float>{})) == 0);
  BOOST_TEST(slopes(support::custom{&data.dense, &data.reals}) == 0);
}

BOOST_AUTO_TEST_CASE(without_strong_convexity_nothing_is_proved) {
  support::problem const data(n, d);
  std::vector<std::vector<double>> const points{std::vector<double>(d),
                                                std::vector<double>(d, 0.1)};
  auto const nothing = [&](auto const& f) {
    for (auto const& s : bounds(f, points)) BOOST_TEST(s.bound == infinity);
  };
  nothing(linear_objective(data.dense, data.labels, logistic{}, l2{}));
  nothing(support::custom{&data.dense, &data.reals});
}

BOOST_AUTO_TEST_CASE(points_of_float_have_the_bound_of_their_own_gradient) {
  // What is proved at one of them holds, but differences of values rounded to float are not sure.
  support::problem const data(n, d);
  linear_objective const wide(data.dense, data.labels, logistic{}, l2{1e-2});
  linear_objective const f(data.dense, data.labels, logistic{}, l2{1e-2}, {},
                           iterate_type<float>{});
  std::vector<std::vector<float>> points;
  for (std::uint64_t seed = 1; seed != 5; ++seed)
    points.push_back(support::random_point<float>(d, seed));
  points.insert(points.begin(), std::vector<float>(d));
  auto const got = bounds(f, points);
  for (std::size_t i = 0; i != points.size(); ++i)
    BOOST_TEST(got[i].bound == natural(wide, {points[i].begin(), points[i].end()}),
               boost::test_tools::tolerance(1e-10));
}

BOOST_AUTO_TEST_CASE(of_points_that_are_not_finite_nothing_is_proved_and_nothing_is_remembered) {
  support::problem const data(n, d);
  linear_objective const f(data.dense, data.reals, squared{}, l2{1e-2});
  auto points = descent(f, 10);
  auto const expected = bounds(f, points);
  for (double const bad : {support::not_a_number, infinity, 1e200}) {
    auto with = points;
    for (std::size_t const at : {0U, 4U})
      with.insert(with.begin() + static_cast<std::ptrdiff_t>(at), std::vector<double>(d, bad));
    auto got = bounds(f, with);
    BOOST_TEST(!std::isfinite(got[0].bound));
    BOOST_TEST(!std::isfinite(got[4].bound));
    got.erase(got.begin() + 4), got.erase(got.begin());
    for (std::size_t i = 0; i != points.size(); ++i) BOOST_TEST(got[i].bound == expected[i].bound);
  }
}
