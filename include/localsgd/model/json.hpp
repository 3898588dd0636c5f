// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/data/dataset.hpp"
#include "localsgd/io/mapped_file.hpp"
#include "localsgd/io/replacing_file.hpp"
#include "localsgd/model/linear_model.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// @file
/// @brief Models as JSON files. Requires nlohmann-json, which no other header includes.

namespace localsgd {

namespace detail {

inline constexpr std::string_view json_format = "localsgd linear model";
inline constexpr int json_version = 1;

/// @brief Reads the fields of a JSON model; every error message names the file and the field.
class json_model_reader {
 public:
  json_model_reader(std::string_view text, std::string_view name) : name_(name) { parse(text); }

  linear_model model() const {
    if (!field("format").is_string() || field("format") != json_format)
      fail("format", field("format"), '"' + std::string(json_format) + '"');
    auto const& version = field("version");
    if (!version.is_number_integer() || version != json_version)
      fail("version", version, "1, the only version that can be read");
    for (auto const& [key, value] : all_.items())
      if (std::ranges::find(fields, key) == std::ranges::end(fields))
        throw invalid_data(name_, as_text(json(key)), "only the fields of version 1");

    linear_model m;
    m.loss = text("loss", field("loss"));
    auto const& features = field("features");
    if (!features.is_number_unsigned()) fail("features", features, "the number of features");
    m.features = features.get<std::size_t>();
    m.intercepts = numbers("intercepts", field("intercepts"));
    m.labels = numbers("labels", field("labels"));
    if (all_.contains("names")) {
      auto const& names = array("names", all_["names"]);
      for (std::size_t c = 0; c != names.size(); ++c)
        m.names.push_back(text(element("names", c), names[c]));
    }
    auto const& rows = array("coefficients", field("coefficients"));
    if (rows.size() != m.outputs())
      fail("coefficients", rows, std::to_string(m.outputs()) + " rows, one for each intercept");
    for (std::size_t k = 0; k != rows.size(); ++k) {
      auto const row = numbers(element("coefficients", k), rows[k]);
      if (row.size() != m.features)
        throw invalid_data(
            name_, std::to_string(row.size()) + " numbers in \"" + element("coefficients", k) + '"',
            std::to_string(m.features) + ", one for each feature");
      m.coefficients.insert(m.coefficients.end(), row.begin(), row.end());
    }
    if (all_.contains("coding")) m.coding = coding(all_["coding"]);
    try {
      m.validate();
    } catch (invalid_data const& e) {
      throw invalid_data(name_, e.found + " (" + e.file + ")", e.expected);
    }
    if (std::string const kind(to_string(m.kind())); field("kind") != kind)
      fail("kind", field("kind"), '"' + kind + "\", which follows from labels and intercepts");
    return m;
  }

 private:
  using json = nlohmann::json;
  static constexpr std::string_view fields[] = {"format", "version",    "kind",
                                                "loss",   "features",   "labels",
                                                "names",  "intercepts", "coefficients",
                                                "coding"};

  void parse(std::string_view text) {
    refuse_compressed(text, name_);
    std::set<std::string> seen;
    auto const note = [&](int depth, json::parse_event_t event, json& value) {
      if (event == json::parse_event_t::key && depth == 1 &&
          !seen.insert(value.get<std::string>()).second)
        throw invalid_data(name_, as_text(value) + " twice", "each field once");
      return true;
    };
    try {
      all_ = json::parse(text.begin(), text.end(), note);
    } catch (json::parse_error const& e) {
      // e.byte counts from 1 and, at the end of the text, is one too large.
      std::size_t const at = std::min(e.byte == 0 ? 0 : e.byte - 1, text.size());
      auto const before = text.substr(0, at);
      auto const line_start = before.rfind('\n') + 1;  // npos + 1 = 0
      auto const line = static_cast<std::size_t>(std::ranges::count(before, '\n')) + 1;
      bool const end = at == text.size();
      throw invalid_data(name_, line, at - line_start + 1,
                         end ? "the end of the file" : "invalid JSON", "the JSON of a model");
    } catch (json::exception const& e) {
      throw invalid_data(name_, printable(e.what(), longest), "the JSON of a model");
    }
    if (!all_.is_object())
      throw invalid_data(name_, all_.type_name(), "an object, the JSON of a model");
  }

  json const& field(char const* key) const {
    auto const at = all_.find(key);
    if (at == all_.end())
      throw invalid_data(name_, "no \"" + std::string(key) + '"', "all fields of a model");
    return *at;
  }
  static std::string element(std::string_view key, std::size_t i) {
    return std::string(key) + "[" + std::to_string(i) + "]";
  }
  static constexpr std::size_t longest = 80;  // the longest text that an error message repeats
  static std::string as_text(json const& value) {
    return printable(value.dump(-1, ' ', true, json::error_handler_t::replace), longest);
  }
  [[noreturn]] void fail(std::string const& key, json const& found,
                         std::string const& expected) const {
    throw invalid_data(name_, '"' + key + "\": " + as_text(found), expected);
  }
  json const& array(std::string const& key, json const& value) const {
    if (!value.is_array()) fail(key, value, "an array");
    return value;
  }
  std::string text(std::string const& key, json const& value) const {
    if (!value.is_string()) fail(key, value, "a string");
    return value.get<std::string>();
  }
  std::vector<double> numbers(std::string const& key, json const& value) const {
    std::vector<double> all;
    all.reserve(array(key, value).size());
    for (auto const& each : value) {
      if (!each.is_number()) fail(element(key, all.size()), each, "a number");
      all.push_back(each.get<double>());
    }
    return all;
  }

