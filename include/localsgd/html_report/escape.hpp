// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

/// @file
/// @brief Text and numbers as parts of an HTML page, and of JSON within its script element.

namespace localsgd::detail {

/// @brief Text with the characters escaped that end the text or an attribute in HTML: & < > " '.
inline std::string html_escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (char const c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

/// @brief Appends a JSON string. Besides what JSON requires it escapes < > and &, so that the text
///        cannot end the script element that holds it.
inline void append_json(std::string& out, std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  out += '"';
  for (char const c : text) {
    auto const code = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (code < 0x20 || code == 0x7f || c == '<' || c == '>' || c == '&') {
      out += "\\u00";
      out += digits[code >> 4U];
      out += digits[code & 15U];
    } else {
      out += c;
    }
  }
  out += '"';
}

/// @brief Appends the shortest number that is read back with the same bits; null for an infinity
///        or NaN.
inline void append_json(std::string& out, double value) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  std::array<char, 32> text{};
  out.append(text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr);
}

inline void append_json(std::string& out, std::uint64_t value) { out += std::to_string(value); }

/// @brief Appends the array of what `append(element)` appends for each element of a range.
template <class Range, std::invocable<typename Range::value_type const&> Append>
void append_json_array(std::string& out, Range const& range, Append const& append) {
  char before = '[';
  for (auto const& each : range) {
    out += before;
    append(each);
    before = ',';
  }
  if (before == '[') out += before;
  out += ']';
}

}  // namespace localsgd::detail
