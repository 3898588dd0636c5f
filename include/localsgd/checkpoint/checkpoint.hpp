// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/checkpoint/checkpoints.hpp"
#include "localsgd/core/error.hpp"

#include <cstdint>
#include <filesystem>
#include <utility>
#include <version>
#if defined(__cpp_lib_jthread)
#include <stop_token>
#endif

/// @file
/// @brief The checkpoint component, for runs that can be stopped and resumed.

namespace localsgd {

  // Qt defines a macro of this name.
#pragma push_macro("signals")
#undef signals

/// @brief When a checkpoint is written, and what stops the run.
struct checkpoint_options {
  /// Write one every `rounds` rounds; 0 = not by rounds.
  std::uint64_t rounds = 0;

  /// Write one at the end of the first round that ends at least `seconds` seconds after the last
  /// one; 0 = not by time. Wall-clock time, also in simulated runs.
  double seconds = 60;

  /// Whether SIGINT and SIGTERM end the run, with a checkpoint and `stop_reason::interrupted`, at
  /// the end of this round or of one of the next two (overlapped runs: three); in asynchronous
  /// runs, at the end of the round after the next meeting. The previous handlers are restored after
  /// the run; a signal that arrived too late to end it is then raised again.
  bool signals = true;

#if defined(__cpp_lib_jthread)
  /// Ends the run in the same way when a stop is requested. Absent if the standard library has no
  /// stop tokens: libc++ before version 20, unless with -fexperimental-library.
  std::stop_token stop = {};
#endif

  /// @throws invalid_settings with the field, its value and the violated rule.
  void validate() const {
    detail::require_nonnegative("checkpoint_options.seconds", seconds);
  }
  /// @brief `signals`, usable even if a macro has that name.
  bool ends_on_signals() const noexcept { return signals; }
  /// @brief Whether a stop was requested through `stop`.
  bool stop_requested() const noexcept {
#if defined(__cpp_lib_jthread)
    return stop.stop_requested();
#else
    return false;
#endif
  }
};

#pragma pop_macro("signals")

/// @brief Saves the state of a run in a file, and resumes the run if the file exists.
///
/// `minimize(f, s, checkpoint{"run.checkpoint"})` starts a run, or resumes the interrupted one: it
/// is the same call. A resumed run gives the same bits as an uninterrupted one, on any number of
/// threads, and a simulated one the same virtual times. The workers of an asynchronous run meet
/// about once a second and after every checkpoint_options::rounds rounds, and checkpoints are
/// written at these meetings; on several threads or ranks its bits are not reproducible, but no
/// step is lost or repeated. The file is written under a temporary name, flushed to disk and
/// renamed, so there is always a complete one. It holds about two vectors of length d per worker,
/// one more per worker in overlapped and asynchronous runs and, for linear models, some of length
/// n; it is assembled in memory. It is removed when the run is complete, but not after a stop or an
/// exception.
///
/// The file belongs to the build, the data, the settings and the components of its run; if a
/// difference is detected, or the file is damaged, invalid_data is thrown and names what differs.
/// If the file cannot be written, std::filesystem::filesystem_error is thrown, before the first
/// step if possible; the last good file is kept. Observers see only the evaluations after resuming.
/// Two simultaneous runs need two files.
///
/// With several ranks, only rank 0 uses the disk, with its path, and any rank can be asked to stop.
/// The run can be resumed with any other number of ranks and threads, or in one process.
///
/// Custom sequences, and averagers that do not keep the mean, are supported if they have a member
/// template `state(archive)` that calls `archive(variables…)` with everything that changes from
/// round to round.
class checkpoint {
 public:
  /// @param path a file in an existing folder. @throws invalid_settings
  explicit checkpoint(std::filesystem::path path, checkpoint_options options = {})
      : path_(std::move(path)), options_(std::move(options)) {
    detail::require(path_.has_filename(), "checkpoint.path", path_.string(),
                    "a path that ends in a file name");
    options_.validate();
  }

  std::filesystem::path const& path() const noexcept { return path_; }
  checkpoint_options const& options() const noexcept { return options_; }

 private:
  std::filesystem::path path_;
  checkpoint_options options_;
};

}  // namespace localsgd
