// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>

/// @file
/// @brief The parts of a run without checkpoints.

namespace localsgd {

class checkpoint;

/// @brief No checkpoints: the default.
struct no_checkpoint {};

namespace detail {

/// @brief The data of a run's checkpoints that the threads of one process share. Defined in
///        checkpoint/record.hpp, for runs with checkpoints.
template <class Checkpoint, class Scalar>
struct checkpoint_record;
template <class Scalar>
struct checkpoint_record<no_checkpoint, Scalar> {
  static constexpr bool interrupted = false;
};

/// @brief One thread's part of checkpointing; all members are collective.
template <class Checkpoint, class Round, class Recorder, class Record>
class checkpoints;
template <class Round, class Recorder, class Record>
class checkpoints<no_checkpoint, Round, Recorder, Record> {
 public:
  checkpoints(Round&, Recorder&, Record&) noexcept {}
  void resume() const noexcept {}
  void begin(std::uint64_t, std::uint64_t) const noexcept {}
  void decide(std::uint64_t, std::uint64_t) const noexcept {}
  void keep() const noexcept {}
  void end() const noexcept {}
};

}  // namespace detail

}  // namespace localsgd
