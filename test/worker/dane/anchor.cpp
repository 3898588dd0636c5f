// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_dane_anchor
#include "localsgd/worker/dane/anchor.hpp"

#include "localsgd/communicator/threads/thread_team.hpp"
#include "localsgd/loss/squared.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/regularizer/l2.hpp"
#include "localsgd/step_size/constant_step.hpp"
#include "test/support/problems.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

using namespace localsgd;

namespace {

constexpr std::size_t n = 30, d = 4;
using automatic = automatic_step::chosen;

/// What a round shows of itself: one thread, and the answers' mean as the test wants it.
struct context {
  detail::thread_team& members;
  detail::full_gradient& gradient;
  std::vector<double> mean;
  std::uint64_t t = 0;
  int moves = 0;

  detail::thread_team& team() { return members; }
  std::uint64_t steps() const { return t; }
  static bool finite() { return true; }
  std::span<double const> consensus() const { return mean; }
  detail::full_gradient& pass() { return gradient; }
  void move_to(std::span<double const> x, bool) {
    mean.assign(x.begin(), x.end());
    ++moves;
  }
  static void spend(std::uint64_t) {}
};

struct fixture {
  dense_matrix<double> rows = support::random_features<double>(n, d, 5);
  std::vector<double> y = std::vector<double>(n, 1.0);
  linear_objective<dense_matrix<double>, squared, double, l2> f{rows, y, squared{}, l2{0.1}};
  plan p;
  automatic step = automatic_step{}.choose(f, plan_of());
  detail::thread_state state{2, 1};
  detail::thread_team team{state, 0};
  detail::full_gradient pass{plan_of()};
  context round{team, pass, std::vector<double>(d)};

  fixture() { p = plan_of(); }
  static plan plan_of() {
    plan q;
    q.samples = n;
    q.dimension = d;
    q.workers = 2;
    q.batch_size = 1;
    q.steps = 100;
    q.local_steps = 10;
    return q;
  }
  void answer(detail::dane_anchor<decltype(f), automatic>& a, std::vector<double> const& mean) {
    round.mean = mean;
    round.t += 10;
    a.before_round(round);
  }
};
static_assert(RoundHook<detail::dane_anchor<decltype(fixture::f), automatic>>);

}  // namespace

BOOST_FIXTURE_TEST_CASE(the_start_costs_nothing_and_an_anchor_one_gradient, fixture) {
  detail::dane_anchor<decltype(f), automatic> a(f, step, p);
  BOOST_TEST(!a.evaluates_at(0));
  a.before_round(round);
  BOOST_TEST(a.gradient().empty());
  BOOST_TEST(!a.evaluated_at(0));
  BOOST_TEST(team.sent().exchanges == 0u);
  answer(a, {1, 1, 0, 0});
  BOOST_TEST(a.gradient().size() == d);
  BOOST_TEST(a.evaluated_at(10));
  BOOST_TEST(team.sent().exchanges == 1u);
  BOOST_TEST(round.moves == 2);
}

BOOST_FIXTURE_TEST_CASE(a_warm_start_needs_its_gradient, fixture) {
  p.start = 1;
  detail::dane_anchor<decltype(f), automatic> a(f, step, p);
  BOOST_TEST(a.evaluates_at(0));
  a.before_round(round);
  BOOST_TEST(a.evaluated_at(0));
  BOOST_TEST(team.sent().exchanges == 1u);
}

BOOST_FIXTURE_TEST_CASE(answers_that_lead_nowhere_leave_the_anchor_and_raise_the_proximity, fixture) {
  p.start = 1;
  detail::dane_anchor<decltype(f), automatic> a(f, step, p);
  a.before_round(round);
  BOOST_TEST(a.proximity() == 0);
  // Orthogonal to the gradient of a quadratic: α = 0 is the minimum.
  std::vector<double> const g(a.gradient().begin(), a.gradient().end());
  double const before = a.value().objective;
  answer(a, {g[1], -g[0], 0, 0});
  BOOST_TEST(a.value().objective <= before * (1 + 1e-14));
  for (double const each : a.point()) BOOST_TEST(std::abs(each) < 1e-12);
  BOOST_TEST(a.proximity() > 0);
}

BOOST_FIXTURE_TEST_CASE(independent_directions_of_a_quadratic_reach_its_minimum, fixture) {
  // The space grows by one direction with every answer: after d of them it is all there is.
  detail::dane_anchor<decltype(f), automatic> a(f, step, p);
  a.before_round(round);
  for (std::size_t j = 0; j != d; ++j) {
    std::vector<double> mean(a.point().begin(), a.point().end());
    mean[j] += 1;
    answer(a, mean);
  }
  double square = 0;
  for (double const each : a.gradient()) square += each * each;
  BOOST_TEST(std::sqrt(square) < 1e-6);
}

BOOST_FIXTURE_TEST_CASE(only_what_was_computed_counts, fixture) {
  detail::dane_anchor<decltype(f), automatic> a(f, step, p);
  a.before_round(round);
  a.note_work(0, 5 * 15);
  a.note_work(1, 3 * 15);
  answer(a, {1, 0, 0, 0});
  std::uint64_t const all = 2 * 1 * 10 + a.extra_gradients(10);
  // 8 passes over half of the samples, one for the anchor, and at least the products of two vectors.
  BOOST_TEST(all >= 8 * 15 + n + n);
  BOOST_TEST(all <= 8 * 15 + n + 14 * n);
}

BOOST_FIXTURE_TEST_CASE(what_has_no_effect_is_refused, fixture) {
  auto const names = [](std::string const& name) {
    return [name](invalid_settings const& e) { return e.field == name; };
  };
  using other = detail::dane_anchor<decltype(f), constant_step>;
  BOOST_CHECK_EXCEPTION(other(f, constant_step{1}, p), invalid_settings, names("step_size"));
  p.batch_size = 2;
  using same = detail::dane_anchor<decltype(f), automatic>;
  BOOST_CHECK_EXCEPTION(same(f, step, p), invalid_settings, names("batch_size"));
}
