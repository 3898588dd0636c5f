// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bit>
#include <cfloat>
#include <concepts>
#include <cstddef>
#include <cstdint>

/// @file
/// @brief Short decimal numbers, eight digits at a time, for readers of large texts.

namespace localsgd::detail {

inline constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// @brief 8 bytes as a little-endian number on any machine; compilers turn it into one load.
inline std::uint64_t eight_bytes(char const* p) noexcept {
  auto const byte = [p](unsigned i) {
    return std::uint64_t{static_cast<unsigned char>(p[i])} << (8 * i);
  };
  return byte(0) | byte(1) | byte(2) | byte(3) | byte(4) | byte(5) | byte(6) | byte(7);
}

/// @brief The leading digits of a text.
struct digits {
  std::uint64_t value;  ///< Their value as a number; 0 if there are none.
  std::size_t count;    ///< At most 8, even if more follow.
};

/// @brief The leading digits among the 8 bytes at p.
inline digits leading_digits(char const* p) noexcept {
  constexpr std::uint64_t ones = 0x0101010101010101;
  std::uint64_t const x = eight_bytes(p) ^ '0' * ones;  // digits become 0 … 9
  // 0x76 + 9 = 0x7f: the high bit is set in exactly the bytes that are not digits.
  std::uint64_t const others = (((x & 0x7f * ones) + 0x76 * ones) | x) & 0x80 * ones;
  if (others == 0x80 * ones || (others & 0x80) != 0) return {0, 0};
  auto const count = static_cast<unsigned>(std::countr_zero(others)) / 8;
  // Leading zeros, at the low end, pad them to eight; then combine pairs, quadruples, all.
  std::uint64_t v = x << (64 - 8 * count);
  v = (v * 10 + (v >> 8U)) & 0x00ff00ff00ff00ff;
  v = (v * 100 + (v >> 16U)) & 0x0000ffff0000ffff;
  v = (v * 10000 + (v >> 32U)) & 0xffffffff;
  return {v, count};
}

/// @brief The number of bytes that plain_decimal may read.
inline constexpr std::size_t plain_decimal_reach = 32;

/// @brief Reads `[+-]digits[.digits]` if it is short; the value equals that of std::from_chars bit
///        for bit.
///
/// Let m be the digits as one number, with k of them after the point; then x = m/10^k. For m ≤ 2^53
/// and k ≤ 22 both are exact as doubles, so that one division rounds x correctly to double. A
/// second rounding, to float, is also correct unless the double is the midpoint of two floats:
/// rounding is monotonic, and a midpoint is itself a double, so x lies on the same side of it.
///
/// @param p plain_decimal_reach bytes must be readable there.
/// @return The end of the number, or null if it does not have that form: `x` is then unchanged, and
///         another reader decides. The caller checks what follows, such as an exponent.
template <std::floating_point Number>
char const* plain_decimal(char const* p, Number& x) noexcept {
  constexpr double powers[] = {1e0, 1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7, 1e8,
                               1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16};
  constexpr std::uint64_t scale[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};
  if constexpr (FLT_EVAL_METHOD != 0) return nullptr;  // the division would keep excess precision

  bool const negative = *p == '-';
  if (negative || *p == '+') ++p;
  auto const whole = leading_digits(p);
  p += whole.count;
  std::uint64_t m = whole.value;
  std::size_t k = 0;
  if (*p == '.') {
    auto const first = leading_digits(++p);
    p += first.count;
    m = m * scale[first.count] + first.value;  // below 10^16
    k = first.count;
    if (k == 8) {
      auto const second = leading_digits(p);
      if (whole.count + second.count > 10) return nullptr;  // at most 18 digits stay below 2^63
      p += second.count;
      m = m * scale[second.count] + second.value;
      k += second.count;
    }
  }
  // After 8 or 16 consecutive digits there may be more.
  if (is_digit(*p) || whole.count + k == 0 || m > std::uint64_t{1} << 53U) return nullptr;

  double d = static_cast<double>(m) / powers[k];
  if (negative) d = -d;
  if constexpr (sizeof(Number) < sizeof(double)) {
    static_assert(DBL_MANT_DIG == 53 && FLT_MANT_DIG == 24);
    constexpr std::uint64_t middle = std::uint64_t{1} << 28U;  // of the 29 bits that a float lacks
    if ((std::bit_cast<std::uint64_t>(d) & (2 * middle - 1)) == middle) return nullptr;
  }
  x = static_cast<Number>(d);
  return p;
}

}  // namespace localsgd::detail
