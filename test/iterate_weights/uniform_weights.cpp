// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE iterate_weights_uniform_weights
#include "localsgd/iterate_weights/uniform_weights.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdint>

using localsgd::uniform_weights;

BOOST_AUTO_TEST_CASE(every_weight_is_1_and_t_of_them_sum_to_t) {
  for (std::uint64_t const t : {0ULL, 1ULL, 1000ULL, 1ULL << 53}) {
    BOOST_TEST(uniform_weights{}.weight(t) == 1);
    BOOST_TEST(uniform_weights{}.sum(t) == static_cast<double>(t));
  }
  BOOST_TEST(uniform_weights{}.identity() == "uniform_weights");
}
