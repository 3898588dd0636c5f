// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE averager_weighted_mean
#include "localsgd/averager/weighted_mean.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <span>
#include <vector>

#include "localsgd/averager/mean.hpp"

using localsgd::weighted_mean;
using shards = std::vector<std::size_t>;

namespace {

double weight(std::size_t worker, shards const& sizes) {
  return weighted_mean{}.bind<double>({}, sizes).weight(worker);
}

}  // namespace

BOOST_AUTO_TEST_CASE(weights_are_the_shares_of_the_samples) {
  shards const sizes{1, 5, 2};
  BOOST_TEST(weight(0, sizes) == 0.125);
  BOOST_TEST(weight(1, sizes) == 0.625);
  BOOST_TEST(weight(2, sizes) == 0.25);
  BOOST_TEST(weight(0, shards{17}) == 1);
}

BOOST_AUTO_TEST_CASE(weights_sum_to_one) {
  for (std::size_t const workers : {1U, 3U, 64U, 1000U}) {
    shards sizes(workers);
    for (std::size_t k = 0; k != workers; ++k) sizes[k] = 1 + k * k % 97;
    double sum = 0;
    for (std::size_t k = 0; k != workers; ++k) sum += weight(k, sizes);
    // Each of the K divisions and additions rounds by at most 2⁻⁵³.
    BOOST_TEST(std::abs(sum - 1) <= 0x1p-52 * static_cast<double>(workers));
  }
}

BOOST_AUTO_TEST_CASE(equal_shards_make_it_the_plain_mean) {
  shards const sizes(7, 13);
  for (std::size_t k = 0; k != 7; ++k)
    BOOST_TEST(weight(k, sizes) == localsgd::mean{}.bind<double>({}, sizes).weight(k));
}

BOOST_AUTO_TEST_CASE(the_mean_is_kept_as_it_is) {
  static_assert(weighted_mean::bound<float>::keeps_mean);
  std::vector<float> const previous{1, 2, 3};
  std::vector<float> mean{4, 5, 6};
  auto state = weighted_mean{}.bind<float>({}, shards{3, 4});
  state.begin_round({});
  state.apply(0, std::span(previous), std::span(mean));
  state.commit();
  BOOST_TEST((mean == std::vector<float>{4, 5, 6}));
}

BOOST_AUTO_TEST_CASE(its_identity_is_its_name) {
  BOOST_TEST(weighted_mean{}.identity() == "weighted_mean");
}
