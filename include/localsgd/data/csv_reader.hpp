// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/core/tensor.hpp"
#include "localsgd/data/csr_matrix.hpp"
#include "localsgd/data/text/csv_coding.hpp"
#include "localsgd/data/text/csv_records.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <vector>

/// @file
/// @brief The implementation of parse_csv().

namespace localsgd {

/// @brief Options for reading a table.
struct csv_options {
  /// The column of the targets: its name in the header or, if no column has this name, its number,
  /// counted from 1, or from the end: −1 is the last column. Not used with a coding.
  std::string label = {};
  char separator = ',';                       ///< Neither a quote nor a line end.
  std::vector<std::string> categorical = {};  ///< Columns of numbers that stand for categories.

  /// The largest number of categories in a column. A text column with more is an error, since it
  /// probably identifies samples, or a number is misspelt.
  std::size_t max_categories = 1000;

  // With a coding:
  bool skip_targets = false;    ///< Whether to ignore the column of the targets.
  bool ignore_unknown = false;  ///< Whether to ignore unknown columns; unknown categories give 0s.

  /// @throws invalid_settings naming the field, its value and the violated rule.
  void validate() const {
    detail::require(separator != '"' && separator != '\n' && separator != '\r', "separator",
                    static_cast<int>(separator), "neither a quote nor a line end");
    detail::require(max_categories >= 1, "max_categories", max_categories, ">= 1");
  }
};

/// @brief n samples with their targets, and how the columns become features.
template <class Value = float>
struct csv_table {
  csr_matrix<Value> features;  ///< n × coding.features(); zeros are not stored.
  vector<double> targets;      ///< n numbers (for texts, indices in coding.target_names), or none.
  csv_coding coding;
};

namespace detail {

/// @brief Reads one table, in several passes over the text.
template <class Value>
class csv_reader {
 public:
  csv_reader(std::string_view text, std::string_view name, csv_options const& options)
      : text_(text), name_(name), options_(options), header_(read_header()) {}

  /// @brief The coding of this table: columns of numbers and of categories.
  csv_coding coding() const {
    std::size_t const label = label_column();
    std::vector<std::optional<csv_field>> texts(header_.size());  // the first of each column
    for (auto const& name : options_.categorical) texts[column(name)].emplace();
    each_row([&](std::vector<csv_field> const& row) {
      for (std::size_t j = 0; j != row.size(); ++j) {
        refuse_missing(row[j], j);
        if (!texts[j] && !csv_number(row[j])) texts[j] = row[j];
      }
    });
    std::vector<std::set<std::string>> categories(header_.size());
    each_row([&](std::vector<csv_field> const& row) {
      for (std::size_t j = 0; j != row.size(); ++j) {
        if (!texts[j] || categories[j].contains(row[j].text)) continue;
        categories[j].insert(row[j].text);
        if (j == label || categories[j].size() <= options_.max_categories) continue;
        csv_field const& at = texts[j]->text.empty() ? row[j] : *texts[j];
        fail(at, printable(at.text),
             "a number, or at most " + std::to_string(options_.max_categories) +
                 " different texts in " + shown_column(j));
      }
    });
    csv_coding all;
    for (std::size_t j = 0; j != header_.size(); ++j) {
      std::vector<std::string> texts_of(categories[j].begin(), categories[j].end());
      if (j == label) {
        all.target = header_[j].text;
        all.target_names = std::move(texts_of);
      } else {
        all.columns.push_back({header_[j].text, std::move(texts_of)});
      }
    }
    if (all.columns.empty())
      fail(header_[0], "a single column", "at least one column besides that of the targets");
    return all;
  }

  csv_table<Value> table(csv_coding coding) const {
    constexpr std::size_t most = std::numeric_limits<std::uint32_t>::max();
    require(coding.features() < most, "coding.features()", coding.features(), "below 2^32");
    struct arrays {
      std::vector<std::size_t> row_starts{0};
      std::vector<std::uint32_t> indices;
      std::vector<Value> values;
    };
    auto const own = std::make_shared<arrays>();
    std::vector<double> targets;
    std::vector<std::size_t> const places = places_of(coding);
    std::vector<codes> known;
    for (auto const& each : coding.columns) known.push_back(codes_of(each.categories));
    known.push_back(codes_of(coding.target_names));
    bool const has_targets = places.back() != none && !options_.skip_targets;
    each_row([&](std::vector<csv_field> const& row) {
      std::size_t first = 0;
      for (std::size_t c = 0; c != coding.columns.size(); ++c) {
        csv_column const& column = coding.columns[c];
        csv_field const& field = row[places[c]];
        std::size_t at = first;
        double value = 1;
        refuse_missing(field, places[c]);
        if (column.categories.empty())
          value = finite(field, places[c]);
        else
          at += code_of(field, known[c], column.categories, places[c], options_.ignore_unknown);
        first += column.features();
        if (value == 0 || at >= first) continue;  // an unknown category
        own->indices.push_back(static_cast<std::uint32_t>(at));
        own->values.push_back(static_cast<Value>(value));
      }
      own->row_starts.push_back(own->indices.size());
      if (!has_targets) return;
      csv_field const& target = row[places.back()];
      refuse_missing(target, places.back());
      targets.push_back(coding.target_names.empty()
                            ? finite(target, places.back())
                            : static_cast<double>(code_of(target, known.back(), coding.target_names,
                                                          places.back(), false)));
    });
    return {csr_access::view<Value>(coding.features(), own->row_starts, own->indices, own->values,
                                    own),
            to_vector<double>(std::span<double const>(targets)), std::move(coding)};
  }

