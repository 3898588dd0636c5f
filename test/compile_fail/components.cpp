// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#include "localsgd/localsgd.hpp"
#include "localsgd/synchronizer/basic_ranks.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

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

struct average_state {
  static constexpr bool keeps_mean = false;
  double weight(std::size_t) const;
  void begin_round(ls::round_info const&);
  void apply(std::size_t, std::span<double const>, std::span<double>);
  void commit();
  void rollback();
  void reset(std::span<double const>);
  template <class Archive>
  void state(Archive&);
};
struct state_whose_weight_changes : average_state {
  double weight(std::size_t);
};
struct state_that_hides_what_it_does : average_state {
 private:
  using average_state::keeps_mean;
};
struct state_without_rounds : average_state {
  void begin_round();
};
struct state_of_whole_vectors : average_state {
  void apply(std::span<double const>, std::span<double>);
};
struct state_that_cannot_go_back : average_state {
  void rollback(int);
};
struct state_that_is_never_told : average_state {
  void reset();
};
struct state_without_memory : average_state {
  void state();
};
template <class State>
struct averager {
  template <class Scalar>
  State bind(ls::plan const&, std::span<std::size_t const>) const;
  std::string identity() const;
};
struct averager_without_bind {
  std::string identity() const;
};
struct averager_without_identity {
  template <class Scalar>
  average_state bind(ls::plan const&, std::span<std::size_t const>) const;
};

struct encoder_state {
  void encode(std::span<double const>, std::vector<std::byte>&);
  void decode(std::span<std::byte const>, double, std::size_t, std::span<double>) const;
  void reset();
  template <class Archive>
  void state(Archive&);
};
struct encoder_that_returns : encoder_state {
  std::vector<std::byte> encode(std::span<double const>);
};
struct encoder_whose_decode_changes : encoder_state {
  void decode(std::span<std::byte const>, double, std::size_t, std::span<double>);
};
struct encoder_that_never_forgets : encoder_state {
  void reset(int);
};
struct compressor {
  template <class Scalar>
  encoder_state bind(ls::plan const&, std::size_t) const;
  std::string identity() const;
};
struct compressor_without_identity {
  template <class Scalar>
  encoder_state bind(ls::plan const&, std::size_t) const;
};
struct compressor_without_workers {
  template <class Scalar>
  encoder_state bind(ls::plan const&) const;
  std::string identity() const;
};

struct communicator {
  std::size_t rank() const;
  std::size_t size() const;
  void open();
  ls::rank_status close(ls::rank_status const&);
  void start_all_to_all_v(std::span<std::span<std::byte const> const>,
                          std::span<std::span<std::byte> const>);
  void finish_all_to_all_v();
};
struct communicator_of_ints : communicator {
  int rank() const;
};
struct communicator_without_an_end : communicator {
  void close(ls::rank_status const&);
};
struct communicator_that_only_sends : communicator {
  void start_all_to_all_v(std::span<std::span<std::byte const> const>);
};

struct synchronizer {
  using protocol = ls::serial::protocol;
  template <class Program>
  void run(ls::plan const&, Program const&);
  ls::index_range carries(std::size_t) const;
  template <class T, class Make>
  void all_gather(std::span<T>, Make const&);
};
struct synchronizer_without_run : synchronizer {
  void run(ls::plan const&);
};
struct synchronizer_without_protocol : synchronizer {
  struct protocol {};
};
struct synchronizer_that_carries_nothing : synchronizer {
  void carries(std::size_t) const;
};
struct synchronizer_that_gathers_nothing : synchronizer {
  void all_gather();
};

