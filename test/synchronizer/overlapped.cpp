// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE synchronizer_overlapped
#include "localsgd/synchronizer/overlapped.hpp"

#include "localsgd/minimize.hpp"
#include "localsgd/synchronizer/serial.hpp"
#include "localsgd/synchronizer/simulated.hpp"
#include "test/support/averagers.hpp"
#include "test/support/runs.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

using namespace localsgd;

namespace {

/// Worker k always uses sample k.
struct own_sample {
  void draw(plan const&, std::size_t worker, std::uint64_t, std::span<std::size_t> out) const {
    for (std::size_t& i : out) i = worker;
  }
  std::size_t shard_size(plan const&, std::size_t) const { return 1; }
};

}  // namespace

BOOST_AUTO_TEST_CASE(it_has_the_bits_of_the_simulation_of_it) {
  support::problem const data(60, 37);
  support::custom const f{&data.dense, &data.reals};
  settings const s{.workers = 7, .local_steps = 3, .steps = 60, .evaluations = 2};
  simulated_overlapped simulation({.costs = {.gradient_seconds = 1e-3,
                                             .latency_seconds = 0.05,
                                             .bytes_per_second = 1e5,
                                             .network = topology::tree}},
                                  2);
  constant_step const eta{0.05};
  auto const expected = support::bits(minimize(f, s, simulation, eta));
  auto const transformed =
      support::bits(minimize(f, s, simulation, eta, support::outer_momentum{}));
  for (std::size_t const threads : {1U, 2U, 5U}) {
    overlapped pool(threads);
    BOOST_TEST((support::bits(minimize(f, s, pool, eta)) == expected));
    BOOST_TEST((support::bits(minimize(f, s, pool, eta, support::outer_momentum{})) ==
                transformed));
  }
  BOOST_TEST((support::bits(minimize(f, s, serial{}, eta)) != expected));
}

BOOST_AUTO_TEST_CASE(a_thread_goes_on_while_another_one_is_still_in_its_round) {
  // Worker 0 does not end its first round before worker 1 has begun its second one: where all wait
  // at the end of a round, this would never end.
  struct slow_worker {
    using scalar = double;
    std::atomic<int>* fast_steps;
    std::size_t dimension() const { return 1; }
    std::size_t samples() const { return 4; }  // evaluations ask for two at a time
    double gradient(std::span<double const> x, std::span<std::size_t const> batch,
                    std::span<double> g) const {
      g[0] = x[0] - 1;
      if (batch.size() == 1 && batch[0] == 1) {
        fast_steps->fetch_add(1);
        fast_steps->notify_all();
      } else if (batch.size() == 1) {
        for (int seen = fast_steps->load(); seen < 6; seen = fast_steps->load())
          fast_steps->wait(seen);
      }
      return 0.5 * g[0] * g[0];
    }
  };
  std::atomic<int> fast_steps{0};
  auto const r = minimize(slow_worker{&fast_steps}, {.workers = 2, .local_steps = 5, .steps = 50},
                          overlapped{2}, own_sample{}, constant_step{0.1});
  BOOST_TEST(r.steps == 50U);
  BOOST_TEST(r.delay == 5U);
}

BOOST_AUTO_TEST_CASE(a_pool_needs_at_least_one_thread) {
  BOOST_CHECK_THROW(overlapped(0), invalid_settings);
  BOOST_TEST(overlapped(3).threads() == 3U);
}
