// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE schedule_at_random
#include "localsgd/schedule/at_random.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "test/support/problems.hpp"

using localsgd::at_random;

BOOST_AUTO_TEST_CASE(sync_times_depend_on_the_seed_and_on_t_only) {
  at_random const a(8, 3), same(8, 3), other(8, 4);
  std::vector<std::uint64_t> times, others;
  for (std::uint64_t t = 0, u = 0; times.size() != 50; t = a.next(t), u = other.next(u)) {
    BOOST_TEST(a.next(t) > t);
    BOOST_TEST(a.next(t) == same.next(t));
    times.push_back(t);
    others.push_back(u);
  }
  BOOST_TEST((times != others));
}

// A geometric gap g has P(g = 1) = p, P(g > m) = (1 − p)^m, mean 1/p and variance (1 − p)/p².
BOOST_AUTO_TEST_CASE(gaps_are_geometric) {
  double const h = 5, p = 1 / h;
  std::size_t const draws = 20000;
  at_random const schedule(h);
  double sum = 0, ones = 0, longer = 0;
  std::uint64_t t = 0;
  for (std::size_t i = 0; i != draws; ++i) {
    std::uint64_t const gap = schedule.next(t) - t;
    sum += static_cast<double>(gap);
    ones += gap == 1 ? 1 : 0;
    longer += gap > 10 ? 1 : 0;
    t += gap;
  }
  double const n = static_cast<double>(draws), tail = std::pow(1 - p, 10);
  BOOST_TEST(std::abs(sum / n - h) <= 4 * std::sqrt((1 - p) / (p * p) / n));
  BOOST_TEST(std::abs(ones / n - p) <= 4 * std::sqrt(p * (1 - p) / n));
  BOOST_TEST(std::abs(longer / n - tail) <= 4 * std::sqrt(tail * (1 - tail) / n));
}

BOOST_AUTO_TEST_CASE(a_mean_gap_of_one_is_every_step) {
  at_random const schedule(1);
  for (std::uint64_t t = 0; t != 100; ++t) BOOST_TEST(schedule.next(t) == t + 1);
}

BOOST_AUTO_TEST_CASE(the_longest_gaps_and_times_do_not_overflow) {
  std::uint64_t const last = std::numeric_limits<std::uint64_t>::max();
  at_random const schedule(0x1p53);
  for (std::uint64_t t = 0; t != 1000; ++t) BOOST_TEST(schedule.next(t) > t);
  BOOST_TEST(schedule.next(last) == last);
  BOOST_TEST(at_random(1).next(last) == last);
}

BOOST_AUTO_TEST_CASE(mean_gaps_below_one_are_refused) {
  for (double const h : {0.5, 0.0, -3.0, 0x1p54, support::not_a_number}) {
    auto const e = support::error_of<localsgd::invalid_settings>([&] { at_random{h}; });
    BOOST_TEST(e.field == "at_random.local_steps");
  }
}
