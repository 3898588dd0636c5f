// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

#include "commands.hpp"

#include <localsgd/core/error.hpp>
#include <localsgd/model/metrics.hpp>
#include <localsgd/model/predict.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace train {

namespace {

void check_output(predict_options const& o) {
  if (o.output.empty()) return;
  check_different(o.input.data, o.output);
  check_different(o.model, o.output);
  check_writable(o.output);
}

/// @brief Reads both files. @param targets whether they are needed
std::pair<samples, localsgd::linear_model> read_both(predict_options const& o, bool targets) {
  auto m = load_model(o.model);
  auto data = read_samples_for(m, o.model, o.input, targets, o.ignore_unknown);
  return {std::move(data), std::move(m)};
}

void check_has_probabilities(predict_options const& o, localsgd::linear_model const& m) {
  if (m.labels.empty() || (m.loss != "logistic" && m.loss != "softmax"))
    throw usage_error("--probabilities: " + o.model +
                      " has no probabilities; train with --loss logistic or softmax");
}

/// @brief The labels of the samples as the model has them.
std::vector<double> labels_of(predict_options const& o, samples const& data,
                              localsgd::linear_model const& m) {
  if (m.labels.empty()) {
    if (!data.label_names.empty())
      throw std::runtime_error(o.input.data + ": has texts as labels, but " + o.model +
                               " predicts numbers");
    return data.targets;
  }
  std::map<std::string, double> labels;
  for (std::size_t c = 0; c != m.labels.size(); ++c) labels[m.name_of_class(c)] = m.labels[c];
  std::vector<double> all;
  for (double const y : data.targets) {
    std::string const name = data.label_names.empty()
                                 ? localsgd::detail::shown(y)
                                 : data.label_names[static_cast<std::size_t>(y)];
    auto const at = labels.find(name);
    if (at == labels.end())
      throw std::runtime_error(o.input.data + ": sample " + std::to_string(all.size() + 1) +
                               " has the label " + name + ", which " + o.model + " does not have");
    all.push_back(at->second);
  }
  return all;
}

std::string line(char const* name, double value) {
  char text[80];
  std::snprintf(text, sizeof text, "%-10s %.6g\n", name, value);
  return text;
}

}  // namespace

void predict_samples(predict_options const& o) {
  check_output(o);
  auto const [data, m] = read_both(o, false);
  auto const& rows = data.features;
  if (o.probabilities) check_has_probabilities(o, m);
  bool const classes = !m.labels.empty();
  auto const values = localsgd::predict(m, rows);
  std::vector<std::string> names;
  if (classes) names = localsgd::predict_names(m, rows);
  std::string text;
  std::vector<double> p;
  std::size_t const columns = m.labels.size();
  bool const binary = m.kind() == localsgd::model_kind::binary;
  if (o.probabilities) {
    p = localsgd::predict_probability(m, rows);
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
  auto const [data, m] = read_both(o, true);
  auto const& rows = data.features;
  auto const y = labels_of(o, data, m);
  auto const predicted = localsgd::predict(m, rows);
  std::string text = "samples    " + std::to_string(y.size()) + "\n";
  if (m.labels.empty()) {
    text += line("RMSE", localsgd::rmse(y, predicted));
    if (std::ranges::min(y) != std::ranges::max(y))
      text += line("R^2", localsgd::r_squared(y, predicted));
  } else {
    text += line("accuracy", localsgd::accuracy(y, predicted));
    if (m.loss == "logistic" || m.loss == "softmax")
      text +=
          line("log loss", localsgd::log_loss(y, localsgd::predict_probability(m, rows), m.labels));
    if (m.kind() == localsgd::model_kind::binary && std::ranges::min(y) != std::ranges::max(y))
      text += line("AUC", localsgd::auc(y, localsgd::decision_function(m, rows), m.labels[1]));
  }
  write_text(text, o.output);
}

}  // namespace train
