// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

/// @file
/// @brief Counts two characters in one pass over a text.

namespace localsgd::detail {

/// @brief How often `a` and `b` occur.
///
/// Eight bytes at a time, whatever the compiler makes of loops: each byte of a sum counts the
/// matches in its place, for up to 255 words.
inline std::array<std::size_t, 2> count_both(std::string_view text, char a, char b) noexcept {
  constexpr std::uint64_t ones = 0x0101010101010101;
  auto const matches = [](std::uint64_t word, char c) {  // 1 in each byte that is c
    std::uint64_t const x = word ^ ones * static_cast<unsigned char>(c);
    return ~(((x & 0x7f * ones) + 0x7f * ones) | x) >> 7U & ones;
  };
  auto const sum = [](std::uint64_t bytes) {
    bytes = (bytes & 0x00ff00ff00ff00ff) + (bytes >> 8U & 0x00ff00ff00ff00ff);
    return static_cast<std::size_t>(bytes * 0x0001000100010001 >> 48U);
  };
  std::size_t of_a = 0, of_b = 0;
  char const* p = text.data();
  std::size_t left = text.size();
  while (left >= 8) {
    std::size_t const words = std::min<std::size_t>(left / 8, 255);
    std::uint64_t bytes_a = 0, bytes_b = 0;
    for (std::size_t i = 0; i != words; ++i) {
      std::uint64_t word;
      std::memcpy(&word, p + 8 * i, 8);
      bytes_a += matches(word, a);
      bytes_b += matches(word, b);
    }
    of_a += sum(bytes_a);
    of_b += sum(bytes_b);
    p += 8 * words;
    left -= 8 * words;
  }
  of_a += static_cast<std::size_t>(std::count(p, p + left, a));
  of_b += static_cast<std::size_t>(std::count(p, p + left, b));
  return {of_a, of_b};
}

}  // namespace localsgd::detail
