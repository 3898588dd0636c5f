// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/data/text/decimal.hpp"
#include "localsgd/data/text/text_line.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

/// @file
/// @brief Parses whole lines of LIBSVM text into preallocated arrays.

namespace localsgd::detail {

/// @brief The rules that all chunks of a text share.
struct libsvm_rules {
  std::string_view name;   ///< The name of the text, in error messages.
  std::uint64_t base = 1;  ///< The smallest valid index.
  std::uint64_t most = 0;  ///< The largest valid index.
  std::string_view why;    ///< The rule that an index above `most` violates.
  bool skip_qid = false;   ///< Whether `qid:…` is skipped; otherwise it is an error.
};

/// @brief A part of a text that begins at the start of a line and ends after a line end.
struct libsvm_chunk {
  std::string_view text;
  std::size_t lines_before = 0;    ///< Lines of the text before it.
  std::size_t rows_before = 0;     ///< Where its rows go; space for one per line.
  std::size_t entries_before = 0;  ///< Where its entries go; space for one per colon.
  std::size_t most_rows = 0;
  std::size_t most_entries = 0;
  std::size_t rows = 0;  ///< The actual number.
  std::size_t entries = 0;
  std::uint64_t columns = 0;  ///< One more than its largest index, from 0.
};

/// @brief The starts of the arrays for the entire text.
template <class Value>
struct libsvm_arrays {
  std::size_t* row_starts;  ///< Element i + 1 is the end of row i.
  std::uint32_t* indices;
  Value* values;
  double* targets;
};

/// @brief Reads one chunk, from left to right.
///
/// Short plain tokens, nearly all in practice, are read eight bytes at a time. All other tokens,
/// and all errors, are handled by text_line, which starts again at the same token: the fast path
/// never decides what is valid.
template <class Value>
class libsvm_reader {
 public:
  libsvm_reader(libsvm_rules const& rules, libsvm_chunk& chunk,
                libsvm_arrays<Value> const& arrays) noexcept
      : rules_(rules),
        chunk_(chunk),
        row_starts_(arrays.row_starts + chunk.rows_before + 1),
        targets_(arrays.targets + chunk.rows_before),
        indices_(arrays.indices + chunk.entries_before),
        values_(arrays.values + chunk.entries_before),
        at_(chunk.text.data()),
        end_(at_ + chunk.text.size()) {}

  /// @brief Sets rows, entries and columns of the chunk, and fills its part of the arrays.
  /// @throws invalid_data for the first error of the chunk.
  void operator()() {
    for (std::size_t number = chunk_.lines_before + 1; at_ != end_; ++number) {
      number_ = number;
      line_ = at_;
      content_end_ = nullptr;
      if (!label()) continue;
      least_ = rules_.base;
      while (entry()) {
      }
      columns_ = std::max(columns_, least_ - rules_.base);
      row_starts_[rows_++] = chunk_.entries_before + entries_;
    }
    chunk_.rows = rows_;
    chunk_.entries = entries_;
    chunk_.columns = columns_;
  }

 private:
  /// An index of up to 8 digits, a colon and a value; no plain token reads beyond the end.
  static constexpr std::size_t reach = 9 + plain_decimal_reach;
  bool in_reach() const noexcept { return static_cast<std::size_t>(end_ - at_) >= reach; }

  /// @brief Skips blanks and, if it follows, the line end.
  /// @return false after the end of the line.
  bool next() noexcept {
    while (at_ != end_ && is_blank(*at_)) ++at_;
    if (at_ == end_) return false;
    if (*at_ == '\n') {
      ++at_;
      return false;
    }
    if (*at_ == '\r' && end_ - at_ > 1 && at_[1] == '\n') {
      at_ += 2;
      return false;
    }
    return true;
  }
  static bool ends_token(char const* p) noexcept {
    return *p == ' ' || *p == '\n' || *p == '\t' || *p == '#' || (*p == '\r' && p[1] == '\n');
  }

  /// @return false if the line has none; the line is then consumed.
  bool label() {
    if (!next()) return false;
    // A text has at most one row per line end, unless its bytes change during parsing.
    if (rows_ == chunk_.most_rows) changed();
    if (in_reach()) {
      char const* const p = plain_decimal(at_, targets_[rows_]);
      if (p != nullptr && ends_token(p)) {
        at_ = p;
        return true;
      }
    }
    auto line = rest();
    if (!line.next()) return leave();
    targets_[rows_] = line.label();
    at_ = line.at();
    return true;
  }

  /// @return false if the line has no further entry; the line is then consumed.
  bool entry() {
    if (!next()) return false;
    if (in_reach() && plain_entry()) return true;
    auto line = rest();
    if (!line.next()) return leave();
    if (line.skip_qid(rules_.skip_qid)) {
      at_ = line.at();
      return true;
    }
    std::uint64_t const index = line.index(rules_.base, least_, rules_.most, rules_.why);
    line.skip_blanks();
    add(index, line.template number<Value>("a value"));
    at_ = line.at();
    return true;
  }
  bool plain_entry() {
    auto const index = leading_digits(at_);
    char const* p = at_ + index.count;
    if (*p != ':' || index.count == 0 || index.value < least_ || index.value > rules_.most)
      return false;
    ++p;
    Value value;
    if (is_digit(*p) && p[1] == ' ') {  // such as 1, by far the most frequent value in many texts
      value = static_cast<Value>(*p - '0');
      ++p;
    } else {
      p = plain_decimal(p, value);
      if (p == nullptr || !ends_token(p)) return false;
    }
    add(index.value, value);
    at_ = p;
    return true;
  }
  void add(std::uint64_t index, Value value) {
    if (entries_ == chunk_.most_entries) changed();
    indices_[entries_] = static_cast<std::uint32_t>(index - rules_.base);
    values_[entries_] = value;
    ++entries_;
    least_ = index + 1;
  }
  [[noreturn]] void changed() const {
    throw invalid_data(rules_.name, "a file that changed during reading",
                       "a file that no other process writes");
  }

  /// @brief The rest of the line, without its end and comment.
  text_line rest() {
    if (content_end_ == nullptr) {
      auto const find = [this](char c, char const* end) {
        void const* const p = std::memchr(at_, c, static_cast<std::size_t>(end - at_));
        return p == nullptr ? end : static_cast<char const*>(p);
      };
      line_end_ = find('\n', end_);
      content_end_ = line_end_ != at_ && line_end_[-1] == '\r' ? line_end_ - 1 : line_end_;
      content_end_ = find('#', content_end_);
    }
    return {rules_.name, number_, line_, at_, content_end_};
  }
  bool leave() noexcept {
    at_ = line_end_ == end_ ? end_ : line_end_ + 1;
    return false;
  }

  libsvm_rules const rules_;
  libsvm_chunk& chunk_;
  std::size_t* row_starts_;
  double* targets_;
  std::uint32_t* indices_;
  Value* values_;
  char const* at_;
  char const* end_;

  std::size_t number_ = 0;             // the number of the line
  char const* line_ = nullptr;         // its start
  char const* line_end_ = nullptr;     // known after a call of rest()
  char const* content_end_ = nullptr;  // null before that
  std::uint64_t least_ = 0;            // the smallest valid index of the next entry
  std::uint64_t columns_ = 0;
  std::size_t rows_ = 0;
  std::size_t entries_ = 0;
};

}  // namespace localsgd::detail
