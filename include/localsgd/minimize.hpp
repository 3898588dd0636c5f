// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/objective/concept.hpp"
#include "localsgd/result.hpp"
#include "localsgd/run/assemble.hpp"
#include "localsgd/run/components.hpp"
#include "localsgd/run/used_columns.hpp"
#include "localsgd/settings.hpp"

#include <tuple>
#include <type_traits>

/// @file
/// @brief The entry point.

namespace localsgd {

/// @brief Minimises a finite sum with Local SGD, from x = 0 or a warm_start \cite stich2019local.
///
/// @param f          the objective; referenced during the call only
/// @param s          K, H, b, the budget, the seed, …
/// @param components any components in any order, at most one of each kind. The defaults are
///   `with_replacement`; `automatic_step`; the `quadratic_weights` that go with the step size;
///   `linear_sgd` for linear models, `factored_sgd` for softmax regression and similar objectives,
///   `sgd` for any other objective, each followed by the variance-reduced steps of `svrg`
///   (`sgd_then_svrg`) if neither a LocalWorker nor a StepSize is passed and either a tolerance is
///   set or a linear model runs for 8 epochs or more; `every{H}`; `mean`, or `weighted_mean` for a
///   ShardedObjective; `thread_pool`, with a single thread for runs of a few milliseconds
///   (detail::default_threads); no observer. A synchronizer or observer passed as an lvalue is used
///   by reference; other components are copied. A Schedule overrides `settings::local_steps`.
///
/// With a tolerance, the default steps of a linear model may start with a method that reaches it
/// sooner: dual coordinate ascent for many features (detail::dual_ascent), Newton steps for least
/// squares (detail::newton_begins_at_once). If these end the run, `result::rounds` is 0.
///
/// Hashed features often include columns that are empty in all samples. With `l2` or no penalty,
/// their coefficients stay 0, so minimize() omits these columns during the run if they make up at
/// least a quarter of all columns (seven eighths if the run starts with dual coordinate ascent):
/// see detail::without_empty_columns. It keeps them if a warm start, an explicit LocalWorker, or a
/// non-default Averager or Compressor is passed.
///
/// @return the answer and the statistics of the run, even if it diverged: see `result::reason`. The
///         same build, data, settings, components and seed give the same bits on any number of
///         threads, except in `asynchronous` runs.
/// @throws invalid_settings before any work, naming the setting or parameter, its value and the
///   rule
/// @throws std::logic_error if called from a thread of the pool on which it would run
/// @throws any exception of user code, from the lowest worker that failed; the synchronizer remains
///   usable
///
/// Thread safe: calls share only objects that the caller passes to several of them.
template <Objective F, class... Components>
  requires(ComponentFor<std::remove_cvref_t<Components>, F> && ...) &&
          detail::at_most_one_component_of_each_kind<F, std::remove_cvref_t<Components>...>
result<typename F::scalar> minimize(F const& f, settings const& s = {},
                                    Components&&... components) {
  std::tuple<detail::as_given<std::remove_reference_t<Components>>...> const given(components...);
  return detail::run_on_used_columns<std::remove_cvref_t<Components>...>(
      f, s, [&](F const& g, double spent) { return detail::assembled_run(g, s, given, spent); });
}

}  // namespace localsgd
