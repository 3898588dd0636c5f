// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/data/text/number_from_chars.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

/// @file
/// @brief Records and fields of comma-separated text, as in RFC 4180.

namespace localsgd::detail {

/// @brief A field without its quotes, and where it starts.
struct csv_field {
  std::string text;
  std::size_t line = 1, column = 1;  ///< Counted from 1, in bytes.
  bool quoted = false;
};

/// @brief A text without leading and trailing blanks.
inline std::string_view trimmed(std::string_view text) noexcept {
  std::size_t const first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// @brief The number in a field; infinity if it is too large, nothing if the field is another text.
inline std::optional<double> csv_number(csv_field const& field) {
  std::string_view text = trimmed(field.text);
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  double x = 0;
  auto const [last, status] = number_from_chars(text.data(), text.data() + text.size(), x);
  if (status == std::errc::invalid_argument || last != text.data() + text.size())
    return std::nullopt;
  if (status == std::errc::result_out_of_range) x = std::numeric_limits<double>::infinity();
  return std::isfinite(x) || !field.quoted ? std::optional(x) : std::nullopt;
}

/// @brief Whether a field is blank or, if not quoted, one of the usual marks of a missing value.
inline bool is_missing(csv_field const& field) {
  constexpr std::array<std::string_view, 10> marks = {"?",   "NA",   "N/A",  "n/a",  "NaN",
                                                      "nan", "NULL", "null", "<NA>", "#N/A"};
  std::string_view const text = trimmed(field.text);
  return text.empty() || (!field.quoted && std::ranges::find(marks, text) != marks.end());
}

/// @brief Splits a text into records, which end in LF or CRLF, and records into fields.
///
/// A field in double quotes may contain separators and line ends, and two quotes stand for a quote.
/// Blanks belong to their field. Empty lines are skipped.
class csv_records {
 public:
  csv_records(std::string_view text, std::string_view name, char separator) noexcept
      : text_(text), name_(name), separator_(separator) {}

  /// @brief Reads the next record; reuses the memory of `fields`. @return false at the end
  /// @throws invalid_data with the position of a misplaced or missing quote or a single CR
  bool next(std::vector<csv_field>& fields) {
    while (at_ != text_.size() && end_of_line() != 0) skip_line_end();
    if (at_ == text_.size()) return false;
    std::size_t count = 0;
    do {
      if (count == fields.size()) fields.emplace_back();
      read(fields[count++]);
    } while (take_separator());
    fields.resize(count);
    skip_line_end();
    return true;
  }

 private:
  /// @brief The length of the line end at this position; 0 if there is none.
  std::size_t end_of_line() const noexcept {
    if (at_ == text_.size()) return 0;
    if (text_[at_] == '\n') return 1;
    return text_.substr(at_, 2) == "\r\n" ? 2 : 0;
  }
  void skip_line_end() noexcept {
    std::size_t const length = end_of_line();
    if (length == 0) return;
    at_ += length;
    new_line();
  }
  void new_line() noexcept {
    ++line_;
    line_start_ = at_;
  }
  bool take_separator() noexcept {
    if (at_ == text_.size() || text_[at_] != separator_) return false;
    ++at_;
    return true;
  }
  std::size_t column() const noexcept { return at_ - line_start_ + 1; }

  void read(csv_field& field) {
    field.text.clear();
    field.line = line_;
    field.column = column();
    field.quoted = at_ != text_.size() && text_[at_] == '"';
    if (field.quoted) {
      read_quoted(field);
      return;
    }
    std::size_t const first = at_;
    while (at_ != text_.size() && text_[at_] != separator_ && end_of_line() == 0) {
      if (text_[at_] == '"')
        fail("a quote in a field without quotes",
             "quotes around the whole field, and two quotes for each quote in it");
      if (text_[at_] == '\r') fail("a CR without LF", "lines that end in LF or CRLF");
      ++at_;
    }
    field.text = text_.substr(first, at_ - first);
  }

  void read_quoted(csv_field& field) {
    ++at_;
    for (;; ++at_) {
      if (at_ == text_.size())
        throw invalid_data(name_, field.line, field.column, "an unclosed quote",
                           "a second quote at the end of the field");
      if (text_[at_] == '"') {
        if (text_.substr(at_, 2) != "\"\"") break;
        ++at_;
      }
      field.text += text_[at_];
      if (text_[at_] == '\n') {
        ++at_;
        new_line();
        --at_;
      }
    }
    ++at_;
    if (at_ != text_.size() && text_[at_] != separator_ && end_of_line() == 0)
      fail("text after a closing quote",
           "a separator or the end of the line; write a quote in a field as two quotes");
  }

  [[noreturn]] void fail(std::string_view found, std::string_view expected) const {
    throw invalid_data(name_, line_, column(), found, expected);
  }

  std::string_view text_, name_;
  char separator_;
  std::size_t at_ = 0, line_ = 1, line_start_ = 0;
};

}  // namespace localsgd::detail
