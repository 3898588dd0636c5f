// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/data/text/number_from_chars.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>

/// @file
/// @brief Tokens of a line of text: any number supported by from_chars, and errors with positions.

namespace localsgd::detail {

inline constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }

/// @brief One line of a text, read from left to right, and its position for error messages.
class text_line {
 public:
  /// @param at Where to start reading, in [begin, end].
  text_line(std::string_view file, std::size_t number, char const* begin, char const* at,
            char const* end) noexcept
      : file_(file), number_(number), begin_(begin), end_(end), at_(at) {}

  /// @brief Where the search for the next token starts.
  char const* at() const noexcept { return at_; }

  /// @brief Moves to the next token. @return false at the end of the line.
  bool next() noexcept {
    while (at_ != end_ && is_blank(*at_)) ++at_;
    return at_ != end_;
  }

  /// @brief Skips blanks, unless only blanks follow.
  void skip_blanks() noexcept {
    char const* const before = at_;
    if (!next()) at_ = before;
  }

  /// @brief Reads the label of a sample.
  double label() {
    std::string_view const token(at_, token_end(at_));
    if (token.find(':') != std::string_view::npos)
      fail(at_, "", "a label (a decimal number) before the first index:value");
    if (token.find(',') != std::string_view::npos)
      fail(at_, "", "a label (a decimal number; samples with several labels are not supported)");
    return number<double>("a label");
  }

  /// @brief Skips the token if it is `qid:…`, the query of ranking data.
  /// @param allowed Whether this is permitted; otherwise the token is an error.
  bool skip_qid(bool allowed) {
    std::string_view const token(at_, token_end(at_));
    if (!token.starts_with("qid:")) return false;
    if (!allowed) fail(at_, "", "index:value; to ignore qid: set libsvm_options.skip_qid");
    at_ += token.size();
    return true;
  }

  /// @brief Reads a decimal number that ends with the token; a leading `+` is permitted.
  /// @param what The name of the number in error messages, such as "a label".
  template <class Number>
  Number number(std::string_view what) {
    char const* first = at_;
    if (end_ - first > 1 && first[0] == '+' && first[1] != '-') ++first;
    Number x{};
    auto const [last, status] = number_from_chars(first, end_, x);
    if (status == std::errc::invalid_argument || !ends_at(last))
      fail(at_, "", std::string(what) + " (a decimal number)");
    if (status == std::errc::result_out_of_range) x = underflow<Number>(first, last);
    if (!std::isfinite(x))
      fail(at_, "",
           std::string(what) + " that is finite and in the range of " +
               (std::same_as<Number, float> ? "float" : "double"));
    at_ = last;
    return x;
  }

  /// @brief Reads `index:` and stops at the value.
  /// @param base  The smallest valid index.
  /// @param least One more than the previous index of the line, or `base`.
  /// @param most  The largest valid index.
  /// @param why   The rule that an index above `most` violates.
  std::uint64_t index(std::uint64_t base, std::uint64_t least, std::uint64_t most,
                      std::string_view why) {
    std::uint64_t index = 0;
    auto const [last, status] = std::from_chars(at_, end_, index);
    if (status == std::errc::invalid_argument || last == end_ || *last != ':') {
      if (std::string_view(at_, token_end(at_)).find(':') == std::string_view::npos)
        fail(at_, "", "index:value (the colon is missing)");
      fail(at_, ":", "an index (an integer)");
    }
    if (status == std::errc::result_out_of_range) index = std::numeric_limits<std::uint64_t>::max();
    if (index < base)
      fail(at_, ":",
           "an index of at least 1; if the indices start at 0, set libsvm_options.index_base = 0");
    if (index > most)
      fail(at_, ":", "an index of at most " + std::to_string(most) + " (" + std::string(why) + ")");
    if (index < least)
      fail(
          at_, ":",
          "an index above " + std::to_string(least - 1) + " (the indices of a line must increase)");
    at_ = last + 1;
    return index;
  }

 private:
  bool ends_at(char const* p) const noexcept { return p == end_ || is_blank(*p); }
  char const* token_end(char const* from) const { return std::find_if(from, end_, is_blank); }

  /// @brief A number that is too small for float but not for double is rounded, to zero or nearly
  ///        so; other numbers out of range become infinity.
  template <class Number>
  static Number underflow(char const* first, char const* last) {
    double wide = HUGE_VAL;
    if constexpr (!std::same_as<Number, double>) number_from_chars(first, last, wide);
    return std::fabs(wide) < 1 ? static_cast<Number>(wide) : static_cast<Number>(HUGE_VAL);
  }

  /// @brief The offending text starts at `from` and ends at a blank or at one of `stops`.
  [[noreturn]] void fail(char const* from, std::string_view stops,
                         std::string const& expected) const {
    char const* const last = std::find_first_of(from, token_end(from), stops.begin(), stops.end());
    throw invalid_data(file_, number_, static_cast<std::size_t>(from - begin_) + 1,
                       last == from ? "nothing" : printable({from, last}), expected);
  }

  std::string_view file_;
  std::size_t number_;
  char const* begin_;
  char const* end_;
  char const* at_;
};

}  // namespace localsgd::detail
