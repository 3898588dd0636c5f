// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

/// @file
/// @brief When variance-reduced steps begin.

namespace localsgd::detail {

/// @brief When variance-reduced steps begin.
enum class svrg_start {
  never,
  at_once,
  when_noise_prevails,  ///< after plain steps: when the average beats the last point, or an epoch
};

/// @brief The first t after which the consensus is read, if an epoch has `period` local steps.
inline std::uint64_t first_look(svrg_start start, std::uint64_t period) noexcept {
  if (start == svrg_start::at_once) return 0;
  return start == svrg_start::never ? std::numeric_limits<std::uint64_t>::max()
                                    : std::max<std::uint64_t>(1, period / 4);
}

}  // namespace localsgd::detail
