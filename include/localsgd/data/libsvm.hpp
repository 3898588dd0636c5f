// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/data/csr_matrix.hpp"
#include "localsgd/data/dataset.hpp"
#include "localsgd/error.hpp"
#include "localsgd/tensor.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

/// @file
/// @brief Sparse data sets in LIBSVM (SVMlight) format: `label index:value index:value …`.

namespace localsgd {

/// @brief How a LIBSVM file is to be read.
struct libsvm_options {
  /// The largest number of columns: indices are below 2^31 when counted from 0.
  static constexpr std::size_t max_columns = std::size_t{1} << 31U;

  /// d, the number of columns; an index above it is an error. 0 = as in the file: the largest
  /// index decides. Force it where two files must agree, such as a training and a test set.
  std::size_t columns = 0;

  /// The index of the first column: 1, as usual, or 0.
  unsigned index_base = 1;

  /// @throws invalid_settings naming the field, its value and the rule it broke.
  void validate() const {
    detail::require(columns <= max_columns, "columns", columns, "<= 2^31");
    detail::require(index_base <= 1, "index_base", index_base, "0 or 1");
  }
};

namespace detail {

/// @brief One line of a text, read from left to right, and its place for error messages.
class text_line {
 public:
  text_line(std::string_view file, std::size_t number, char const* begin, char const* end) noexcept
      : file_(file), number_(number), begin_(begin), end_(end), at_(begin) {}

  /// @brief Moves to the next token. @return false at the end of the line.
  bool next() noexcept {
    while (at_ != end_ && is_blank(*at_)) ++at_;
    return at_ != end_;
  }

  /// @brief Reads a decimal number that ends where the token ends; `+` in front is legal.
  /// @param what Names it in error messages: "a label", "a value".
  template <class Number>
  Number number(std::string_view what) {
    char const* first = at_;
    if (end_ - first > 1 && first[0] == '+' && first[1] != '-') ++first;
    Number x{};
    auto const [last, status] = std::from_chars(first, end_, x);
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
  /// @param base  The smallest index there is.
  /// @param least One above the previous index of the line, or `base`.
  /// @param most  The largest index there may be.
  /// @param why   What an index above `most` breaks.
  std::uint64_t index(std::uint64_t base, std::uint64_t least, std::uint64_t most,
                      std::string_view why) {
    std::uint64_t index = 0;
    auto const [last, status] = std::from_chars(at_, end_, index);
    if (status == std::errc::invalid_argument || last == end_ || *last != ':') {
      if (std::string_view(at_, token_end(at_)).find(':') == std::string_view::npos)
        fail(at_, "", "index:value (there is no colon)");
      fail(at_, ":", "an index (a whole number)");
    }
    if (status == std::errc::result_out_of_range) index = std::numeric_limits<std::uint64_t>::max();
    if (index < base) fail(at_, ":", "an index of at least 1 (index_base = 1)");
    if (index > most)
      fail(at_, ":", "an index of at most " + std::to_string(most) + " (" + std::string(why) + ")");
    if (index < least)
      fail(at_, ":",
           "an index above " + std::to_string(least - 1) +
               " (indices of a line are sorted and unique)");
    at_ = last + 1;
    return index;
  }

 private:
  static constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }
  static constexpr bool is_control(char c) noexcept {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  }
  bool ends_at(char const* p) const noexcept { return p == end_ || is_blank(*p); }
  char const* token_end(char const* from) const { return std::find_if(from, end_, is_blank); }

  /// @brief A number too small for float but not for double is rounded, to zero or nearly so;
  ///        all else that is out of range becomes infinity.
  template <class Number>
  static Number underflow(char const* first, char const* last) {
    double wide = HUGE_VAL;
    if constexpr (!std::same_as<Number, double>) std::from_chars(first, last, wide);
    return std::fabs(wide) < 1 ? static_cast<Number>(wide) : static_cast<Number>(HUGE_VAL);
  }

  /// @brief The offending text starts at `from` and ends at a blank or at one of `stops`.
  [[noreturn]] void fail(char const* from, std::string_view stops,
                         std::string const& expected) const {
    constexpr std::size_t longest = 40;
    char const* const last = std::find_first_of(from, token_end(from), stops.begin(), stops.end());
    std::string found(from, last);
    if (found.empty()) found = "nothing";
    if (found.size() > longest) found = found.substr(0, longest) + "...";
    std::ranges::replace_if(found, is_control, '?');
    throw invalid_data(file_, number_, static_cast<std::size_t>(from - begin_) + 1, found,
                       expected);
  }

