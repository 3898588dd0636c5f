// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "fit.hpp"
#include "synchronizer.hpp"

#include <localsgd/core/error.hpp>
#include <localsgd/minimize.hpp>
#include <localsgd/model/make_model.hpp>
#include <localsgd/objective/linear.hpp>
#include <localsgd/planning/cross_validate.hpp>
#include <localsgd/planning/folds.hpp>
#include <localsgd/planning/lambda_sequence.hpp>
#include <localsgd/planning/metrics.hpp>
#include <localsgd/planning/regularization_path.hpp>
#include <localsgd/regularizer/elastic_net.hpp>
#include <localsgd/report.hpp>
#include <localsgd/warm_start.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <span>
#include <string>
#include <utility>
#include <vector>

/// @file
/// @brief Paths, cross-validation and early stopping of the trainer, for any objective.

namespace train {

using part = localsgd::data_part<localsgd::csr_matrix<double>>;

inline part part_of(problem const& p, std::vector<std::size_t> samples) {
  return localsgd::detail::part_of(p.rows, p.targets, p.weights, std::move(samples));
}
inline part all_of(problem const& p) { return {p.rows, p.targets, p.weights, {}}; }

template <class F, class Point>
localsgd::linear_model model_of(F const& f, problem const& p, Point const& x) {
  return p.encoding.classes() == 0 ? make_model(f, x) : make_model(f, x, p.encoding);
}

inline localsgd::settings settings_of(problem const& p) {
  localsgd::settings s = p.settings;
  if (s.tolerance < 0) s.tolerance = 0;  // that of paths, from f(0)
  return s;
}

/// @brief The given lambdas, or the default sequence. @param make (part, lambda, l1_ratio) ↦ objective
template <class Make>
std::vector<double> lambdas_of(problem const& p, part const& all, Make const& make) {
  if (!p.lambdas.empty()) return p.lambdas;
  auto const f = make(all, 0.0, 0.0);
  // Without an L1 penalty there is no largest useful lambda; that of glmnet is for a share of 1e-3.
  double const most = localsgd::lambda_max(f) / std::max(p.l1_ratio, 1e-3);
  if (!(most > 0))
    throw localsgd::invalid_data("features", "no feature that tells anything about the targets",
                                 "at least one; give the sequence with --lambdas");
  return localsgd::geometric_sequence(most, f.samples() >= f.dimension() ? 1e-4 : 1e-2,
                                      p.lambda_count);
}

/// @brief The models for all lambdas.
template <class Make>
std::vector<path_model> walk(problem const& p, Make const& make) {
  part const all = all_of(p);
  auto const of_lambda = [&](double lambda) { return make(all, lambda, p.l1_ratio); };
  auto const path =
      localsgd::regularization_path(of_lambda, lambdas_of(p, all, make), settings_of(p), *p.ranks);
  std::vector<path_model> models;
  for (auto const& each : path.points) {
    auto& m = models.emplace_back();
    m.lambda = each.lambda;
    m.objective = each.fit.objective;
    m.certificate = each.fit.certificate;
    m.nonzeros = each.support;
    m.model = model_of(of_lambda(each.lambda), p, each.fit.x);
  }
  return models;
}

template <class Make>
selected cross_validated(problem const& p, Make const& make) {
  part const all = all_of(p);
  auto const of_part = [&](part const& d, double lambda) { return make(d, lambda, p.l1_ratio); };
  localsgd::cross_validation_options options;
  options.folds = p.folds;
  options.seed = p.settings.seed;
  options.stratified = p.encoding.classes() != 0;
  options.weights = p.weights;
  auto cv = localsgd::cross_validate(p.rows, p.targets, of_part, lambdas_of(p, all, make),
                                     localsgd::mean_loss{}, options, settings_of(p), *p.ranks);
  auto& best = cv.path.points[cv.best];
  selected all_of_it;
  all_of_it.table = to_string(cv);
  all_of_it.fit.model = model_of(of_part(all, best.lambda), p, best.fit.x);
  all_of_it.fit.outcome = std::move(best.fit);
  all_of_it.fit.settings = settings_of(p);
  all_of_it.fit.settings.tolerance = cv.path.tolerance;
  return all_of_it;
}

/// @brief Runs to smaller and smaller tolerances, each from the end of the one before, until the
///        loss of the samples held out has not decreased for five of them. The model is the best
///        one seen.
template <class Make>
selected early_stopped(problem const& p, Make const& make) {
  constexpr std::size_t patience = 5;
  double const n = static_cast<double>(p.targets.size());
  auto const wanted = static_cast<std::size_t>(std::llround(n * p.validation));
  localsgd::detail::require(wanted >= 1 && wanted < p.targets.size(), "--validation", p.validation,
                            "a share that leaves samples on both sides");
  // Of as many folds as samples, the first ones: a random part of any size.
  auto const place = localsgd::random_folds(p.targets.size(), p.targets.size(), p.settings.seed);
  std::vector<std::size_t> inside, outside;
  for (std::size_t i = 0; i != place.size(); ++i) (place[i] < wanted ? inside : outside).push_back(i);
  part const held_out = part_of(p, std::move(inside)), training = part_of(p, std::move(outside));

  double const strength = p.l1 + p.l2;
  auto const f = make(training, strength, p.l1_ratio);
  auto const g = make(held_out, strength, p.l1_ratio);
  localsgd::settings s = p.settings;
  // As in minimize(), the default number of epochs does not end a run with a tolerance.
  bool const limited = p.settings.tolerance == 0 || s.epochs != localsgd::settings{}.epochs;
  double const epochs = limited ? s.epochs : localsgd::detail::patient_epochs;
  s.tolerance = 0;
  double const at_0 = localsgd::detail::tolerance_of_path(f, s) / localsgd::detail::path_tolerance;
  double const target = p.settings.tolerance > 0 ? p.settings.tolerance : 1e-7 * at_0;
  s.tolerance = std::max(target, at_0 / 10);

  std::vector<double> x(f.dimension()), best;
  localsgd::mean_loss const loss;
  double least = 0, spent = 0;
  std::size_t since = 0;
  selected all;
  all.table = "   tolerance     objective  loss of samples held out\n";
  while (since != patience && spent < epochs) {
    s.epochs = std::max(1.0, epochs - spent);
    auto r = localsgd::minimize(f, s, localsgd::warm_start(x), *p.ranks);
    if (!r.usable()) {
      all.fit.outcome = std::move(r);
      return all;
    }
    spent += static_cast<double>(r.gradients) / static_cast<double>(f.samples());
    bool const moved = best.empty() || !std::equal(x.begin(), x.end(), r.x.begin());
    std::copy(r.x.begin(), r.x.end(), x.begin());
    double const now = loss(g, std::span<double const>(x));
    bool const better = best.empty() || now < least;
    char line[120];
    std::snprintf(line, sizeof line, "%12.3g %13.6g  %.6g%s\n", s.tolerance, r.objective, now,
                  better ? "" : moved ? "  not better" : "  the same point");
    all.table += line;
    if (moved) since = better ? 0 : since + 1;
    bool const done = r.reason != localsgd::stop_reason::tolerance_reached || s.tolerance <= target;
    if (better) {
      least = now;
      best = x;
      all.fit.outcome = std::move(r);
    }
    if (done) break;
    s.tolerance = std::max(target, s.tolerance / 4);
  }
  if (best.empty())
    throw localsgd::invalid_settings("--epochs", epochs, "> 0 with --validation");
  all.fit.settings = s;
  all.fit.model = model_of(f, p, best);
  return all;
}

template <class Make>
selected select(problem const& p, Make const& make) {
  make(all_of(p), 0.0, 0.0);  // names a target that the loss refuses by its place among all samples
  return p.folds != 0 ? cross_validated(p, make) : early_stopped(p, make);
}

/// @brief (part, lambda, l1_ratio) ↦ linear objective.
template <class LossType>
auto linear_maker(problem const& p, LossType loss) {
  return [&p, loss](part const& d, double lambda, double l1_ratio) {
    localsgd::linear_options options;
    options.intercept = p.intercept;
    options.weights = d.weights;
    options.regularize_intercept = p.penalize_intercept;
    return localsgd::linear_objective(
        d.features, d.targets, loss,
        localsgd::elastic_net{lambda * l1_ratio, lambda * (1 - l1_ratio)}, options);
  };
}

}  // namespace train
