// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

/// @file
/// @brief Checks that all ranks are about to execute the same run.

namespace localsgd::detail {

/// @brief Compares the descriptions of the run on all ranks: lines "name = value" with equal names.
/// @param all the text of every rank
/// @throws invalid_settings, the same on all ranks, with the first line in which a rank differs
///         from rank 0: that rank's value and that of rank 0. Checksums are not shown
inline void require_same_run(std::span<std::string const> all) {
  auto const line_of = [](std::string_view& text) {
    std::size_t const end = text.find('\n');
    std::string_view const line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return line;
  };
  auto const value_of = [](std::string_view line) {
    std::size_t const at = line.find(" = ");
    return std::string(at == std::string_view::npos ? "nothing" : line.substr(at + 3));
  };
  for (std::size_t r = 1; r < all.size(); ++r) {
    std::string_view first = all[0], other = all[r];
    while (!first.empty() || !other.empty()) {
      std::string_view const expected = line_of(first), found = line_of(other);
      if (expected == found) continue;
      std::string const name((expected.empty() ? found : expected).substr(
          0, (expected.empty() ? found : expected).find(" = ")));
      bool const secret = name.starts_with("checksum");
      throw invalid_settings(
          name + " on rank " + std::to_string(r), secret ? "different" : value_of(found),
          (secret ? "the same as on rank 0" : value_of(expected) + ", as on rank 0") +
              std::string("; all ranks need the same data, settings and components"));
    }
  }
}

}  // namespace localsgd::detail
