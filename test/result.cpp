// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE result
#include "localsgd/result.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <set>
#include <string_view>
#include <type_traits>

using localsgd::evaluation;
using localsgd::result;
using localsgd::stop_reason;
using localsgd::to_string;

namespace {

constexpr stop_reason all_reasons[] = {
    stop_reason::steps_done,  stop_reason::tolerance_reached, stop_reason::precision_reached, stop_reason::stalled,
    stop_reason::interrupted, stop_reason::observer_request,  stop_reason::diverged,
    stop_reason::no_minimum};

}  // namespace

BOOST_AUTO_TEST_CASE(every_reason_has_a_name_of_its_own) {
  static_assert(to_string(stop_reason::steps_done) == "steps_done");
  static_assert(to_string(stop_reason::tolerance_reached) == "tolerance_reached");
  static_assert(to_string(stop_reason::diverged) == "diverged");
  std::set<std::string_view> names;
  for (auto const reason : all_reasons) {
    BOOST_TEST(to_string(reason) != "unknown");
    names.insert(to_string(reason));
  }
  BOOST_TEST(names.size() == 8U);
  BOOST_TEST(to_string(static_cast<stop_reason>(8)) == "unknown");
}

BOOST_AUTO_TEST_CASE(only_a_run_that_diverged_is_of_no_use) {
  for (auto const reason : all_reasons) {
    result<> r;
    r.reason = reason;
    BOOST_TEST(r.usable() == (reason != stop_reason::diverged));
  }
}

BOOST_AUTO_TEST_CASE(nothing_is_certified_before_it_is_known) {
  double const infinity = std::numeric_limits<double>::infinity();
  BOOST_TEST(result<>{}.certificate == infinity);
  BOOST_TEST(result<float>{}.certificate == infinity);
  BOOST_TEST(evaluation{}.certificate == infinity);
}

BOOST_AUTO_TEST_CASE(a_result_begins_empty) {
  result<float> const r;
  BOOST_TEST(r.x.size() == 0U);
  BOOST_TEST(r.history.empty());
  BOOST_TEST(r.steps + r.rounds + r.gradients + r.exchanges + r.bytes + r.delay == 0U);
  BOOST_TEST(r.seconds == 0.0);
  static_assert(std::is_same_v<result<float>::scalar, float>);
  static_assert(std::is_same_v<result<>::scalar, double>);
}

// A checkpoint writes the history as it lies in memory.
BOOST_AUTO_TEST_CASE(an_evaluation_is_plain_numbers_without_gaps) {
  static_assert(std::is_trivially_copyable_v<evaluation>);
  static_assert(sizeof(evaluation) == 5 * sizeof(std::uint64_t) + 4 * sizeof(double));
  evaluation const e{1, 2, 3, 4, 5, 6, 7, 8, 9};
  BOOST_TEST(e.steps == 1U);
  BOOST_TEST(e.rounds == 2U);
  BOOST_TEST(e.gradients == 3U);
  BOOST_TEST(e.exchanges == 4U);
  BOOST_TEST(e.bytes == 5U);
  BOOST_TEST(e.seconds == 6.0);
  BOOST_TEST(e.objective == 7.0);
  BOOST_TEST(e.certificate == 8.0);
  BOOST_TEST(e.drift == 9.0);
}
