// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/run/announced.hpp"
#include "localsgd/run/components.hpp"
#include "localsgd/run/defaults.hpp"
#include "localsgd/sampler/own_shard.hpp"
#include "localsgd/run/identity.hpp"
#include "localsgd/run/sequences.hpp"
#include "localsgd/run/local_sgd.hpp"
#include "localsgd/objective/concept.hpp"
#include "localsgd/objective/sharded_concept.hpp"
#include "localsgd/observer/concept.hpp"
#include "localsgd/result.hpp"
#include "localsgd/sampler/with_replacement.hpp"
#include "localsgd/schedule/every.hpp"
#include "localsgd/settings.hpp"
#include "localsgd/synchronizer/thread_pool.hpp"
#include "localsgd/step_size/automatic_step.hpp"

#include <algorithm>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

/// @file
/// @brief Puts a run together from the components that were given, and from defaults.

namespace localsgd::detail {

/// @brief How a component reaches the run: a synchronizer or an observer to be used in place, any
///        other to be copied. Runs of the same components are of one type, then, whether these were
///        variables, constants or temporaries, and are compiled once.
template <class C>
using as_given = std::conditional_t<Synchronizer<C> || Observer<C>, C&, C const&>;

/// @brief The run of minimize().
template <class F, class... Given>
result<typename F::scalar> assembled_run(F const& f, settings const& s,
                                         std::tuple<Given...> const& given) {
  using scalar = typename F::scalar;
  bool const reduces = s.tolerance > 0 && may_reduce<F, std::remove_cvref_t<Given>...>(f);
  plan p = make_plan(f, s, reduces);

  auto const sampler =
      sampler_for(f, pick<sampler_kind, F>([] { return with_replacement{}; }, given));
  auto const schedule = pick<schedule_kind, F>([&] { return every{p.local_steps}; }, given);
  if constexpr (needs_evaluations<std::remove_cvref_t<decltype(schedule)>>())
    require(p.evaluations > 0 || p.tolerance > 0, "evaluations", p.evaluations,
            ">= 1, or a tolerance set, for a schedule that follows the objective");
  p.local_steps = std::min(schedule.next(0), std::max<std::uint64_t>(p.steps, 1));
  std::vector<std::size_t> shard_sizes(p.workers);
  for (std::size_t k = 0; k != p.workers; ++k) shard_sizes[k] = sampler.shard_size(p, k);

  auto&& synchronizer = pick<synchronizer_kind, F>(
      [&] { return thread_pool(std::min(p.workers, asio_pool::hardware_threads())); }, given);
  auto&& observer = pick<observer_kind, F>([] { return no_observer{}; }, given);
  p.components = components_number<std::remove_cvref_t<Given>...>();
  decltype(auto) start = pick<warm_start_kind, F>([] { return cold_start{}; }, given);
  p.start = start_number(start);
  // What else the members must agree on, or need to know of the run.
  [[maybe_unused]] announced const facts(synchronizer, f, std::as_const(p));
  decltype(auto) checkpoint = pick<checkpoint_kind, F>([] { return no_checkpoint{}; }, given);
  using checkpoint_type = std::remove_cvref_t<decltype(checkpoint)>;
  run_record<F, std::remove_cvref_t<decltype(observer)>, checkpoint_type> record(f, p, observer);

  auto const step_size = resolve_step_size(
      f, p, pick<step_size_kind, F>([] { return automatic_step{}; }, given));
  auto const worker = pick<worker_kind, F>([&] { return default_worker<F>(reduces); }, given);
  auto const iterate_weights = pick<iterate_weights_kind, F>(
      [&] { return default_weights(worker, step_size); }, given);
  require_usable(iterate_weights, p.steps);
  auto anchor = anchor_of(worker, f, step_size, p);
  static_assert(
      count_of<iterate_weights_kind, F, std::remove_cvref_t<Given>...> == 0 ||
          takes_weights_of_run<std::remove_cvref_t<decltype(worker)>, stepped_objective<F>,
                               std::remove_cvref_t<decltype(sampler)>,
                               std::remove_cvref_t<decltype(step_size)>,
                               std::remove_cvref_t<decltype(iterate_weights)>, decltype(anchor)>(),
      "the LocalWorker takes no IterateWeights: its bind decides the weights of its average");
  using team_type = typename std::remove_cvref_t<decltype(synchronizer)>::team;
  if constexpr (requires { typename team_type::never_waits; })
    require(!anchor.renews(), "synchronizer", "asynchronous",
            "one whose members wait for each other: svrg's anchors are rendezvous");
  auto averager = pick<averager_kind, F>([] { return default_averager<F>(); }, given);
  averager.start(p.dimension);

  // What worker k steps on.
  auto const own = [&]([[maybe_unused]] std::size_t k) -> auto const& {
    if constexpr (ShardedObjective<F>)
      return f.shard(k);
    else
      return f;
  };
  auto const bind = [&](std::size_t k) {
    if constexpr (std::same_as<decltype(anchor), no_anchor>)
      return bind_sequence(worker, own(k), sampler, step_size, iterate_weights, p, k);
    else
      return bind_sequence(worker, own(k), sampler, step_size, iterate_weights, p, k, anchor);
  };
  index_range const carried = carried_workers(synchronizer, p.workers);
  if constexpr (ShardedObjective<F>)
    require(f.is_here(carried.first) && f.is_here(carried.last - 1), "synchronizer",
            "workers " + std::to_string(carried.first) + " to " +
                std::to_string(carried.last - 1),
            "the workers whose shards this process has made: give sharded_objective the "
            "synchronizer of the run");
  sequences<decltype(bind(0))> own_sequences(carried, bind);
  if constexpr (TouchingSequence<decltype(bind(0))>)
    if (own_sequences.front().touches_few()) record.touched.start(p.dimension);
  std::vector<double> weights(p.workers);
  for (std::size_t k = 0; k != p.workers; ++k) weights[k] = averager.weight(k, shard_sizes);
  iterates<scalar> x(std::move(weights), p.dimension);
  move_to<scalar>(start, x, own_sequences);

  if constexpr (!std::same_as<checkpoint_type, no_checkpoint>) {
    static_assert(!requires { typename team_type::never_waits; },
                  "a checkpoint is a rendezvous: asynchronous runs have none");
    static_assert(!requires(team_type const& team) { team.seconds(); },
                  "a checkpoint does not hold the clock of a team: simulated runs have none");
    static_assert(!requires { typename team_type::averages_travel; },
                  "a checkpoint does not hold what is on its way: overlapped runs have none");
    record.checkpoints.start(
        checkpoint,
        run_identity<decltype(bind(0)), decltype(averager), decltype(schedule)>(
            f, p, step_size, iterate_weights, schedule),
        p.workers);
  }
  synchronizer.run(p.workers, [&](auto& team) {
    local_sgd(team, own_sequences, anchor, schedule, averager, x, p.steps, record);
  });
  own_sequences.clear();  // room for the result
  return record.take();
}

}  // namespace localsgd::detail
