// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_svrg_anchor
#include "localsgd/worker/svrg/anchor.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "localsgd/objective/quadratic.hpp"
#include "localsgd/step_size/constant_step.hpp"
#include "test/support/problems.hpp"
#include "test/support/teams.hpp"

namespace {

using namespace localsgd;
using detail::full_gradient;
using detail::svrg_anchor;
using detail::svrg_start;
using anchor_of_run = svrg_anchor<quadratic<>, constant_step>;
using vector_type = std::vector<double>;

constexpr std::size_t n = 20;  // K = 2 and b = 1: an anchor every 10 local steps

// What a round offers to a hook, with a consensus that the test chooses.
struct context {
  detail::thread_team& threads;
  full_gradient& evaluates;
  std::uint64_t t = 0;
  vector_type point;
  bool numbers = true;
  vector_type moved_to = {};
  bool restarted = false;

  detail::thread_team& team() { return threads; }
  full_gradient& pass() { return evaluates; }
  std::uint64_t steps() const { return t; }
  bool finite() const { return numbers; }
  std::span<double const> consensus() const { return point; }
  void average(std::span<double> out) const { std::ranges::copy(point, out.begin()); }
  void move_to(std::span<double const> to, bool restart) {
    moved_to.assign(to.begin(), to.end());
    restarted = restart;
  }
  void place_at(std::span<double const>) {}
  void spend(std::uint64_t) {}
  static double certificate(std::span<double const>, full_gradient::value const&,
                            std::span<double const>) {
    return std::numeric_limits<double>::infinity();
  }
};

struct fixture {
  quadratic<> f{{.spectrum = {1, 3}, .samples = n, .variance = 1}};
  constant_step step{0.1};
  plan p = [] {
    plan made = support::make_plan(n, 2, 2, 1);
    made.steps = 1000;
    return made;
  }();

  // Calls body(anchor, visit): visit(t, consensus, finite) is a sync time, and says what it did.
  template <class Body>
  void run(svrg_start start, Body const& body) {
    anchor_of_run anchor(f, step, p, start);
    full_gradient pass(f, p);
    support::with_team(p.workers, 1, [&](auto& team) {
      body(anchor, [&](std::uint64_t t, vector_type consensus, bool finite = true) {
        context round{team, pass, t, std::move(consensus), finite};
        anchor.before_round(round);
        return std::pair(round.moved_to, round.restarted);
      });
    });
  }
  double value(vector_type const& x) const {
    return support::at(f, x).value;
  }
};

vector_type point_of(anchor_of_run const& anchor) {
  return {anchor.point().begin(), anchor.point().end()};
}

}  // namespace

BOOST_FIXTURE_TEST_CASE(anchors_are_an_epoch_of_local_steps_apart, fixture) {
  run(svrg_start::at_once, [&](auto& anchor, auto const& visit) {
    BOOST_TEST(anchor.looks_at(0));
    visit(0, {4, 4});
    BOOST_TEST(!anchor.looks_at(9));
    BOOST_TEST(anchor.looks_at(10));
    BOOST_TEST(anchor.evaluated_at(0));
    auto const [moved, restarted] = visit(5, {0, 0});
    BOOST_TEST(moved.empty());  // it is not time yet
    BOOST_TEST((point_of(anchor) == vector_type{4, 4}));
  });
}

// The number of steps is 1 + ⌊ln u / ln(1 − q)⌋, u from the words at the last anchor.
BOOST_FIXTURE_TEST_CASE(random_anchors_move_where_the_coin_shows_heads, fixture) {
  p.seed = 4;
  double const q = 0.125;
  svrg_anchor<quadratic<>, constant_step> anchor(f, step, p, svrg_start::at_once,
                                                 detail::anchor_renewal(p, q));
  full_gradient pass(f, p);
  support::with_team(p.workers, 1, [&](auto& team) {
    std::uint64_t next = 0, moves = 0;
    for (std::uint64_t t = 0; t <= 200; ++t) {
      double const x = 4 - static_cast<double>(t) / 100;  // f falls
      context round{team, pass, t, {x, x}};
      BOOST_TEST(anchor.looks_at(t) == (t == next));
      anchor.before_round(round);
      BOOST_TEST(round.moved_to.empty() == (t != next));
      if (t != next) continue;
      ++moves;
      double const u = unit_interval(random_words(4, random_stream::renewals, 0, t)[0]);
      next = t + 1 + static_cast<std::uint64_t>(std::log(u) / std::log1p(-q));
    }
    BOOST_TEST(moves > 10u);  // 26 on average, with a standard deviation of 5
  });
}

BOOST_FIXTURE_TEST_CASE(a_consensus_that_lowers_f_is_the_next_anchor, fixture) {
  run(svrg_start::at_once, [&](auto& anchor, auto const& visit) {
    visit(0, {4, 4});
    auto const [moved, restarted] = visit(10, {1, 1});
    BOOST_TEST((moved == vector_type{1, 1}));
    BOOST_TEST(!restarted);
    BOOST_TEST((point_of(anchor) == moved));
    BOOST_TEST(anchor.value().objective == value({1, 1}), boost::test_tools::tolerance(1e-14));
    BOOST_TEST(anchor.extra_gradients(10) == 2 * n + 2 * 10U);  // two passes, and each step made two
  });
}

BOOST_FIXTURE_TEST_CASE(a_consensus_that_raises_f_is_taken_back, fixture) {
  run(svrg_start::at_once, [&](auto& anchor, auto const& visit) {
    visit(0, {1, 1});
    auto const [moved, restarted] = visit(10, {50, 50});
    BOOST_TEST((moved == vector_type{1, 1}));
    BOOST_TEST(restarted);
    BOOST_TEST((point_of(anchor) == vector_type{1, 1}));
    BOOST_TEST(anchor.value().objective == value({1, 1}), boost::test_tools::tolerance(1e-14));
  });
}

BOOST_FIXTURE_TEST_CASE(a_round_that_is_not_finite_is_taken_back_at_once, fixture) {
  run(svrg_start::at_once, [&](auto& anchor, auto const& visit) {
    visit(0, {1, 1});
    auto const [moved, restarted] = visit(3, {support::not_a_number, 0}, false);
    BOOST_TEST((moved == vector_type{1, 1}));
    BOOST_TEST(restarted);
    BOOST_TEST(anchor.looks_at(13));  // an epoch from there
    BOOST_TEST(!anchor.looks_at(12));
  });
}

BOOST_FIXTURE_TEST_CASE(eight_anchors_without_progress_are_a_stall, fixture) {
  run(svrg_start::at_once, [&](auto& anchor, auto const& visit) {
    visit(0, {1, 1});
    for (std::uint64_t i = 1; i <= 7; ++i) visit(10 * i, {1, 1});
    BOOST_TEST(!anchor.stalled());
    visit(80, {1, 1});
    BOOST_TEST(anchor.stalled());
    visit(90, {0.5, 0.5});
    BOOST_TEST(!anchor.stalled());
  });
}

BOOST_FIXTURE_TEST_CASE(without_a_start_there_is_no_anchor, fixture) {
  run(svrg_start::never, [&](auto& anchor, auto const& visit) {
    BOOST_TEST(!anchor.evaluates());
    BOOST_TEST(!anchor.looks_at(10));
    BOOST_TEST(visit(10, {1, 1}).first.empty());
    BOOST_TEST(!anchor.active());
    BOOST_TEST(anchor.extra_gradients(10) == 0U);
  });
}
