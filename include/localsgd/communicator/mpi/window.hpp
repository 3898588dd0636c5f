// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/communicator/mpi/requests.hpp"

#include <algorithm>
#include <cstddef>
#include <span>

/// @file
/// @brief Numbers of a rank that all other ranks add to and read without its participation.

namespace localsgd::detail {

/// @brief Some doubles on each rank that all ranks can add to: one-sided MPI, passive target.
class mpi_window {
 public:
  /// @brief Collective. The numbers are initially 0.
  /// @param doubles the number of values on this rank
  mpi_window(MPI_Comm ranks, std::size_t doubles) {
    double* here = nullptr;
    check_mpi(MPI_Win_allocate(static_cast<MPI_Aint>(doubles * sizeof(double)), sizeof(double),
                               MPI_INFO_NULL, ranks, &here, &window_),
              "MPI_Win_allocate");
    here_ = {here, doubles};
    MPI_Win_set_errhandler(window_, MPI_ERRORS_RETURN);
    check_mpi(MPI_Win_lock_all(MPI_MODE_NOCHECK, window_), "MPI_Win_lock_all");
    std::ranges::fill(here_, 0.0);
  }
  mpi_window(mpi_window const&) = delete;
  mpi_window& operator=(mpi_window const&) = delete;

  /// @brief Collective, once no rank uses it any more. Without this call, the memory is never
  ///        released.
  void free() noexcept {
    MPI_Win_unlock_all(window_);
    MPI_Win_free(&window_);
  }

  /// @brief This rank's own numbers; valid while no rank adds, between sync() and a barrier.
  std::span<double> here() const noexcept { return here_; }
  void sync() const { check_mpi(MPI_Win_sync(window_), "MPI_Win_sync"); }

  /// @brief Starts, for each i, atomically: old_i ← z_i, z_i ← z_i + change_i, where z holds the
  ///        numbers of a rank from `first` on.
  void add_and_get(mpi_requests& requests, int rank, std::size_t first,
                   std::span<double const> change, std::span<double> old) const {
    constexpr std::size_t most = std::size_t{1} << 27;  // MPI counts in int
    for (std::size_t i = 0; i < change.size(); i += most) {
      int const n = static_cast<int>(std::min(most, change.size() - i));
      MPI_Request request = MPI_REQUEST_NULL;
      check_mpi(MPI_Rget_accumulate(change.data() + i, n, MPI_DOUBLE, old.data() + i, n, MPI_DOUBLE,
                                    rank, static_cast<MPI_Aint>(first + i), n, MPI_DOUBLE, MPI_SUM,
                                    window_, &request),
                "MPI_Rget_accumulate");
      requests.watch(request);
    }
  }

 private:
  MPI_Win window_ = MPI_WIN_NULL;
  std::span<double> here_;
};

}  // namespace localsgd::detail
