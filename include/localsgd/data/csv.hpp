// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/data/csv_reader.hpp"
#include "localsgd/data/dataset.hpp"
#include "localsgd/data/text/csv_coding.hpp"
#include "localsgd/io/mapped_file.hpp"

#include <concepts>
#include <filesystem>
#include <string>
#include <string_view>

/// @file
/// @brief Tables as comma-separated text with a header.

namespace localsgd {

namespace detail {

/// @brief The text without its byte order mark, if any. @throws invalid_data
inline std::string_view csv_text(std::string_view text, std::string_view name) {
  refuse_compressed(text, name);
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff"))
    throw invalid_data(name, 1, 1, "a UTF-16 byte order mark",
                       "ASCII or UTF-8 text; convert the file first");
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  return text;
}

}  // namespace detail

/// @brief Reads a table from comma-separated text in memory.
///
/// The format is that of RFC 4180 with a header: one record per line, ending in LF or CRLF, with
/// fields between separators. A field in double quotes may contain separators and line ends, and
/// two quotes stand for a quote. Empty lines and a UTF-8 byte order mark are skipped.
///
/// A column that contains only numbers is a feature. Any other column is categorical: each distinct
/// text becomes a feature that is 1 in the samples with this text and 0 in the others, in ascending
/// byte order. Targets are numbers, or texts if any of them is not a number: they are then 0, 1, …
/// in the same order, and `coding.target_names` has the texts. Numbers are decimal, independent of
/// the locale, and correctly rounded; they may be surrounded by blanks and have a leading `+`.
/// Other blanks are part of a text. Missing values are errors: empty fields and, unquoted, `?`,
/// `NA`, `N/A`, `NaN`, `NULL`, `<NA>` and `#N/A`.
///
/// ~~~{.cpp}
/// auto const train = read_csv("diamonds.csv", {.label = "price"});
/// linear_objective const f(train.features, train.targets, squared{}, l2{1e-4});
/// auto const test = read_csv("others.csv", train.coding);  // the same features
/// ~~~
/// @tparam Value   The type of the features, `float` or `double`.
/// @param  text    Must not be compressed.
/// @param  name    The name of the text in error messages, e.g. a file name.
/// @param  options `label` is required.
/// @throws invalid_settings if an option is out of range
/// @throws invalid_data with line and column (from 1, in bytes) of the field, what was found and
///         what was expected: missing values; numbers that are not finite or out of the range of
///         `Value`; a number of fields that differs from the header; columns without a name or with
///         a repeated name; too many categories; misplaced quotes; no samples; no features
template <class Value = float>
csv_table<Value> parse_csv(std::string_view text, std::string_view name,
                           csv_options const& options) {
  static_assert(std::same_as<Value, float> || std::same_as<Value, double>);
  options.validate();
  detail::csv_reader<Value> const reader(detail::csv_text(text, name), name, options);
  return reader.table(reader.coding());
}

/// @brief Reads a table with the columns of another one, in any order, into the same features.
///
/// The column of the targets may be absent; then there are no targets.
/// @param coding  the coding of the other table
/// @param options `label`, `categorical` and `max_categories` are not used
/// @throws invalid_data also for columns that are missing or not in the coding, and for texts that
///   are not in the coding
template <class Value = float>
csv_table<Value> parse_csv(std::string_view text, std::string_view name, csv_coding const& coding,
                           csv_options const& options = {}) {
  static_assert(std::same_as<Value, float> || std::same_as<Value, double>);
  options.validate();
  coding.validate();
  return detail::csv_reader<Value>(detail::csv_text(text, name), name, options).table(coding);
}

/// @brief Reads a file; see parse_csv() for the format and the rules.
/// @throws invalid_data also if the file is missing, a directory, unreadable or compressed
template <class Value = float>
csv_table<Value> read_csv(std::filesystem::path const& path, csv_options const& options) {
  detail::mapped_file const file(path);
  return parse_csv<Value>(file.bytes(), path.string(), options);
}

/// @brief Reads a file with the columns of another one; see parse_csv().
template <class Value = float>
csv_table<Value> read_csv(std::filesystem::path const& path, csv_coding const& coding,
                          csv_options const& options = {}) {
  detail::mapped_file const file(path);
  return parse_csv<Value>(file.bytes(), path.string(), coding, options);
}

}  // namespace localsgd
