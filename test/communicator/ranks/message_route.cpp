// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE communicator_ranks_message_route
#include "localsgd/communicator/ranks/message_route.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>

using localsgd::detail::message_route;
using localsgd::detail::rank_layout;

namespace {

struct without_board {};
struct with_board {
  struct memory {
    std::size_t side;
    void post() {}
  };
  memory* shared;
  memory* board() const { return shared; }
};

}  // namespace

BOOST_AUTO_TEST_CASE(bytes_are_those_of_the_messages) {
  // 2 ranks of 2 workers; vectors of 1280 bytes, of which each rank makes 640.
  auto const layout = rank_layout::of({1, 1}, 4);
  BOOST_TEST(message_route::direct_bytes(layout, 4, 1280) == 4 * 1280);
  BOOST_TEST(message_route::slice_bytes(layout, 4, 1280) == 4 * 640 + 2 * 640);
  // One rank sends nothing.
  auto const alone = rank_layout::of({3}, 4);
  BOOST_TEST(message_route::direct_bytes(alone, 4, 1280) == 0);
  BOOST_TEST(message_route::slice_bytes(alone, 4, 1280) == 0);
}

BOOST_AUTO_TEST_CASE(short_vectors_go_to_all_and_long_ones_by_slices) {
  // As in the case before: direct costs K·D, slices 3K·D/4, and the messages 4096 bytes each.
  auto const layout = rank_layout::of({1, 1}, 4);
  without_board none;
  // 4·D ≤ 3·D + 2·4096 for D ≤ 8192.
  BOOST_TEST(message_route::of(none, layout, 4, 8192).direct);
  BOOST_TEST(!message_route::of(none, layout, 4, 8192 + 128).direct);
  BOOST_TEST(!message_route::of(none, layout, 4, 8192).posted);
}

BOOST_AUTO_TEST_CASE(ranks_post_what_fits_on_their_board) {
  auto const layout = rank_layout::of({1, 1}, 3);  // one worker, and two
  with_board::memory memory{2000};
  with_board ranks{&memory}, none{nullptr};
  BOOST_TEST(message_route::of(ranks, layout, 3, 1000).posted);
  BOOST_TEST(!message_route::of(ranks, layout, 3, 1001).posted);
  BOOST_TEST(!message_route::of(none, layout, 3, 1).posted);
}
