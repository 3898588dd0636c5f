// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/compiler.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>
#include <string_view>

#if defined(__linux__)
#include <sched.h>
#include <unistd.h>
#else
#include <thread>
#endif

/// @file
/// @brief The number of cores that this process may use: affinity mask, cgroup CPU quota, hardware.

namespace localsgd::detail {

/// @brief No limit.
inline constexpr double unlimited_cores = std::numeric_limits<double>::infinity();

/// @brief quota / period, both positive and in µs. Anything else is no limit.
inline double quota_of(double quota, double period) noexcept {
  double const cores = quota / period;  // 0 or NaN at the limits of double
  return quota > 0 && period > 0 && cores > 0 ? cores : unlimited_cores;
}

/// @brief The number of cores that a cpu.max of cgroup v2 grants: `"150000 100000"` is 1.5, and
///        `"max 100000"`, like any other text, is no limit.
inline double quota_of_cpu_max(std::string const& text) noexcept {
  char *end_of_quota = nullptr, *end_of_period = nullptr;
  double const quota = std::strtod(text.c_str(), &end_of_quota);
  double const period = std::strtod(end_of_quota, &end_of_period);
  return end_of_quota != text.c_str() && end_of_period != end_of_quota ? quota_of(quota, period)
                                                                        : unlimited_cores;
}

/// @brief The number of cores that cpu.cfs_quota_us and cpu.cfs_period_us of cgroup v1 grant. A
///        quota of −1 is no limit.
inline double quota_of_cfs(std::string quota, std::string const& period) {
  return quota_of_cpu_max(quota.append(" ").append(period));
}

/// @brief The minimum of `quota(folder)` over the folders root + path, its parents, …, root.
///
/// In a container, the path is often that on the host, which does not exist below the root; the
/// root is then the container's own group.
template <class Quota>
LOCALSGD_COLD double least_quota(std::string const& root, std::string path, Quota const& quota) {
  if (path.find("/..") != std::string::npos) path.clear();  // outside of what can be seen
  double least = unlimited_cores;
  while (!path.empty()) {
    if (path != "/") least = std::min(least, quota(std::string(root).append(path)));
    path.resize(path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
  }
  return std::min(least, quota(root));
}

/// @brief The CPU quota of this process in cores.
/// @param cgroups the text of /proc/self/cgroup: lines `number:controllers:path`
/// @param read    `read(file)` returns the text of a file, or nothing if it cannot be read
/// @return the smallest quota of its cgroup and of all parents, in v2 and v1; ∞ if there is none
template <class Read>
LOCALSGD_COLD double cgroup_quota(std::string const& cgroups, Read const& read) {
  // A folder has the file of v2, or those of v1.
  auto const quota_in = [&](std::string const& folder) {
    auto const text = [&](char const* file) {
      return std::string(read(std::string(folder).append(file)));
    };
    return std::min(quota_of_cpu_max(text("/cpu.max")),
                    quota_of_cfs(text("/cpu.cfs_quota_us"), text("/cpu.cfs_period_us")));
  };
  std::string const root = "/sys/fs/cgroup";
  double least = unlimited_cores;
  for (std::size_t end = 0, start = 0; start < cgroups.size(); start = end + 1) {
    end = std::min(cgroups.find('\n', start), cgroups.size());
    std::string_view const line = std::string_view(cgroups).substr(start, end - start);
    std::size_t const first = line.find(':');
    std::size_t const second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    std::string const controllers(line.substr(first + 1, second - first - 1));
    std::string const path(line.substr(second + 1));
    if (controllers.empty())
      least = std::min(least, least_quota(root, path, quota_in));
    else if (std::string(",").append(controllers).append(",").find(",cpu,") != std::string::npos)
      // The folder is named after its controllers; "cpu" is often a link to it.
      for (char const* const name : {controllers.c_str(), "cpu"})
        least = std::min(least,
                         least_quota(std::string(root).append("/").append(name), path, quota_in));
  }
  return least;
}

/// @brief The entire text of a file, or nothing if it cannot be read.
LOCALSGD_COLD inline std::string text_of_file(std::string const& name) {
  std::string text;
  std::FILE* const file = std::fopen(name.c_str(), "rb");
  if (file == nullptr) return text;
  for (int c = std::fgetc(file); c != EOF; c = std::fgetc(file)) text += static_cast<char>(c);
  std::fclose(file);
  return text;
}

/// @brief The number of processors in the affinity mask of the calling thread; 0 = unknown.
inline std::size_t affinity_cores() noexcept {
#if defined(__linux__)
  // The kernel refuses a mask that is smaller than its own.
  for (std::size_t processors = CPU_SETSIZE; processors <= std::size_t{1} << 17; processors *= 2) {
    cpu_set_t* const mask = CPU_ALLOC(processors);
    if (mask == nullptr) return 0;
    std::size_t const bytes = CPU_ALLOC_SIZE(processors);
    int const count = sched_getaffinity(0, bytes, mask) == 0 ? CPU_COUNT_S(bytes, mask) : 0;
    CPU_FREE(mask);
    if (count > 0) return static_cast<std::size_t>(count);
  }
#endif
  return 0;
}

/// @brief min(hardware, affinity, ⌊quota⌋), at least 1; a count of 0 is unknown.
///
/// The quota is rounded down: if threads wait for each other, being throttled together costs more
/// than leaving a fraction of a core unused.
inline std::size_t cores_within(std::size_t hardware, std::size_t affinity, double quota) noexcept {
  std::size_t cores = hardware == 0 ? affinity : hardware;
  if (affinity != 0) cores = std::min(cores, affinity);
  if (quota < static_cast<double>(std::max<std::size_t>(cores, 1)))
    cores = static_cast<std::size_t>(std::floor(quota));
  return std::max<std::size_t>(cores, 1);
}

/// @brief The CPU quota of this process in cores, read once; ∞ if there is none. Thread safe.
inline double core_quota() noexcept {
  static double const quota = []() noexcept {
    try {
      return cgroup_quota(text_of_file("/proc/self/cgroup"), text_of_file);
    } catch (...) {  // out of memory: unknown
      return unlimited_cores;
    }
  }();
  return quota;
}

/// @brief The number of processors of the system; 0 = unknown.
inline std::size_t hardware_cores() noexcept {
#if defined(__linux__)  // compiles faster than <thread>
  return static_cast<std::size_t>(std::max(0L, ::sysconf(_SC_NPROCESSORS_ONLN)));
#else
  return std::thread::hardware_concurrency();
#endif
}

/// @brief The number of cores that this process may use. Thread safe.
///
/// The affinity mask of the calling thread is read at every call, the quota once per process.
inline std::size_t available_cores() noexcept {
  return cores_within(hardware_cores(), affinity_cores(), core_quota());
}

}  // namespace localsgd::detail
