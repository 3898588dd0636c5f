// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#if LOCALSGD_TRAIN_MPI
#include <localsgd/synchronizer/mpi.hpp>
#else
#include <localsgd/synchronizer/thread_pool.hpp>
#endif

#include <cstddef>
#include <exception>
#include <functional>
#include <span>
#include <vector>

/// @file
/// @brief What carries the workers: one type for the whole program, so that each run is compiled
/// once.

namespace train {

#if LOCALSGD_TRAIN_MPI

/// @brief The threads of all ranks of the MPI job.
class synchronizer : public localsgd::mpi {
 public:
  /// @brief Collective. @param threads of this rank; by default its share of the cores
  explicit synchronizer(std::size_t threads = 0)
      : localsgd::mpi(MPI_COMM_WORLD, {.threads = threads}) {}

  template <class Program>
  void run(localsgd::plan const& p, Program const& program) {
    is_known_ = true;  // to all ranks, if it throws
    localsgd::mpi::run(p, program);
    is_known_ = false;
  }

  /// @brief Collective: does `work`, in which all ranks make the same runs. No rank waits for one
  ///        that has failed, between two runs or in one.
  /// @throws what `work` throws; rank_failed on the other ranks
  void do_together(std::function<void()> const& work) {
    std::exception_ptr failure;
    try {
      work();
    } catch (...) {
      if (is_known_) throw;
      failure = std::current_exception();
    }
    // The next collective action of the others is a run, or this one.
    std::vector<char> none(static_cast<std::size_t>(ranks()));
    all_gather(std::span(none), [&] {
      if (failure) std::rethrow_exception(failure);
    });
  }

 private:
  bool is_known_ = false;
};

#else

/// @brief The threads of this process.
class synchronizer : public localsgd::thread_pool {
 public:
  using thread_pool::thread_pool;

  void do_together(std::function<void()> const& work) { work(); }
};

#endif

}  // namespace train
