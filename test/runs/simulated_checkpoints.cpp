// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE runs_simulated_checkpoints
#include "localsgd/localsgd.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "test/support/cuts.hpp"
#include "test/support/problems.hpp"

// A simulated run that is cut, and resumed on other threads, has the bits, the virtual times and the
// report of the run that was not.

using namespace localsgd;
using support::few_samples;
using support::fifty;
using support::only_stops;

namespace {

auto logistic_regression() {
  return linear_objective(few_samples().sparse, few_samples().labels, logistic{}, l2{0.01});
}

/// Its times differ from round to round and from worker to worker.
cluster restless() {
  return {.costs = {.gradient_seconds = 1e-3,
                    .latency_seconds = 0.01,
                    .bytes_per_second = 1e5,
                    .network = topology::tree},
          .noise = time_noise::log_normal,
          .slow_share = 0.25,
          .slow_factor = 3,
          .trace_events = 200};
}

/// All of a result and of its report.
struct with_times {
  template <class Scalar, class S>
  std::vector<std::uint64_t> operator()(result<Scalar> const& r, S const& synchronizer) const {
    auto all = support::everything(r);
    auto const add = [&](double number) { all.push_back(std::bit_cast<std::uint64_t>(number)); };
    add(r.seconds);
    for (auto const& e : r.history) add(e.seconds);
    simulation_report const report = synchronizer.report();
    add(report.seconds);
    for (double const s : report.computing) add(s);
    all.insert(all.end(), report.steps.begin(), report.steps.end());
    for (auto const& link : report.links) add(link.bytes);
    for (auto const& span : report.timeline) {
      all.push_back(static_cast<std::uint64_t>(span.what));
      all.push_back(span.worker);
      add(span.begin);
      add(span.end);
    }
    all.insert(all.end(), {report.averages, report.left_out, report.timeline.size()});
    return all;
  }
};

/// Three simulators of a cluster, on different numbers of threads.
template <class S>
class simulators {
 public:
  explicit simulators(cluster const& c) {
    for (std::size_t n = 1; n != 4; ++n) of_.push_back(std::make_unique<S>(c, n));
  }
  std::size_t size() const { return of_.size(); }
  S& operator[](std::size_t i) { return *of_[i]; }

