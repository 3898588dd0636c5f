// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/mpi.hpp"
#include "test/support/runs.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

/// @file
/// @brief What programs that run on several ranks have in common.

namespace support {

/// @brief MPI, from its start to its end: a global fixture.
struct mpi_session {
  mpi_session() {
    int provided = 0;
    MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided);
  }
  ~mpi_session() { MPI_Finalize(); }
};

inline int mpi_rank() {
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  return rank;
}
inline int mpi_ranks() {
  int ranks = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  return ranks;
}

/// @brief support::bits() but for the bytes, which are those of the network here.
template <class Scalar>
std::vector<std::uint64_t> bits_without_bytes(localsgd::result<Scalar> r) {
  r.bytes = 0;
  for (auto& e : r.history) e.bytes = 0;
  return bits(r);
}

/// An outer optimiser with momentum: an average that is not the mean, and has a memory.
template <class Scalar>
struct outer_momentum {
  static constexpr bool keeps_mean = false;
  std::vector<Scalar> velocity;
  static double weight(std::size_t, std::span<std::size_t const> sizes) {
    return 1 / static_cast<double>(sizes.size());
  }
  void start(std::size_t d) { velocity.assign(d, Scalar{0}); }
  void apply(std::size_t first, std::span<Scalar const> previous, std::span<Scalar> mean) {
    for (std::size_t i = 0; i != mean.size(); ++i) {
      Scalar& v = velocity[first + i];
      v = v / 2 + (mean[i] - previous[i]);
      mean[i] = previous[i] + v;
    }
  }
  template <class Archive>
  void state(Archive& archive) {
    archive(velocity);
  }
};

}  // namespace support
