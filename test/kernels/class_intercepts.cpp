// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE kernels_class_intercepts
#include "localsgd/kernels/class_intercepts.hpp"

#include <boost/test/unit_test.hpp>
#include <span>
#include <vector>

using localsgd::detail::class_intercepts;

namespace {
// Two classes, three other coordinates, the constant 2.
constexpr class_intercepts both{2, 2, 3};
std::vector<double> const x{9, 9, 9, 0.5, -1};
}  // namespace

BOOST_AUTO_TEST_CASE(scores_get_the_intercept_of_their_class) {
  std::vector<double> scores{1, 2, 3, 4};
  both.add_to_scores(x.data(), 2, scores.data());
  BOOST_TEST(scores == (std::vector<double>{2, 0, 4, 2}));
  double score = 1;
  both.add_to_score(x.data(), 1, score);
  BOOST_TEST(score == -1);
}

BOOST_AUTO_TEST_CASE(their_gradient_is_that_of_the_penalty_and_the_sum_of_slopes) {
  std::vector<double> g{7, 7, 7, 7, 7};
  // λ/2 (1/4 + 1) with λ = 4
  BOOST_TEST(both.begin_gradient(4, std::span<double const>(x), std::span<double>(g)) == 2.5);
  BOOST_TEST(g == (std::vector<double>{7, 7, 7, 2, -4}));
  std::vector<double> const slopes{1, 2, 3, 4};
  both.add_to_gradient(2, slopes.data(), g.data());
  BOOST_TEST(g == (std::vector<double>{7, 7, 7, 10, 8}));
  BOOST_TEST(both.begin_gradient(0, std::span<double const>(x), std::span<double>(g)) == 0);
  BOOST_TEST(g == (std::vector<double>{7, 7, 7, 0, 0}));
}
