// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE warm_start
#include "localsgd/warm_start.hpp"

#include "localsgd/loss/logistic.hpp"

#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "test/support/problems.hpp"
#include "test/support/runs.hpp"

using namespace localsgd;
using support::problem;

namespace {

std::vector<double> values(auto const& x) { return {x.data(), x.data() + x.size()}; }

// f(x) by its definition, over all samples at once.
double value_at(auto const& f, std::vector<double> const& x) {
  std::vector<std::size_t> all(f.samples());
  for (std::size_t i = 0; i != all.size(); ++i) all[i] = i;
  std::vector<double> g(x.size());
  return f.gradient(std::span<double const>(x), std::span<std::size_t const>(all),
                    std::span<double>(g));
}

}  // namespace

BOOST_AUTO_TEST_CASE(one_worker_makes_the_steps_of_sgd_from_there) {
  problem const data(50, 7);
  support::custom const f{&data.dense, &data.reals};
  auto const start = support::random_point<double>(7, 3);
  settings const s{.workers = 1, .local_steps = 5, .steps = 100, .seed = 4};
  auto const r = minimize(f, s, warm_start(start), serial{}, constant_step{0.05});

  auto x = start;
  std::vector<double> g(7);
  plan p;
  p.samples = 50;
  p.workers = p.batch_size = 1;
  p.seed = 4;
  for (std::uint64_t t = 0; t != 100; ++t) {
    std::size_t i = 0;
    with_replacement{}.draw(p, 0, t, std::span(&i, 1));
    f.gradient(x, std::span<std::size_t const>(&i, 1), g);
    for (std::size_t j = 0; j != x.size(); ++j) x[j] += -0.05 * g[j];
  }
  BOOST_TEST(support::relative_distance(values(r.last), x) <= 1e-14);
  BOOST_TEST(r.history.front().objective == value_at(f, start), boost::test_tools::tolerance(1e-14));
}

BOOST_AUTO_TEST_CASE(a_start_at_0_is_no_warm_start) {
  problem const data(60, 9, 0.4);
  support::custom const f{&data.dense, &data.reals};
  linear_objective const sparse(data.sparse, data.labels, logistic{}, l2{0.01},
                                {.intercept = 1, .regularize_intercept = true});
  for (std::size_t const k : {1U, 2U, 5U}) {
    settings const s{.workers = k, .local_steps = 3, .epochs = 4};
    BOOST_TEST(support::bits(minimize(f, s, serial{}, warm_start(std::vector<double>(9)))) ==
               support::bits(minimize(f, s, serial{})));
    BOOST_TEST(support::bits(minimize(sparse, s, serial{}, warm_start(std::vector<float>(10)))) ==
               support::bits(minimize(sparse, s, serial{})));
  }
}

BOOST_AUTO_TEST_CASE(it_has_the_same_bits_however_points_are_exchanged) {
  // 2 nonzeros a row of 4000: rounds exchange what they touched, unless they are told not to.
  problem const data(40, 4000, 0.0005);
  linear_objective const f(data.sparse, data.labels, logistic{}, l2{0.01});
  warm_start const start(support::random_point<double>(4000, 3));
  for (std::size_t const k : {2U, 3U}) {
    settings const s{.workers = k, .local_steps = 4, .steps = 80, .evaluations = 3};
    constant_step const eta{0.1};
    auto const expected = support::bits_without_bytes(minimize(f, s, start, serial{}, eta));
    BOOST_TEST(support::bits_without_bytes(minimize(f, s, start, thread_pool(2), eta)) == expected);
    BOOST_TEST(support::bits_without_bytes(minimize(f, s, start, thread_pool(2), eta,
                                      linear_sgd{exchanged_coordinates::all})) == expected);
    BOOST_TEST((expected != support::bits_without_bytes(minimize(f, s, serial{}, eta))));
  }
}

BOOST_AUTO_TEST_CASE(teams_of_all_kinds_begin_there) {
  problem const data(50, 7);
  support::custom const f{&data.dense, &data.reals};
  auto const x = support::random_point<double>(7, 3);
  warm_start const start(x);
  settings const none{.workers = 2, .epochs = 0};
  auto const is_there = [&](auto const& r) { return values(r.x) == x && r.steps == 0; };
  BOOST_TEST(is_there(minimize(f, none, start)));
  BOOST_TEST(is_there(minimize(f, none, start, asynchronous(2))));
  cluster const machines{.costs = {.gradient_seconds = 1e-6, .latency_seconds = 1e-5, .bytes_per_second = 1e9}};
  BOOST_TEST(is_there(minimize(f, none, start, simulated(machines))));
  BOOST_TEST(is_there(minimize(f, none, start, simulated_overlapped(machines))));
  BOOST_TEST(is_there(minimize(f, none, start, simulated_asynchronous(machines))));

  // And the first steps go on from there: steps too short to be seen leave the points where they are.
  settings const s{.workers = 2, .local_steps = 2, .steps = 6};
  constant_step const tiny{1e-200};
  auto const stays = [&](auto const& r) { return values(r.x) == x && r.steps == 6; };
  BOOST_TEST(stays(minimize(f, s, tiny, start)));
  BOOST_TEST(stays(minimize(f, s, tiny, start, asynchronous(2))));
  BOOST_TEST(stays(minimize(f, s, tiny, start, simulated_overlapped(machines))));
  BOOST_TEST(stays(minimize(f, s, tiny, start, simulated_asynchronous(machines))));
}

