// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#include "localsgd/localsgd.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

// What minimize refuses, and near-misses of the component concepts that a user may write.
namespace {

namespace ls = localsgd;

struct not_a_component {};

struct bool_observer {
  bool after_evaluation(ls::evaluation const&, ls::plan const&);
};
struct observer_without_plan {
  ls::proceed after_evaluation(ls::evaluation const&);
};

struct sampler {
  void draw(ls::plan const&, std::size_t, std::uint64_t, std::span<std::size_t>) const;
  std::size_t shard_size(ls::plan const&, std::size_t) const;
};
struct sampler_that_changes : sampler {
  void draw(ls::plan const&, std::size_t, std::uint64_t, std::span<std::size_t>);
};
struct sampler_without_shard_size {
  void draw(ls::plan const&, std::size_t, std::uint64_t, std::span<std::size_t>) const;
};

struct step_size {
  double operator()(std::uint64_t) const;
  double shift() const;
};
struct float_step_size : step_size {
  float operator()(std::uint64_t) const;
};
struct step_size_with_float_shift {
  double operator()(std::uint64_t) const;
  float shift() const;
};
struct rule {
  template <class F>
  step_size choose(F const&, ls::plan const&) const;
};
struct rule_that_changes {
  template <class F>
  step_size choose(F const&, ls::plan const&);
};

struct weights {
  double weight(std::uint64_t) const;
  double sum(std::uint64_t) const;
  std::string identity() const;
};
struct float_weights : weights {
  float weight(std::uint64_t) const;
};
struct weights_without_sum {
  double weight(std::uint64_t) const;
  std::string identity() const;
};
struct weights_without_identity {
  double weight(std::uint64_t) const;
  double sum(std::uint64_t) const;
};

struct schedule {
  std::uint64_t next(std::uint64_t) const;
};
struct int_schedule {
  int next(std::uint64_t) const;
};
struct schedule_that_changes {
  std::uint64_t next(std::uint64_t);
};
struct schedule_that_looks : schedule {
  static constexpr bool needs_evaluations = true;
  using schedule::next;
  std::uint64_t next(std::uint64_t, ls::progress const&) const;
};
struct schedule_that_only_looks {
  std::uint64_t next(std::uint64_t, ls::progress const&) const;
};
struct int_schedule_that_looks : schedule {
  using schedule::next;
  int next(std::uint64_t, ls::progress const&) const;
};
struct schedule_that_looks_and_changes : schedule {
  using schedule::next;
  std::uint64_t next(std::uint64_t, ls::progress const&);
};
struct schedule_that_changes_progress : schedule {
  using schedule::next;
  std::uint64_t next(std::uint64_t, ls::progress&) const;
};

struct averager {
  static constexpr bool keeps_mean = false;
  double weight(std::size_t, std::span<std::size_t const>) const;
  void start(std::size_t);
  void apply(std::size_t, std::span<double const>, std::span<double>);
};
struct averager_without_weight {
  static constexpr bool keeps_mean = true;
  void start(std::size_t);
  void apply(std::size_t, std::span<double const>, std::span<double>);
};
struct averager_that_needs_no_start {
  static constexpr bool keeps_mean = true;
  double weight(std::size_t, std::span<std::size_t const>) const;
  void apply(std::size_t, std::span<double const>, std::span<double>);
};
struct averager_that_hides_what_it_does {
  double weight(std::size_t, std::span<std::size_t const>) const;
  void start(std::size_t);
  void apply(std::size_t, std::span<double const>, std::span<double>);
};
struct averager_of_whole_vectors : averager {
  void apply(std::span<double const>, std::span<double>);
};

struct synchronizer {
  using team = ls::thread_team;
  template <class Program>
  void run(std::size_t, Program&&);
};
struct synchronizer_without_run {
  using team = ls::thread_team;
};
struct synchronizer_without_team {
  template <class Program>
  void run(std::size_t, Program&&);
};

struct sequence {
  void advance(std::uint64_t, std::uint64_t);
  std::span<double> local();
  void assign(std::span<double const>);
  void average(std::span<double>) const;
};
struct sequence_of_floats : sequence {
  std::span<float> local();
};
struct sequence_without_average {
  void advance(std::uint64_t, std::uint64_t);
  std::span<double> local();
  void assign(std::span<double const>);
};
template <class Sequence>
struct worker {
  template <class F, class S, class E>
  Sequence bind(F const&, S const&, E const&, ls::plan const&, std::size_t) const;
};
struct worker_without_number {
  template <class F, class S, class E>
  sequence bind(F const&, S const&, E const&, ls::plan const&) const;
};

struct objective_that_changes {
  using scalar = double;
  std::size_t dimension() const;
  std::size_t samples() const;
  double gradient(std::span<double const>, std::span<std::size_t const>, std::span<double>);
};

template <ls::Observer C>
void use_observer() {}
template <ls::Sampler C>
void use_sampler() {}
template <ls::StepSize C>
void use_step_size() {}
template <ls::StepSizeRule<ls::quadratic<>> C>
void use_rule() {}
template <ls::IterateWeights C>
void use_weights() {}
template <ls::Schedule C>
void use_schedule() {}
template <ls::Averager C>
void use_averager() {}
template <ls::Synchronizer C>
void use_synchronizer() {}
template <ls::LocalSequence C>
void use_sequence() {}
template <ls::LocalWorker<ls::quadratic<>, ls::with_replacement, ls::constant_step> C>
void use_worker() {}

}  // namespace

