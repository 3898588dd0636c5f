// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <map>
#include <ranges>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

/// @file
/// @brief Encodes labels of any kind as the numbers that losses expect.

namespace localsgd {

/// @brief The labels of n samples as numbers, and the meaning of the numbers.
struct label_encoding {
  std::vector<double> labels;       ///< The code of the class of each sample.
  std::vector<std::string> names;   ///< The label of each class in the data, as text.
  std::vector<double> codes;        ///< The code of each class: −1 and +1, or 0, 1, …, C−1.
  std::vector<std::size_t> counts;  ///< The number of samples of each class.

  std::size_t classes() const noexcept { return names.size(); }  ///< C

  /// @brief The label for a code: converts a prediction to the label in the data.
  /// @throws invalid_data if no class has this code
  std::string const& name_of(double code) const {
    auto const at = std::ranges::find(codes, code);
    if (at == codes.end())
      throw invalid_data("code", detail::shown(code), "one of the codes of the encoding");
    return names[static_cast<std::size_t>(at - codes.begin())];
  }
};

namespace detail {

/// @brief Numbers or strings, one for each sample.
template <class Labels>
concept label_range =
    std::ranges::forward_range<Labels const> &&
    bool(std::is_arithmetic_v<std::ranges::range_value_t<Labels const>> ||
         std::convertible_to<std::ranges::range_reference_t<Labels const>, std::string_view>);

inline std::string name_of_label(std::string_view text) { return std::string(text); }
template <class Number>
  requires std::is_arithmetic_v<Number>
std::string name_of_label(Number number) {
  return shown(number);
}

/// @brief The key by which labels are compared: the value of numbers, the text of strings.
template <class Label>
auto key_of_label(Label const& label, [[maybe_unused]] std::size_t i) {
  if constexpr (std::floating_point<Label>) {
    if (!std::isfinite(label))
      throw invalid_data("targets[" + std::to_string(i) + "]", shown(label), "a finite number");
    return label + 0;  // −0 becomes +0
  } else if constexpr (std::is_arithmetic_v<Label>) {
    return label;
  } else {
    return std::string_view(label);
  }
}

/// @brief At most ten names, and how many more there are.
inline std::string listed(std::vector<std::string> const& names) {
  constexpr std::size_t most = 10;
  std::string text;
  for (std::size_t c = 0; c != std::min(most, names.size()); ++c)
    text += (c == 0 ? "" : ", ") + names[c];
  if (names.size() > most) text += " and " + std::to_string(names.size() - most) + " more";
  return text;
}

/// @brief Classes in ascending order. @param code `code(c)` of class c
template <label_range Labels, class Code>
label_encoding encoded(Labels const& y, Code const& code) {
  std::vector<decltype(key_of_label(*std::ranges::begin(y), 0))> keys;
  for (auto const& label : y) keys.push_back(key_of_label(label, keys.size()));
  std::map<typename decltype(keys)::value_type, std::size_t> place;
  for (auto const& key : keys) ++place[key];
  label_encoding all;
  for (auto& [key, count] : place) {
    all.names.push_back(name_of_label(key));
    all.counts.push_back(count);
    count = all.names.size() - 1;
  }
  for (std::size_t c = 0; c != all.classes(); ++c) all.codes.push_back(code(c));
  for (auto const& key : keys) all.labels.push_back(all.codes[place.find(key)->second]);
  return all;
}

}  // namespace detail

/// @brief Encodes any two labels as −1 and +1, for `logistic` and the other two-class losses.
///
/// The greater label becomes +1; numbers are compared by value, strings by their bytes. 0 and 1
/// become −1 and +1, and so do "ham" and "spam". (LIBLINEAR maps the first label it reads to +1.)
/// ~~~{.cpp}
/// auto const y = encode_binary(data.targets);
/// std::cout << to_string(y);  // 2 classes: 0 -> -1 (4500 samples), 1 -> +1 (500 samples)
/// linear_objective const f(data.features, y.labels, logistic{}, l2{1e-4});
/// ~~~
/// @param y numbers, or anything convertible to std::string_view
/// @throws invalid_data unless there are two different labels; naming any `targets[i]` not finite
template <detail::label_range Labels>
label_encoding encode_binary(Labels const& y) {
  auto all = detail::encoded(y, [](std::size_t c) { return c == 0 ? -1.0 : 1.0; });
  if (all.classes() != 2)
    throw invalid_data(
        "targets", all.classes() == 0 ? "no labels" : "the labels " + detail::listed(all.names),
        "2 different labels; for more classes use encode_classes() and softmax_objective");
  return all;
}

/// @brief Encodes the labels of any number C of classes as 0, 1, …, C−1, for `softmax_objective`.
///
/// The order is ascending; numbers are compared by value, strings by their bytes.
/// @param y numbers, or anything convertible to std::string_view
/// @throws invalid_data naming any `targets[i]` that is not finite
template <detail::label_range Labels>
label_encoding encode_classes(Labels const& y) {
  return detail::encoded(y, [](std::size_t c) { return static_cast<double>(c); });
}

/// @brief Encodes the labels of other samples, such as test data, with the codes of `known`.
/// @throws invalid_data naming the first label, `targets[i]`, that is not in `known`
template <detail::label_range Labels>
std::vector<double> encode_like(label_encoding const& known, Labels const& y) {
  std::map<std::string, double> codes;
  for (std::size_t c = 0; c != known.classes(); ++c) codes[known.names[c]] = known.codes[c];
  std::vector<double> labels;
  for (auto const& label : y) {
    std::string const name = detail::name_of_label(detail::key_of_label(label, labels.size()));
    auto const at = codes.find(name);
    if (at == codes.end())
      throw invalid_data("targets[" + std::to_string(labels.size()) + "]", name,
                         "one of the known labels: " + detail::listed(known.names));
    labels.push_back(at->second);
  }
  return labels;
}

/// @brief A line that describes the encoding: `2 classes: 0 -> -1 (4500 samples), …`.
inline std::string to_string(label_encoding const& encoding) {
  bool const binary = encoding.classes() == 2 && encoding.codes[0] < 0;
  std::vector<std::string> all;
  for (std::size_t c = 0; c != encoding.classes(); ++c)
    all.push_back(encoding.names[c] + (binary && c == 1 ? " -> +" : " -> ") +
                  detail::shown(encoding.codes[c]) + " (" + std::to_string(encoding.counts[c]) +
                  (encoding.counts[c] == 1 ? " sample)" : " samples)"));
  return std::to_string(encoding.classes()) +
         (encoding.classes() == 1 ? " class: " : " classes: ") + detail::listed(all);
}

}  // namespace localsgd
