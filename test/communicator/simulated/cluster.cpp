// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE communicator_simulated_cluster
#include "localsgd/communicator/simulated/cluster.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

using namespace localsgd;

namespace {

cluster some_cluster() {
  return {.costs = {.gradient_seconds = 1e-3,
                    .latency_seconds = 0.05,
                    .bytes_per_second = 1e5,
                    .network = topology::tree}};
}

void is_refused(cluster const& c, std::string_view field) {
  auto const validate = [&] {
    c.validate();
    c.validate(4);
  };
  BOOST_CHECK_EXCEPTION(validate(), invalid_settings,
                        [&](auto const& e) { return e.field == field && !e.rule.empty(); });
}

}  // namespace

BOOST_AUTO_TEST_CASE(drawn_times_have_the_mean_and_the_share_they_should) {
  cluster c = some_cluster();
  for (auto const noise : {time_noise::none, time_noise::exponential, time_noise::log_normal}) {
    c.noise = noise;
    c.spread = 0.5;
    double sum = 0, squares = 0;
    for (std::uint64_t i = 0; i != 40000; ++i) {
      double const x = c.draw(1, i % 40, i / 40);
      BOOST_REQUIRE(x > 0);
      sum += x;
      squares += x * x;
    }
    double const mean = sum / 40000, variance = squares / 40000 - mean * mean;
    BOOST_TEST(std::abs(mean - 1) < 0.025);
    double const expected = noise == time_noise::none          ? 0
                            : noise == time_noise::exponential ? 1
                                                               : std::exp(0.25) - 1;
    BOOST_TEST(std::abs(variance - expected) < 0.1);
  }
  c.slow_share = 0.1;
  c.slow_factor = 7;
  auto const factors = c.worker_factors(1000, 3);
  BOOST_TEST(std::ranges::count(factors, 7.0) == 100);
  BOOST_TEST(std::ranges::count(factors, 1.0) == 900);
  BOOST_TEST((factors != c.worker_factors(1000, 4)));
  BOOST_TEST((factors == c.worker_factors(1000, 3)));
}

BOOST_AUTO_TEST_CASE(a_cluster_that_cannot_be_is_refused) {
  double const nan = std::numeric_limits<double>::quiet_NaN();
  auto const with = [](auto change) {
    cluster c = some_cluster();
    change(c);
    return c;
  };
  is_refused(with([](cluster& c) { c.costs.gradient_seconds = 0; }),
             "cost_model.gradient_seconds");
  is_refused(with([&](cluster& c) { c.costs.latency_seconds = nan; }),
             "cost_model.latency_seconds");
  is_refused(with([](cluster& c) { c.costs.bytes_per_second = -1; }),
             "cost_model.bytes_per_second");
  is_refused(with([](cluster& c) { c.spread = -0.1; }), "cluster.spread");
  is_refused(with([](cluster& c) { c.slow_share = 1.1; }), "cluster.slow_share");
  is_refused(with([&](cluster& c) { c.slow_share = nan; }), "cluster.slow_share");
  is_refused(with([](cluster& c) { c.slow_factor = 0.5; }), "cluster.slow_factor");
  is_refused(with([](cluster& c) { c.factors = {1, 1, 0, 1}; }), "cluster.factors[2]");
  is_refused(with([](cluster& c) { c.factors = {1, 1, 1}; }), "cluster.factors.size()");
  is_refused(with([](cluster& c) { c.groups = {0, 1, 1}; }), "cluster.groups.groups");
  is_refused(with([](cluster& c) { c.groups = {5, 1, 1}; }), "cluster.groups.groups");
  is_refused(with([](cluster& c) { c.groups = {2, 0, 1}; }), "cluster.groups.latency_seconds");
  is_refused(with([](cluster& c) { c.groups = {2, 1, 0}; }), "cluster.groups.bytes_per_second");
  is_refused(with([](cluster& c) {
               c.groups = {2, 1, 1};
               c.costs.network = std::nullopt;
             }),
             "cluster.costs.network");
  is_refused(with([](cluster& c) { c.trace_events = 200'000'000; }), "cluster.trace_events");
  is_refused(with([](cluster& c) { c.burst_bytes = -1; }), "cluster.burst_bytes");
}
