// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

/// @file
/// @brief The theoretical speed-up of K workers.

namespace localsgd {

/// @brief How the K workers exchange their iterates.
enum class topology {
  master,  ///< One gathers and sends back: 2(K−1) consecutive messages.
  tree,    ///< A reduction and a broadcast: 2⌈log₂ K⌉ consecutive messages.
  ring,    ///< Each passes on a K-th of the vector 2(K−1) times: 2(K−1)/K whole messages.
};

/// @brief How many messages of d numbers one average of K ≥ 1 iterates takes, one after the other.
/// @throws invalid_settings if K = 0
inline double exchange_messages(topology network, std::size_t workers) {
  detail::require(workers >= 1, "workers", workers, ">= 1");
  double const others = static_cast<double>(workers - 1);
  switch (network) {
    case topology::tree:
      return 2 * static_cast<double>(std::bit_width(workers - 1));  // ⌈log₂ K⌉
    case topology::ring:
      return 2 * others / static_cast<double>(workers);
    case topology::master:
      break;
  }
  return 2 * others;
}

/// @brief The model behind the theoretical speed-up curves of \cite stich2019local : the leading
///        terms of the bound with all constants dropped. It describes growth, not absolute values.
///
/// Assumes what Theorem 2.2 does; μ, κ, σ², G² and the distance of the start all count as 1.
struct speed_up_model {
  double accuracy = 1e-4;    ///< ε > 0
  double message_cost = 0;   ///< c ≥ 0, the time of a message over that of a gradient; 0 = free
  topology network = topology::master;

  /// @brief T(H, K, ε) = (1/(Kε)) (½ + ½√(1 + ε(1 + H + H²K))), local steps per worker.
  /// @throws invalid_settings unless H, K ≥ 1, ε > 0 and c ≥ 0
  double steps(std::uint64_t local_steps, std::size_t workers) const {
    return overhead(local_steps, workers) / (static_cast<double>(workers) * accuracy);
  }

  /// @brief S(K) = K/((½ + ½√(1 + ε(1 + H + H²K))) (1 + c m(K)/H)), m(K) = exchange_messages():
  ///        the time of 1/ε steps of one worker over that of K workers with their averages.
  /// @throws invalid_settings as steps()
  double speed_up(std::uint64_t local_steps, std::size_t workers) const {
    double const more_steps = overhead(local_steps, workers);
    double const messages = exchange_messages(network, workers);
    double const step = 1 + message_cost * messages / static_cast<double>(local_steps);
    return static_cast<double>(workers) / (more_steps * step);
  }

  /// @throws invalid_settings with the member, its value and the violated rule.
  void validate() const {
    detail::require_positive("speed_up_model.accuracy", accuracy);
    detail::require_nonnegative("speed_up_model.message_cost", message_cost);
  }

 private:
  double overhead(std::uint64_t local_steps, std::size_t workers) const {
    validate();
    detail::require(workers >= 1, "workers", workers, ">= 1");
    detail::require(local_steps >= 1, "local_steps", local_steps, ">= 1");
    double const h = static_cast<double>(local_steps), k = static_cast<double>(workers);
    return 0.5 + 0.5 * std::sqrt(1 + accuracy * (1 + h + h * h * k));
  }
};

}  // namespace localsgd
