// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/evaluation/sparse_sum.hpp"
#include "localsgd/objective/concept.hpp"
#include "localsgd/objective/regularized.hpp"
#include "localsgd/objective/sharded_concept.hpp"
#include "localsgd/observer/concept.hpp"
#include "localsgd/result.hpp"
#include "localsgd/run/combinations.hpp"
#include "localsgd/run/components.hpp"
#include "localsgd/run/defaults.hpp"
#include "localsgd/run/encoders.hpp"
#include "localsgd/run/group_averages.hpp"
#include "localsgd/run/identity.hpp"
#include "localsgd/run/local_sgd.hpp"
#include "localsgd/run/record.hpp"
#include "localsgd/run/round.hpp"
#include "localsgd/run/sequences.hpp"
#include "localsgd/run/touched_exchange.hpp"
#include "localsgd/sampler/shard_sampler.hpp"
#include "localsgd/sampler/with_replacement.hpp"
#include "localsgd/schedule/every.hpp"
#include "localsgd/settings.hpp"
#include "localsgd/step_size/automatic_step.hpp"
#include "localsgd/step_size/constant_step.hpp"
#include "localsgd/synchronizer/thread_pool.hpp"

#include <algorithm>
#include <concepts>
#include <string>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

/// @file
/// @brief Assembles a run from the given components and defaults.

