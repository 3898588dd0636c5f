// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE communicator_ranks_layout
#include "localsgd/communicator/ranks/layout.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <vector>

using localsgd::index_range;
using localsgd::detail::even_split;
using localsgd::detail::rank_layout;
using counts = std::vector<std::size_t>;

BOOST_AUTO_TEST_CASE(threads_of_ranks_lie_one_after_another) {
  auto const layout = rank_layout::of({2, 1, 3}, 100);
  BOOST_TEST(layout.ranks() == 3);
  BOOST_TEST(layout.threads() == 6);
  BOOST_TEST((layout.first == counts{0, 2, 3, 6}));
  BOOST_TEST(layout.threads_of(0) == 2);
  BOOST_TEST(layout.threads_of(2) == 3);
}

BOOST_AUTO_TEST_CASE(every_worker_is_carried_by_one_rank_in_their_order) {
  for (std::size_t const workers : {3U, 4U, 7U, 100U}) {
    auto const layout = rank_layout::of({2, 1, 3}, workers);
    std::size_t next = 0;
    for (std::size_t r = 0; r != 3; ++r) {
      index_range const rows = layout.rows_of(r, workers);
      BOOST_TEST(rows.first == next);
      BOOST_TEST(rows.size() >= 1);
      // They are those of its threads.
      BOOST_TEST(rows.first == even_split(workers, layout.threads(), layout.first[r]).first);
      next = rows.last;
    }
    BOOST_TEST(next == workers);
  }
}

BOOST_AUTO_TEST_CASE(where_workers_are_few_the_rank_with_the_most_threads_has_fewer) {
  auto const threads = [](counts const& of, std::size_t workers) {
    auto const layout = rank_layout::of(of, workers);
    counts left;
    for (std::size_t r = 0; r != layout.ranks(); ++r) left.push_back(layout.threads_of(r));
    return left;
  };
  BOOST_TEST((threads({2, 1, 3}, 6) == counts{2, 1, 3}));
  BOOST_TEST((threads({2, 1, 3}, 5) == counts{2, 1, 2}));
  BOOST_TEST((threads({2, 1, 3}, 4) == counts{2, 1, 1}));  // of several, the last one
  BOOST_TEST((threads({2, 1, 3}, 3) == counts{1, 1, 1}));
  BOOST_TEST((threads({8}, 3) == counts{3}));
}
