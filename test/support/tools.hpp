// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

/// @file
/// @brief Programs of others for tests, and what a test says when one is not installed.

namespace support {

/// @brief Whether a program is found in the folders of PATH.
inline bool has_program(std::string const& name) {
  char const* const path = std::getenv("PATH");
  std::string const folders = path != nullptr ? path : "";
  for (std::size_t first = 0; first <= folders.size();) {
    std::size_t const last = std::min(folders.find(':', first), folders.size());
    std::error_code ignored;
    if (last != first &&
        std::filesystem::exists(folders.substr(first, last - first) + "/" + name, ignored))
      return true;
    first = last + 1;
  }
  return false;
}

/// @brief Decorates a test case that is skipped, and says so, when one of the programs is absent.
template <class... Name>
boost::unit_test::decorator::precondition needs_programs(Name const&... name) {
  return boost::unit_test::decorator::precondition(
      [names = std::vector<std::string>{name...}](boost::unit_test::test_unit_id) {
        for (std::string const& each : names) {
          if (has_program(each)) continue;
          boost::test_tools::assertion_result missing(false);
          missing.message() << "there is no program " << each;
          return missing;
        }
        return boost::test_tools::assertion_result(true);
      });
}

}  // namespace support
