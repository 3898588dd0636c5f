// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <fstream>
#include <iterator>
#include <limits>
#include <optional>
#include <sstream>
#include <string>
#include <thread>

#if defined(__linux__)
#include <sched.h>
#endif

/// @file
/// @brief How many cores this process may use: affinity mask, cgroup CPU quota, hardware.

namespace localsgd::detail {

/// @brief No limit.
inline constexpr double unlimited_cores = std::numeric_limits<double>::infinity();

/// @brief quota / period, both positive and in µs. Anything else is no limit.
inline double quota_of(double quota, double period) noexcept {
  return quota > 0 && period > 0 ? quota / period : unlimited_cores;
}

/// @brief The cores that a cpu.max of cgroup v2 grants: `"150000 100000"` is 1.5, `"max 100000"` no
///        limit. Text that is neither is no limit.
inline double quota_of_cpu_max(std::string const& text) {
  std::istringstream in(text);
  double quota = 0, period = 0;
  return in >> quota >> period ? quota_of(quota, period) : unlimited_cores;
}

/// @brief The cores that cpu.cfs_quota_us and cpu.cfs_period_us of cgroup v1 grant. A quota of −1 is
///        no limit.
inline double quota_of_cfs(std::string const& quota, std::string const& period) {
  std::istringstream of_quota(quota), of_period(period);
  double q = 0, p = 0;
  return of_quota >> q && of_period >> p ? quota_of(q, p) : unlimited_cores;
}

/// @brief The least of what `quota(folder)` says of the folders root + path, its parents, …, root.
///
/// In a container the path is often that on the host, which does not exist below the root; the root
/// is then the container's own group.
template <class Quota>
double least_quota(std::string const& root, std::string path, Quota const& quota) {
  if (path.find("/..") != std::string::npos) path.clear();  // outside of what can be seen
  double least = unlimited_cores;
  while (!path.empty()) {
    if (path != "/") least = std::min(least, quota(root + path));
    path.resize(path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
  }
  return std::min(least, quota(root));
}

/// @brief The CPU quota of this process in cores.
/// @param cgroups the text of /proc/self/cgroup: lines `number:controllers:path`
/// @param read    `read(file)` returns the text of a file as std::optional<std::string>, nothing if
///                it cannot be read
/// @return the least quota of its cgroup and of those above it, of v2 and v1; ∞ without one
template <class Read>
double cgroup_quota(std::string const& cgroups, Read const& read) {
  auto const v2 = [&](std::string const& folder) {
    std::optional<std::string> const text = read(folder + "/cpu.max");
    return text ? quota_of_cpu_max(*text) : unlimited_cores;
  };
  auto const v1 = [&](std::string const& folder) {
    std::optional<std::string> const quota = read(folder + "/cpu.cfs_quota_us"),
                                     period = read(folder + "/cpu.cfs_period_us");
    return quota && period ? quota_of_cfs(*quota, *period) : unlimited_cores;
  };
  std::string const root = "/sys/fs/cgroup";
  double least = unlimited_cores;
  std::istringstream lines(cgroups);
  for (std::string line; std::getline(lines, line);) {
    std::size_t const first = line.find(':');
    std::size_t const second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    std::string const controllers = line.substr(first + 1, second - first - 1);
    std::string const path = line.substr(second + 1);
    if (controllers.empty())
      least = std::min(least, least_quota(root, path, v2));
    else if (("," + controllers + ",").find(",cpu,") != std::string::npos)
      // The folder is named for its controllers; "cpu" is often a link to it.
      for (std::string const& name : {controllers, std::string("cpu")})
        least = std::min(least, least_quota(root + "/" + name, path, v1));
  }
  return least;
}

/// @brief The whole text of a file, or nothing.
inline std::optional<std::string> text_of_file(std::string const& name) {
  std::ifstream in(name, std::ios::binary);
  if (!in) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(in), {});
}

/// @brief How many processors the affinity mask of the calling thread has; 0 = not known.
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

/// @brief min(hardware, affinity, ⌊quota⌋), at least 1; a count of 0 is not known.
///
/// The quota is rounded down: threads that wait for each other lose more to being throttled together
/// than to a fraction of a core that is not used.
inline std::size_t cores_within(std::size_t hardware, std::size_t affinity, double quota) noexcept {
  std::size_t cores = hardware == 0 ? affinity : hardware;
  if (affinity != 0) cores = std::min(cores, affinity);
  if (quota < static_cast<double>(std::max<std::size_t>(cores, 1)))
    cores = static_cast<std::size_t>(std::floor(quota));
  return std::max<std::size_t>(cores, 1);
}

/// @brief The CPU quota of this process in cores, read once; ∞ without one. Thread safe.
inline double core_quota() noexcept {
  static double const quota = []() noexcept {
    try {
      return cgroup_quota(text_of_file("/proc/self/cgroup").value_or(""), text_of_file);
    } catch (...) {  // no memory: no answer either
      return unlimited_cores;
    }
  }();
  return quota;
}

/// @brief How many cores this process may use. Thread safe.
///
/// The affinity mask of the calling thread is read at every call, the quota once in a process.
inline std::size_t available_cores() noexcept {
  return cores_within(std::thread::hardware_concurrency(), affinity_cores(), core_quota());
}

}  // namespace localsgd::detail
