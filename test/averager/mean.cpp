// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE averager_mean
#include "localsgd/averager/mean.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <span>
#include <vector>

BOOST_AUTO_TEST_CASE(every_worker_has_the_same_weight_whatever_its_shard) {
  for (std::size_t const workers : {1U, 2U, 7U, 64U}) {
    std::vector<std::size_t> shards(workers);
    for (std::size_t k = 0; k != workers; ++k) shards[k] = k + 1;
    auto const state = localsgd::mean{}.bind<double>({}, shards);
    for (std::size_t k = 0; k != workers; ++k)
      BOOST_TEST(state.weight(k) == 1.0 / static_cast<double>(workers));
  }
}

BOOST_AUTO_TEST_CASE(the_mean_is_kept_as_it_is) {
  static_assert(localsgd::mean::bound<double>::keeps_mean);
  std::vector<std::size_t> const shards{3, 4};
  std::vector<double> const previous{1, 2, 3};
  std::vector<double> mean{4, 5, 6};
  auto state = localsgd::mean{}.bind<double>({}, shards);
  state.begin_round({});
  state.apply(0, std::span(previous), std::span(mean));
  state.commit();
  BOOST_TEST((mean == std::vector<double>{4, 5, 6}));
}

BOOST_AUTO_TEST_CASE(its_identity_is_its_name) {
  BOOST_TEST(localsgd::mean{}.identity() == "mean");
}
