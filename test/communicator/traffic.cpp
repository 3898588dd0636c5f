// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE communicator_traffic
#include "localsgd/communicator/traffic.hpp"

#include <boost/test/unit_test.hpp>

using localsgd::detail::traffic;

BOOST_AUTO_TEST_CASE(at_first_nothing_was_sent) {
  traffic const none;
  BOOST_TEST(none.bytes == 0);
  BOOST_TEST(none.exchanges == 0);
}

BOOST_AUTO_TEST_CASE(a_count_can_be_set_back) {
  traffic sent{100, 2};
  traffic const before = sent;
  sent.bytes += 50, ++sent.exchanges;
  sent = before;
  BOOST_TEST(sent.bytes == 100);
  BOOST_TEST(sent.exchanges == 2);
}

BOOST_AUTO_TEST_CASE(uncounted_work_leaves_no_trace) {
  struct {
    traffic counted{100, 2};
    traffic& sent() { return counted; }
  } team;
  bool done = false;
  localsgd::detail::uncounted(team, [&] {
    team.sent().bytes += 50, ++team.sent().exchanges;
    done = true;
  });
  BOOST_TEST(done);
  BOOST_TEST(team.counted.bytes == 100);
  BOOST_TEST(team.counted.exchanges == 2);
}
