// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>

#if defined(__unix__) || defined(__APPLE__)
#include <sys/resource.h>
#endif

/// @file
/// @brief How often the system took a core from this process. Only this includes <sys/resource.h>.

namespace localsgd::detail {

/// @brief The number of involuntary context switches of all threads of this process so far; always
///        0 if the system does not count them. Thread safe; takes about a microsecond.
inline std::uint64_t preemptions() noexcept {
#if defined(__unix__) || defined(__APPLE__)
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) == 0 && usage.ru_nivcsw > 0)
    return static_cast<std::uint64_t>(usage.ru_nivcsw);
#endif
  return 0;
}

}  // namespace localsgd::detail
