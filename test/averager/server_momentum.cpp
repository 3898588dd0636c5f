// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE averager_server_momentum
#include "localsgd/averager/server_momentum.hpp"

#include "test/support/runs.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <vector>

using namespace localsgd;
using support::problem;

namespace {

std::vector<std::size_t> const equal{10, 10};

auto bound_to(server_momentum const& how, std::size_t d) {
  plan p;
  p.dimension = d;
  return how.bind<double>(p, equal);
}

/// One accepted round whose mean is x + 1; returns the new consensus.
double round_by_one(auto& state, double x) {
  double mean = x + 1;
  state.begin_round({});
  state.apply(0, std::span<double const>(&x, 1), std::span<double>(&mean, 1));
  state.commit();
  return mean;
}

}  // namespace

BOOST_AUTO_TEST_CASE(heavy_ball_adds_up_a_geometric_series) {
  // β = 1/2 and Δ = 1 in every round: v = 1, 3/2, 7/4, and x their sum.
  auto state = bound_to({.beta = 0.5}, 1);
  double x = 0;
  BOOST_TEST((x = round_by_one(state, x)) == 1.0);
  BOOST_TEST((x = round_by_one(state, x)) == 2.5);
  BOOST_TEST((x = round_by_one(state, x)) == 4.25);
}

BOOST_AUTO_TEST_CASE(nesterov_looks_ahead_along_the_velocity) {
  // x moves by Δ + βv: 1 + 1/2, 1 + 3/4, 1 + 7/8.
  auto state = bound_to({.beta = 0.5, .nesterov = true}, 1);
  double x = 0;
  BOOST_TEST((x = round_by_one(state, x)) == 1.5);
  BOOST_TEST((x = round_by_one(state, x)) == 3.25);
  BOOST_TEST((x = round_by_one(state, x)) == 5.125);
}

BOOST_AUTO_TEST_CASE(the_step_size_scales_the_step_and_not_the_velocity) {
  auto state = bound_to({.beta = 0.5, .step_size = 0.25}, 1);
  double x = 0;
  BOOST_TEST((x = round_by_one(state, x)) == 0.25);
  BOOST_TEST((x = round_by_one(state, x)) == 0.25 + 0.375);
}

BOOST_AUTO_TEST_CASE(a_rejected_round_changes_nothing) {
  auto state = bound_to({.beta = 0.5}, 1);
  double x = round_by_one(state, 0);
  double mean = 100;
  state.begin_round({});
  state.apply(0, std::span<double const>(&x, 1), std::span<double>(&mean, 1));
  state.rollback();
  BOOST_TEST(round_by_one(state, x) == 2.5);
}

BOOST_AUTO_TEST_CASE(after_a_jump_the_velocity_is_zero) {
  auto state = bound_to({.beta = 0.5}, 1);
  round_by_one(state, 0);
  double const x = 7;
  state.reset(std::span<double const>(&x, 1));
  BOOST_TEST(round_by_one(state, x) == 8.0);
}

BOOST_AUTO_TEST_CASE(weights_follow_the_sizes_of_the_shards) {
  std::vector<std::size_t> const sizes{1, 3};
  auto const state = server_momentum{}.bind<double>(plan{}, sizes);
  BOOST_TEST(state.weight(0) == 0.25);
  BOOST_TEST(state.weight(1) == 0.75);
}

BOOST_AUTO_TEST_CASE(without_momentum_it_is_the_mean_up_to_rounding) {
  problem const data(200, 11);
  linear_objective const f(data.dense, data.labels, logistic{}, l2{0.01});
  settings const s{.workers = 4, .local_steps = 5, .steps = 100};
  auto const plain = minimize(f, s, serial{}), outer = minimize(f, s, serial{},
                                                                server_momentum{.beta = 0});
  BOOST_TEST(support::distance(outer.last, plain.last) < 1e-13);
}