 private:
  static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();

  std::vector<csv_field> read_header() {
    csv_records records(text_, name_, options_.separator);
    std::vector<csv_field> header;
    if (!records.next(header)) throw invalid_data(name_, "nothing", "a header and samples");
    for (std::size_t j = 0; j != header.size(); ++j) {
      if (header[j].text.empty())
        fail(header[j], "a column without a name",
             "a name in the header; remove a column of row numbers");
      if (!place_.emplace(header[j].text, j).second)
        fail(header[j], printable(header[j].text) + " twice", "distinct column names");
    }
    return header;
  }

  /// @brief Calls `use(fields)` for each sample.
  template <class Use>
  void each_row(Use const& use) const {
    csv_records records(text_, name_, options_.separator);
    std::vector<csv_field> row;
    records.next(row);
    bool empty = true;
    for (; records.next(row); empty = false) {
      if (row.size() != header_.size())
        fail(row[0], std::to_string(row.size()) + (row.size() == 1 ? " field" : " fields"),
             std::to_string(header_.size()) + ", the number of columns in the header");
      use(row);
    }
    if (empty) throw invalid_data(name_, "no samples", "at least one line after the header");
  }

  std::size_t find(std::string const& name) const noexcept {
    auto const at = place_.find(name);
    return at == place_.end() ? none : at->second;
  }
  std::size_t column(std::string const& name) const {
    std::size_t const at = find(name);
    if (at == none)
      fail(header_[0], "no column " + printable(name), "one of the columns " + names());
    return at;
  }
  std::size_t label_column() const {
    std::string const& label = options_.label;
    if (std::size_t const at = find(label); at != none) return at;
    auto const columns = static_cast<std::int64_t>(header_.size());
    std::int64_t number = 0;
    auto const [end, status] = std::from_chars(label.data(), label.data() + label.size(), number);
    bool const whole = status == std::errc{} && end == label.data() + label.size();
    if (whole && number != 0 && number >= -columns && number <= columns)
      return static_cast<std::size_t>(number > 0 ? number - 1 : columns + number);
    fail(header_[0], label.empty() ? "no label" : "no column " + printable(label),
         "csv_options.label to be a column number or one of " + names());
  }

  /// @brief The position in this table of each column of the coding and, last, of its label.
  std::vector<std::size_t> places_of(csv_coding const& coding) const {
    std::vector<std::size_t> places;
    std::vector<bool> known(header_.size());
    for (auto const& each : coding.columns) known[places.emplace_back(column(each.name))] = true;
    if (places.emplace_back(find(coding.target)) != none) known[places.back()] = true;
    for (std::size_t j = 0; j != known.size() && !options_.ignore_unknown; ++j)
      if (!known[j])
        fail(header_[j], "the unknown column " + printable(header_[j].text),
             "the columns of the coding; to ignore others, set csv_options.ignore_unknown");
    return places;
  }

  using codes = std::unordered_map<std::string, std::size_t>;
  static codes codes_of(std::vector<std::string> const& texts) {
    codes all;
    for (auto const& each : texts) all.emplace(each, all.size());
    return all;
  }
  /// @brief The index of a field's text among `texts`; a large number if it is unknown and allowed.
  std::size_t code_of(csv_field const& field, codes const& known,
                      std::vector<std::string> const& texts, std::size_t j, bool may_miss) const {
    auto const at = known.find(field.text);
    if (at != known.end()) return at->second;
    if (may_miss) return none / 2;
    fail(field, printable(field.text),
         "one of the known values of " + shown_column(j) + ": " + listed_names(texts));
  }
  double finite(csv_field const& field, std::size_t j) const {
    auto const x = csv_number(field);
    if (!x) fail(field, printable(field.text), "a number in " + shown_column(j));
    if (!(std::abs(*x) <= static_cast<double>(std::numeric_limits<Value>::max())))
      fail(field, printable(field.text),
           std::string("a finite number in the range of ") +
               (std::same_as<Value, float> ? "float" : "double"));
    return *x;
  }
  void refuse_missing(csv_field const& field, std::size_t j) const {
    if (!is_missing(field)) return;
    std::string_view const text = trimmed(field.text);
    fail(field, text.empty() ? "nothing" : printable(text),
         "a value in " + shown_column(j) + "; remove or replace missing values" +
             (text.empty() ? "" : ", or quote the text if it is a category"));
  }

  static std::string listed_names(std::vector<std::string> const& all) {
    constexpr std::size_t most = 8;
    std::string text;
    for (std::size_t i = 0; i != std::min(most, all.size()); ++i)
      text += (i == 0 ? "" : ", ") + printable(all[i], 20);
    return text + (all.size() > most ? ", ..." : "");
  }
  std::string names() const {
    std::vector<std::string> all;
    for (auto const& each : header_) all.push_back(each.text);
    return listed_names(all);
  }
  std::string shown_column(std::size_t j) const { return "column " + printable(header_[j].text); }
  [[noreturn]] void fail(csv_field const& at, std::string_view found,
                         std::string_view expected) const {
    throw invalid_data(name_, at.line, at.column, found, expected);
  }

  std::string_view text_, name_;
  csv_options const& options_;
  std::map<std::string, std::size_t> place_;  // of each column
  std::vector<csv_field> header_;
};

}  // namespace detail

}  // namespace localsgd
