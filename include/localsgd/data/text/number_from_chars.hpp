// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdlib>
#include <locale.h>
#include <string>
#include <system_error>
#include <type_traits>
#include <version>
#if __has_include(<xlocale.h>)
#include <xlocale.h>  // strtod_l on macOS and BSD
#endif

/// @file
/// @brief Floating-point `std::from_chars` for standard libraries that lack it.

namespace localsgd::detail {

#if !defined(_WIN32)  // every standard library there has std::from_chars, and strtod_l another name
/// @brief std::from_chars for decimal numbers, implemented with strtod in the "C" locale.
///
/// Consumes the same characters, and gives the same value and the same error: no leading blank or
/// plus, no hexadecimal digits. Allocates if the text is longer than a short string.
template <std::floating_point Number>
std::from_chars_result strtod_from_chars(char const* first, char const* last, Number& value) {
  static_assert(sizeof(Number) <= sizeof(double));
  static locale_t const classic = ::newlocale(LC_ALL_MASK, "C", locale_t{});
  auto const is_part = [](char c) {  // of a number, infinity or nan(text)
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '+' || c == '-' || c == '(' || c == ')' || c == '_';
  };
  std::string text(first, std::find_if_not(first, last, is_part));
  std::size_t const digits = !text.empty() && text.front() == '-' ? 1 : 0;
  if (text.size() == digits || text[digits] == '+' || text[digits] == '-')
    return {first, std::errc::invalid_argument};
  // strtod would read 0x1p3 as 8; std::from_chars reads only the zero.
  if (text[digits] == '0' && text.size() > digits + 1 && (text[digits + 1] | 0x20) == 'x')
    text.resize(digits + 1);
  int const before = errno;
  errno = 0;
  char* end = nullptr;
  Number read{};
  if constexpr (std::is_same_v<Number, float>)
    read = ::strtof_l(text.c_str(), &end, classic);
  else
    read = ::strtod_l(text.c_str(), &end, classic);
  // strtod also sets ERANGE for subnormal numbers, which are valid values.
  bool const out_of_range = errno == ERANGE && (std::isinf(read) || read == 0);
  errno = before;
  if (end == text.c_str()) return {first, std::errc::invalid_argument};
  char const* const next = first + (end - text.c_str());
  if (out_of_range) return {next, std::errc::result_out_of_range};
  value = read;
  return {next, std::errc{}};
}
#endif

/// @brief std::from_chars(first, last, value), in its default format, on every standard library.
template <std::floating_point Number>
std::from_chars_result number_from_chars(char const* first, char const* last, Number& value) {
#if defined(__cpp_lib_to_chars) || defined(_WIN32)  // libc++ from 20 on
  return std::from_chars(first, last, value);
#else
  return strtod_from_chars(first, last, value);
#endif
}

}  // namespace localsgd::detail
