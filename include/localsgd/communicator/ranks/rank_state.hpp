// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/communicator/concept.hpp"
#include "localsgd/communicator/ranks/layout.hpp"
#include "localsgd/communicator/threads/thread_team.hpp"
#include "localsgd/core/cache_aligned.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

/// @file
/// @brief The data that the threads of one rank share in a run.

namespace localsgd::detail {

/// @brief Memory for sending and receiving. It outlives the run, because a backend may still read
///        data that have not been delivered.
struct message_memory {
  aligned_vector<std::byte> outgoing, incoming, reduced;

  /// @brief The first n elements of a buffer, as T.
  template <class T>
  static std::span<T> as(aligned_vector<std::byte>& room, std::size_t n) {
    if (room.size() < n * sizeof(T)) room.resize(n * sizeof(T));
    return {reinterpret_cast<T*>(room.data()), n};
  }
};

/// @brief The data that the threads of one rank share in a run.
template <Communicator C>
struct rank_state {
  /// @param in_any_order whether averages are computed by the communicator's sum
  rank_state(C& communicator, message_memory& the_memory, rank_layout the_layout,
             std::size_t all_workers, bool in_any_order)
      : ranks(communicator),
        memory(the_memory),
        layout(std::move(the_layout)),
        workers(all_workers),
        fast(in_any_order),
        rank(communicator.rank()),
        here(all_workers, layout.threads_of(rank)),
        send(layout.ranks()),
        receive(layout.ranks()) {}
  rank_state(rank_state const&) = delete;
  rank_state& operator=(rank_state const&) = delete;

  C& ranks;
  message_memory& memory;
  rank_layout const layout;
  std::size_t const workers;
  bool const fast;
  std::size_t const rank;
  thread_state here;
  std::uint64_t round = 0;  ///< Averages computed, for the report if this rank fails.

  std::vector<std::span<std::byte const>> send;
  std::vector<std::span<std::byte>> receive;
  std::tuple<std::vector<std::span<double>>, std::vector<std::span<float>>,
             std::vector<std::span<double const>>>
      rows;                             ///< One slice, for all workers.
  std::vector<std::uint64_t> lengths;   ///< The lengths of all workers' messages.
};

}  // namespace localsgd::detail
