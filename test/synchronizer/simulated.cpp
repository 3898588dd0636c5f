// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE synchronizer_simulated
#include "localsgd/synchronizer/simulated.hpp"

#include "test/support/averagers.hpp"
#include "test/support/runs.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <tuple>
#include <vector>

using namespace localsgd;
using support::outer_momentum;
using support::problem;

namespace {

constexpr double tiny = 1e-9;  // relative

cluster constant_cluster(topology network = topology::tree) {
  return {.costs = {.gradient_seconds = 1e-3,
                    .latency_seconds = 0.05,
                    .bytes_per_second = 1e5,
                    .network = network}};
}

cluster restless_cluster() {
  cluster c = constant_cluster();
  c.noise = time_noise::log_normal;
  c.slow_share = 0.25;
  c.slow_factor = 3;
  c.trace_events = 50;
  return c;
}

using all = std::tuple<simulated, simulated_overlapped, simulated_asynchronous>;

void gives_the_bits_of_serial(auto const& f, settings const& s, auto const&... components) {
  auto const expected = support::bits(minimize(f, s, serial{}, components...));
  for (std::size_t const threads : {1u, 2u, 3u}) {
    simulated sim(restless_cluster(), threads);
    BOOST_TEST(support::bits(minimize(f, s, sim, components...)) == expected);
  }
}


}  // namespace

BOOST_AUTO_TEST_CASE(a_synchronous_cluster_gives_the_bits_of_serial) {
  problem const data(300, 37, 0.3), long_rows(60, 3001, 0.01);
  linear_objective const sparse(data.sparse, data.labels, logistic{}, l2{0.002});
  linear_objective const wide(long_rows.sparse, long_rows.labels, logistic{}, l2{0.002});
  linear_objective const dense(data.dense_float, data.reals, huber{}, l2{0.01});
  softmax_objective const single(data.sparse, data.classes, 3, l2{0.01}, iterate_type<float>{});
  support::custom const custom{&data.dense, &data.reals};
  for (std::size_t const k : {1u, 2u, 7u}) {
    settings const s{.workers = k, .local_steps = 5, .epochs = 3, .evaluations = 3};
    gives_the_bits_of_serial(sparse, s);
    gives_the_bits_of_serial(dense, s, sharded{shuffled{}}, weighted_mean{});
    gives_the_bits_of_serial(single, s, growing(1, 2));
    gives_the_bits_of_serial(custom, s, outer_momentum{});
    gives_the_bits_of_serial(sparse, {.workers = k, .epochs = 200, .tolerance = 1e-6});
    gives_the_bits_of_serial(wide, {.workers = k, .local_steps = 3, .epochs = 5});  // few touched
    gives_the_bits_of_serial(custom, s, constant_step{1e80});
  }
}

BOOST_AUTO_TEST_CASE(constant_times_add_up_in_closed_form) {
  problem const data(100, 11);
  support::custom const f{&data.dense, &data.reals};
  settings const s{.workers = 6, .local_steps = 4, .batch_size = 2, .steps = 40, .evaluations = 3};
  double const bytes = 11 * 8, message = 0.05 + bytes / 1e5, step = 2 * 1e-3;
  auto const seconds = [&](cluster const& c) {
    simulated sim(c, 2);
    auto const r = minimize(f, s, sim);
    BOOST_TEST(r.seconds == r.history.back().seconds);
    BOOST_TEST(r.history.front().seconds == 0);
    return r.seconds;
  };
  BOOST_TEST(seconds(constant_cluster(topology::master)) == 40 * step + 10 * 10 * message,
             boost::test_tools::tolerance(tiny));
  BOOST_TEST(seconds(constant_cluster(topology::tree)) == 40 * step + 10 * 6 * message,
             boost::test_tools::tolerance(tiny));
  BOOST_TEST(seconds(constant_cluster(topology::ring)) ==
                 40 * step + 10 * 10 * (0.05 + bytes / 6 / 1e5),
             boost::test_tools::tolerance(tiny));

  cluster grouped = constant_cluster();  // 2 groups of 3
  grouped.groups = {.groups = 2, .latency_seconds = 0.001, .bytes_per_second = 1e7};
  BOOST_TEST(seconds(grouped) == 40 * step + 10 * (4 * (0.001 + bytes / 1e7) + 2 * message),
             boost::test_tools::tolerance(tiny));

  cluster two = constant_cluster();  // machines with 3 workers each, one after the other
  two.costs.members = 2;
  BOOST_TEST(seconds(two) == 3 * 40 * step + 10 * 2 * message,
             boost::test_tools::tolerance(tiny));

  cluster uneven = constant_cluster();
  uneven.factors = {1, 1, 1, 2.5, 1, 1};
  BOOST_TEST(seconds(uneven) == 2.5 * 40 * step + 10 * 6 * message,
             boost::test_tools::tolerance(tiny));
}