  std::string_view file_;
  std::size_t number_;
  char const* begin_;
  char const* end_;
  char const* at_;
};

}  // namespace detail

/// @brief Reads LIBSVM-formatted text that is already in memory.
///
/// One sample per line: a label, then `index:value` pairs with ascending indices, separated by
/// blanks or tabs. A line may be a bare label: a sample whose features are all zero. What follows
/// a `#` is a comment; lines with nothing else are skipped. Lines end in LF or CRLF. Numbers are
/// decimal, whatever the locale says, and correctly rounded. Stored zeros are kept.
///
/// @tparam Value   The type of the features, `float` or `double`.
/// @param  text    Any bytes; 10^9 lines and more are fine.
/// @param  name    What error messages call the text, e.g. a file name.
/// @param  options See libsvm_options.
/// @throws invalid_settings if an option is out of range.
/// @throws invalid_data with line and column (from 1, in bytes) of the token at fault, what was
///         found and what was expected: a malformed label, index or value; a missing colon; an
///         index outside its range, repeated or out of order; a number that is not finite or not
///         representable (below the smallest `float`, but within `double`, is rounded); no samples.
template <class Value = float>
dataset<csr_matrix<Value>> parse_libsvm(std::string_view text, std::string_view name,
                                        libsvm_options options = {}) {
  options.validate();
  detail::refuse_gzip(text, name);

  // Each sample ends a line and each entry has a colon: with these bounds, which only comments and
  // blank lines make too large, every array is allocated once and nothing grows.
  auto const count = [&](char c) { return static_cast<std::size_t>(std::ranges::count(text, c)); };
  auto const shape = [](std::size_t n) { return std::array<std::size_t, 1>{n}; };
  std::size_t const most_rows = count('\n') + (text.empty() || text.back() == '\n' ? 0 : 1);
  std::size_t const most_entries = count(':');
  vector<std::size_t> row_starts(shape(most_rows + 1));
  vector<std::uint32_t> indices(shape(most_entries));
  vector<Value> values(shape(most_entries));
  vector<double> targets(shape(most_rows));

  std::uint64_t const base = options.index_base;
  std::uint64_t const limit = options.columns == 0 ? options.max_columns : options.columns;
  std::string_view const why = options.columns == 0 ? "at most 2^31 columns" : "options.columns";
  std::size_t rows = 0;
  std::size_t entries = 0;
  std::uint64_t columns = options.columns;
  std::size_t number = 0;
  row_starts.data()[0] = 0;
  while (!text.empty()) {
    std::string_view content = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(content.size() + 1, text.size()));
    if (content.ends_with('\r')) content.remove_suffix(1);
    content = content.substr(0, content.find('#'));

    detail::text_line line(name, ++number, content.data(), content.data() + content.size());
    if (!line.next()) continue;
    targets.data()[rows] = line.template number<double>("a label");
    std::uint64_t least = base;
    while (line.next()) {
      std::uint64_t const index = line.index(base, least, limit - 1 + base, why);
      indices.data()[entries] = static_cast<std::uint32_t>(index - base);
      values.data()[entries] = line.template number<Value>("a value");
      ++entries;
      least = index + 1;
    }
    columns = std::max(columns, least - base);
    row_starts.data()[++rows] = entries;
  }
  if (rows == 0) throw invalid_data(name, "no samples", "at least one line with a label");

  auto const shrink = []<class T>(vector<T>& v, std::size_t n) {
    if (v.size() != n) v = detail::to_vector<T>(std::span<T const>(v.data(), n));
  };
  shrink(row_starts, rows + 1);
  shrink(indices, entries);
  shrink(values, entries);
  shrink(targets, rows);
  return {csr_matrix<Value>(static_cast<std::size_t>(columns), std::move(row_starts),
                            std::move(indices), std::move(values)),
          std::move(targets)};
}

/// @brief Reads a file in LIBSVM format; parse_libsvm has the format and the rules.
/// @throws invalid_data also if the file is missing, a directory, not readable or compressed.
template <class Value = float>
dataset<csr_matrix<Value>> read_libsvm(std::filesystem::path const& path,
                                       libsvm_options options = {}) {
  options.validate();  // before any work
  return parse_libsvm<Value>(detail::read_file(path), path.string(), options);
}

}  // namespace localsgd
