// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_svrg_loopless_svrg
#include "localsgd/worker/svrg/loopless_svrg.hpp"

#include "localsgd/localsgd.hpp"
#include "test/support/cuts.hpp"
#include "test/support/family.hpp"
#include "test/support/heterogeneous.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>

using namespace localsgd;
using support::data;
using support::logistic_objective;

namespace {

/// n = 200, K = 4: an epoch has 50 local steps, which is one round.
settings const an_epoch_a_round{.workers = 4, .local_steps = 50, .steps = 400};

/// The anchors of a run with H steps in each round, from the coin's own sequence: that at 0, those
/// where it shows heads, and that at T.
std::uint64_t anchors(settings const& s, double q) {
  std::uint64_t count = 1, next = 0;
  auto const toss = [&](std::uint64_t t) {
    double const u = unit_interval(random_words(s.seed, random_stream::renewals, 0, t)[0]);
    next = t + 1 + (q == 1 ? 0 : static_cast<std::uint64_t>(std::log(u) / std::log1p(-q)));
  };
  toss(0);
  for (std::uint64_t t = s.local_steps; t <= s.steps; t += s.local_steps)
    if (t >= next || t == s.steps) {
      ++count;
      toss(t);
    }
  return count;
}

}  // namespace

BOOST_AUTO_TEST_CASE(with_probability_one_it_is_svrg_that_renews_after_every_round) {
  auto const f = logistic_objective();
  loopless_svrg const always{.probability = 1};
  BOOST_TEST((support::bits(minimize(f, an_epoch_a_round, always, serial{})) ==
              support::bits(minimize(f, an_epoch_a_round, svrg{}, serial{}))));
  BOOST_TEST((support::bits(minimize(f, an_epoch_a_round, always, sharded{}, constant_step{0.5},
                                     serial{})) ==
              support::bits(minimize(f, an_epoch_a_round, svrg{}, sharded{}, constant_step{0.5},
                                     serial{}))));
}

// A large penalty limits the step size to 1/(λm).
BOOST_AUTO_TEST_CASE(with_probability_one_the_limit_of_the_step_size_is_that_of_svrg) {
  softmax_objective const f(data().sparse, data().classes, 3, l2{1});
  loopless_svrg const always{.probability = 1};
  BOOST_TEST((support::bits(minimize(f, an_epoch_a_round, always, constant_step{0.1}, serial{})) ==
              support::bits(minimize(f, an_epoch_a_round, svrg{}, constant_step{0.1}, serial{}))));
}

// One pass over the samples for each anchor, and one more where an extrapolated one raises f.
BOOST_AUTO_TEST_CASE(it_computes_a_full_gradient_where_the_coin_shows_heads) {
  auto const f = logistic_objective();
  std::uint64_t exact = 0;
  for (std::uint64_t const seed : {1U, 2U, 3U, 4U, 5U})
    for (double const q : {1.0, 0.05, 0.01}) {
      settings const s{.workers = 4, .local_steps = 5, .steps = 60, .seed = seed};
      result const r =
          minimize(f, s, loopless_svrg{.probability = q}, constant_step(1e-4), serial{});
      std::uint64_t const passes = (r.gradients - 4 * 60) / 200, expected = anchors(s, q);
      BOOST_TEST((r.gradients - 4 * 60) % 200 == 0u);
      BOOST_TEST(passes >= expected);
      BOOST_TEST(passes < 2 * expected);
      exact += passes == expected ? 1 : 0;
    }
  BOOST_TEST(exact >= 5u);
}

// q = 2Kb/n = 1/25: of 500 rounds of 5 steps, 1 − (1 − 1/25)^5 = 18 % end with an anchor.
BOOST_AUTO_TEST_CASE(unset_it_renews_about_every_half_an_epoch) {
  auto const f = logistic_objective();
  settings const s{.workers = 4, .local_steps = 5, .steps = 2500};
  result const r = minimize(f, s, loopless_svrg{}, serial{});
  result const q = minimize(f, s, loopless_svrg{.probability = 0.04}, serial{});
  BOOST_TEST(support::bits(r) == support::bits(q));
  double const mean = 1 - std::pow(0.96, 5), deviation = std::sqrt(500 * mean * (1 - mean));
  BOOST_TEST(std::abs(static_cast<double>(anchors(s, 0.04)) - 500 * mean) <= 4 * deviation + 2);
}

// The steps have no noise at the minimum, and one worker's data do not determine where it is.
BOOST_AUTO_TEST_CASE(it_converges_linearly_on_shards_that_differ) {
  support::heterogeneous const f = support::three_quadratics();
  settings const s{.workers = 3, .local_steps = 4, .steps = 2000};
  result const r = minimize(f, s, loopless_svrg{.probability = 0.25}, sharded{},
                            constant_step(0.02), serial{});
  BOOST_TEST(support::euclidean_distance(r.last, f.minimiser()) <= 1e-10);
  result const q = minimize(f, s, sgd{}, sharded{}, constant_step(0.02), serial{});
  BOOST_TEST(support::euclidean_distance(q.last, f.minimiser()) > 1e-3);
}

BOOST_AUTO_TEST_CASE(with_a_large_penalty_it_ends_at_the_minimum) {
  linear_objective const f(data().sparse, data().labels, logistic{}, l2{1});
  settings const s{.workers = 4, .local_steps = 5, .steps = 500};
  result const r = minimize(f, s, loopless_svrg{.probability = 0.04}, serial{});
  BOOST_TEST(r.certificate <= 1e-13);
}

BOOST_AUTO_TEST_CASE(the_bits_are_those_of_serial) {
  settings const s{.workers = 6, .local_steps = 5, .batch_size = 2, .steps = 60};
  support::same_bits_everywhere(logistic_objective(), s, loopless_svrg{.probability = 0.1},
                                sharded{});
  support::same_bits_everywhere(logistic_objective(), s, loopless_svrg{.probability = 0.1});
}

BOOST_AUTO_TEST_CASE(a_run_that_is_cut_in_any_round_continues_with_the_same_bits) {
  std::array<thread_pool, 2> pools{thread_pool{1}, thread_pool{3}};
  auto const seen = support::survives_cuts(pools[0], pools, support::all_but_times{},
                                           logistic_objective(), support::fifty, 4, 50,
                                           loopless_svrg{.probability = 0.02});
  BOOST_TEST(seen.made == 48u);
  BOOST_TEST(seen.with_anchors == 48u);
}

BOOST_AUTO_TEST_CASE(a_checkpoint_of_another_probability_is_refused) {
  BOOST_TEST(loopless_svrg{}.identity() == "loopless_svrg{probability = unset}");
  BOOST_TEST(loopless_svrg{.probability = 0.25}.identity() == "loopless_svrg{probability = 0.25}");
}

BOOST_AUTO_TEST_CASE(what_it_cannot_do_is_refused_by_name) {
  auto const f = logistic_objective();
  settings const s{.workers = 2, .steps = 10};
  for (double const q : {0.0, -0.1, 1.1, support::not_a_number})
    BOOST_TEST(support::refused_field(f, s, loopless_svrg{.probability = q}, serial{}) ==
               "loopless_svrg.probability");
  BOOST_TEST(support::refused_field(f, s, loopless_svrg{}, asynchronous{1}) == "synchronizer");
}
