// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/communicator/traffic.hpp"
#include "localsgd/evaluation/glance.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>

/// @file
/// @brief When variance-reduced steps begin.

namespace localsgd::detail {

/// @brief When variance-reduced steps begin.
enum class svrg_start {
  never,
  at_once,
  after_ascent,         ///< at once, after dual coordinate ascent (detail::dual_ascent)
  when_noise_prevails,  ///< after plain steps: when the average beats the last point, or an epoch
};

/// @brief The first t after which the consensus is read, if an epoch has `period` local steps.
inline std::uint64_t first_look(svrg_start start, std::uint64_t period) noexcept {
  if (start == svrg_start::at_once || start == svrg_start::after_ascent) return 0;
  return start == svrg_start::never ? std::numeric_limits<std::uint64_t>::max()
                                    : std::max<std::uint64_t>(1, period / 4);
}

/// @brief Collective: whether f seems lower at the weighted average of all iterates than at the
///        consensus, by a glance at samples that is not counted as traffic. The leader receives the
///        answer, the other threads false.
/// @param round   the context of a round hook
/// @param average receives the average
template <class Context, class F, class Scalar>
bool average_seems_lower(Context& round, F const& f, std::span<Scalar> average,
                         std::span<Scalar const> consensus) {
  bool answer = false;
  uncounted(round.team(), [&] {
    round.average(average);
    answer = seems_lower(f, round.pass(), round.team(), 1024, std::span<Scalar const>(average),
                         consensus);
  });
  return answer;
}

}  // namespace localsgd::detail