  std::vector<std::string> texts(std::string const& key, json const& value) const {
    std::vector<std::string> all;
    for (auto const& each : array(key, value)) all.push_back(text(element(key, all.size()), each));
    return all;
  }
  /// @brief Checks the members of an object: `required`, possibly `optional`, and no others.
  void check_members(std::string const& key, json const& value, std::string_view required,
                     std::string_view optional, std::string_view more) const {
    if (!value.is_object()) fail(key, value, "an object");
    for (auto const& [member, ignored] : value.items())
      if (member != required && member != optional && member != more)
        fail(key, json(member), "only members of version 1");
    if (!value.contains(required)) fail(key, value, '"' + std::string(required) + "\" in it");
  }
  csv_coding coding(json const& value) const {
    check_members("coding", value, "columns", "target", "target_names");
    csv_coding all;
    if (value.contains("target")) all.target = text("coding.target", value["target"]);
    if (value.contains("target_names"))
      all.target_names = texts("coding.target_names", value["target_names"]);
    for (auto const& each : array("coding.columns", value["columns"])) {
      std::string const key = element("coding.columns", all.columns.size());
      check_members(key, each, "name", "categories", "categories");
      auto& column = all.columns.emplace_back();
      column.name = text(key + ".name", each["name"]);
      if (each.contains("categories"))
        column.categories = texts(key + ".categories", each["categories"]);
    }
    if (all.empty()) fail("coding.columns", value["columns"], "at least one column");
    return all;
  }

  std::string name_;
  json all_;
};

}  // namespace detail

/// @brief A model as JSON: see save_json(). @throws anything that linear_model::validate() throws
inline std::string to_json_text(linear_model const& m) {
  m.validate();
  using json = nlohmann::ordered_json;
  json all;
  all["format"] = detail::json_format;
  all["version"] = detail::json_version;
  all["kind"] = to_string(m.kind());
  all["loss"] = m.loss;
  all["features"] = m.features;
  all["labels"] = m.labels;
  if (!m.names.empty()) all["names"] = m.names;
  all["intercepts"] = m.intercepts;
  auto& rows = all["coefficients"] = json::array();
  for (std::size_t k = 0; k != m.outputs(); ++k) {
    auto const row = m.coefficients_of(k);
    rows.emplace_back(std::vector<double>(row.begin(), row.end()));
  }
  if (!m.coding.empty()) {
    auto& coding = all["coding"];
    coding["target"] = m.coding.target;
    if (!m.coding.target_names.empty()) coding["target_names"] = m.coding.target_names;
    for (auto const& column : m.coding.columns) {
      json each{{"name", column.name}};
      if (!column.categories.empty()) each["categories"] = column.categories;
      coding["columns"].push_back(std::move(each));
    }
  }
  std::string text;
  try {
    for (auto const& [key, value] : all.items())  // one line per field
      text += (text.empty() ? "{\n  " : ",\n  ") + json(key).dump() + ": " + value.dump();
  } catch (nlohmann::json::type_error const&) {
    throw invalid_data("model.names, model.loss or model.coding", "invalid UTF-8", "UTF-8 text");
  }
  return text + "\n}\n";
}

/// @brief Writes a model as JSON: all members of a linear_model, bit for bit.
///
/// ~~~{.json}
/// {
///   "format": "localsgd linear model",
///   "version": 1,
///   "kind": "binary",
///   "loss": "logistic",
///   "features": 3,
///   "labels": [-1.0,1.0],
///   "names": ["ham","spam"],
///   "intercepts": [0.25],
///   "coefficients": [[0.1,0.0,-2.5]]
/// }
/// ~~~
/// The fields are the members of linear_model; `coefficients` has one row per output. `names` is
/// present if the labels are texts, `coding` if the model was fitted to a table: `{"target":
/// "price", "columns": [{"name": "size"}, {"name": "colour", "categories": ["blue","red"]}]}`, with
/// `target_names` if the targets are texts. `labels` is empty for regression. `kind` is
/// informative: it follows from the other fields. Numbers restore each `double` exactly.
///
/// `path` is replaced only when everything is written; after any error, the old file is kept.
/// @throws invalid_data if the model breaks a rule of linear_model, or has texts that are not UTF-8
/// @throws std::filesystem::filesystem_error with path and reason if the file cannot be written
inline void save_json(linear_model const& m, std::filesystem::path const& path) {
  std::string const text = to_json_text(m);
  detail::replacing_file file(path);
  file.write(text.data(), text.size());
  file.commit();
}

/// @brief Reads a model from JSON text: see load_json(). @param name the text's name in messages
inline linear_model parse_json(std::string_view text, std::string_view name) {
  return detail::json_model_reader(text, name).model();
}

/// @brief Reads a model written by save_json().
/// @throws invalid_data with the file and the error: the line and column of invalid JSON; the name
///         of a field that is missing, unknown, repeated, or of the wrong type or length; an
///         unsupported version; a number that is out of range. Also if the file is missing,
///         unreadable or compressed
inline linear_model load_json(std::filesystem::path const& path) {
  detail::mapped_file const file(path);
  return parse_json(file.bytes(), path.string());
}

}  // namespace localsgd
