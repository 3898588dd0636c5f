// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE protocol_worker_points
#include "localsgd/protocol/worker_points.hpp"

#include <boost/test/unit_test.hpp>

using localsgd::detail::worker_points;

BOOST_AUTO_TEST_CASE(points_of_one_type_leave_those_of_the_other_alone) {
  worker_points mine;
  BOOST_TEST(mine.of<double>().empty());
  mine.of<double>().resize(2);
  mine.of<double>()[1].assign(3, 7.0);
  BOOST_TEST(mine.of<float>().empty());
  BOOST_TEST(mine.of<double>()[1][2] == 7);
}
