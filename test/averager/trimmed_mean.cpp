// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE averager_trimmed_mean
#include "localsgd/averager/trimmed_mean.hpp"

#include "test/support/averagers.hpp"
#include "test/support/runs.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

using namespace localsgd;
using support::centre;
using support::problem;

namespace {

std::vector<double> combined(double fraction, std::vector<std::vector<double>> points) {
  return support::combined(trimmed_mean{fraction}, std::move(points));
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_extremes_of_each_coordinate_are_left_out) {
  // A fifth of five is one: 1, 2, 6 and 4, 5, 9 remain.
  std::vector<double> const expected{3, 6};
  BOOST_TEST(combined(0.2, {{1, 9}, {-70, 5}, {6, 4}, {2, 1000}, {30, -4}}) == expected,
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_share_of_less_than_one_worker_leaves_out_none) {
  BOOST_TEST(combined(0.2, {{1}, {2}, {6}, {7}})[0] == 4);
  BOOST_TEST(combined(0, {{1}, {2}, {600}})[0] == 201);
}

BOOST_AUTO_TEST_CASE(products_that_are_whole_numbers_are_not_rounded_down) {
  // 0.29·100 is 28.999999999999996 in floating point. The points are 0 (29 times), 1 (42 times), 100.
  std::vector<std::vector<double>> points(100, std::vector<double>{1});
  for (std::size_t k = 0; k != 29; ++k) points[k][0] = 0, points[99 - k][0] = 100;
  BOOST_TEST(combined(0.29, points)[0] == 1);
}

BOOST_AUTO_TEST_CASE(just_below_one_half_it_is_the_median) {
  BOOST_TEST(combined(0.49, {{1}, {2}, {30}})[0] == 2);
  BOOST_TEST(combined(std::nextafter(0.5, 0), {{100}, {4}, {2}, {-100}})[0] == 3);
}

BOOST_AUTO_TEST_CASE(one_point_and_equal_points_stay_as_they_are) {
  BOOST_TEST(combined(0.2, {{0.1}})[0] == 0.1);
  BOOST_TEST(combined(0.2, {{0.1}, {0.1}, {0.1}, {0.1}, {0.1}, {0.1}, {0.1}})[0] == 0.1);
}

BOOST_AUTO_TEST_CASE(only_the_range_is_written) {
  std::vector<std::size_t> const sizes(1, 1);
  auto const state = trimmed_mean{}.bind<double>(plan{}, sizes);
  std::vector<double> point{1, 2, 3}, out{-1, -1, -1};
  std::vector<std::span<double>> const rows{point};
  state.combine(rows, 1, 2, out);
  std::vector<double> const expected{-1, 2, -1};
  BOOST_TEST(out == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_point_that_is_not_finite_makes_the_round_not_finite) {
  BOOST_TEST(std::isnan(combined(0.4, {{1}, {2}, {std::numeric_limits<double>::quiet_NaN()}})[0]));
  BOOST_TEST(std::isnan(combined(0.4, {{1}, {2}, {std::numeric_limits<double>::infinity()}})[0]));
}

BOOST_AUTO_TEST_CASE(one_wrong_shard_of_five_does_not_move_it) {
  // Four workers have targets of 1, the fifth of 1000.
  std::vector<double> targets(50, 1.0);
  for (std::size_t i = 40; i != 50; ++i) targets[i] = 1000;
  centre const f{targets};
  settings const s{.workers = 5, .local_steps = 8, .steps = 400};
  auto const robust = minimize(f, s, serial{}, sharded{}, constant_step{0.5}, trimmed_mean{}).last;
  BOOST_TEST(std::abs(robust[0] - 1) < 1e-9);
}

BOOST_AUTO_TEST_CASE(without_trimming_it_is_the_mean_up_to_rounding) {
  problem const data(200, 11);
  linear_objective const f(data.dense, data.labels, logistic{}, l2{0.01});
  settings const s{.workers = 4, .local_steps = 5, .steps = 100};
  BOOST_TEST(support::distance(minimize(f, s, serial{}, trimmed_mean{.fraction = 0}).last,
                               minimize(f, s, serial{}).last) < 1e-12);
}

BOOST_AUTO_TEST_CASE(it_gives_the_same_bits_on_any_number_of_threads) {
  problem const data(200, 41);
  linear_objective const f(data.dense, data.labels, logistic{}, l2{0.01});
  settings const s{.workers = 5, .local_steps = 4, .steps = 100, .evaluations = 3};
  auto const expected = support::bits(minimize(f, s, serial{}, trimmed_mean{}));
  for (std::size_t const threads : {2u, 3u}) {
    thread_pool pool(threads);
    BOOST_TEST(support::bits(minimize(f, s, pool, trimmed_mean{})) == expected);
  }
}

BOOST_AUTO_TEST_CASE(what_it_cannot_do_is_refused_by_name) {
  problem const data(20, 3);
  support::custom const f{&data.dense, &data.reals};
  auto const names = [](std::string const& field) {
    return [field](invalid_settings const& e) { return e.field == field; };
  };
  for (double const fraction : {-0.1, 0.5, 1.0, std::numeric_limits<double>::quiet_NaN()})
    BOOST_CHECK_EXCEPTION(minimize(f, {.steps = 1}, trimmed_mean{fraction}), invalid_settings,
                          names("trimmed_mean.fraction"));
  BOOST_CHECK_EXCEPTION(minimize(f, {.steps = 1}, asynchronous{1}, trimmed_mean{}),
                        invalid_settings, names("averager"));
  BOOST_CHECK_EXCEPTION(minimize(f, {.steps = 1}, trimmed_mean{}, top_k{0.5}), invalid_settings,
                        names("compressor"));
}

BOOST_AUTO_TEST_CASE(its_identity_has_its_parameter) {
  BOOST_TEST(trimmed_mean{.fraction = 0.25}.identity() == "trimmed_mean{fraction = 0.25}");
}
