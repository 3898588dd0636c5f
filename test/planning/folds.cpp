// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE planning_folds
#include "localsgd/planning/folds.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <vector>

#include "test/support/problems.hpp"

namespace {

using namespace localsgd;

/// How many samples of the class (of all, without one) each fold has.
std::vector<std::size_t> sizes(std::vector<std::size_t> const& fold_of, std::size_t folds,
                               std::vector<double> const& targets = {}, double of = 0) {
  std::vector<std::size_t> count(folds);
  for (std::size_t i = 0; i != fold_of.size(); ++i)
    if (targets.empty() || targets[i] == of) ++count.at(fold_of[i]);
  return count;
}

std::size_t spread(std::vector<std::size_t> const& count) {
  auto const [least, most] = std::minmax_element(count.begin(), count.end());
  return *most - *least;
}

}  // namespace

BOOST_AUTO_TEST_CASE(folds_are_a_partition_into_parts_of_equal_size) {
  BOOST_TEST(sizes(random_folds(12, 4), 4) == (std::vector<std::size_t>{3, 3, 3, 3}),
             boost::test_tools::per_element());
  for (std::size_t n : {2u, 3u, 17u, 100u, 1001u})
    for (std::size_t k : {2u, 3u, 10u})
      if (k <= n) BOOST_TEST(spread(sizes(random_folds(n, k, 5), k)) <= 1u);
}

BOOST_AUTO_TEST_CASE(folds_depend_on_the_seed_alone) {
  BOOST_TEST((random_folds(100, 5, 1) == random_folds(100, 5, 1)));
  BOOST_TEST((random_folds(100, 5, 1) != random_folds(100, 5, 2)));
  auto const y = support::random_signs(100, 3);
  BOOST_TEST((stratified_folds(y, 5, 1) == stratified_folds(y, 5, 1)));
  BOOST_TEST((stratified_folds(y, 5, 1) != stratified_folds(y, 5, 2)));
}

BOOST_AUTO_TEST_CASE(samples_that_follow_each_other_are_split) {
  // The folds of neighbours would be equal, or differ by one, if the samples were not shuffled.
  auto const fold_of = random_folds(1000, 10, 0);
  std::size_t equal = 0, next = 0;
  for (std::size_t i = 1; i != 1000; ++i) {
    equal += fold_of[i] == fold_of[i - 1] ? 1 : 0;
    next += fold_of[i] == (fold_of[i - 1] + 1) % 10 ? 1 : 0;
  }
  BOOST_TEST(equal < 200u);  // 100 are expected, with a standard deviation of 10
  BOOST_TEST(next < 200u);
}

BOOST_AUTO_TEST_CASE(stratified_folds_differ_by_at_most_one_in_every_class) {
  std::vector<double> y(103, 0);
  for (std::size_t i = 0; i != 103; ++i) y[i] = i % 7 == 0 ? 2 : i % 3 == 0 ? 1 : 0;
  y[50] = 9;  // a class with fewer samples than folds
  for (std::size_t k : {2u, 5u, 10u}) {
    auto const fold_of = stratified_folds(y, k, 4);
    BOOST_TEST(spread(sizes(fold_of, k)) <= 1u);
    for (double const of : {0.0, 1.0, 2.0, 9.0})
      BOOST_TEST(spread(sizes(fold_of, k, y, of)) <= 1u);
  }
}

BOOST_AUTO_TEST_CASE(two_values_or_integers_are_classes) {
  BOOST_TEST(are_classes(std::vector<double>{-1, 1, 1}));
  BOOST_TEST(are_classes(std::vector<double>{0.5, 2.5, 0.5}));
  BOOST_TEST(are_classes(std::vector<double>{3, 0, 7, 2}));
  BOOST_TEST(!are_classes(std::vector<double>{0.5, 2.5, 1}));
}

BOOST_AUTO_TEST_CASE(fewer_than_two_folds_and_more_than_samples_are_refused) {
  auto const refused = [](auto const& call, char const* value) {
    auto const e = support::error_of<invalid_settings>(call);
    BOOST_TEST(e.field == "folds");
    BOOST_TEST(e.value == value);
  };
  refused([] { (void)random_folds(10, 1); }, "1");
  refused([] { (void)random_folds(10, 0); }, "0");
  refused([] { (void)random_folds(10, 11); }, "11");
  refused([] { (void)stratified_folds(std::vector<double>{1, 2, 1}, 4); }, "4");
}
