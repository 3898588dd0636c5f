// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/checkpoint/archive.hpp"
#include "localsgd/checkpoint/no_checkpoint.hpp"
#include "localsgd/checkpoint/signals.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// @file
/// @brief The shared memory of the checkpoints of a run.

namespace localsgd::detail {

/// @brief The data of a run's checkpoints that the threads of one process share.
template <class Checkpoint, class Scalar>
struct checkpoint_record {
  /// @brief Before the run: its identity and its number of workers.
  void start(Checkpoint const& c, std::string the_identity, std::size_t workers) {
    wish = &c;
    identity = std::move(the_identity);
    caught.emplace(c.options().ends_on_signals());
    of.resize(workers);
  }

  Checkpoint const* wish = nullptr;
  std::string identity;
  std::optional<stop_signals> caught;
  std::vector<state_writer> of;  // for each worker
  bool interrupted = false;
  std::array<int, 4> due{};  // what thread 0 has decided for the next rounds, by number modulo 4
  std::uint64_t steps = 0, rounds = 0;
  std::vector<Scalar> consensus;
  state_writer of_averager;

  // If the threads do not share one memory:
  std::vector<int> wishes;  // by thread; of the leading threads
  std::vector<std::byte> common;  // received from thread 0
};

}  // namespace localsgd::detail