void refuses(ls::quadratic<> const& f) {
  ls::minimize(f, {}, ls::every{2}, ls::constant_step{0.1}, ls::linear_weights{},
               ls::asynchronous{2});
  ls::minimize(f, {}, ls::checkpoint("a"));
#if defined(NO_COMPONENT_AT_ALL)  // expect: ComponentFor
  ls::minimize(f, {}, not_a_component{});
#elif defined(OBSERVER_RETURNS_BOOL)  // expect: ComponentFor
  ls::minimize(f, {}, bool_observer{});
#elif defined(SAMPLER_IS_NOT_CONST)  // expect: ComponentFor
  ls::minimize(f, {}, sampler_that_changes{});
#elif defined(SYNCHRONIZER_WITHOUT_RUN)  // expect: ComponentFor
  ls::minimize(f, {}, synchronizer_without_run{});
#elif defined(LINEAR_WORKER_OF_ANOTHER_OBJECTIVE)  // expect: ComponentFor
  ls::minimize(f, {}, ls::linear_sgd{});
#elif defined(TWO_SCHEDULES)  // expect: at_most_one_component_of_each_kind
  ls::minimize(f, {}, ls::every{2}, ls::one_shot{});
#elif defined(TWO_STEP_SIZES)  // expect: step_size_kind
  ls::minimize(f, {}, ls::constant_step{0.1}, ls::automatic_step{});
#elif defined(TWO_WEIGHTS)  // expect: iterate_weights_kind
  ls::minimize(f, {}, ls::uniform_weights{}, ls::linear_weights{});
#elif defined(WEIGHTS_FOR_A_WORKER_THAT_TAKES_NONE)  // expect: IterateWeights
  ls::minimize(f, {}, worker<sequence>{}, ls::uniform_weights{});
#elif defined(OBJECTIVE_IS_NOT_CONST)  // expect: has_const_gradient_returning_mean_loss
  ls::minimize(objective_that_changes{});
#elif defined(MEAN_IS_TRANSFORMED_ASYNCHRONOUSLY)  // expect: keeps_mean
  ls::minimize(f, {}, averager{}, ls::asynchronous{2});
#elif defined(CHECKPOINT_OF_AN_ASYNCHRONOUS_RUN)  // expect: rendezvous
  ls::minimize(f, {}, ls::checkpoint("a"), ls::asynchronous{2});
#elif defined(CHECKPOINT_OF_A_SIMULATED_RUN)  // expect: clock
  ls::minimize(f, {}, ls::checkpoint("a"), ls::simulated{{}});
#elif defined(CHECKPOINT_WITHOUT_THE_STATE_OF_AN_AVERAGER)  // expect: state
  ls::minimize(f, {}, ls::checkpoint("a"), averager{});
#elif defined(CHECKPOINT_WITHOUT_THE_STATE_OF_SEQUENCES)  // expect: state
  ls::minimize(f, {}, ls::checkpoint("a"), worker<sequence>{});
#elif defined(TWO_CHECKPOINTS)  // expect: at_most_one_component_of_each_kind
  ls::minimize(f, {}, ls::checkpoint("a"), ls::checkpoint("b"));
#endif
}

