// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE checkpoint_spread
#include "localsgd/checkpoint/spread.hpp"

#include "test/support/problems.hpp"
#include "test/support/rank_teams.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <vector>

using localsgd::detail::divided_state;
using localsgd::detail::spread;
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
        spread(team, mine[team.state().rank], first[owner + 1] - 1);  // its last thread
      });
      for (auto const& each : mine) BOOST_TEST((each == of({1, 2, 3, 4, 5})));
    }
}

BOOST_AUTO_TEST_CASE(in_one_process_nothing_travels) {
  bytes mine = of({1, 2});
  support::with_team(2, 2, [&](auto& team) { spread(team, mine, 1); });
  BOOST_TEST((mine == of({1, 2})));
}

namespace {

/// Merges the states of three ranks, one of which has two threads. All began at (0, 0, 0, 9).
bytes merged(std::vector<bytes> states) {
  std::vector<divided_state> parts(3);
  support::with_rank_teams({1, 2, 1}, 8, [&](auto& team) {
    std::size_t const r = team.state().rank;
    if (team.leads()) parts[r].start(of({0, 0, 0, 9}));
    std::vector<int> const leaders{1, 1, 0, 1};
    parts[r].merge(team, leaders, states[r]);
  });
  return states[0];
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_byte_is_of_the_process_that_has_changed_it) {
  BOOST_TEST((merged({of({1, 0, 0, 9}), of({0, 2, 0, 9}), of({0, 0, 3, 8})}) == of({1, 2, 3, 8})));
  BOOST_TEST((merged({of({1, 5, 0, 9}), of({1, 6, 0, 9}), of({1, 0, 0, 9})}) == of({1, 5, 0, 9})));
}

BOOST_AUTO_TEST_CASE(states_whose_length_has_changed_cannot_be_merged) {
  auto const e = support::error_of<localsgd::invalid_settings>(
      [] { merged({of({1, 0, 0, 9}), of({0, 2, 0}), of({0, 0, 3, 8})}); });
  BOOST_TEST(e.field == "bytes of averager.state");
}
