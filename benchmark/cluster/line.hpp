// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <localsgd/mpi.hpp>
#include <localsgd/theory/cost_model.hpp>

#include <sched.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

/// @file
/// @brief The line between two ranks: what it carries, and how fast.

namespace line {

inline int rank() {
  int r = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &r);
  return r;
}
inline void barrier() { MPI_Barrier(MPI_COMM_WORLD); }

/// @brief What rank 0 has, on both. Who waits leaves the processor to others.
template <class T>
T shared(T value) {
  MPI_Request request = MPI_REQUEST_NULL;
  MPI_Ibcast(&value, sizeof value, MPI_BYTE, 0, MPI_COMM_WORLD, &request);
  for (int done = 0; MPI_Test(&request, &done, MPI_STATUS_IGNORE), done == 0;)
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  return value;
}
inline double larger(double mine) {
  double both = 0;
  MPI_Allreduce(&mine, &both, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
  return both;
}

/// @brief Binds this rank to a processor of its own, as on two machines.
/// @return false if there are not enough of them
inline bool keep_apart() {
  cpu_set_t allowed, one;
  CPU_ZERO(&one);
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return false;
  int before = rank();
  for (std::size_t i = 0; i != CPU_SETSIZE; ++i)
    if (CPU_ISSET(i, &allowed) && before-- == 0) {
      CPU_SET(i, &one);
      return sched_setaffinity(0, sizeof one, &one) == 0;
    }
  return false;
}

/// @brief While it lives this thread comes before all that other programs want to compute:
///        real-time priority, where that is allowed. The kernel keeps some percent for the others.
class precedence {
 public:
  /// @param wanted no, if the ranks have to share a processor: who waits would not let the other on
  explicit precedence(bool wanted) {
    sched_param const least{.sched_priority = 1};
    given_ = wanted && sched_setscheduler(0, SCHED_FIFO, &least) == 0;
    barrier();
  }
  ~precedence() {
    sched_param const none{};
    if (given_) sched_setscheduler(0, SCHED_OTHER, &none);
  }
  precedence(precedence const&) = delete;
  precedence& operator=(precedence const&) = delete;

 private:
  bool given_ = false;
};

/// @brief Whether the ranks are on hosts of different names: then there is no memory to share.
inline bool two_hosts() {
  char mine[MPI_MAX_PROCESSOR_NAME] = {}, all[2][MPI_MAX_PROCESSOR_NAME] = {};
  int length = 0;
  MPI_Get_processor_name(mine, &length);
  MPI_Allgather(mine, sizeof mine, MPI_BYTE, all, sizeof mine, MPI_BYTE, MPI_COMM_WORLD);
  return std::string(all[0]) != all[1];
}

/// @brief Bytes that have passed a network device of this host, both ways, headers of all layers
///        included. @throws std::runtime_error if there is none of that name
inline std::uint64_t passed(std::string const& device) {
  std::ifstream in("/proc/net/dev");
  for (std::string name; in >> name;) {
    if (name != device + ":") {
      std::getline(in, name);
      continue;
    }
    std::uint64_t received = 0, sent = 0, other = 0;
    in >> received;
    for (int i = 0; i != 7; ++i) in >> other;
    if (in >> sent) return received + sent;
  }
  throw std::runtime_error("/proc/net/dev has no " + device);
}

/// @brief Seconds in which both ranks send so many bytes to each other at the same time: the mean
///        of many times, but of a sixth of them where these would take more than about a second.
inline double exchange_seconds(std::size_t bytes, int times) {
  std::vector<char> out(bytes), in(bytes);
  int const other = 1 - rank();
  auto const exchange = [&](int n) {
    for (int i = 0; i != n; ++i)
      MPI_Sendrecv(out.data(), static_cast<int>(bytes), MPI_BYTE, other, 0, in.data(),
                   static_cast<int>(bytes), MPI_BYTE, other, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  };
  int const few = times / 20;
  exchange(few);
  double const before = MPI_Wtime();
  exchange(few);
  double const each = larger((MPI_Wtime() - before) / few);
  times = std::clamp(static_cast<int>(1 / each), times / 6, times);
  barrier();
  double const start = MPI_Wtime();
  exchange(times);
  return larger((MPI_Wtime() - start) / times);
}

/// @brief ℓ and β: a message of B bytes takes ℓ + B/β, if the other one sends as much meanwhile.
struct speed {
  double latency_seconds = 0, bytes_per_second = 0;

  /// @brief Collective. From messages of 8 bytes and of `many`: by default 32 KiB, far below what
  ///        MPI sends at once.
  static speed measured(std::size_t many = 32768) {
    constexpr std::size_t few = 8;
    double const brief = exchange_seconds(few, 1000), whole = exchange_seconds(many, 60);
    return {brief, static_cast<double>(many - few) / std::max(whole - brief, 1e-9)};
  }
};

/// @brief What both ranks and the line can do: one element a turn. The best of all turns counts, as it
///        does of runs: on a machine that others use as well they cause most of the rest.
struct speeds {
  std::vector<double> gradient = {}, latency = {}, bandwidth = {};

  localsgd::cost_model model() const {
    // What localsgd::mpi sends with a worker on either rank is a vector each way, like a ring of
    // two: but in one message, where the ring has two halves.
    return {.gradient_seconds = std::ranges::min(gradient),
            .latency_seconds = std::ranges::min(latency) / 2,
            .bytes_per_second = std::ranges::max(bandwidth),
            .network = localsgd::topology::ring,
            .members = 2};
  }
};

}  // namespace line
