// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE checkpoint_broadcast
#include "localsgd/checkpoint/broadcast.hpp"

#include "test/support/rank_teams.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <vector>

using localsgd::detail::broadcast_bytes;
using localsgd::detail::thread_team;

namespace {

using bytes = std::vector<std::byte>;
using counts = std::vector<std::size_t>;

bytes of(std::initializer_list<int> values) {
  bytes all;
  for (int const v : values) all.push_back(static_cast<std::byte>(v));
  return all;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_bytes_of_one_process_become_those_of_all) {
  for (counts const& shape : {counts{1}, counts{1, 1}, counts{2, 1, 3}})
    for (std::size_t owner = 0; owner != shape.size(); ++owner) {
      std::vector<bytes> mine(shape.size());
      for (std::size_t r = 0; r != mine.size(); ++r) mine[r].assign(r + 1, std::byte(7));
      mine[owner] = of({1, 2, 3, 4, 5});
      support::with_rank_teams(shape, 8, [&](auto& team) {
        auto const& first = team.state().layout.first;
        broadcast_bytes(team, mine[team.state().rank], first[owner + 1] - 1);  // its last thread
      });
      for (auto const& each : mine) BOOST_TEST((each == of({1, 2, 3, 4, 5})));
    }
}

BOOST_AUTO_TEST_CASE(in_one_process_nothing_travels) {
  bytes mine = of({1, 2});
  support::with_team(2, 2, [&](auto& team) { broadcast_bytes(team, mine, 1); });
  BOOST_TEST((mine == of({1, 2})));
}
