// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE run_sequences
#include "localsgd/run/sequences.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <vector>

using localsgd::index_range;
using localsgd::detail::sequences;

BOOST_AUTO_TEST_CASE(workers_keep_their_numbers) {
  std::vector<std::size_t> bound;
  sequences<std::size_t> mine(index_range{3, 6}, [&](std::size_t k) {
    bound.push_back(k);
    return 10 * k;
  });
  BOOST_TEST((bound == std::vector<std::size_t>{3, 4, 5}));
  BOOST_TEST(mine.size() == 3);
  BOOST_TEST(mine[3] == 30);
  BOOST_TEST(mine[5] == 50);
  BOOST_TEST(mine.front() == 30);
  std::size_t sum = 0;
  for (std::size_t const each : mine) sum += each;
  BOOST_TEST(sum == 120);
  mine[4] = 7;
  auto const& same = mine;
  BOOST_TEST(same[4] == 7);
}

BOOST_AUTO_TEST_CASE(it_knows_whom_it_holds) {
  sequences<int> mine(index_range{3, 6}, [](std::size_t) { return 0; });
  for (std::size_t k = 0; k != 9; ++k) BOOST_TEST(mine.holds(k) == (k >= 3 && k < 6));
  BOOST_TEST(mine.carried().first == 3u);
  BOOST_TEST(mine.carried().last == 6u);
  mine.clear();
  BOOST_TEST(mine.size() == 0);
  BOOST_TEST(!mine.holds(3));
}
