// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <thread>

/// @file
/// @brief What the system holds for this process.

namespace support {

inline std::ptrdiff_t entries(std::filesystem::path const& folder) {
  return std::distance(std::filesystem::directory_iterator(folder),
                       std::filesystem::directory_iterator());
}

/// @brief The threads of this process; 0 where that is not known.
inline std::ptrdiff_t threads() {
#if defined(__linux__)
  return entries("/proc/self/task");
#else
  return 0;
#endif
}

/// @brief The same, without those that were joined a moment ago and may still be listed.
inline std::ptrdiff_t settled_threads() {
  std::ptrdiff_t least = threads();
  for (int i = 0; i != 20; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    least = std::min(least, threads());
  }
  return least;
}

/// @brief Whether there are so many threads. The system may list one for a moment after it was
///        joined.
inline bool threads_are(std::ptrdiff_t wanted) {
  for (int i = 0; i != 1000 && threads() != wanted; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return threads() == wanted;
}

}  // namespace support
