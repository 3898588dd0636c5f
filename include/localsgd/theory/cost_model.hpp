// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/theory/speed_up.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

/// @file
/// @brief The cost of a run in seconds, from the cost of a gradient and a message.

namespace localsgd {

/// @brief Seconds of steps and of rounds on some machine or network. measure_costs() measures them.
///
/// M members (threads, processes, machines) carry the K workers, ⌈K/M⌉ at most each. Workers of one
/// member average among themselves at no cost; vectors of B bytes are then sent between
/// m = min(K, M) members. One round takes, with latency ℓ and bandwidth β,
///
/// | network            | seconds                                                               |
/// |--------------------|-----------------------------------------------------------------------|
/// | none: one memory   | ℓ + 2(K/m)B/β: a rendezvous; each member reads its share of the        |
/// |                    | coordinates of all K vectors, and writes its own workers' back        |
/// | `topology::master` | 2(m−1)(ℓ + B/β): one gathers and sends back                            |
/// | `topology::tree`   | 2⌈log₂ m⌉(ℓ + B/β)                                                     |
/// | `topology::ring`   | 2(m−1)(ℓ + B/(mβ)): pieces of the vector circulate twice               |
///
/// and nothing for K = 1. It is a model: no overlap, no contention, no cache effects.
struct cost_model {
  double gradient_seconds = 0;   ///< One component gradient and its share of a local step, > 0.
  double latency_seconds = 0;    ///< ℓ of a message; without a network, of a rendezvous. > 0.
  double bytes_per_second = 0;   ///< β of one link; without a network, of one member. > 0.
  std::optional<topology> network = std::nullopt;  ///< None: the members share their memory.
  std::size_t members = 0;       ///< M; 0 = as many as there are workers.

  /// @throws invalid_settings with the member, its value and the violated rule.
  void validate() const {
    detail::require_positive("cost_model.gradient_seconds", gradient_seconds);
    detail::require_positive("cost_model.latency_seconds", latency_seconds);
    detail::require_positive("cost_model.bytes_per_second", bytes_per_second);
  }

  /// @brief m = min(K, M). @throws invalid_settings if K = 0
  std::size_t members_for(std::size_t workers) const {
    detail::require(workers >= 1, "workers", workers, ">= 1");
    return members == 0 ? workers : std::min(workers, members);
  }

  /// @brief One local step of all K workers: ⌈K/m⌉·b gradients one after the other.
  /// @throws invalid_settings
  double seconds_per_step(std::size_t workers, std::size_t batch_size) const {
    validate();
    detail::require(batch_size >= 1, "batch_size", batch_size, ">= 1");
    std::size_t const m = members_for(workers), turns = (workers + m - 1) / m;
    return static_cast<double>(turns) * static_cast<double>(batch_size) * gradient_seconds;
  }

  /// @brief One average of K vectors of so many bytes. @throws invalid_settings
  double seconds_per_round(std::size_t workers, double bytes) const {
    validate();
    detail::require_nonnegative("bytes", bytes);
    std::size_t const m = members_for(workers);
    if (workers == 1) return 0;
    double const k = static_cast<double>(workers), each = static_cast<double>(m);
    if (!network) return latency_seconds + 2 * (k / each) * bytes / bytes_per_second;
    double const whole = exchange_messages(*network, m);
    double const sent = *network == topology::ring ? 2 * (each - 1) : whole;
    return sent * latency_seconds + whole * bytes / bytes_per_second;
  }

  /// @brief T local steps of each worker with so many averages. @throws invalid_settings
  double seconds(std::size_t workers, std::size_t batch_size, double steps, double rounds,
                 double bytes) const {
    return steps * seconds_per_step(workers, batch_size) +
           rounds * seconds_per_round(workers, bytes);
  }
};

}  // namespace localsgd