BOOST_AUTO_TEST_CASE(what_is_good_enough_is_returned_as_it_is) {
  problem const data(200, 7);
  linear_objective const f(data.dense, data.labels, logistic{}, l2{0.01});
  auto const good = minimize(f, {.tolerance = 1e-6});
  BOOST_TEST((good.reason == stop_reason::tolerance_reached));
  auto const again = minimize(f, {.tolerance = 1e-4}, warm_start(good.x));
  BOOST_TEST((again.reason == stop_reason::tolerance_reached));
  BOOST_TEST(again.steps == 0u);
  BOOST_TEST((again.x == good.x));
  // A better one costs less from there than from 0: no steps that lead away come first.
  auto const better = minimize(f, {.tolerance = 1e-9}, warm_start(good.x));
  auto const anew = minimize(f, {.tolerance = 1e-9});
  BOOST_TEST(better.certificate <= 1e-9);
  BOOST_TEST(better.gradients < anew.gradients);
  for (auto const& e : better.history) BOOST_TEST(e.objective <= better.history[0].objective);
}

BOOST_AUTO_TEST_CASE(a_run_that_diverges_returns_the_start) {
  problem const data(50, 7);
  support::custom const f{&data.dense, &data.reals};
  auto const start = support::random_point<double>(7, 3);
  auto const r = minimize(f, {.workers = 2, .epochs = 4}, warm_start(start), constant_step{1e300});
  BOOST_TEST((r.reason == stop_reason::diverged));
  BOOST_TEST((values(r.x) == start));
}

BOOST_AUTO_TEST_CASE(points_of_float_begin_at_what_float_can_hold) {
  problem const data(50, 7);
  softmax_objective const f(data.dense_float, data.classes, 3, l2{0.01}, iterate_type<float>{});
  auto const start = support::random_point<double>(f.dimension(), 3);
  auto const r = minimize(f, {.epochs = 0}, warm_start(start));
  for (std::size_t j = 0; j != start.size(); ++j)
    BOOST_TEST(r.x[j] == static_cast<float>(start[j]));
  auto large = start;
  large[2] = 1e39;
  BOOST_CHECK_EXCEPTION(minimize(f, {}, warm_start(large)), invalid_settings,
                        [](auto const& e) { return e.field == "warm_start[2]"; });
}

BOOST_AUTO_TEST_CASE(points_that_do_not_fit_are_refused) {
  problem const data(50, 7);
  support::custom const f{&data.dense, &data.reals};
  BOOST_CHECK_EXCEPTION(minimize(f, {}, warm_start(std::vector<double>(8))), invalid_settings,
                        [](auto const& e) { return e.field == "warm_start.x().size()"; });
  for (double const bad : {support::not_a_number, support::infinity, -support::infinity}) {
    std::vector<double> x(7);
    x[3] = bad;
    BOOST_CHECK_EXCEPTION(warm_start{x}, invalid_settings,
                          [](auto const& e) { return e.field == "warm_start[3]"; });
  }
}

BOOST_AUTO_TEST_CASE(a_checkpoint_goes_on_with_the_same_start_only) {
  problem const data(50, 7);
  support::custom const f{&data.dense, &data.reals};
  auto const file = std::filesystem::temp_directory_path() /
                    ("localsgd_warm_start_" + std::to_string(getpid()));
  warm_start const start(support::random_point<double>(7, 3));
  settings const s{.workers = 2, .local_steps = 2, .steps = 40};
  std::stop_source now;
  now.request_stop();
  auto const cut = minimize(f, s, start, checkpoint(file, {.stop = now.get_token()}));
  BOOST_TEST((cut.reason == stop_reason::interrupted));
  BOOST_CHECK_THROW(minimize(f, s, checkpoint(file)), invalid_data);
  warm_start const other(support::random_point<double>(7, 4));
  BOOST_CHECK_THROW(minimize(f, s, other, checkpoint(file)), invalid_data);
  BOOST_TEST(support::bits(minimize(f, s, start, checkpoint(file))) ==
             support::bits(minimize(f, s, start)));
}
