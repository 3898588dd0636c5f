// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/io/available_cores.hpp"
#include "localsgd/version.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// @file
/// @brief The machine and the compiler of this program, for reports.

namespace localsgd::detail {

/// @brief The value of the first line `key : value`, as in /proc/cpuinfo; empty if there is none.
inline std::string value_of_line(std::string_view text, std::string_view key) {
  for (std::size_t start = 0; start < text.size();) {
    std::size_t const end = std::min(text.find('\n', start), text.size());
    std::string_view line = text.substr(start, end - start);
    start = end + 1;
    if (!line.starts_with(key)) continue;
    std::size_t const colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    line.remove_prefix(colon + 1);
    std::size_t const first = line.find_first_not_of(" \t");
    if (first == std::string_view::npos) continue;
    return std::string(line.substr(first, line.find_last_not_of(" \t\r") - first + 1));
  }
  return {};
}

inline std::string compiler_name() {
#if defined(__clang__)
  return std::string("clang ") + __clang_version__;
#elif defined(__GNUC__)
  return std::string("g++ ") + __VERSION__;
#elif defined(_MSC_FULL_VER)
  return "Visual C++ " + std::to_string(_MSC_FULL_VER);
#else
  return "not known";
#endif
}

inline std::string system_name() {
#if defined(__linux__)
  return "Linux";
#elif defined(__APPLE__)
  return "macOS";
#elif defined(_WIN32)
  return "Windows";
#else
  return "not known";
#endif
}

inline std::string version_name() {
  return std::to_string(version.major) + '.' + std::to_string(version.minor) + '.' +
         std::to_string(version.patch);
}

/// @brief Labels and values: the library, the compiler, the system, and the cores that this process
///        may use.
inline std::vector<std::pair<std::string, std::string>> machine_figures() {
  std::vector<std::pair<std::string, std::string>> rows{{"library", "localsgd " + version_name()},
                                                        {"compiler", compiler_name()},
                                                        {"system", system_name()}};
  std::string processor = value_of_line(text_of_file("/proc/cpuinfo"), "model name");
  if (!processor.empty()) rows.emplace_back("processor", std::move(processor));
  rows.emplace_back("available cores", std::to_string(available_cores()));
  return rows;
}

}  // namespace localsgd::detail