struct hook : ls::detail::no_hook<double> {};
struct hook_without_evaluations : hook {
  void evaluates() const;
};
struct hook_without_value : hook {
  double value() const;
};
struct hook_without_counts : hook {
  int extra_gradients(std::uint64_t) const;
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
template <ls::AverageState C>
void use_average_state() {}
template <ls::Compressor C>
void use_compressor() {}
template <ls::EncoderState C>
void use_encoder_state() {}
template <ls::Communicator C>
void use_communicator() {}
template <ls::RoundHook C>
void use_hook() {}
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
#if defined(FAULTS)
  // expect: ComponentFor
  ls::minimize(f, {}, not_a_component{});
  // expect: ComponentFor
  ls::minimize(f, {}, bool_observer{});
  // expect: ComponentFor
  ls::minimize(f, {}, sampler_that_changes{});
  // expect: ComponentFor
  ls::minimize(f, {}, synchronizer_without_run{});
  // expect: ComponentFor
  ls::minimize(f, {}, ls::linear_sgd{});
  // expect: at_most_one_component_of_each_kind
  ls::minimize(f, {}, ls::every{2}, ls::one_shot{});
  // expect: step_size_kind
  ls::minimize(f, {}, ls::constant_step{0.1}, ls::automatic_step{});
  // expect: iterate_weights_kind
  ls::minimize(f, {}, ls::uniform_weights{}, ls::linear_weights{});
  // expect: IterateWeights
  ls::minimize(f, {}, worker<sequence>{}, ls::uniform_weights{});
  // expect: has_const_gradient_returning_mean_loss
  ls::minimize(objective_that_changes{});
  // expect: state
  ls::minimize(f, {}, ls::checkpoint("a"), worker<sequence>{});
  // expect: at_most_one_component_of_each_kind
  ls::minimize(f, {}, compressor{}, ls::identity{});
  // expect: add_and_read
  ls::asynchronous_on_ranks<communicator> ranks{ls::rank_options{}};
  // expect: at_most_one_component_of_each_kind
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
  use_averager<averager<average_state>>();
  use_average_state<average_state>();
  use_compressor<compressor>();
  use_encoder_state<encoder_state>();
  use_communicator<communicator>();
  use_hook<hook>();
  use_synchronizer<synchronizer>();
  use_sequence<sequence>();
  use_worker<worker<sequence>>();
#if defined(FAULTS)
  // expect: has_after_evaluation_returning_proceed
  use_observer<bool_observer>();
  // expect: has_after_evaluation_returning_proceed
  use_observer<observer_without_plan>();
  // expect: has_const_draw
  use_sampler<sampler_that_changes>();
  // expect: has_const_shard_size
  use_sampler<sampler_without_shard_size>();
  // expect: has_step_size_at_t
  use_step_size<float_step_size>();
  // expect: shift_if_any_is_const_and_returns_double
  use_step_size<step_size_with_float_shift>();
  // expect: has_choose
  use_rule<rule_that_changes>();
  // expect: has_const_weight_at_t
  use_weights<float_weights>();
  // expect: has_const_sum_of_weights
  use_weights<weights_without_sum>();
  // expect: has_const_identity
  use_weights<weights_without_identity>();
  // expect: has_const_next_sync_time
  use_schedule<int_schedule>();
  // expect: has_const_next_sync_time
  use_schedule<schedule_that_changes>();
  // expect: has_const_next_sync_time
  use_schedule<schedule_that_only_looks>();
  // expect: next_with_progress_is_const_and_returns_a_sync_time
  use_schedule<int_schedule_that_looks>();
  // expect: next_with_progress_is_const_and_returns_a_sync_time
  use_schedule<schedule_that_looks_and_changes>();
  // expect: next_with_progress_is_const_and_returns_a_sync_time
  use_schedule<schedule_that_changes_progress>();
  // expect: has_const_weight
  use_average_state<state_whose_weight_changes>();
  // expect: says_whether_it_keeps_the_mean
  use_average_state<state_that_hides_what_it_does>();
  // expect: has_begin_round
  use_average_state<state_without_rounds>();
  // expect: has_apply_to_a_range
  use_average_state<state_of_whole_vectors>();
  // expect: has_commit_and_rollback
  use_average_state<state_that_cannot_go_back>();
  // expect: has_reset
  use_average_state<state_that_is_never_told>();
  // expect: has_state_of_a_checkpoint
  use_average_state<state_without_memory>();
  // expect: binds_an_average
  use_averager<averager_without_bind>();
  // expect: has_const_identity
  use_averager<averager_without_identity>();
  // expect: has_encode
  use_encoder_state<encoder_that_returns>();
  // expect: has_const_decode
  use_encoder_state<encoder_whose_decode_changes>();
  // expect: can_forget
  use_encoder_state<encoder_that_never_forgets>();
  // expect: has_const_identity
  use_compressor<compressor_without_identity>();
  // expect: binds_an_encoder
  use_compressor<compressor_without_workers>();
  // expect: knows_its_rank
  use_communicator<communicator_of_ints>();
  // expect: opens_and_closes_runs
  use_communicator<communicator_without_an_end>();
  // expect: exchanges_messages
  use_communicator<communicator_that_only_sends>();
  // expect: has_run
  use_synchronizer<synchronizer_without_run>();
  // expect: names_its_protocol
  use_synchronizer<synchronizer_without_protocol>();
  // expect: says_what_it_carries
  use_synchronizer<synchronizer_that_carries_nothing>();
  // expect: gathers_values
  use_synchronizer<synchronizer_that_gathers_nothing>();
  // expect: knows_when_it_evaluates
  use_hook<hook_without_evaluations>();
  // expect: tells_what_it_found
  use_hook<hook_without_value>();
  // expect: counts_its_gradients
  use_hook<hook_without_counts>();
  // expect: has_const_average
  use_sequence<sequence_without_average>();
  // expect: has_local
  use_sequence<sequence_of_floats>();
  // expect: has_const_bind
  use_worker<worker_without_number>();
#endif
}
