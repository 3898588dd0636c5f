// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "fit.hpp"
#include "synchronizer.hpp"

#include <localsgd/checkpoint/checkpoint.hpp>
#include <localsgd/minimize.hpp>
#include <localsgd/model/make_model.hpp>
#include <localsgd/objective/linear.hpp>
#include <localsgd/observer/progress_bar.hpp>
#include <localsgd/regularizer/elastic_net.hpp>
#include <localsgd/regularizer/l2.hpp>

#include <cmath>
#include <cstddef>
#include <optional>

/// @file
/// @brief One run of the trainer, for any objective.

namespace train {

/// @brief A progress bar, or nothing.
class progress {
 public:
  explicit progress(bool quiet) {
    if (!quiet) bar_.emplace();
  }
  localsgd::proceed after_evaluation(localsgd::evaluation const& e, localsgd::plan const& p) {
    return bar_ ? bar_->after_evaluation(e, p) : localsgd::proceed::yes;
  }

 private:
  std::optional<localsgd::progress_bar> bar_;
};

/// @param at_0 f(0), the unit of the default tolerance
template <class F>
fitted run(F const& f, problem const& p, double at_0) {
  localsgd::settings s = p.settings;
  if (s.tolerance < 0) s.tolerance = 1e-7 * std::abs(at_0);
  progress observer(p.quiet);
  fitted all;
  localsgd::checkpoint const kept(p.checkpoint, {.rounds = p.checkpoint_rounds,
                                                 .seconds = p.keeps_checkpoints && p.checkpoint_rounds == 0
                                                                ? 60.0
                                                                : 0.0,
                                                 .signals = p.keeps_checkpoints});
  all.outcome = localsgd::minimize(f, s, *p.ranks, observer, kept);
  all.settings = s;
  auto const& r = all.outcome;
  if (!r.usable()) return all;
  all.model = p.encoding.classes() == 0 ? make_model(f, r.x) : make_model(f, r.x, p.encoding);
  return all;
}

template <class LossType>
fitted fit_linear(problem const& p, LossType loss) {
  localsgd::linear_options options;
  options.intercept = p.intercept;
  options.weights = p.weights;
  options.regularize_intercept = p.penalize_intercept;
  auto const with = [&](auto regularizer) {
    localsgd::linear_objective const f(p.rows, p.targets, loss, regularizer, options);
    double at_0 = 0;
    for (std::size_t i = 0; i != f.samples(); ++i)
      at_0 += f.scale(i) * f.loss().value(0, f.target(i)) / static_cast<double>(f.samples());
    return run(f, p, at_0);
  };
  return p.l1 == 0 ? with(localsgd::l2{p.l2}) : with(localsgd::elastic_net{p.l1, p.l2});
}

}  // namespace train
