// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

#include "commands.hpp"

#include <localsgd/core/error.hpp>
#include <localsgd/model/metrics.hpp>
#include <localsgd/model/predict.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace train {

namespace {

void check_output(predict_options const& o) {
  if (o.output.empty()) return;
  check_different(o.data, o.output);
  check_different(o.model, o.output);
  check_writable(o.output);
}

/// @brief Reads both files, and refuses features that the model does not have unless told
/// otherwise.
std::pair<samples, localsgd::linear_model> read_both(predict_options const& o) {
  auto m = load_model(o.model);
  auto data = read_samples(o.data);
  if (data.features.columns() > m.features && !o.ignore_unknown)
    throw std::runtime_error(o.data + ": has " + std::to_string(data.features.columns()) +
                             " features, but the model has " + std::to_string(m.features) +
                             "; to ignore the others, use --ignore-unknown-features");
  return {std::move(data), std::move(m)};
}

void check_has_probabilities(predict_options const& o, localsgd::linear_model const& m) {
  if (m.labels.empty() || (m.loss != "logistic" && m.loss != "softmax"))
    throw usage_error("--probabilities: " + o.model +
                      " has no probabilities; train with --loss logistic or softmax");
}

std::string line(char const* name, double value) {
  char text[80];
  std::snprintf(text, sizeof text, "%-10s %.6g\n", name, value);
  return text;
}

}  // namespace

void predict_samples(predict_options const& o) {
  check_output(o);
  auto const [data, m] = read_both(o);
  if (o.probabilities) check_has_probabilities(o, m);
  bool const classes = !m.labels.empty();
  auto const values = localsgd::predict(m, data);
  std::vector<std::string> names;
  if (classes) names = localsgd::predict_names(m, data);
  std::string text;
  std::vector<double> p;
  std::size_t const columns = m.labels.size();
  bool const binary = m.kind() == localsgd::model_kind::binary;
  if (o.probabilities) {
    p = localsgd::predict_probability(m, data);
    text = "label";
    for (std::size_t c = 0; c != columns; ++c) text += ' ' + m.name_of_class(c);
    text += '\n';
  }
  for (std::size_t i = 0; i != values.size(); ++i) {
    text += classes ? names[i] : localsgd::detail::shown(values[i]);
    for (std::size_t c = 0; o.probabilities && c != columns; ++c)
      text += ' ' + localsgd::detail::shown(!binary  ? p[i * columns + c]
                                            : c == 1 ? p[i]
                                                     : 1 - p[i]);
    text += '\n';
  }
  write_text(text, o.output);
}

void evaluate_model(predict_options const& o) {
  check_output(o);
  auto const [data, m] = read_both(o);
  auto const y = std::span<double const>(data.targets.data(), data.targets.size());
  auto const predicted = localsgd::predict(m, data);
  std::string text = "samples    " + std::to_string(y.size()) + "\n";
  if (m.labels.empty()) {
    text += line("RMSE", localsgd::rmse(y, predicted));
    if (std::ranges::min(y) != std::ranges::max(y))
      text += line("R^2", localsgd::r_squared(y, predicted));
  } else {
    for (std::size_t i = 0; i != y.size(); ++i)
      if (std::ranges::find(m.labels, y[i]) == m.labels.end())
        throw std::runtime_error(o.data + ": sample " + std::to_string(i + 1) + " has the label " +
                                 localsgd::detail::shown(y[i]) + ", which " + o.model +
                                 " does not have");
    text += line("accuracy", localsgd::accuracy(y, predicted));
    if (m.loss == "logistic" || m.loss == "softmax")
      text +=
          line("log loss", localsgd::log_loss(y, localsgd::predict_probability(m, data), m.labels));
    if (m.kind() == localsgd::model_kind::binary && std::ranges::min(y) != std::ranges::max(y))
      text += line("AUC", localsgd::auc(y, localsgd::decision_function(m, data), m.labels[1]));
  }
  write_text(text, o.output);
}

}  // namespace train
