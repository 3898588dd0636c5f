// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/communicator/mpi/board.hpp"
#include "localsgd/communicator/mpi/layout.hpp"
#include "localsgd/communicator/mpi/link.hpp"
#include "localsgd/communicator/mpi/window.hpp"
#include "localsgd/core/cache_aligned.hpp"
#include "localsgd/communicator/threads/team.hpp"
#include "localsgd/communicator/mpi/options.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

/// @file
/// @brief What the threads of a rank share in a run.

namespace localsgd::detail {

/// @brief What the members of one run have in common on a rank.
struct mpi_shared {
  /// @param the_board of the ranks of this machine, if they are all; or none
  mpi_shared(mpi_link& the_link, mpi_board* the_board, mpi_layout the_layout,
             std::size_t all_workers, mpi_options const& options)
      : link(the_link),
        board(the_board),
        layout(std::move(the_layout)),
        workers(all_workers),
        fast(options.averaging == averaging::fast),
        longest_lead(options.longest_lead),
        rank(static_cast<std::size_t>(the_link.rank())),
        here(all_workers, layout.members_of(rank)),
        touched(here.members) {}
  mpi_shared(mpi_shared const&) = delete;
  mpi_shared& operator=(mpi_shared const&) = delete;
  /// @brief Collective, if there is a window: after the run is closed.
  ~mpi_shared() {
    if (window && link.lost().empty())
      window->free();
    else
      static_cast<void>(window.release());  // somebody may still use it
  }

  mpi_link& link;
  mpi_board* const board;
  mpi_layout const layout;
  std::size_t const workers;
  bool const fast;
  std::optional<std::uint64_t> const longest_lead;
  std::size_t const rank;
  shared_team here;  // the threads of this rank
  own_vector<std::byte> incoming;
  std::tuple<std::vector<std::span<double>>, std::vector<std::span<float>>,
             std::vector<std::span<double const>>>
      rows;  // of one slice, of all ranks
  std::vector<std::vector<std::uint32_t>> touched;  // by thread of this rank
  std::vector<std::uint32_t> all_touched;           // by anybody, ascending
  std::unique_ptr<mpi_window> window;   // of asynchronous runs
  own_vector<double> coordinates, mean;             // at those: of each worker here, and of all

  // The first n elements of it, as T.
  template <class T>
  static std::span<T> as(own_vector<std::byte>& room, std::size_t n) {
    if (room.size() < n * sizeof(T)) room.resize(n * sizeof(T));
    return {reinterpret_cast<T*>(room.data()), n};
  }
};

}  // namespace localsgd::detail
