// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

#include "commands.hpp"
#include "fit.hpp"

#include <localsgd/core/error.hpp>
#include <localsgd/data/balanced_weights.hpp>
#include <localsgd/data/text/number_from_chars.hpp>
#include <localsgd/html_report/write_report.hpp>
#include <localsgd/model/scaling.hpp>
#include <localsgd/report.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <map>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace train {

namespace {

struct loss_kind {
  fitted (*fit)(problem const&);
  enum { two_classes, classes, numbers } targets;
  bool only_json = false;  // LIBLINEAR would predict the logarithm of the mean
};

std::map<std::string_view, loss_kind> const losses = {
    {"logistic", {fit_logistic, loss_kind::two_classes}},
    {"squared_hinge", {fit_squared_hinge, loss_kind::two_classes}},
    {"smoothed_hinge", {fit_smoothed_hinge, loss_kind::two_classes}},
    {"softmax", {fit_softmax, loss_kind::classes}},
    {"squared", {fit_squared, loss_kind::numbers}},
    {"huber", {fit_huber, loss_kind::numbers}},
    {"smoothed_quantile", {fit_smoothed_quantile, loss_kind::numbers}},
    {"poisson", {fit_poisson, loss_kind::numbers, true}},
    {"gamma", {fit_gamma, loss_kind::numbers, true}},
};

/// @brief logistic for two labels; anything else is for the user to say.
std::string_view chosen_loss(train_options const& o, std::span<double const> y) {
  if (o.loss != "auto") return o.loss;
  std::set<double> const labels(y.begin(), y.end());
  if (labels.size() == 2) return "logistic";
  throw usage_error(o.data + ": has " + std::to_string(labels.size()) +
                    " different labels; for classes use --loss softmax, for numbers --loss squared "
                    "or another regression loss");
}

localsgd::label_encoding encode(train_options const& o, loss_kind const& kind,
                                std::span<double const> y) {
  try {
    if (kind.targets == loss_kind::two_classes) return localsgd::encode_binary(y);
    auto encoding = localsgd::encode_classes(y);
    if (encoding.classes() < 2)
      throw localsgd::invalid_data("targets", "1 label", "at least two different labels");
    return encoding;
  } catch (localsgd::invalid_data const& e) {
    bool const more = kind.targets == loss_kind::two_classes;
    throw std::runtime_error(o.data + ": found " + e.found + ", expected " +
                             (more ? "2 different labels; for more classes use --loss softmax"
                                   : "at least 2 different labels"));
  }
}

/// @brief Refuses before the run what could not be saved after it.
void check_format(model_format format, std::string_view loss, loss_kind const& kind,
                  localsgd::label_encoding const& encoding) {
  if (format == model_format::json) return;
  if (kind.only_json)
    throw usage_error("--loss " + std::string(loss) +
                      ": the LIBLINEAR format cannot store this model; save it as *.json");
  for (std::string const& name : encoding.names) {
    double label = 0;  // the names are numbers
    localsgd::detail::number_from_chars(name.data(), name.data() + name.size(), label);
    if (label != std::floor(label) || std::abs(label) > std::numeric_limits<std::int32_t>::max())
      throw usage_error(
          "label " + name +
          ": the LIBLINEAR format stores integer labels only; save the model as *.json");
  }
}

problem problem_of(train_options const& o, samples const& data, loss_kind const& kind) {
  problem p;
  if (kind.targets == loss_kind::numbers) {
    p.targets.assign(data.targets.begin(), data.targets.end());
  } else {
    p.encoding = encode(o, kind, std::span<double const>(data.targets.data(), data.targets.size()));
    p.targets = p.encoding.labels;
  }
  if (o.balanced) {
    if (kind.targets == loss_kind::numbers)
      throw usage_error("--balanced: requires classes, but --loss " + o.loss + " has none");
    p.weights = localsgd::balanced_weights(p.targets);
  }
  double const n = static_cast<double>(data.features.rows());
  double const lambda = o.lambda ? *o.lambda : 1 / (n * o.cost.value_or(1));
  p.l1 = lambda * o.l1_ratio;
  p.l2 = lambda * (1 - o.l1_ratio);
  p.intercept = o.no_intercept ? 0 : 1;
  p.penalize_intercept = o.penalize_intercept;
  p.delta = o.delta;
  p.tau = o.tau;
  p.threads = o.threads;
  p.quiet = o.quiet;
  p.settings.workers = o.workers;
  p.settings.local_steps = o.local_steps;
  p.settings.batch_size = o.batch_size;
  p.settings.seed = o.seed;
  p.settings.tolerance = o.tolerance ? *o.tolerance : o.epochs ? 0 : -1;
  if (o.epochs) p.settings.epochs = *o.epochs;
  if (p.settings.tolerance == 0 && !o.quiet) p.settings.evaluations = 10;
  if (p.settings.tolerance == 0 && !o.report.empty()) p.settings.evaluations = 40;
  return p;
}

/// @brief The report of the run, which may have diverged.
void save_report(train_options const& o, fitted const& f, std::string const& description,
                 std::size_t samples) {
  localsgd::report_run run(o.data, f.outcome, f.settings, description);
  run.samples = samples;
  localsgd::write_report({run}, o.report, {.title = "localsgd-train"});
}

}  // namespace

void train_model(train_options const& o) {
  model_format const format = o.format == "auto"   ? format_of(o.model)
                              : o.format == "json" ? model_format::json
                                                   : model_format::liblinear;
  check_different(o.data, o.model);
  check_writable(o.model);
  if (!o.report.empty()) {
    check_different(o.data, o.report);
    check_two_outputs(o.model, o.report);
    check_writable(o.report);
  }
  samples const data = read_samples(o.data, o.features);
  auto const y = std::span<double const>(data.targets.data(), data.targets.size());
  std::string_view const loss = chosen_loss(o, y);
  loss_kind const& kind = losses.at(loss);
  problem p = problem_of(o, data, kind);
  check_format(format, loss, kind, p.encoding);

  localsgd::feature_scaling scaling;
  if (o.scale == "standard") scaling = localsgd::standard_scaling(data.features);
  if (o.scale == "max-abs") scaling = localsgd::max_abs_scaling(data.features);
  p.rows = scaling.scale.empty() ? data.features : localsgd::scaled(data.features, scaling);
  std::string text = o.data + ": " + std::to_string(p.rows.rows()) + " samples, " +
                     std::to_string(p.rows.columns()) + " features, loss " + std::string(loss);
  if (p.encoding.classes() != 0) text += ", " + to_string(p.encoding);
  if (!o.quiet) std::fprintf(stderr, "%s\n", text.c_str());

  fitted f;
  try {
    f = kind.fit(p);
  } catch (localsgd::invalid_data const& e) {
    constexpr std::string_view target = "targets[";
    if (!e.file.starts_with(target)) throw;
    std::size_t const sample = std::stoul(e.file.substr(target.size())) + 1;
    throw std::runtime_error(o.data + ": sample " + std::to_string(sample) + ": found " + e.found +
                             ", expected " + e.expected + " (--loss " + std::string(loss) + ")");
  }
  if (!f.outcome.usable()) {
    if (!o.report.empty()) save_report(o, f, text, p.rows.rows());
    throw std::runtime_error(o.data + ": the run diverged; scale the features with --scale standard");
  }
  if (!scaling.scale.empty()) f.model = unscale(std::move(f.model), scaling);
  save_model(f.model, o.model, format);
  if (!o.report.empty()) save_report(o, f, text, p.rows.rows());
  if (!o.quiet) write_text(to_string(f.outcome), {});
}

}  // namespace train