BOOST_AUTO_TEST_CASE(momentum_gives_the_same_bits_on_any_number_of_threads) {
  problem const data(200, 41);
  linear_objective const f(data.dense, data.labels, logistic{}, l2{0.01});
  settings const s{.workers = 5, .local_steps = 4, .steps = 100, .evaluations = 3};
  for (bool const nesterov : {false, true}) {
    server_momentum const how{.beta = 0.5, .nesterov = nesterov};
    auto const expected = support::bits(minimize(f, s, serial{}, how));
    for (std::size_t const threads : {2u, 3u, 5u}) {
      thread_pool pool(threads);
      BOOST_TEST(support::bits(minimize(f, s, pool, how)) == expected);
    }
    auto const overlapping = support::bits(minimize(f, s, overlapped(1), how));
    BOOST_TEST(support::bits(minimize(f, s, overlapped(3), how)) == overlapping);
  }
}

BOOST_AUTO_TEST_CASE(a_run_whose_round_is_refused_ends_like_the_run_without_that_round) {
  // The protocol alone, so that the rounds around the discarded one are the same in both runs.
  auto const run = [](bool refused) {
    detail::thread_state threads(2, 1);
    detail::synchronous_protocol<detail::thread_team> team(threads, 0);
    iterates<double> x({0.5, 0.5}, 3);
    auto state = bound_to({.beta = 0.75}, 3);
    std::vector<double> first(3), second(3);
    x.local = {first, second};
    for (int r = 0; r != 6; ++r) {
      if (r == 3 && refused) {
        second[1] = std::numeric_limits<double>::quiet_NaN();
        BOOST_TEST(!team.exchange(x, state, {}));
      }
      auto const point = team.point(x, 0);
      for (std::size_t i = 0; i != 3; ++i) {
        first[i] = 0.9 * point[i] + static_cast<double>(i);
        second[i] = 0.8 * point[i] - 1;
      }
      BOOST_TEST(team.exchange(x, state, {}));
    }
    auto const last = team.point(x, 0);
    return std::vector<double>(last.begin(), last.end());
  };
  BOOST_TEST(run(true) == run(false), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(variance_reduced_steps_reach_their_tolerance_after_a_nan) {
  // One gradient of a step is NaN: the round is discarded, and its steps are undone.
  struct fails_once : support::custom {
    std::atomic<int>* calls;
    double gradient(std::span<double const> x, std::span<std::size_t const> batch,
                    std::span<double> g) const {
      double const loss = custom::gradient(x, batch, g);
      for (std::size_t j = 0; j != x.size(); ++j) g[j] += 0.1 * x[j];
      if (batch.size() == 1 && calls->fetch_add(1) == 500)
        g[0] = std::numeric_limits<double>::quiet_NaN();
      return loss + 0.05 * detail::squared_norm(x);
    }
    double strong_convexity() const { return 0.1; }
  };
  problem const data(100, 5);
  std::atomic<int> calls{0};
  fails_once const f{{&data.dense, &data.reals}, &calls};
  auto const r = minimize(f, {.workers = 2, .local_steps = 10, .epochs = 400, .tolerance = 1e-6},
                          serial{}, svrg{}, server_momentum{.beta = 0.3});
  BOOST_TEST(calls.load() > 501);
  BOOST_TEST((r.reason == stop_reason::tolerance_reached));
}

BOOST_AUTO_TEST_CASE(parameters_out_of_range_are_refused_by_name) {
  problem const data(20, 3);
  support::custom const f{&data.dense, &data.reals};
  double const nan = std::numeric_limits<double>::quiet_NaN();
  auto const names = [](std::string const& field) {
    return [field](invalid_settings const& e) { return e.field == field; };
  };
  for (double const beta : {-0.1, 1.0, 2.0, nan})
    BOOST_CHECK_EXCEPTION(minimize(f, {.steps = 1}, server_momentum{.beta = beta}),
                          invalid_settings, names("server_momentum.beta"));
  for (double const gamma : {0.0, -1.0, nan})
    BOOST_CHECK_EXCEPTION(minimize(f, {.steps = 1}, server_momentum{.step_size = gamma}),
                          invalid_settings, names("server_momentum.step_size"));
  BOOST_CHECK_EXCEPTION(minimize(f, {.steps = 1}, asynchronous{1}, server_momentum{}),
                        invalid_settings, names("averager"));
}

BOOST_AUTO_TEST_CASE(its_identity_tells_its_parameters) {
  BOOST_TEST(server_momentum{.beta = 0.5}.identity() !=
             server_momentum{.beta = 0.25}.identity());
  BOOST_TEST(server_momentum{.nesterov = true}.identity() !=
             server_momentum{.nesterov = false}.identity());
}
