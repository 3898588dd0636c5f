// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/data/text/number_from_chars.hpp"

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

/// @file
/// @brief Parses the text of a LIBLINEAR model without interpreting it.

namespace localsgd::detail {

/// @brief A LIBLINEAR solver, identified by the name in its files.
struct liblinear_solver {
  std::string_view name, loss;
  bool regression = false;
};

inline constexpr liblinear_solver liblinear_solvers[] = {
    {"L2R_LR", "logistic"},
    {"L2R_LR_DUAL", "logistic"},
    {"L1R_LR", "logistic"},
    {"L2R_L2LOSS_SVC", "squared_hinge"},
    {"L2R_L2LOSS_SVC_DUAL", "squared_hinge"},
    {"L1R_L2LOSS_SVC", "squared_hinge"},
    {"L2R_L1LOSS_SVC_DUAL", "hinge"},
    {"MCSVM_CS", "crammer_singer"},
    {"L2R_L2LOSS_SVR", "squared_epsilon_insensitive", true},
    {"L2R_L2LOSS_SVR_DUAL", "squared_epsilon_insensitive", true},
    {"L2R_L1LOSS_SVR_DUAL", "epsilon_insensitive", true},
};

/// @brief The contents of the text of a LIBLINEAR model.
struct liblinear_text {
  liblinear_solver solver;
  std::size_t classes = 0;      ///< nr_class; 2 for regression
  std::vector<double> labels;   ///< One for each class; none for regression.
  std::size_t features = 0;     ///< nr_feature, without the constant feature
  double bias = -1;             ///< The constant feature; none if < 0.
  std::size_t outputs = 0;      ///< The number of values in a row of w.
  std::vector<double> weights;  ///< One row per feature, then one for the constant feature.
};

/// @brief Words separated by blanks and line ends, as LIBLINEAR reads them, with their positions.
class liblinear_words {
 public:
  liblinear_words(std::string_view text, std::string_view file) noexcept
      : text_(text), file_(file) {}

  /// @brief The next word; empty at the end of the text.
  std::string_view next() noexcept {
    at_ += word_.size();
    for (; at_ != text_.size() && is_space(text_[at_]); ++at_)
      if (text_[at_] == '\n') {
        ++line_;
        line_start_ = at_ + 1;
      }
    std::size_t const end = static_cast<std::size_t>(
        std::find_if(text_.begin() + static_cast<std::ptrdiff_t>(at_), text_.end(), is_space) -
        text_.begin());
    word_ = text_.substr(at_, end - at_);
    return word_;
  }
  bool ends_with_space() const noexcept { return !text_.empty() && is_space(text_.back()); }

  /// @brief The next word as a finite number.
  double number(std::string_view what) {
    std::string_view const word = next();
    char const *first = word.data(), *const end = first + word.size();
    if (word.size() > 1 && word[0] == '+' && word[1] != '-') ++first;
    double x = 0;
    auto const [last, status] = number_from_chars(first, end, x);
    if (status == std::errc::result_out_of_range || (status == std::errc{} && !std::isfinite(x)))
      fail(std::string(what) + " that is finite and in the range of double");
    if (status != std::errc{} || last != end) fail(std::string(what) + " (a decimal number)");
    return x;
  }
  /// @brief The next word as a 32-bit integer, at least `least`.
  double integer(std::string_view what, double least) {
    double const x = number(what);
    double const most = std::numeric_limits<std::int32_t>::max();
    if (x != std::floor(x) || x < least || x > most)
      fail(std::string(what) + ", an integer from " + shown(least) + " to " + shown(most));
    return x;
  }

  /// @brief Throws invalid_data at the position of the last word.
  [[noreturn]] void fail(std::string const& expected) const {
    throw invalid_data(file_, line_, at_ - line_start_ + 1,
                       word_.empty() ? "the end of the file" : printable(word_), expected);
  }

 private:
  static bool is_space(char c) noexcept {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
  }

  std::string_view text_, file_, word_;
  std::size_t at_ = 0, line_ = 1, line_start_ = 0;
};

inline liblinear_solver liblinear_solver_named(liblinear_words& words) {
  std::string_view const name = words.next();
  auto const* const at = std::ranges::find(liblinear_solvers, name, &liblinear_solver::name);
  if (at == std::ranges::end(liblinear_solvers))
    words.fail("a solver_type of classification or regression, such as L2R_LR");
  return *at;
}

/// @brief Reads the fields like LIBLINEAR: in any order, `label` after `nr_class`, w at the end.
/// @throws invalid_data with the position of the error
inline liblinear_text read_liblinear_text(std::string_view text, std::string_view name) {
  constexpr double any = std::numeric_limits<std::int32_t>::min();
  liblinear_text file;
  liblinear_words words(text, name);
  bool has_bias = false;
  for (std::string_view word = words.next(); word != "w"; word = words.next()) {
    auto const once = [&](bool seen) {
      if (seen) words.fail("each field once");
    };
    if (word == "solver_type") {
      once(!file.solver.name.empty());
      file.solver = liblinear_solver_named(words);
    } else if (word == "nr_class") {
      once(file.classes != 0);
      file.classes = static_cast<std::size_t>(words.integer("the number of classes", 1));
    } else if (word == "label") {
      if (file.classes == 0) words.fail("nr_class before label");
      once(!file.labels.empty());
      for (std::size_t c = 0; c != file.classes; ++c)
        file.labels.push_back(words.integer("a label", any));
    } else if (word == "nr_feature") {
      once(file.features != 0);
      file.features = static_cast<std::size_t>(words.integer("the number of features", 1));
    } else if (word == "bias") {
      once(has_bias);
      file.bias = words.number("the bias");
      has_bias = true;
    } else {
      words.fail(
          "a field of a LIBLINEAR model: solver_type, nr_class, label, nr_feature, bias or w");
    }
  }
  bool const regression = file.solver.regression;
  if (file.solver.name.empty()) words.fail("solver_type before w");
  if (file.classes == 0) words.fail("nr_class before w");
  if (file.features == 0) words.fail("nr_feature before w");
  if (!has_bias) words.fail("bias before w");
  if (regression && file.classes != 2)
    words.fail("nr_class 2 before w, as in every regression model");
  if (regression) file.labels.clear();
  if (!regression && file.labels.empty()) words.fail("label before w");

  file.outputs = file.classes == 2 && file.solver.name != "MCSVM_CS" ? 1 : file.classes;
  std::size_t const rows = file.features + (file.bias >= 0 ? 1 : 0);
  // Each number takes at least two bytes. This also limits the memory that a wrong header requests.
  if (rows > text.size() / 2 / file.outputs)
    words.fail(std::to_string(rows) + " rows of " + std::to_string(file.outputs) +
               " numbers after w, for which the file is too short");
  std::size_t const count = rows * file.outputs;
  std::string const what =
      "one of the " + std::to_string(rows) + " x " + std::to_string(file.outputs) + " coefficients";
  file.weights.reserve(count);
  for (std::size_t i = 0; i != count; ++i) file.weights.push_back(words.number(what));
  // A truncated number may still be a number.
  if (!words.ends_with_space())
    words.fail("a space or a line end after the last number (the file is truncated)");
  if (!words.next().empty()) words.fail("nothing after the last row of w");
  return file;
}

}  // namespace localsgd::detail