BOOST_AUTO_TEST_CASE(links_that_have_rested_let_some_bytes_pass_at_once) {
  problem const data(100, 11);
  support::custom const f{&data.dense, &data.reals};
  auto const seconds = [&](cluster const& c) {
    simulated sim(c, 2);
    return minimize(f, {.workers = 6, .local_steps = 4, .steps = 40}, sim).seconds;
  };
  cluster c = constant_cluster(topology::tree);
  double const carried = 6 * 88 / 1e5, computed = 4 * 1e-3;
  c.burst_bytes = 88;  // rested by the next round: the latencies alone take longer
  BOOST_TEST(seconds(c) == 10 * (computed + 6 * 0.05 + carried - 88 / 1e5),
             boost::test_tools::tolerance(tiny));
  c.burst_bytes = 6 * 88;  // all of an average
  BOOST_TEST(seconds(c) == 10 * (computed + 6 * 0.05), boost::test_tools::tolerance(tiny));
  // Rounds that come faster than the link earns their bytes: it is never idle but before the first,
  // and what is computed meanwhile costs nothing.
  c.costs.gradient_seconds = 1e-4;
  c.costs.latency_seconds = 1e-9;
  c.burst_bytes = 100;
  BOOST_TEST(seconds(c) == 4e-4 + 10 * carried - 100 / 1e5 + 6e-9,
             boost::test_tools::tolerance(tiny));
}

BOOST_AUTO_TEST_CASE(an_average_under_way_costs_no_time_until_it_is_needed) {
  problem const data(100, 11);
  support::custom const f{&data.dense, &data.reals};
  double const net = 6 * (0.05 + 88 / 1e5);
  for (std::uint64_t const h : {4u, 1000u}) {
    simulated_overlapped sim(constant_cluster(), 2);
    auto const r = minimize(f, {.workers = 6, .local_steps = h, .steps = 10 * h}, sim);
    double const c = static_cast<double>(h) * 1e-3;
    BOOST_TEST(r.seconds == (c < net ? c + 10 * net : 10 * c + net),
               boost::test_tools::tolerance(tiny));
    BOOST_TEST(r.delay == h);
  }
}

BOOST_AUTO_TEST_CASE(messages_to_one_server_wait_for_each_other) {
  quadratic const f({.spectrum = {1.0}, .samples = 4, .variance = 1});
  simulated_asynchronous sim({.costs = {.gradient_seconds = 1,
                                        .latency_seconds = 0.25,
                                        .bytes_per_second = 32},
                              .trace_events = 100});
  auto const r = minimize(f, {.workers = 2, .local_steps = 2, .steps = 4}, sim);
  // Both are done at 2; at the server at 2.5 and 2.75; go on at 3 and 3.25; and once more.
  BOOST_TEST(r.seconds == 5.75);
  auto const report = sim.report();
  BOOST_TEST(report.averages == 2u);
  BOOST_TEST(report.links.at(0).bytes == 4 * 8.0);
  BOOST_TEST(report.computing[0] == 4.0);
  BOOST_TEST(report.timeline.size() == 6u);
  BOOST_TEST(report.timeline[2].end == 3.0);
}

