// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/communicator/ranks/rank_team.hpp"
#include "test/support/mailbox_communicator.hpp"
#include "test/support/teams.hpp"

#include <cstddef>
#include <exception>
#include <vector>

/// @file
/// @brief The threads of several ranks without a run.

namespace support {

/// @brief Calls body(team) on each thread of ranks with so many threads each, which carry K workers.
/// @tparam T what each thread is: made of a rank_state and its number
template <class T = localsgd::detail::rank_team<mailbox>, class Body>
void with_rank_teams(std::vector<std::size_t> const& threads, std::size_t workers,
                     Body const& body) {
  using namespace localsgd::detail;
  on_mailboxes(threads.size(), [&](post_office& office, std::size_t r) {
    mailbox ranks(office, r);
    message_memory memory;
    ranks.open();
    rank_state<mailbox> state(ranks, memory, rank_layout::of(threads, workers), workers, false);
    localsgd::rank_status mine;
    std::exception_ptr failure;
    try {
      run_threads(state.here, own_threads{}, [&](std::size_t i) {
        T team(state, i);
        body(team);
      });
    } catch (...) {
      failure = std::current_exception();
      mine = {static_cast<int>(r), 0, "failed"};
    }
    ranks.close(mine);  // the others are told
    if (failure) std::rethrow_exception(failure);
  });
}

}  // namespace support
