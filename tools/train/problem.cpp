// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

#include "problem.hpp"

#include <localsgd/core/error.hpp>
#include <localsgd/data/balanced_weights.hpp>
#include <localsgd/data/labels.hpp>
#include <localsgd/data/text/number_from_chars.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <limits>
#include <map>
#include <set>
#include <span>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

namespace train {

namespace {

std::map<std::string_view, loss_kind> const losses = {
    {"logistic", {fit_logistic, path_logistic, select_logistic, loss_kind::two_classes}},
    {"squared_hinge",
     {fit_squared_hinge, path_squared_hinge, select_squared_hinge, loss_kind::two_classes}},
    {"smoothed_hinge",
     {fit_smoothed_hinge, path_smoothed_hinge, select_smoothed_hinge, loss_kind::two_classes}},
    {"softmax", {fit_softmax, path_softmax, select_softmax, loss_kind::classes}},
    {"squared", {fit_squared, path_squared, select_squared, loss_kind::numbers}},
    {"huber", {fit_huber, path_huber, select_huber, loss_kind::numbers}},
    {"smoothed_quantile",
     {fit_smoothed_quantile, path_smoothed_quantile, select_smoothed_quantile, loss_kind::numbers}},
    {"poisson", {fit_poisson, path_poisson, select_poisson, loss_kind::numbers, true}},
    {"gamma", {fit_gamma, path_gamma, select_gamma, loss_kind::numbers, true}},
};

/// @brief logistic for two labels; anything else is for the user to say.
std::string chosen_loss(objective_options const& o, std::span<double const> y) {
  if (o.loss != "auto") return o.loss;
  std::set<double> const labels(y.begin(), y.end());
  if (labels.size() == 2) return "logistic";
  throw usage_error(o.input.data + ": has " + std::to_string(labels.size()) +
                    " different labels; for classes use --loss softmax, for numbers --loss squared "
                    "or another regression loss");
}

localsgd::label_encoding encode(objective_options const& o, loss_kind const& kind,
                                samples const& data) {
  try {
    auto encoding = kind.targets == loss_kind::two_classes
                        ? localsgd::encode_binary(data.targets)
                        : localsgd::encode_classes(data.targets);
    if (encoding.classes() < 2)
      throw localsgd::invalid_data("targets", "1 label", "at least two different labels");
    if (!data.label_names.empty())
      for (auto& name : encoding.names) name = data.label_names[std::stoul(name)];
    return encoding;
  } catch (localsgd::invalid_data const& e) {
    bool const more = kind.targets == loss_kind::two_classes;
    throw std::runtime_error(o.input.data + ": found " + e.found + ", expected " +
                             (more ? "2 different labels; for more classes use --loss softmax"
                                   : "at least 2 different labels"));
  }
}

/// @brief "1, 0.5", or "none".
std::string list_of(std::vector<double> const& lambdas) {
  std::string text;
  for (double const each : lambdas)
    text += (text.empty() ? "" : ", ") + localsgd::detail::shown(each);
  return text.empty() ? "none" : text;
}

/// @brief Rephrases `targets[i]` of an error. @throws std::runtime_error, or the error itself
[[noreturn]] void rethrow_with_sample(localsgd::invalid_data const& e, std::string const& data,
                                      std::string const& loss) {
  constexpr std::string_view target = "targets[";
  if (!e.file.starts_with(target)) throw;
  std::size_t const sample = std::stoul(e.file.substr(target.size())) + 1;
  throw std::runtime_error(data + ": sample " + std::to_string(sample) + ": found " + e.found +
                           ", expected " + e.expected + " (--loss " + loss + ")");
}

}  // namespace

void check_can_save(prepared const& all, objective_options const& o, model_format format) {
  if (format == model_format::json) return;
  if (!all.coding.empty())
    throw usage_error(o.input.data +
                      ": the LIBLINEAR format cannot store the columns of a CSV file; save the "
                      "model as *.json");
  if (all.kind->only_json)
    throw usage_error("--loss " + all.loss +
                      ": the LIBLINEAR format cannot store this model; save it as *.json");
  for (std::string const& name : all.p.encoding.names) {
    double label = 0;
    char const* const end = name.data() + name.size();
    auto const [last, status] = localsgd::detail::number_from_chars(name.data(), end, label);
    if (status != std::errc{} || last != end || label != std::floor(label) ||
        std::abs(label) > std::numeric_limits<std::int32_t>::max())
      throw usage_error(
          "label " + name +
          ": the LIBLINEAR format stores integer labels only; save the model as *.json");
  }
}

std::vector<double> decreasing(std::vector<double> lambdas) {
  std::ranges::sort(lambdas, std::greater<>());
  lambdas.erase(std::unique(lambdas.begin(), lambdas.end()), lambdas.end());
  return lambdas;
}

prepared prepare(objective_options const& o) {
  samples data = read_samples(o.input);
  prepared all;
  all.loss = chosen_loss(o, data.targets);
  all.kind = &losses.find(all.loss)->second;
  problem& p = all.p;
  if (all.kind->targets == loss_kind::numbers) {
    if (!data.label_names.empty())
      throw usage_error("--loss " + all.loss + ": requires numbers, but the labels of " +
                        o.input.data + " are texts; for classes use --loss softmax");
    p.targets = data.targets;
  } else {
    p.encoding = encode(o, *all.kind, data);
    p.targets = p.encoding.labels;
  }
  if (o.balanced) {
    if (all.kind->targets == loss_kind::numbers)
      throw usage_error("--balanced: requires classes, but --loss " + o.loss + " has none");
    p.weights = localsgd::balanced_weights(p.targets);
  }
  double const n = static_cast<double>(data.features.rows());
  double const lambda = o.lambda ? *o.lambda : 1 / (n * o.cost.value_or(1));
  p.l1 = lambda * o.l1_ratio;
  p.l2 = lambda * (1 - o.l1_ratio);
  p.l1_ratio = o.l1_ratio;
  p.intercept = o.no_intercept ? 0 : 1;
  p.penalize_intercept = o.penalize_intercept;
  p.delta = o.delta;
  p.tau = o.tau;
  p.quiet = o.quiet;
  p.settings.seed = o.seed;
  p.settings.tolerance = o.tolerance.value_or(-1);
  if (o.scale == "standard") all.scaling = localsgd::standard_scaling(data.features);
  if (o.scale == "max-abs") all.scaling = localsgd::max_abs_scaling(data.features);
  p.rows = all.scaling.scale.empty() ? data.features : localsgd::scaled(data.features, all.scaling);
  all.coding = std::move(data.coding);
  all.description = o.input.data + ": " + std::to_string(p.rows.rows()) + " samples, " +
                    std::to_string(p.rows.columns()) + " features, loss " + all.loss;
  if (p.encoding.classes() != 0) all.description += ", " + to_string(p.encoding);
  return all;
}

localsgd::linear_model finished(localsgd::linear_model m, prepared const& all) {
  if (!all.scaling.scale.empty()) m = unscale(std::move(m), all.scaling);
  m.coding = all.coding;
  return m;
}

void run_together(prepared& all, objective_options const& o, job const& ranks,
                  std::function<void()> const& work) {
  ranks.require_same("--lambdas", list_of(all.p.lambdas));  // or they would make other runs
  if (!o.quiet && ranks.leads()) std::fprintf(stderr, "%s\n", all.description.c_str());
  ranks.with_synchronizer(o.threads, [&](synchronizer& team) {
    all.p.ranks = &team;
    try {
      work();
    } catch (localsgd::invalid_data const& e) {
      rethrow_with_sample(e, o.input.data, all.loss);
    }
  });
}

}  // namespace train
