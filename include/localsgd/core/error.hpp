// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/compiler.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

/// @file
/// @brief Errors for invalid arguments and data: thrown before any work, with the rule that was
///        violated.

namespace localsgd {

namespace detail {

/// @brief A value as text for an error message, independent of the locale; floating-point numbers
///        with as many digits as are needed to read back the same number: 0.1, not
///        0.10000000000000001.
template <class T>
std::string shown(T const& value) {
  if constexpr (std::convertible_to<T const&, std::string_view>) {
    return std::string(std::string_view(value));
  } else if constexpr (std::is_floating_point_v<T>) {
    std::array<char, 64> text{};
    auto const write = [&](auto... format) {
      auto const end = std::to_chars(text.data(), text.data() + text.size(), value, format...);
      return std::string(text.data(), end.ptr);
    };
    std::string const shortest = write(std::chars_format::scientific);
    auto const count = std::ranges::count_if(
        std::string_view(shortest).substr(0, shortest.find('e')),
        [](char c) { return c >= '0' && c <= '9'; });
    return write(std::chars_format::general,
                 std::max(static_cast<int>(count), std::numeric_limits<T>::digits10));
  } else {
    return std::to_string(value);
  }
}

/// @brief Text from a file for an error message: at most `longest` bytes of it, then "...". Control
///        characters become '?', bytes above ASCII \xNN: their meaning depends on the terminal.
LOCALSGD_COLD inline std::string printable(std::string_view text, std::size_t longest = 40) {
  constexpr std::string_view hex = "0123456789abcdef";
  std::string shown;
  for (char const c : text.substr(0, longest)) {
    auto const byte = static_cast<unsigned char>(c);
    if (byte >= 0x80)
      shown.append("\\x").append({hex[byte >> 4U], hex[byte & 15U]});
    else
      shown += byte < 0x20 || byte == 0x7f ? '?' : c;
  }
  return text.size() > longest ? shown + "..." : shown;
}

}  // namespace detail

/// @brief A setting, or a parameter of a component, outside its range.
class invalid_settings : public std::invalid_argument {
 public:
  /// @param name  The setting or parameter, as the caller wrote it.
  /// @param was   Its value.
  /// @param must_be The violated rule, to follow the words "must be".
  template <class Value>
  invalid_settings(std::string_view name, Value const& was, std::string_view must_be)
      : invalid_settings(as_text{detail::shown(was)}, name, must_be) {}

  std::string field;  ///< The name of the setting or parameter.
  std::string value;  ///< Its value, as text.
  std::string rule;   ///< The violated rule.

 private:
  struct as_text {
    std::string value;
  };
  // One body for the values of all types, and none of it on a path that is taken.
  LOCALSGD_COLD invalid_settings(as_text was, std::string_view name, std::string_view must_be)
      : std::invalid_argument(message(name, was.value, must_be)),
        field(name),
        value(std::move(was.value)),
        rule(must_be) {}
  static std::string message(std::string_view name, std::string_view was, std::string_view rule) {
    std::string text = "localsgd: ";
    text.append(name).append(" = ").append(was.empty() ? "\"\"" : was);
    text.append(", must be ").append(rule);
    return text;
  }
};

/// @brief Invalid data: where it is, what was found, and what was expected.
class invalid_data : public std::runtime_error {
 public:
  /// @brief A place in a file.
  /// @param at_line, at_column Counted from 1; 0 means the whole file.
  invalid_data(std::string_view in_file, std::size_t at_line, std::size_t at_column,
               std::string_view what_was, std::string_view what_should_be)
      : std::runtime_error(place(in_file, at_line, at_column) + ": found " +
                           std::string(what_was) + ", expected " + std::string(what_should_be)),
        file(in_file),
        line(at_line),
        column(at_column),
        found(what_was),
        expected(what_should_be) {}

  /// @brief Data in memory, named by the argument it came in, e.g. `"targets[3]"`.
  invalid_data(std::string_view argument, std::string_view what_was,
               std::string_view what_should_be)
      : invalid_data(argument, 0, 0, what_was, what_should_be) {}

  std::string file;       ///< The file, or the name of the argument for data in memory.
  std::size_t line = 0;   ///< From 1; 0 = no line.
  std::size_t column = 0; ///< From 1, in characters; 0 = no column.
  std::string found;      ///< What was there.
  std::string expected;   ///< What should have been there.

 private:
  static std::string place(std::string_view in_file, std::size_t at_line, std::size_t at_column) {
    std::string text = "localsgd: " + std::string(in_file);
    if (at_line != 0) text += ":" + std::to_string(at_line);
    if (at_line != 0 && at_column != 0) text += ":" + std::to_string(at_column);
    return text;
  }
};

namespace detail {

template <class Value>
[[noreturn]] LOCALSGD_COLD void refuse_setting(std::string_view field, Value const& value,
                                               std::string_view rule) {
  throw invalid_settings(field, value, rule);
}

/// @brief Throws invalid_settings unless `ok`. The check and its rule are on one line.
template <class Value>
void require(bool ok, std::string_view field, Value const& value, std::string_view rule) {
  if (!ok) refuse_setting(field, value, rule);
}

template <class Value>
[[noreturn]] LOCALSGD_COLD void refuse_setting(std::string_view field, Value const& value,
                                               std::string_view rule, std::uint64_t limit) {
  throw invalid_settings(field, value, std::string(rule).append(" ").append(std::to_string(limit)));
}

/// @brief The same with a rule that ends in a number, whose text is created only if it is violated.
template <class Value>
void require(bool ok, std::string_view field, Value const& value, std::string_view rule,
             std::uint64_t limit) {
  if (!ok) refuse_setting(field, value, rule, limit);
}

/// @brief A finite number >= 0; NaN is rejected.
inline void require_nonnegative(std::string_view field, double value) {
  require(std::isfinite(value) && value >= 0, field, value, "finite and >= 0");
}

/// @brief A finite number > 0; NaN is rejected.
inline void require_positive(std::string_view field, double value) {
  require(std::isfinite(value) && value > 0, field, value, "finite and > 0");
}

}  // namespace detail

}  // namespace localsgd
