// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_svrg_renewal
#include "localsgd/worker/svrg/renewal.hpp"

#include "localsgd/checkpoint/archive.hpp"
#include "test/support/problems.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

using localsgd::detail::anchor_renewal;
using localsgd::detail::svrg_start;
using localsgd::plan;

namespace {

/// n = 1000, K = 5, b = 2: m = 100.
plan plan_with(std::uint64_t local_steps, std::uint64_t seed = 0) {
  plan p = support::make_plan(1000, 2, 5, 2);
  p.local_steps = local_steps;
  p.seed = seed;
  return p;
}

/// The steps between the renewals at sync times H, 2H, …
std::vector<std::uint64_t> gaps(anchor_renewal renewal, std::uint64_t h, std::size_t count) {
  std::vector<std::uint64_t> found;
  renewal.renewed(0);
  for (std::uint64_t t = h, last = 0; found.size() != count; t += h)
    if (renewal.due(t)) {
      found.push_back(t - last);
      last = t;
      renewal.renewed(t);
    }
  return found;
}

}  // namespace

BOOST_AUTO_TEST_CASE(regular_renewals_are_an_epoch_apart) {
  for (std::uint64_t const gap : gaps({plan_with(10), svrg_start::at_once}, 10, 20))
    BOOST_TEST(gap == 100u);
}

// 12 or fewer steps of 100 may be missing, since the next sync time is H away.
BOOST_AUTO_TEST_CASE(a_sync_time_shortly_before_the_end_of_an_epoch_counts_as_its_end) {
  for (std::uint64_t const gap : gaps({plan_with(30), svrg_start::at_once}, 30, 20))
    BOOST_TEST(gap == 90u);
  for (std::uint64_t const gap : gaps({plan_with(43), svrg_start::at_once}, 43, 20))
    BOOST_TEST(gap == 129u);
}

BOOST_AUTO_TEST_CASE(without_an_anchor_every_quarter_of_an_epoch_is_looked_at) {
  anchor_renewal renewal(plan_with(10), svrg_start::when_noise_prevails);
  BOOST_TEST(!renewal.due(24));
  BOOST_TEST(renewal.due(25));
  renewal.look_again_after(30);
  BOOST_TEST(!renewal.due(54));
  BOOST_TEST(renewal.due(55));
}

BOOST_AUTO_TEST_CASE(the_first_random_anchor_is_the_start) {
  BOOST_TEST(anchor_renewal(plan_with(10), 1e-9).due(0));
}

BOOST_AUTO_TEST_CASE(a_coin_that_always_shows_heads_renews_at_every_sync_time) {
  for (std::uint64_t const gap : gaps({plan_with(7), 1.0}, 7, 50)) BOOST_TEST(gap == 7u);
}

BOOST_AUTO_TEST_CASE(a_coin_that_hardly_ever_shows_heads_does_not_overflow) {
  anchor_renewal renewal(plan_with(7), std::numeric_limits<double>::denorm_min());
  renewal.renewed(std::uint64_t{1} << 53U);
  BOOST_TEST(!renewal.due(std::uint64_t{1} << 54U));
}

// A round renews with probability p = 1 − (1 − q)^H, so the rounds between two renewals are
// geometric: their mean is 1/p and their variance (1 − p)/p².
BOOST_AUTO_TEST_CASE(random_renewals_are_geometric_in_rounds) {
  double const q = 0.02;
  std::size_t const draws = 20000;
  for (std::uint64_t const h : {1U, 4U, 100U}) {
    double const p = 1 - std::pow(1 - q, static_cast<double>(h)), n = draws;
    double sum = 0, ones = 0;
    for (std::uint64_t const gap : gaps({plan_with(h), q}, h, draws)) {
      sum += static_cast<double>(gap / h);
      ones += gap == h ? 1 : 0;
    }
    BOOST_TEST(std::abs(sum / n - 1 / p) <= 4 * std::sqrt((1 - p) / (p * p) / n));
    BOOST_TEST(std::abs(ones / n - p) <= 4 * std::sqrt(p * (1 - p) / n));
  }
}

BOOST_AUTO_TEST_CASE(the_coin_depends_on_the_seed_and_on_the_last_anchor_only) {
  auto const some = gaps({plan_with(1, 3), 0.1}, 1, 50);
  BOOST_TEST((gaps({plan_with(1, 3), 0.1}, 1, 50) == some));
  BOOST_TEST((gaps({plan_with(1, 4), 0.1}, 1, 50) != some));
  anchor_renewal early(plan_with(1, 3), 0.1), late(plan_with(1, 3), 0.1);
  early.renewed(17);
  early.renewed(40);
  late.renewed(40);
  for (std::uint64_t t = 41; t != 120; ++t) BOOST_TEST(early.due(t) == late.due(t));
}

// The limit is 1/(λ·stretch·n/(Kb)) = E τ/(λ E τ²), τ = H·G with a geometric G. Here by sums over
// G.
BOOST_AUTO_TEST_CASE(the_limit_of_the_step_size_is_that_of_the_random_number_of_steps) {
  double const q = 0.03, h = 8, p = 1 - std::pow(1 - q, h);
  double mean = 0, square = 0;
  for (int g = 1; g != 1000; ++g) {
    double const share = std::pow(1 - p, g - 1) * p;
    mean += share * h * g;
    square += share * h * g * h * g;
  }
  BOOST_TEST(anchor_renewal(plan_with(8), q).stretch() * 100 == square / mean,
             boost::test_tools::tolerance(1e-12));
  BOOST_TEST(anchor_renewal(plan_with(8), svrg_start::at_once).stretch() == 1);
  BOOST_TEST(anchor_renewal(plan_with(100), 1.0).stretch() == 1);  // n/(Kb) steps, always
}

BOOST_AUTO_TEST_CASE(no_number_of_steps_is_more_than_those_of_the_run) {
  plan p = plan_with(8);
  p.steps = 5000;
  for (double const q : {1e-9, std::numeric_limits<double>::denorm_min()}) {
    BOOST_TEST(anchor_renewal(p, q).stretch() == 50);
    BOOST_TEST(anchor_renewal(p, q).mean_over(5000) == 1);
  }
}

BOOST_AUTO_TEST_CASE(changes_are_lengthened_to_the_mean_number_of_steps) {
  double const q = 0.02, mean = 4 / (1 - std::pow(1 - q, 4));  // of rounds of 4
  anchor_renewal const random(plan_with(4), q);
  BOOST_TEST(random.mean_over(4) == mean / 4, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(random.mean_over(400) == mean / 400, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(anchor_renewal(plan_with(7), 1.0).mean_over(7) == 1);
  BOOST_TEST(anchor_renewal(plan_with(7), svrg_start::at_once).mean_over(400) == 1);
}

BOOST_AUTO_TEST_CASE(a_checkpoint_keeps_the_next_renewal) {
  anchor_renewal before(plan_with(1, 5), 0.02), after(plan_with(1, 5), 0.02);
  before.renewed(77);
  localsgd::detail::state_writer out;
  out(before);
  localsgd::detail::state_reader in(out.bytes);
  in(after);
  for (std::uint64_t t = 78; t != 400; ++t) BOOST_TEST(after.due(t) == before.due(t));
  BOOST_TEST(!before.due(78));  // else the file would have nothing to say
}
