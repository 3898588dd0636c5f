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
/// @brief The checkpoint component: a run that survives a stop.

namespace localsgd {

// Qt has a macro of this name.
#pragma push_macro("signals")
#undef signals

/// @brief When a checkpoint is written, and what ends the run with one.
struct checkpoint_options {
  /// Every so many rounds; 0 = not by rounds.
  std::uint64_t rounds = 0;

  /// At the end of the round, once so many seconds have passed since the last one; 0 = not by time.
  double seconds = 60;

  /// Whether SIGINT and SIGTERM end the run after a checkpoint at the end of this round or the
  /// next, with `stop_reason::interrupted`. Their handlers are those of before once the run is
  /// over; a signal that came too late to end it is then raised again.
  bool signals = true;

#if defined(__cpp_lib_jthread)
  /// Ends the run in the same way when a stop is requested. Absent where the standard library has no
  /// stop tokens: libc++ before version 20, unless with -fexperimental-library.
  std::stop_token stop = {};
#endif

  /// @throws invalid_settings naming the field, its value and the rule it broke.
  void validate() const {
    detail::require_nonnegative("checkpoint_options.seconds", seconds);
  }
  /// @brief `signals`, where a macro may have that name.
  bool ends_on_signals() const noexcept { return signals; }
  /// @brief Whether `stop` asks for the end.
  bool stop_requested() const noexcept {
#if defined(__cpp_lib_jthread)
    return stop.stop_requested();
#else
    return false;
#endif
  }
};

#pragma pop_macro("signals")

/// @brief Keeps the state of a run in a file, and goes on from there when the file is found.
///
/// `minimize(f, s, checkpoint{"run.checkpoint"})` starts a run, or resumes the one that was cut:
/// the same call does both. A resumed run gives the bits of one that was never cut, on any number
/// of threads. The file is written beside its name, flushed to the disk and renamed, so that there
/// is always a whole one. It holds two vectors of length d per worker, about, and for linear models
/// some of length n; it is put together in memory. It is removed when the run has come to its end,
/// unless by a stop or an exception.
///
/// The file belongs to the build, the data, the settings and the components of its run; any
/// difference that can be told is refused, as is a damaged file, by invalid_data naming what
/// differs. A file that cannot be written is a std::filesystem::filesystem_error, before the first
/// step if it can be told by then; the last one stays. Observers see only what comes after the
/// resumption. Not for asynchronous, overlapped or simulated runs, which do not compile. Two runs
/// at the same time need two files.
///
/// On ranks the path is that of rank 0, which alone touches the disk, and any rank can be asked to
/// stop. What one of them has written goes on with any other number of ranks and threads, or none.
///
/// Sequences, and averagers that do not keep the mean, take part if they have a thread template
/// `state(archive)` that calls `archive(variables…)`: all that changes from round to round.
class checkpoint {
 public:
  /// @param path its folder exists. @throws invalid_settings
  explicit checkpoint(std::filesystem::path path, checkpoint_options options = {})
      : path_(std::move(path)), options_(std::move(options)) {
    detail::require(path_.has_filename(), "checkpoint.path", path_.string(), "the name of a file");
    options_.validate();
  }

  std::filesystem::path const& path() const noexcept { return path_; }
  checkpoint_options const& options() const noexcept { return options_; }

 private:
  std::filesystem::path path_;
  checkpoint_options options_;
};

}  // namespace localsgd
