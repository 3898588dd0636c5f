// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/communicator/gloo/communicator.hpp"
#include "localsgd/synchronizer/basic_ranks.hpp"

#include <cstdint>
#include <utility>

/// @file
/// @brief Workers on separate processes connected by Gloo.

namespace localsgd {

/// @brief A protocol on processes connected by Gloo: see basic_ranks and gloo_communicator.
template <template <class> class Protocol>
class basic_gloo : public basic_ranks<Protocol, gloo_communicator> {
 public:
  /// @brief Collective. @throws anything that gloo_communicator throws
  explicit basic_gloo(gloo_options where, rank_options options = {})
      : basic_ranks<Protocol, gloo_communicator>(options, std::move(where)) {}

  /// @brief The bytes sent by this rank in all runs so far.
  std::uint64_t bytes_sent() const noexcept { return this->communicator().bytes_sent(); }
};

/// @brief Algorithm 1: all workers wait for the average.
using gloo_ranks = basic_gloo<detail::synchronous_protocol>;
/// @brief The average of a round is sent during the next local steps.
using overlapped_gloo_ranks = basic_gloo<detail::overlapped_protocol>;

static_assert(Synchronizer<gloo_ranks> && Synchronizer<overlapped_gloo_ranks>);

}  // namespace localsgd