 private:
  std::vector<std::unique_ptr<S>> of_;
};

template <class S, class F>
support::cuts survives_cuts(cluster const& c, F const& f, settings const& s, std::uint64_t gap,
                            std::size_t rounds, auto const&... components) {
  simulators<S> all(c);
  return support::survives_cuts(all[0], all, with_times{}, f, s, gap, rounds, components...);
}
template <class S>
std::size_t survives_a_cut_after_every_round(cluster const& c, settings const& s,
                                             std::size_t rounds = 1) {
  simulators<S> all(c);
  return support::survives_a_cut_after_every_round(rounds, all[0], all, with_times{},
                                                   logistic_regression(), s);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_synchronous_cluster_is_cut_in_every_round) {
  BOOST_TEST(survives_cuts<simulated>(restless(), logistic_regression(), fifty, 4, 50).made == 48u);
  BOOST_TEST(survives_a_cut_after_every_round<simulated>(restless(), fifty) == 49u);
}

BOOST_AUTO_TEST_CASE(an_overlapped_cluster_is_cut_in_every_round) {
  BOOST_TEST(survives_cuts<simulated_overlapped>(restless(), logistic_regression(), fifty, 4, 50)
                 .made == 47u);
  BOOST_TEST(survives_a_cut_after_every_round<simulated_overlapped>(restless(), fifty) == 49u);
}

BOOST_AUTO_TEST_CASE(an_asynchronous_cluster_is_cut_in_every_round) {
  // It runs on one thread, whose workers come to the server in the order of virtual time.
  cluster limited = restless();
  limited.max_staleness = 6;  // some workers wait for others
  for (cluster const& c : {restless(), limited}) {
    // A slow worker 0 begins its last steps after the last chance for a cut.
    BOOST_TEST(
        survives_cuts<simulated_asynchronous>(c, logistic_regression(), fifty, 4, 50).made > 30u);
    BOOST_TEST(survives_a_cut_after_every_round<simulated_asynchronous>(c, fifty, 2) == 24u);
    BOOST_TEST(survives_cuts<simulated_asynchronous>(c, logistic_regression(), fifty, 4, 50,
                                                     delay_adaptive(constant_step(1), 0.5))
                   .made > 30u);
  }
}

BOOST_AUTO_TEST_CASE(machines_that_carry_several_workers_in_groups_with_bursts) {
  cluster c = restless();
  c.noise = time_noise::exponential;
  c.costs.members = 3;
  c.groups = {.groups = 2, .latency_seconds = 1e-4, .bytes_per_second = 1e7};
  c.burst_bytes = 600;  // two vectors: some averages wait for what earlier ones have used
  BOOST_TEST(survives_a_cut_after_every_round<simulated>(c, fifty) == 49u);
  BOOST_TEST(survives_a_cut_after_every_round<simulated_overlapped>(c, fifty) == 49u);
}

BOOST_AUTO_TEST_CASE(averages_of_groups_of_workers) {
  settings s = fifty;
  s.workers = 4;
  BOOST_TEST(survives_cuts<simulated>(restless(), logistic_regression(), s, 20, 10,
                                      hierarchical(4, 20, 2))
                 .made > 5u);
}

BOOST_AUTO_TEST_CASE(compressed_changes_and_anchors) {
  // Full gradients take time, and what is sent depends on the compressor.
  BOOST_TEST(survives_cuts<simulated>(restless(), logistic_regression(), fifty, 4, 50, svrg{},
                                      top_k{0.2})
                 .with_anchors == 48u);
  BOOST_TEST(survives_cuts<simulated_overlapped>(restless(), logistic_regression(), fifty, 4, 50,
                                                 svrg{}, constant_step{0.05})
                 .with_anchors == 47u);
}

BOOST_AUTO_TEST_CASE(another_cluster_or_real_time_is_refused_by_what_differs) {
  support::temporary_path const path;
  auto const f = logistic_regression();
  std::stop_source now;
  now.request_stop();
  cluster c = restless();
  c.factors = {1, 2, 1, 1, 1};
  simulated first(c);
  minimize(f, fifty, first, checkpoint(path(), only_stops(now.get_token())));
  auto const found = [&](auto&& synchronizer) {
    auto const e = support::error_of<invalid_data>(
        [&] { minimize(f, fifty, synchronizer, checkpoint(path(), only_stops())); });
    BOOST_TEST(e.expected.find("as in this run") != std::string::npos);
    return e.found;
  };
  auto const of = [](std::string const& line) { return "the checkpoint of a run with " + line; };
  auto const with = [&](auto const& change) {
    cluster other = c;
    change(other);
    return found(simulated(other));
  };
  BOOST_TEST(found(thread_pool(2)) == of("time = simulated"));
  BOOST_TEST(found(simulated_overlapped(c)) == of("protocol = synchronous"));
  BOOST_TEST(with([](cluster& o) { o.costs.gradient_seconds = 2; }) ==
             of("cluster.costs.gradient_seconds = 0.001"));
  BOOST_TEST(with([](cluster& o) { o.costs.latency_seconds = 2; }) ==
             of("cluster.costs.latency_seconds = 0.01"));
  BOOST_TEST(with([](cluster& o) { o.costs.bytes_per_second = 2; }) ==
             of("cluster.costs.bytes_per_second = 100000"));
  BOOST_TEST(with([](cluster& o) { o.costs.network = topology::ring; }) ==
             of("cluster.costs.network = 1"));
  BOOST_TEST(with([](cluster& o) { o.costs.members = 2; }) == of("cluster.costs.members = 0"));
  BOOST_TEST(with([](cluster& o) { o.noise = time_noise::none; }) == of("cluster.noise = 2"));
  BOOST_TEST(with([](cluster& o) { o.spread = 2; }) == of("cluster.spread = 0.5"));
  BOOST_TEST(with([](cluster& o) { o.slow_share = 0; }) == of("cluster.slow_share = 0.25"));
  BOOST_TEST(with([](cluster& o) { o.slow_factor = 2; }) == of("cluster.slow_factor = 3"));
  BOOST_TEST(with([](cluster& o) { o.factors[1] = 3; }) == of("cluster.factors[1] = 2"));
  BOOST_TEST(with([](cluster& o) { o.groups = {1, 1, 1}; }) == of("cluster.burst_bytes = 0"));
  BOOST_TEST(with([](cluster& o) { o.burst_bytes = 1; }) == of("cluster.burst_bytes = 0"));
  BOOST_TEST(with([](cluster& o) { o.trace_events = 1; }) == of("cluster.trace_events = 200"));

  simulated last(c);
  auto const r = minimize(f, fifty, last, checkpoint(path(), only_stops()));
  simulated alone(c);
  BOOST_TEST((with_times{}(r, last) == with_times{}(minimize(f, fifty, alone), alone)));
}
