// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE objective_shard_totals
#include "localsgd/objective/shard_totals.hpp"

#include <boost/test/unit_test.hpp>
#include <vector>

#include "localsgd/loss/poisson.hpp"
#include "localsgd/loss/squared.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/objective/quadratic.hpp"

using localsgd::dense_matrix;
using localsgd::l2;
using localsgd::linear_objective;
using localsgd::poisson;
using localsgd::squared;
using localsgd::detail::has_largest_target;
using localsgd::detail::has_mean_weight;
using localsgd::detail::shard_totals;

BOOST_AUTO_TEST_CASE(linear_models_have_weights_and_some_losses_depend_on_the_largest_target) {
  BOOST_TEST((has_mean_weight<linear_objective<dense_matrix<float>, squared>>));
  BOOST_TEST((!has_mean_weight<localsgd::quadratic<>>));
  BOOST_TEST((!has_largest_target<linear_objective<dense_matrix<float>, squared>>));
  BOOST_TEST((has_largest_target<linear_objective<dense_matrix<float>, poisson>>));
}

BOOST_AUTO_TEST_CASE(shards_learn_the_totals_of_all_samples) {
  dense_matrix<double> const two{{1.0}, {2.0}}, one{{3.0}};
  std::vector<double> const y{5, 1}, w{1, 2}, z{40};
  linear_objective f(two, y, poisson{}, l2{1}, {.weights = w}), g(one, z, poisson{}, l2{1});
  shard_totals all;
  all.add(shard_totals::of(f));
  all.add(shard_totals::of(g));
  BOOST_TEST(all.samples == 3);
  BOOST_TEST(all.weights == 4);  // 1 + 2 + 1
  BOOST_TEST(all.largest_target == 40);
  for (auto* each : {&f, &g}) {
    all.apply_to(*each);
    BOOST_TEST(each->mean_weight() == 4.0 / 3);
    BOOST_TEST(each->loss().max_rate() == 90);
  }
}
