// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <exception>
#include <functional>
#include <string>
#include <string_view>

/// @file
/// @brief The ranks on which the program runs: those of an MPI job, or this process alone.

namespace train {

class synchronizer;

/// @brief A command has failed on another rank, which says why.
class failed_elsewhere : public std::exception {
 public:
  char const* what() const noexcept override { return "another rank has failed"; }
};

/// @brief The ranks of the program. Its collective functions are called by all ranks in one order.
///
/// The ranks first read their files, for which they may take any time, in do_together(). Then they
/// run in with_synchronizer(), where no rank waits longer than the deadline of the synchronizer.
class job {
 public:
  /// @brief Initialises MPI in a program that is built with it.
  job(int& argc, char**& argv);
  job(job const&) = delete;
  job& operator=(job const&) = delete;
  ~job();

  std::size_t size() const noexcept { return size_; }
  /// @brief Whether this is rank 0, which writes files, progress and results.
  bool leads() const noexcept { return rank_ == 0; }
  /// @brief Empty on rank 0; "rank 2 on <host>: " on another.
  std::string prefix() const;

  /// @brief Collective: does `work`, in which no rank waits for another.
  /// @throws what `work` throws; failed_elsewhere on ranks where it throws nothing
  void do_together(std::function<void()> const& work) const;

  /// @brief Collective. @throws usage_error on all ranks, unless all have the same `text`
  /// @param what what it says: "command", or an option
  void require_same(std::string const& what, std::string_view text) const;

  /// @brief Collective: does `work`, in which all ranks make the same runs. @param threads of this
  ///        rank; 0 = automatic
  /// @throws what `work` throws; localsgd::rank_failed on the other ranks
  void with_synchronizer(std::size_t threads, std::function<void(synchronizer&)> const& work) const;

  struct ending {
    int code;
    bool speaks;  ///< Whether this rank prints the error: one rank does.
  };
  /// @brief Collective: how the program ends. @param code 0, or that of a failure
  /// @param elsewhere whether the failure is that of another rank
  ending conclude(int code, bool elsewhere) const;

 private:
  std::size_t rank_ = 0, size_ = 1;
};

/// @throws localsgd::invalid_settings unless a rank can have so many threads
void check_threads(std::size_t threads);

}  // namespace train