namespace localsgd::detail {

/// @brief How a component is passed to the run: a synchronizer or observer by reference, any other
///        by copy. Runs with the same components therefore have the same type, whether these were
///        variables, constants or temporaries, and are compiled once.
template <class C>
using as_given = std::conditional_t<Synchronizer<C> || Observer<C>, C&, C const&>;

/// @brief The types of the components that must be equal on all ranks, in any order. This excludes
///        observers, which each rank may choose, and the synchronizer.
template <class... Given>
void add_components(run_identity& all) {
  std::vector<std::string> names;
  [[maybe_unused]] auto const add = [&]<class C>(std::type_identity<C>) {
    if constexpr (!Observer<C> && !Synchronizer<C>) names.emplace_back(type_name<C>());
  };
  (add(std::type_identity<Given>{}), ...);
  std::sort(names.begin(), names.end());
  std::string line;
  for (std::string const& name : names) line += (line.empty() ? "" : " ") + name;
  all.add_text("components", line);
}

/// @brief The run of minimize().
/// @param spent seconds of preparation, which count as training
template <class F, class... Given>
result<typename F::scalar> assembled_run(F const& f, settings const& asked,
                                         std::tuple<Given...> const& given, double spent = 0) {
  using scalar = typename F::scalar;
  settings const s = settings_of_solves<F, std::remove_cvref_t<Given>...>(f, asked);
  bool const reduces = [&] {
    if (s.tolerance > 0) return may_reduce<F, std::remove_cvref_t<Given>...>(f);
    std::uint64_t gap = s.local_steps;
    if constexpr (count_of<schedule_kind, F, std::remove_cvref_t<Given>...> == 1)
      gap = pick<schedule_kind, F>([] {}, given).next(0);
    return reduces_within_epochs<F, std::remove_cvref_t<Given>...>(f, s, gap);
  }();
  plan const requested = make_plan(f, s, reduces);
  auto const sampler =
      sampler_for(f, pick<sampler_kind, F>([] { return with_replacement{}; }, given));
  auto const schedule = pick<schedule_kind, F>([&] { return every{requested.local_steps}; }, given);
  decltype(auto) start = pick<warm_start_kind, F>([] { return cold_start{}; }, given);
  plan const p = [&] {
    plan final = requested;
    final.local_steps = std::min(schedule.next(0), std::max<std::uint64_t>(final.steps, 1));
    final.start = start_number(start);
    return final;
  }();
  if constexpr (needs_evaluations<std::remove_cvref_t<decltype(schedule)>>())
    require(p.evaluations > 0 || p.tolerance > 0, "evaluations", p.evaluations,
            ">= 1, or a tolerance set, for a schedule that depends on the objective");
  std::vector<std::size_t> shard_sizes(p.workers);
  for (std::size_t k = 0; k != p.workers; ++k) shard_sizes[k] = sampler.shard_size(p, k);

  auto&& synchronizer = pick<synchronizer_kind, F>(
      [&] {
        bool const ascends = reduces && p.dimension > most_factored && dual_ascent<F>::begins(f, p);
        return thread_pool(default_threads(p, reduces, asio_pool::hardware_threads, ascends));
      },
      given);
  using protocol = typename std::remove_cvref_t<decltype(synchronizer)>::protocol;
  auto&& observer = pick<observer_kind, F>([] { return no_observer{}; }, given);
  decltype(auto) checkpoint = pick<checkpoint_kind, F>([] { return no_checkpoint{}; }, given);
  using checkpoint_type = std::remove_cvref_t<decltype(checkpoint)>;
  auto const worker = pick<worker_kind, F>(
      [&] { return default_worker<F, protocol::never_waits>(reduces); }, given);
  using worker_type = std::remove_cvref_t<decltype(worker)>;
  auto const step_rule = pick<step_size_kind, F>([] { return automatic_step{}; }, given);
  auto const averager = pick<averager_kind, F>([] { return default_averager<F>(); }, given);
  auto const compressor = pick<compressor_kind, F>([] { return identity{}; }, given);
  constexpr bool compresses = !std::same_as<std::remove_cvref_t<decltype(compressor)>, identity>;

  // The properties that all ranks of a run, and a run and its checkpoint, must share.
  auto const identity_of = [&](auto const& add_more) {
    run_identity all;
    add_plan(all, p, schedule);
    all.add_text("averager", averager.identity());
    if constexpr (describes_itself<worker_type>)
      all.add_text("worker", worker.identity());
    if constexpr (describes_itself<std::remove_cvref_t<decltype(step_rule)>>)
      all.add_text("step size", step_rule.identity());
    if constexpr (describes_itself<std::remove_cvref_t<decltype(schedule)>>)
      all.add_text("schedule", schedule.identity());
    if constexpr (compresses) all.add_text("compressor", compressor.identity());
    if constexpr (count_of<iterate_weights_kind, F, std::remove_cvref_t<Given>...> == 1)
      all.add_text("iterate weights given",
                   pick<iterate_weights_kind, F>([] {}, given).identity());
    if constexpr (requires { f.regularizer().identity(); })
      all.add_text("regularizer", f.regularizer().identity());
    if constexpr (requires { f.regularizes_intercept(); })
      all.add("regularize_intercept", !has_free_intercept(f));
    add_data(all, f);
    add_more(all);
    // Last: numbers are more informative than types.
    add_components<std::remove_cvref_t<Given>...>(all);
    return all;
  };

  result<scalar> outcome;
  auto const run = [&](auto const& launch) {
    run_record<F, std::remove_cvref_t<decltype(observer)>, checkpoint_type> record(f, p, observer,
                                                                                  outcome);
    record.watch.resume(spent);
    using sparse_type = std::conditional_t<compresses, sparse_sum<>, no_encoders>;
    [[maybe_unused]] auto sparse = [&] {
      if constexpr (compresses)
        return sparse_type(record.gradient.parts());
      else
        return sparse_type{};
    }();
    if constexpr (compresses) record.gradient.template send_sparse<protocol>(sparse);
    auto const step_size =
        resolve_step_size(f, p, step_rule, ignores_step_size(worker, f, p));
    using step_type = std::remove_cvref_t<decltype(step_size)>;
    auto const iterate_weights = pick<iterate_weights_kind, F>(
        [&] { return default_weights(worker, step_size); }, given);
    require_usable(iterate_weights, p.steps);
    auto hook = anchor_of(worker, f, step_size, p);
    static_assert(
        count_of<iterate_weights_kind, F, std::remove_cvref_t<Given>...> == 0 ||
            takes_weights_of_run<worker_type, stepped_objective<F>,
                                 std::remove_cvref_t<decltype(sampler)>,
                                 std::remove_cvref_t<decltype(step_size)>,
                                 std::remove_cvref_t<decltype(iterate_weights)>, decltype(hook)>(),
        "this LocalWorker accepts no IterateWeights: its bind() chooses the weights of the "
        "average");
    auto average = averager.template bind<scalar>(p, shard_sizes);
    check_combination<scalar>(synchronizer, averager, compressor, hook.evaluates());
    check_worker<worker_type>(f, synchronizer, averager, compressor);
    check_schedule<worker_type>(schedule, synchronizer, averager);
    check_step_size<step_type>(synchronizer, hook.evaluates());

    // The objective on which worker k steps.
    auto const own = [&]([[maybe_unused]] std::size_t k) -> auto const& {
      if constexpr (ShardedObjective<F>)
        return f.shard(k);
      else
        return f;
    };
    auto const bind = [&](std::size_t k) {
      if constexpr (std::same_as<decltype(hook), no_hook<scalar>>)
        return bind_sequence(worker, own(k), sampler, step_size, iterate_weights, p, k);
      else
        return bind_sequence(worker, own(k), sampler, step_size, iterate_weights, p, k, hook);
    };
    index_range const carried = synchronizer.carries(p.workers);
    if constexpr (averages_in_groups<std::remove_cvref_t<decltype(schedule)>>)
      check_groups(schedule.groups(), p.workers, carried);
    if constexpr (ShardedObjective<F>)
      require(
          f.is_here(carried.first) && f.is_here(carried.last - 1), "synchronizer",
          "workers " + std::to_string(carried.first) + " to " + std::to_string(carried.last - 1),
          "the workers whose shards are in this process; construct sharded_objective with the "
          "synchronizer of the run");
    sequences<decltype(bind(0))> own_sequences(carried, bind);
    auto encoding = [&] {
      if constexpr (compresses) {
        auto const encoder = [&](std::size_t k) { return compressor.template bind<scalar>(p, k); };
        return encoders<decltype(encoder(0)), scalar>(carried, encoder, p.workers, p.dimension);
      } else {
        return no_encoders{};
      }
    }();
    touched_exchange<decltype(own_sequences)> touched;
    if constexpr (TouchingSequence<decltype(bind(0))>)
      if (own_sequences.front().touches_few()) touched.start(p.dimension, p.workers);
    std::vector<double> weights(p.workers);
    for (std::size_t k = 0; k != p.workers; ++k) weights[k] = average.weight(k);
    typename protocol::template points<scalar> x(std::move(weights), p.dimension);
    move_to<scalar>(start, x, own_sequences);
    average.reset(std::span<scalar const>(x.consensus[0]));

    if constexpr (!std::same_as<checkpoint_type, no_checkpoint>) {
      run_identity all = identity_of([&](run_identity& steps) {
        steps.add("first step size", step_size(0));
        steps.add("last step size", step_size(p.steps));
        steps.add_text("iterate weights", iterate_weights.identity());
      });
      all.add_text("component", type_name<decltype(bind(0))>());
      all.add_text("component", type_name<std::remove_cvref_t<decltype(schedule)>>());
      add_protocol(all, synchronizer);
      record.checkpoints.start(checkpoint, all.text(), p.workers);
    }
    launch([&](auto& team) {
      static_assert(std::same_as<std::remove_cvref_t<decltype(team)>, protocol>);
      if constexpr (adapts_to_delays<step_type> && protocol::never_waits) team.measure_delays();
      round_of round(team, own_sequences, hook, average, encoding, x, touched, record);
      local_sgd(round, schedule, step_size, p.steps, record);
    });
    own_sequences.clear();  // releases memory for the result
    record.complete_outcome();
  };
  // Checks that fail on every rank come before any rank waits for another.
  auto const identity_text = [&] {
    bool evaluates = false;
    if constexpr (protocol::never_waits) {
      using hook = decltype(anchor_of(worker, f, constant_step(1), p));
      if constexpr (requires { typename std::bool_constant<hook::evaluates()>; })
        evaluates = hook::evaluates();  // it may reject the step size
      else
        evaluates = anchor_of(worker, f, constant_step(1), p).evaluates();
    }
    check_combination<scalar>(synchronizer, averager, compressor, evaluates);
    check_worker<worker_type>(f, synchronizer, averager, compressor);
    check_schedule<worker_type>(schedule, synchronizer, averager);
    check_step_size<decltype(resolve_step_size(f, p, step_rule))>(synchronizer, false);
    return identity_of([](run_identity&) {}).text();
  };
  synchronizer.run(p, program<decltype(identity_text), decltype(run)>{identity_text, run});
  return outcome;
}

}  // namespace localsgd::detail
