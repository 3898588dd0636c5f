// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE communicator_ranks_rank_state
#include "localsgd/communicator/ranks/rank_state.hpp"

#include "test/support/mailbox_communicator.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdint>

using localsgd::detail::message_memory;
using localsgd::detail::rank_layout;
using localsgd::detail::rank_state;

BOOST_AUTO_TEST_CASE(a_rank_has_its_threads_and_room_for_messages_of_all) {
  support::post_office office(3);
  support::mailbox ranks(office, 1);
  message_memory memory;
  rank_state<support::mailbox> const state(ranks, memory, rank_layout::of({1, 2, 1}, 7), 7, false);
  BOOST_TEST(state.rank == 1);
  BOOST_TEST(state.workers == 7);
  BOOST_TEST(state.here.threads == 2);
  BOOST_TEST(state.here.workers == 7);
  BOOST_TEST(state.send.size() == 3);
  BOOST_TEST(state.receive.size() == 3);
  BOOST_TEST(state.round == 0);
  BOOST_TEST(!state.fast);
}

BOOST_AUTO_TEST_CASE(memory_grows_as_needed_and_keeps_its_place_while_it_is_enough) {
  message_memory memory;
  auto const four = message_memory::as<double>(memory.outgoing, 4);
  BOOST_TEST(four.size() == 4);
  BOOST_TEST(memory.outgoing.size() >= 32);
  BOOST_TEST(reinterpret_cast<std::uintptr_t>(four.data()) % alignof(double) == 0);
  auto const fewer = message_memory::as<float>(memory.outgoing, 8);
  BOOST_TEST(static_cast<void*>(fewer.data()) == static_cast<void*>(four.data()));
  BOOST_TEST(message_memory::as<double>(memory.outgoing, 100).size() == 100);
  BOOST_TEST(memory.incoming.empty());
}
