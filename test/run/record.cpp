// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE run_record
#include "localsgd/run/record.hpp"

#include "localsgd/observer/concept.hpp"
#include "test/support/problems.hpp"
#include "test/support/runs.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <span>
#include <thread>
#include <vector>

using namespace localsgd;

BOOST_AUTO_TEST_CASE(a_stopwatch_counts_only_while_it_runs) {
  detail::stopwatch watch;
  watch.stop();
  double const before = watch.seconds();
  BOOST_TEST(before >= 0);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  BOOST_TEST(watch.seconds() == before);
  watch.resume(100);
  BOOST_TEST(watch.total() >= 100);
  watch.stop();
  BOOST_TEST(watch.seconds() >= 100);
  BOOST_TEST(watch.seconds() < 110);
}

BOOST_AUTO_TEST_CASE(the_outcome_has_the_points_that_were_found_best) {
  support::problem const data(20, 3);
  support::custom const f{&data.dense, &data.reals};
  plan const p = support::make_plan(20, 3, 2, 1);
  no_observer observer;
  result<double> outcome;
  detail::run_record<support::custom, no_observer> record(f, p, observer, outcome);
  BOOST_TEST(record.drift.size() == 2);
  BOOST_TEST(record.average.size() == 3);
  std::vector<double> const average{1, 2, 3}, last{4, 5, 6};
  record.weighted = average;
  record.best = last;
  outcome.objective = 7;
  record.complete_outcome();
  BOOST_TEST(std::ranges::equal(outcome.average, average));
  BOOST_TEST(std::ranges::equal(outcome.x, last));
  BOOST_TEST(outcome.objective == 7);
}
