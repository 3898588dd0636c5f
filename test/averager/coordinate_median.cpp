// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE averager_coordinate_median
#include "localsgd/averager/coordinate_median.hpp"

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

std::vector<double> median_of(std::vector<std::vector<double>> points) {
  return support::combined(coordinate_median{}, std::move(points));
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_odd_number_of_points_has_one_in_the_middle) {
  std::vector<double> const expected{2, 5};
  BOOST_TEST(median_of({{1, 9}, {2, 5}, {30, -4}}) == expected,
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(of_an_even_number_it_is_the_mean_of_the_two_in_the_middle) {
  std::vector<double> const expected{3};
  BOOST_TEST(median_of({{100}, {4}, {2}, {-100}}) == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(one_point_and_equal_points_stay_as_they_are) {
  BOOST_TEST(median_of({{0.1}})[0] == 0.1);
  BOOST_TEST(median_of({{0.1}, {0.1}, {0.1}, {0.1}})[0] == 0.1);
}

BOOST_AUTO_TEST_CASE(only_the_range_is_written) {
  std::vector<std::size_t> const sizes(1, 1);
  auto const state = coordinate_median{}.bind<double>(plan{}, sizes);
  std::vector<double> point{1, 2, 3}, out{-1, -1, -1};
  std::vector<std::span<double>> const rows{point};
  state.combine(rows, 1, 2, out);
  std::vector<double> const expected{-1, 2, -1};
  BOOST_TEST(out == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_point_that_is_not_finite_makes_the_round_not_finite) {
  BOOST_TEST(std::isnan(median_of({{1}, {2}, {std::numeric_limits<double>::quiet_NaN()}})[0]));
  BOOST_TEST(std::isnan(median_of({{1}, {2}, {std::numeric_limits<double>::infinity()}})[0]));
}

BOOST_AUTO_TEST_CASE(one_wrong_shard_of_five_moves_the_mean_and_not_the_median) {
  // Four workers have targets of 1, the fifth of 1000: with H steps of size 1/2 each moves from x
  // towards its own target by a factor of 1 − 2^−H. The mean of the targets is 200.8.
  std::vector<double> targets(50, 1.0);
  for (std::size_t i = 40; i != 50; ++i) targets[i] = 1000;
  centre const f{targets};
  settings const s{.workers = 5, .local_steps = 8, .steps = 400};
  auto const robust =
      minimize(f, s, serial{}, sharded{}, constant_step{0.5}, coordinate_median{}).last;
  auto const plain = minimize(f, s, serial{}, sharded{}, constant_step{0.5}).last;
  BOOST_TEST(std::abs(robust[0] - 1) < 1e-9);
  BOOST_TEST(std::abs(plain[0] - 200.8) < 1e-6);
}

BOOST_AUTO_TEST_CASE(the_median_gives_the_same_bits_on_any_number_of_threads) {
  problem const data(200, 41);
  linear_objective const f(data.dense, data.labels, logistic{}, l2{0.01});
  for (std::size_t const workers : {4u, 5u}) {
    settings const s{.workers = workers, .local_steps = 4, .steps = 100, .evaluations = 3};
    auto const expected = support::bits(minimize(f, s, serial{}, coordinate_median{}));
    for (std::size_t const threads : {2u, 3u}) {
      thread_pool pool(threads);
      BOOST_TEST(support::bits(minimize(f, s, pool, coordinate_median{})) == expected);
    }
  }
}

BOOST_AUTO_TEST_CASE(asynchronous_runs_refuse_it_by_name) {
  problem const data(20, 3);
  support::custom const f{&data.dense, &data.reals};
  BOOST_CHECK_EXCEPTION(minimize(f, {.steps = 1}, asynchronous{1}, coordinate_median{}),
                        invalid_settings, [](invalid_settings const& e) {
                          return e.field == "averager" && e.value == "coordinate_median";
                        });
}
