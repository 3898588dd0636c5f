// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE checkpoint_meetings
#include "localsgd/checkpoint/meetings.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>

using localsgd::detail::meetings;

BOOST_AUTO_TEST_CASE(the_first_meeting_is_after_the_first_round) {
  meetings m;
  BOOST_TEST(m.after(1));
  BOOST_TEST(m.after(1000));  // of a resumed run
  m.met(1000, 3);
  BOOST_TEST(!m.after(1001));
  BOOST_TEST(!m.after(1002));
  BOOST_TEST(m.after(1003));
}

BOOST_AUTO_TEST_CASE(meetings_are_as_far_apart_as_the_interval) {
  meetings m;
  m.met(100, 40);
  BOOST_TEST(m.gap(140, 2.0, 1.0, 0) == 20);   // 40 rounds took 2 s, so 20 take 1 s
  BOOST_TEST(m.gap(140, 0.8, 1.0, 0) == 50);
  BOOST_TEST(m.gap(140, 1000, 1.0, 0) == 1);   // a round takes longer than the interval
  BOOST_TEST(m.gap(120, 0.5, 1.0, 0) == 40);   // an evaluation was a meeting, too
}

BOOST_AUTO_TEST_CASE(they_move_apart_by_at_most_a_factor_of_two) {
  meetings m;
  BOOST_TEST(m.gap(1, 0.0, 1.0, 0) == 2);  // no time has been measured
  m.met(100, 40);
  BOOST_TEST(m.gap(140, 1e-9, 1.0, 0) == 80);
  BOOST_TEST(m.gap(100, 1e-9, 1.0, 0) == 2);  // no round since
  m.met(0, 1);
  BOOST_TEST(m.gap(std::uint64_t{1} << 40U, 0.0, 1.0, 0) == static_cast<int>(meetings::longest));
}

BOOST_AUTO_TEST_CASE(no_round_in_which_a_checkpoint_is_due_is_skipped) {
  meetings m;
  std::uint64_t round = 1, seen = 0;
  while (round < 1000) {
    BOOST_TEST(round / 7 <= seen + 1);
    if (round % 7 == 0) BOOST_TEST(round == 7 * ++seen);
    int const gap = m.gap(round, 1e-6, 1.0, 7);
    m.met(round, gap);
    round += static_cast<std::uint64_t>(gap);
  }
  BOOST_TEST(seen == 142u);  // 7 · 142 = 994
}
