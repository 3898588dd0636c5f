// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE protocol_iterates
#include "localsgd/protocol/iterates.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <vector>

BOOST_AUTO_TEST_CASE(a_run_begins_at_0_with_room_for_every_worker) {
  localsgd::iterates<float> x({0.25, 0.75}, 3);
  BOOST_TEST(x.local.size() == 2);
  BOOST_TEST(x.travelling.size() == 2);
  BOOST_TEST((x.weights == std::vector<double>{0.25, 0.75}));
  for (auto const& point : x.consensus) {
    BOOST_TEST(point.size() == 3);
    for (float const e : point) BOOST_TEST(e == 0);
  }
}