BOOST_AUTO_TEST_CASE(anchors_take_a_share_of_the_data_and_an_average) {
  problem const data(300, 37, 0.3);
  linear_objective const f(data.sparse, data.labels, logistic{}, l2{0.002});
  simulated sim(constant_cluster(), 2);
  // A step size that is named takes no Newton steps, which would be counted as well.
  auto const r = minimize(f, {.workers = 7, .local_steps = 5, .epochs = 400, .tolerance = 1e-6}, sim,
                          svrg{}, constant_step{0.5});
  BOOST_TEST((r.reason == stop_reason::tolerance_reached));
  std::uint64_t const passes = (r.gradients - 7 * r.steps) / 300;
  BOOST_TEST(passes > 2u);
  BOOST_TEST(sim.report().averages == r.rounds + passes);
  double const net = 6 * (0.05 + 37 * 8 / 1e5);
  BOOST_TEST(r.seconds == 1e-3 * static_cast<double>(r.steps + 43 * passes) +
                              net * static_cast<double>(r.rounds + passes),
             boost::test_tools::tolerance(tiny));
  double carried = 0;
  for (auto const& link : sim.report().links)
    carried += static_cast<double>(link.count) * link.bytes;
  BOOST_TEST(carried == static_cast<double>(r.bytes));

  // Where gradients at the anchor are not remembered a step makes two.
  quadratic const two({.spectrum = {1, 3, 9}, .samples = 40, .variance = 0.5});
  auto const s = minimize(two, {.workers = 4, .local_steps = 5, .steps = 50}, sim, svrg{},
                          constant_step{0.02});
  std::uint64_t const anchors = sim.report().averages - s.rounds;
  double const two_net = 4 * (0.05 + 3 * 8 / 1e5);
  BOOST_TEST(s.seconds == 1e-3 * static_cast<double>(2 * 50 + 10 * anchors) +
                              two_net * static_cast<double>(s.rounds + anchors),
             boost::test_tools::tolerance(tiny));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(times_and_bits_do_not_depend_on_threads, S, all) {
  problem const data(200, 23, 0.5);
  linear_objective const f(data.sparse, data.labels, logistic{}, l2{0.01});
  support::custom const custom{&data.dense, &data.reals};
  settings const s{.workers = 9, .local_steps = 3, .epochs = 6, .seed = 5, .evaluations = 4};
  auto const run = [&](auto const& objective, std::size_t threads, std::uint64_t seed) {
    settings mine = s;
    mine.seed = seed;
    S sim(restless_cluster(), threads);
    auto const r = minimize(objective, mine, sim, constant_step{0.05});
    auto all_bits = support::bits(r);
    for (auto const& e : r.history) all_bits.push_back(std::bit_cast<std::uint64_t>(e.seconds));
    for (double const c : sim.report().computing)
      all_bits.push_back(std::bit_cast<std::uint64_t>(c));
    all_bits.push_back(r.delay);
    return all_bits;
  };
  for (std::size_t const threads : {2u, 3u}) {
    BOOST_TEST(run(f, 1, 5) == run(f, threads, 5));
    BOOST_TEST(run(custom, 1, 5) == run(custom, threads, 5));
  }
  BOOST_TEST(run(f, 1, 5) != run(f, 1, 6));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(looking_changes_neither_the_answer_nor_the_time, S, all) {
  problem const data(200, 23, 0.5);
  support::custom const f{&data.dense, &data.reals};
  S sim(restless_cluster(), 2);
  settings const s{.workers = 5, .local_steps = 3, .steps = 100};
  settings looks = s;
  looks.evaluations = 20;
  auto const blind = minimize(f, s, sim), seeing = minimize(f, looks, sim);
  BOOST_TEST(seeing.history.size() > 15u);
  BOOST_TEST(std::ranges::equal(blind.last, seeing.last));
  BOOST_TEST(std::ranges::equal(blind.average, seeing.average));
  BOOST_TEST(blind.seconds == seeing.seconds);
  BOOST_TEST(std::ranges::is_sorted(seeing.history, {}, &evaluation::seconds));
  BOOST_TEST(seeing.history.back().drift > 0);
}

BOOST_AUTO_TEST_CASE(looking_does_not_change_the_time_of_anchors_of_overlapped_runs) {
  // An evaluation completes the average that is under way, whose time has already been charged.
  problem const data(200, 23, 0.5);
  linear_objective const f(data.sparse, data.labels, logistic{}, l2{0.01});
  simulated_overlapped sim(restless_cluster(), 2);
  settings const s{.workers = 5, .local_steps = 4, .steps = 200};  // an anchor every 10 rounds
  settings looks = s;
  looks.evaluations = 49;  // one after every round
  auto const blind = minimize(f, s, sim, svrg{}, constant_step{0.05});
  BOOST_TEST(sim.report().averages > blind.rounds + 3);  // and those of full gradients
  auto const seeing = minimize(f, looks, sim, svrg{}, constant_step{0.05});
  BOOST_TEST(seeing.history.size() == 51u);
  BOOST_TEST(blind.seconds == seeing.seconds);
  BOOST_TEST(std::ranges::equal(blind.last, seeing.last));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(every_cluster_solves_the_problem, S, all) {
  quadratic const f({.spectrum = {1, 3, 9}, .samples = 20, .variance = 0.5, .minimum = 2});
  S sim(restless_cluster(), 2);
  auto const r = minimize(f, {.workers = 6, .local_steps = 4, .epochs = 5000}, sim);
  BOOST_TEST(r.objective - f.minimum() < 1e-3);
  BOOST_TEST(r.certificate >= r.objective - f.minimum());
  auto const report = sim.report();
  BOOST_TEST(report.seconds == r.seconds);
  BOOST_TEST(report.utilisation() > 0);
  BOOST_TEST(report.utilisation() < 1);
  std::uint64_t steps = 0;
  for (std::uint64_t const each : report.steps) steps += each;
  BOOST_TEST(steps == 6 * r.steps);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(one_worker_needs_no_network, S, all) {
  problem const data(100, 11);
  support::custom const f{&data.dense, &data.reals};
  settings const s{.workers = 1, .local_steps = 7, .steps = 300};
  S sim(constant_cluster(), 2);
  auto const r = minimize(f, s, sim, constant_step{0.05});
  BOOST_TEST(support::bits(r) == support::bits(minimize(f, s, serial{}, constant_step{0.05})));
  BOOST_TEST(r.seconds == 0.3, boost::test_tools::tolerance(tiny));
  BOOST_TEST(r.delay == 0u);
  BOOST_TEST(sim.report().links.empty());
}

BOOST_AUTO_TEST_CASE(a_slow_worker_holds_up_only_those_that_wait_for_it) {
  quadratic const f({.spectrum = {1, 3, 9}, .samples = 20, .variance = 0.5, .minimum = 2});
  settings const s{.workers = 8, .local_steps = 8, .epochs = 5000};
  cluster even{.costs = {.gradient_seconds = 1e-3,
                         .latency_seconds = 1e-6,
                         .bytes_per_second = 1e9,
                         .network = topology::tree}};
  cluster uneven = even;
  uneven.factors.assign(8, 1);
  uneven.factors[3] = 10;
  auto const throughput = [&](auto synchronizer_of, cluster const& c) {
    decltype(synchronizer_of(c)) sim(c, 1);
    auto const r = minimize(f, s, sim);
    BOOST_TEST(r.objective - f.minimum() < 1e-3);
    BOOST_TEST(r.gradients == 8 * r.steps);
    return static_cast<double>(r.gradients) / r.seconds;
  };
  auto const together = [](cluster const& c) { return simulated(c, 1); };
  auto const apart = [](cluster const& c) { return simulated_asynchronous(c, 1); };
  double const lost = throughput(together, uneven) / throughput(together, even);
  BOOST_TEST(lost == 0.1, boost::test_tools::tolerance(0.01));
  double const kept = throughput(apart, uneven) / throughput(apart, even);
  BOOST_TEST(kept > 0.9 * 7 / 8);
  BOOST_TEST(kept < 7.2 / 8);
}

BOOST_AUTO_TEST_CASE(a_lead_can_be_limited) {
  quadratic const f({.spectrum = {1, 3}, .samples = 20, .variance = 0.5});
  cluster c = constant_cluster();
  c.factors = {1, 1, 6, 1};
  settings const s{.workers = 4, .local_steps = 5, .steps = 400};
  simulated_asynchronous free(c);
  auto const unlimited = minimize(f, s, free);
  BOOST_TEST(unlimited.delay > 50u);
  double before = unlimited.seconds;
  for (std::uint64_t const lead : {30u, 12u, 0u}) {
    c.max_staleness = lead;
    simulated_asynchronous limited(c);
    auto const r = minimize(f, s, limited);
    BOOST_TEST(r.delay <= std::max<std::uint64_t>(lead, 5));
    BOOST_TEST(r.delay > 0u);
    BOOST_TEST(r.steps == 400u);
    BOOST_TEST(r.seconds >= before);  // who waits does less
    before = r.seconds;
  }
}

BOOST_AUTO_TEST_CASE(anchors_need_workers_that_wait) {
  quadratic const f({.spectrum = {1, 3}, .samples = 20, .variance = 0.5});
  simulated_asynchronous sim(constant_cluster());
  BOOST_CHECK_THROW(minimize(f, {.workers = 2, .steps = 10}, sim, svrg{}), invalid_settings);
}

BOOST_AUTO_TEST_CASE(overlap_gives_outer_optimisers_and_anchors_their_turn) {
  problem const data(200, 41);
  linear_objective const f(data.dense, data.labels, logistic{}, l2{0.01});
  auto const best = minimize(f, {.workers = 2, .tolerance = 1e-9}).objective;
  simulated_overlapped sim(constant_cluster(), 2);
  auto const anchored = minimize(f, {.workers = 5, .tolerance = 1e-7}, sim);
  BOOST_TEST((anchored.reason == stop_reason::tolerance_reached));
  BOOST_TEST(anchored.objective - best < 1e-6);
  settings const s{.workers = 5, .local_steps = 4, .epochs = 200};
  BOOST_TEST(minimize(f, s, sim).objective - best < 1e-3);
  BOOST_TEST(minimize(f, s, sim, outer_momentum{}).objective - best < 1e-3);
}

BOOST_AUTO_TEST_CASE(a_thousand_workers) {
  problem const data(2000, 20, 0.5);
  linear_objective const f(data.sparse, data.labels, logistic{}, l2{0.01});
  settings const s{.workers = 1000, .local_steps = 10, .steps = 50};
  auto const expected = minimize(f, s, serial{});
  simulated sim(restless_cluster(), 2);
  auto const r = minimize(f, s, sim);
  BOOST_TEST(support::bits(r) == support::bits(expected));
  cluster fast_server = restless_cluster();
  fast_server.costs.bytes_per_second = 1e8;
  simulated_asynchronous apart(fast_server);
  auto const a = minimize(f, s, apart);
  BOOST_TEST(a.seconds < r.seconds);
  BOOST_TEST(a.objective < a.history.front().objective);
}

BOOST_AUTO_TEST_CASE(a_cluster_that_does_not_fit_the_run_is_refused) {
  BOOST_CHECK_THROW(simulated(constant_cluster(), 0), invalid_settings);

  quadratic const f({.spectrum = {1.0}});
  cluster saving = constant_cluster();
  saving.burst_bytes = 1;
  simulated_asynchronous own_times(saving);
  BOOST_CHECK_EXCEPTION(
      minimize(f, {.workers = 4, .steps = 2}, own_times), invalid_settings,
      [](invalid_settings const& e) { return e.field == "cluster.burst_bytes"; });
  cluster shared = constant_cluster();
  shared.costs.members = 2;
  simulated_asynchronous sim(shared);
  BOOST_CHECK_EXCEPTION(minimize(f, {.workers = 4, .steps = 2}, sim), invalid_settings,
                        [](auto const& e) { return e.field == "cluster.costs.members"; });
  cluster few = constant_cluster();
  few.factors = {1, 1, 1};
  simulated three(few, 1);
  BOOST_CHECK_EXCEPTION(minimize(f, {.workers = 4, .steps = 2}, three), invalid_settings,
                        [](auto const& e) { return e.field == "cluster.factors.size()"; });
}

BOOST_AUTO_TEST_CASE_TEMPLATE(the_timeline_is_no_longer_than_asked_for, S, all) {
  quadratic const f({.spectrum = {1, 3}, .samples = 20, .variance = 0.5});
  for (std::size_t const most : {0u, 7u, 100000u}) {
    cluster c = restless_cluster();
    c.trace_events = most;
    S sim(c, 2);
    minimize(f, {.workers = 3, .local_steps = 5, .steps = 50}, sim);
    auto const report = sim.report();
    BOOST_TEST(report.timeline.size() <= most);
    BOOST_TEST((report.left_out > 0) == (most < 30));
    for (auto const& span : report.timeline) BOOST_TEST(span.begin <= span.end);
  }
}

BOOST_AUTO_TEST_CASE(messages_that_are_short_take_less_time) {
  // Of 3001 coordinates rounds touch some dozens: what is sent is what they touched.
  problem const data(60, 3001, 0.01);
  linear_objective const f(data.sparse, data.labels, logistic{}, l2{0.002});
  settings const s{.workers = 4, .local_steps = 3, .steps = 60};
  cluster const c = constant_cluster();
  simulated sparse(c, 2), dense(c, 2);
  auto const few = minimize(f, s, sparse),
             all_of_them = minimize(f, s, dense, linear_sgd{exchanged_coordinates::all});
  BOOST_TEST(few.bytes < all_of_them.bytes / 2);
  BOOST_TEST(few.seconds < all_of_them.seconds);
  BOOST_TEST(few.objective == all_of_them.objective);
  // A tree of 4 sends a vector 4 times one after the other, 6 times in all.
  auto const seconds = [&](result<double> const& r) {
    return 60 * 1e-3 + 20 * 4 * 0.05 + 4 * static_cast<double>(r.bytes) / 6 / 1e5;
  };
  BOOST_TEST(few.seconds == seconds(few), boost::test_tools::tolerance(tiny));
  BOOST_TEST(all_of_them.seconds == seconds(all_of_them), boost::test_tools::tolerance(tiny));
}
