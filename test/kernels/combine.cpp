// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE kernels_combine
#include "localsgd/kernels/combine.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <tuple>
#include <vector>

#include "test/support/problems.hpp"

namespace {

using localsgd::detail::coordinates_of;
using localsgd::detail::ordered_sum;
using localsgd::detail::weighted_average;
using scalars = std::tuple<float, double>;
// Lengths of 301 and 701 are odd: they leave a remainder for vectors of any width.

// K iterates, and the spans that weighted_average takes.
template <class Scalar>
struct team_of {
  std::vector<std::vector<Scalar>> x;
  std::vector<std::span<Scalar>> spans;
  std::vector<double> weights;

  team_of(std::size_t workers, std::size_t d) {
    support::numbers random(workers);
    for (std::size_t k = 0; k != workers; ++k) {
      std::vector<Scalar> point(d);
      for (Scalar& e : point) e = static_cast<Scalar>(random.between(-2, 2));
      x.push_back(point);
      weights.push_back(random.between(0.1, 1));
    }
    double sum = 0;
    for (double const w : weights) sum += w;
    for (double& w : weights) w /= sum;
    for (auto& point : x) spans.emplace_back(point);
  }

  bool average(std::vector<Scalar>& out) {
    return weighted_average<Scalar>(spans, weights, 0, out.size(), out.data());
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(the_average_of_equal_points_is_that_point_exactly, Scalar, scalars) {
  for (std::size_t const workers : {1U, 2U, 3U, 10U}) {
    team_of<Scalar> team(workers, 301);
    for (auto& point : team.x) std::ranges::copy(team.x[0], point.begin());
    std::vector<Scalar> out(301);
    BOOST_TEST(team.average(out));
    BOOST_TEST((out == team.x[0]));
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(the_average_is_the_weighted_sum, Scalar, scalars) {
  for (std::size_t const workers : {1U, 2U, 3U, 10U}) {
    team_of<Scalar> team(workers, 701);
    std::vector<double> expected(701);
    for (std::size_t k = 0; k != workers; ++k)
      for (std::size_t i = 0; i != 701; ++i)
        expected[i] += team.weights[k] * static_cast<double>(team.x[k][i]);
    std::vector<Scalar> out(701);
    BOOST_TEST(team.average(out));
    // K sums in double on both sides, and the result rounded to the type of x.
    double const rounding = static_cast<double>(std::numeric_limits<Scalar>::epsilon());
    BOOST_TEST(support::relative_distance(out, expected) <= 10 * rounding);
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(how_the_coordinates_are_split_changes_no_bit, Scalar, scalars) {
  for (std::size_t const d : {5U, 16U, 300U, 1031U}) {
    team_of<Scalar> team(7, d);
    std::vector<Scalar> whole(d);
    team.average(whole);
    for (std::size_t const members : {2U, 3U, 5U, 64U}) {
      std::vector<Scalar> split(d);
      for (std::size_t m = members; m-- != 0;) {
        auto const [first, last] = coordinates_of<Scalar>(d, members, m);
        BOOST_TEST(weighted_average<Scalar>(team.spans, team.weights, first, last, split.data()));
      }
      BOOST_TEST((split == whole));
    }
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(only_the_given_coordinates_are_written, Scalar, scalars) {
  team_of<Scalar> team(3, 100);
  std::vector<Scalar> out(100, Scalar{17});
  weighted_average<Scalar>(team.spans, team.weights, 16, 48, out.data());
  for (std::size_t i = 0; i != 100; ++i) BOOST_TEST((out[i] == 17) == (i < 16 || i >= 48));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(numbers_that_are_not_finite_are_noticed, Scalar, scalars) {
  Scalar const infinity = std::numeric_limits<Scalar>::infinity();
  for (Scalar const bad : {infinity, -infinity, std::numeric_limits<Scalar>::quiet_NaN()})
    for (std::size_t const worker : {0U, 1U, 2U})
      for (std::size_t const at : {0U, 255U, 256U, 299U, 300U}) {
        team_of<Scalar> team(3, 301);
        team.x[worker][at] = bad;
        std::vector<Scalar> out(301);
        BOOST_TEST(!team.average(out));
        // All other coordinates are finite.
        BOOST_TEST(weighted_average<Scalar>(team.spans, team.weights, 16, 240, out.data()));
      }
}

BOOST_AUTO_TEST_CASE(large_numbers_are_finite_as_long_as_their_average_is) {
  float const largest = std::numeric_limits<float>::max();
  team_of<float> team(2, 1);
  team.x[0][0] = largest, team.x[1][0] = -largest;  // their difference overflows float
  std::vector<float> out(1);
  BOOST_TEST(team.average(out));
  team_of<double> doubles(1, 1);
  doubles.x[0][0] = std::numeric_limits<double>::max();
  std::vector<double> copy(1);
  BOOST_TEST(doubles.average(copy));
  BOOST_TEST((copy == doubles.x[0]));
}

BOOST_AUTO_TEST_CASE(one_worker_is_copied) {
  team_of<float> team(1, 301);
  std::vector<float> out(301);
  BOOST_TEST(team.average(out));
  BOOST_TEST((out == team.x[0]));
}

BOOST_AUTO_TEST_CASE(an_ordered_sum_adds_the_parts_in_their_order) {
  // 1 is lost next to 1e17, so the order matters.
  std::vector<std::vector<double>> const parts{{1e17, 1}, {1, 1e17}, {-1e17, -1e17}};
  std::vector<double> total{7, 7};
  ordered_sum(parts, 0, 2, total.data());
  BOOST_TEST((total == std::vector<double>{0, 0}));
  std::vector<std::vector<double>> const others{{1e17, 1}, {-1e17, 2}, {1, 3}};
  ordered_sum(others, 0, 1, total.data());
  BOOST_TEST((total == std::vector<double>{1, 0}));  // the second coordinate was not requested
}