int main() {
  use_observer<ls::no_observer>();
  use_sampler<sampler>();
  use_step_size<step_size>();
  use_rule<rule>();
  use_weights<weights>();
  use_schedule<schedule>();
  use_schedule<schedule_that_looks>();
  use_averager<averager>();
  use_synchronizer<synchronizer>();
  use_sequence<sequence>();
  use_worker<worker<sequence>>();
#if defined(OBSERVER_ANSWERS_BOOL)  // expect: has_after_evaluation_returning_proceed
  use_observer<bool_observer>();
#elif defined(OBSERVER_WITHOUT_PLAN)  // expect: has_after_evaluation_returning_proceed
  use_observer<observer_without_plan>();
#elif defined(DRAW_IS_NOT_CONST)  // expect: has_const_draw
  use_sampler<sampler_that_changes>();
#elif defined(SHARD_SIZE_IS_MISSING)  // expect: has_const_shard_size
  use_sampler<sampler_without_shard_size>();
#elif defined(STEP_SIZE_IS_FLOAT)  // expect: has_step_size_at_t
  use_step_size<float_step_size>();
#elif defined(SHIFT_IS_FLOAT)  // expect: shift_if_any_is_const_and_returns_double
  use_step_size<step_size_with_float_shift>();
#elif defined(RULE_IS_NOT_CONST)  // expect: has_choose
  use_rule<rule_that_changes>();
#elif defined(WEIGHTS_ARE_FLOAT)  // expect: has_const_weight_at_t
  use_weights<float_weights>();
#elif defined(SUM_IS_MISSING)  // expect: has_const_sum_of_weights
  use_weights<weights_without_sum>();
#elif defined(IDENTITY_IS_MISSING)  // expect: has_const_identity
  use_weights<weights_without_identity>();
#elif defined(NEXT_IS_INT)  // expect: has_const_next_sync_time
  use_schedule<int_schedule>();
#elif defined(NEXT_IS_NOT_CONST)  // expect: has_const_next_sync_time
  use_schedule<schedule_that_changes>();
#elif defined(NEXT_ONLY_WITH_PROGRESS)  // expect: has_const_next_sync_time
  use_schedule<schedule_that_only_looks>();
#elif defined(LOOK_IS_INT)  // expect: next_with_progress_is_const_and_returns_a_sync_time
  use_schedule<int_schedule_that_looks>();
#elif defined(LOOK_IS_NOT_CONST)  // expect: next_with_progress_is_const_and_returns_a_sync_time
  use_schedule<schedule_that_looks_and_changes>();
#elif defined(LOOK_CHANGES_IT)  // expect: next_with_progress_is_const_and_returns_a_sync_time
  use_schedule<schedule_that_changes_progress>();
#elif defined(WEIGHT_IS_MISSING)  // expect: has_const_weight
  use_averager<averager_without_weight>();
#elif defined(START_IS_MISSING)  // expect: has_start
  use_averager<averager_that_needs_no_start>();
#elif defined(KEEPS_MEAN_IS_MISSING)  // expect: says_whether_it_keeps_the_mean
  use_averager<averager_that_hides_what_it_does>();
#elif defined(APPLY_OF_WHOLE_VECTORS)  // expect: has_apply_to_a_range
  use_averager<averager_of_whole_vectors>();
#elif defined(RUN_IS_MISSING)  // expect: has_run
  use_synchronizer<synchronizer_without_run>();
#elif defined(TEAM_IS_MISSING)  // expect: names_its_team
  use_synchronizer<synchronizer_without_team>();
#elif defined(SEQUENCE_WITHOUT_AVERAGE)  // expect: has_const_average
  use_sequence<sequence_without_average>();
#elif defined(LOCAL_IS_OF_ANOTHER_SCALAR)  // expect: has_local
  use_sequence<sequence_of_floats>();
#elif defined(BIND_WITHOUT_NUMBER)  // expect: has_const_bind
  use_worker<worker_without_number>();
#endif
}
