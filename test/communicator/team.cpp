// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE communicator_team
#include "localsgd/communicator/team.hpp"

#include "localsgd/communicator/threads/thread_team.hpp"

#include <boost/test/unit_test.hpp>

using localsgd::detail::Team;
using localsgd::detail::thread_team;

namespace {

struct cannot_say_whether_it_is_cancelled : thread_team {
  void cancelled() const;
};
struct does_not_count : thread_team {
  void sent();
};

}  // namespace

BOOST_AUTO_TEST_CASE(what_protocols_need_is_required) {
  BOOST_TEST(Team<thread_team>);
  BOOST_TEST(!Team<cannot_say_whether_it_is_cancelled>);
  BOOST_TEST(!Team<does_not_count>);
  BOOST_TEST(!Team<int>);
}
