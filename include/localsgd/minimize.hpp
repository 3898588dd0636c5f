// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/detail/announced.hpp"
#include "localsgd/detail/components.hpp"
#include "localsgd/detail/defaults.hpp"
#include "localsgd/detail/own_shard.hpp"
#include "localsgd/detail/run_identity.hpp"
#include "localsgd/detail/sequences.hpp"
#include "localsgd/local_sgd.hpp"
#include "localsgd/objective/concept.hpp"
#include "localsgd/objective/sharded_concept.hpp"
#include "localsgd/observer.hpp"
#include "localsgd/result.hpp"
#include "localsgd/sampler/with_replacement.hpp"
#include "localsgd/schedule/every.hpp"
#include "localsgd/settings.hpp"
#include "localsgd/synchronizer/thread_pool.hpp"
#include "localsgd/worker/automatic_step.hpp"

#include <algorithm>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

/// @file
/// @brief The front door.

namespace localsgd {

/// @brief Minimises a finite sum with Local SGD, from x = 0 \cite stich2019local.
///
/// @param f          the objective; borrowed for the call
/// @param s          K, H, b, the budget, the seed, …
/// @param components any components, in any order, at most one of a kind. The rest are defaults:
///   `with_replacement`, `automatic_step`, `linear_sgd` for linear models, `factored_sgd` for
///   softmax regression and its like, `sgd` for any other objective, `every{H}`, `mean`, or
///   `weighted_mean` for a ShardedObjective, `thread_pool`, and no observer. A synchronizer or
///   observer given as an lvalue is used in place; the others are copied. A Schedule overrides
///   `settings::local_steps`.
/// @return the answer and how it came about; also if the run diverged: see `result::reason`.
///   The same build, data, settings, components and seed give the same bits on any number of
///   threads; only `asynchronous` runs are exempt.
/// @throws invalid_settings before any work, naming the setting or parameter, its value and
///   the rule
/// @throws std::logic_error when called from one of the threads of the pool it is to run on
/// @throws whatever the user's code throws, from the lowest worker that failed; the synchronizer
///   can be used again
///
/// Thread safe: calls share nothing but what the caller passes to several of them.
template <Objective F, class... Components>
  requires(ComponentFor<std::remove_cvref_t<Components>, F> && ...) &&
          detail::at_most_one_component_of_each_kind<F, std::remove_cvref_t<Components>...>
result<typename F::scalar> minimize(F const& f, settings const& s = {},
                                    Components&&... components) {
  using scalar = typename F::scalar;
  auto const given = std::tie(components...);
  bool const reduces =
      s.tolerance > 0 && detail::may_reduce<F, std::remove_cvref_t<Components>...>(f);
  plan p = detail::make_plan(f, s, reduces);

  auto const sampler = detail::sampler_for(f, detail::pick<detail::sampler_kind, F>(
                                                  [] { return with_replacement{}; }, given));
  auto const schedule = detail::pick<detail::schedule_kind, F>(
      [&] { return every{p.local_steps}; }, given);
  if constexpr (detail::needs_evaluations<std::remove_cvref_t<decltype(schedule)>>())
    detail::require(p.evaluations > 0 || p.tolerance > 0, "evaluations", p.evaluations,
                    ">= 1, or a tolerance set, for a schedule that follows the objective");
  p.local_steps = std::min(schedule.next(0), std::max<std::uint64_t>(p.steps, 1));
  std::vector<std::size_t> shard_sizes(p.workers);
  for (std::size_t k = 0; k != p.workers; ++k) shard_sizes[k] = sampler.shard_size(p, k);

  auto&& synchronizer = detail::pick<detail::synchronizer_kind, F>(
      [&] { return thread_pool(std::min(p.workers, detail::asio_pool::hardware_threads())); },
      given);
  auto&& observer =
      detail::pick<detail::observer_kind, F>([] { return no_observer{}; }, given);
  p.components = detail::components_number<std::remove_cvref_t<Components>...>();
  // What else the members must agree on, or need to know of the run.
  [[maybe_unused]] detail::announced const announced(synchronizer, f, std::as_const(p));
  decltype(auto) checkpoint = detail::pick<detail::checkpoint_kind, F>(
      [] { return no_checkpoint{}; }, given);
  using checkpoint_type = std::remove_cvref_t<decltype(checkpoint)>;
  detail::run_record<F, std::remove_cvref_t<decltype(observer)>, checkpoint_type> record(
      f, p, observer);

  auto const step_size = detail::resolve_step_size(
      f, p, detail::pick<detail::step_size_kind, F>([] { return automatic_step{}; }, given));
  auto const worker = detail::pick<detail::worker_kind, F>(
      [&] { return detail::default_worker<F>(reduces); }, given);
  auto anchor = detail::anchor_of(worker, f, step_size, p);
  using team_type = typename std::remove_cvref_t<decltype(synchronizer)>::team;
  if constexpr (requires { typename team_type::never_waits; })
    detail::require(!anchor.renews(), "synchronizer", "asynchronous",
                    "one whose members wait for each other: svrg's anchors are rendezvous");
  auto averager = detail::pick<detail::averager_kind, F>(
      [] { return detail::default_averager<F>(); }, given);
  averager.start(p.dimension);

  // What worker k steps on.
  auto const own = [&]([[maybe_unused]] std::size_t k) -> auto const& {
    if constexpr (ShardedObjective<F>)
      return f.shard(k);
    else
      return f;
  };
  auto const bind = [&](std::size_t k) {
    if constexpr (std::same_as<decltype(anchor), detail::no_anchor>)
      return worker.bind(own(k), sampler, step_size, p, k);
    else
      return worker.bind(own(k), sampler, step_size, p, k, anchor);
  };
  index_range const carried = detail::carried_workers(synchronizer, p.workers);
  if constexpr (ShardedObjective<F>)
    detail::require(f.is_here(carried.first) && f.is_here(carried.last - 1), "synchronizer",
                    "workers " + std::to_string(carried.first) + " to " +
                        std::to_string(carried.last - 1),
                    "the workers whose shards this process has made: give sharded_objective the "
                    "synchronizer of the run");
  detail::sequences<decltype(bind(0))> sequences(carried, bind);
  if constexpr (detail::TouchingSequence<decltype(bind(0))>)
    if (sequences.front().touches_few()) record.touched.start(p.dimension);
  std::vector<double> weights(p.workers);
  for (std::size_t k = 0; k != p.workers; ++k) weights[k] = averager.weight(k, shard_sizes);
  iterates<scalar> x(std::move(weights), p.dimension);

  if constexpr (!std::same_as<checkpoint_type, no_checkpoint>) {
    static_assert(!requires { typename team_type::never_waits; },
                  "a checkpoint is a rendezvous: asynchronous runs have none");
    static_assert(!requires(team_type const& team) { team.seconds(); },
                  "a checkpoint does not hold the clock of a team: simulated runs have none");
    static_assert(!requires { typename team_type::averages_travel; },
                  "a checkpoint does not hold what is on its way: overlapped runs have none");
    record.checkpoints.start(
        checkpoint,
        detail::run_identity<decltype(bind(0)), decltype(averager), decltype(schedule)>(
            f, p, step_size, schedule),
        p.workers);
  }
  synchronizer.run(p.workers, [&](auto& team) {
    local_sgd(team, sequences, anchor, schedule, averager, x, p.steps, record);
  });
  sequences.clear();  // room for the result
  return record.take();
}

}  // namespace localsgd
