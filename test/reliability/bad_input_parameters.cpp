// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE reliability_bad_input_parameters
#include "test/support/bad_input.hpp"

#include "localsgd/averager/server_momentum.hpp"
#include "localsgd/averager/trimmed_mean.hpp"
#include "localsgd/checkpoint/checkpoint.hpp"
#include "localsgd/compressor/quantized.hpp"
#include "localsgd/compressor/random_k.hpp"
#include "localsgd/compressor/top_k.hpp"
#include "localsgd/iterate_weights/linear_weights.hpp"
#include "localsgd/iterate_weights/quadratic_weights.hpp"
#include "localsgd/loss/gamma.hpp"
#include "localsgd/loss/huber.hpp"
#include "localsgd/loss/poisson.hpp"
#include "localsgd/loss/smoothed_hinge.hpp"
#include "localsgd/loss/smoothed_quantile.hpp"
#include "localsgd/regularizer/box.hpp"
#include "localsgd/regularizer/elastic_net.hpp"
#include "localsgd/regularizer/group_l1.hpp"
#include "localsgd/regularizer/l1.hpp"
#include "localsgd/regularizer/l2.hpp"
#include "localsgd/regularizer/nonnegative.hpp"
#include "localsgd/regularizer/weighted.hpp"
#include "localsgd/sampler/sharded.hpp"
#include "localsgd/schedule/adaptive.hpp"
#include "localsgd/schedule/at_steps.hpp"
#include "localsgd/schedule/every.hpp"
#include "localsgd/schedule/growing.hpp"
#include "localsgd/schedule/post_local.hpp"
#include "localsgd/schedule/stagewise.hpp"
#include "localsgd/settings.hpp"
#include "localsgd/step_size/capped_inverse_step.hpp"
#include "localsgd/step_size/constant_step.hpp"
#include "localsgd/step_size/delay_adaptive.hpp"
#include "localsgd/step_size/inverse_time_step.hpp"
#include "localsgd/step_size/stagewise_step.hpp"
#include "localsgd/step_size/theory_step.hpp"
#include "localsgd/warm_start.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

using namespace localsgd;
using support::bad_input;
using support::infinity;
using support::make;
using support::not_a_number;

namespace {

constexpr std::uint64_t too_many_steps = (std::uint64_t{1} << 53U) + 1;

using numbers = std::vector<double>;
using groups = std::vector<std::vector<std::size_t>>;
using sizes = std::vector<std::size_t>;
using times = std::vector<std::uint64_t>;

constexpr plan four_workers{.samples = 100, .dimension = 10, .workers = 4, .batch_size = 1};

template <class Averager>
void bind_averager(Averager const& a) {
  constexpr std::size_t shards[] = {25, 25, 25, 25};
  static_cast<void>(a.template bind<double>(four_workers, shards));
}
template <class Compressor>
void bind_compressor(Compressor const& c, std::size_t dimension = 10) {
  plan p = four_workers;
  p.dimension = dimension;
  static_cast<void>(c.template bind<double>(p, 0));
}
void draw_shards(sharded<> const& s, std::size_t workers) {
  plan p = four_workers;
  p.workers = workers;
  static_cast<void>(s.shard_size(p, 0));
}
struct custom_weights {
  double first, last, total;
  double weight(std::uint64_t t) const { return t == 0 ? first : last; }
  double sum(std::uint64_t) const { return total; }
  std::string identity() const { return "custom_weights"; }
};
void use_weights(custom_weights const& w) { detail::require_usable(w, 10); }
struct custom_step_size {
  double a;
  double operator()(std::uint64_t) const { return 1; }
  double shift() const { return a; }
};
void use_shift(double a) { static_cast<void>(recommended_weights(custom_step_size{a})); }

}  // namespace

BOOST_AUTO_TEST_CASE(settings_out_of_range_are_rejected) {
  constexpr bad_input rows[] = {
      {"no workers", [] { settings{.workers = 0}.validate(); }, "workers", ">= 1"},
      {"too many workers", [] { settings{.workers = 2000000}.validate(); }, "workers",
       "<= 1048576"},
      {"a batch of 0", [] { settings{.batch_size = 0}.validate(); }, "batch_size", ">= 1"},
      {"negative epochs", [] { settings{.epochs = -1}.validate(); }, "epochs", "finite and >= 0"},
      {"epochs not a number", [] { settings{.epochs = not_a_number}.validate(); }, "epochs",
       "finite and >= 0"},
      {"infinite epochs", [] { settings{.epochs = infinity}.validate(); }, "epochs",
       "finite and >= 0"},
      {"too many steps", [] { settings{.steps = too_many_steps}.validate(); }, "steps", "<= 2^53"},
      {"too many epochs",
       [] { static_cast<void>(detail::steps_of({.workers = 1, .epochs = 1e12}, 1000000)); },
       "epochs", "at most 2^53 steps"},
      {"a negative tolerance", [] { settings{.tolerance = -1e-9}.validate(); }, "tolerance",
       "finite and >= 0"},
      {"a tolerance not a number", [] { settings{.tolerance = not_a_number}.validate(); },
       "tolerance", "finite and >= 0"},
      {"an infinite tolerance", [] { settings{.tolerance = infinity}.validate(); }, "tolerance",
       "finite and >= 0"},
      {"a checkpoint in a folder", [] { make<checkpoint>("folder/"); }, "checkpoint.path",
       "a path that ends in a file name"},
      {"a checkpoint without a path", [] { make<checkpoint>(""); }, "checkpoint.path",
       "a path that ends in a file name"},
      {"a negative time between checkpoints",
       [] { make<checkpoint>("file", checkpoint_options{.seconds = -1}); },
       "checkpoint_options.seconds", "finite and >= 0"},
      {"a time between checkpoints not a number",
       [] { make<checkpoint>("file", checkpoint_options{.seconds = not_a_number}); },
       "checkpoint_options.seconds", "finite and >= 0"},
      {"a start not a number",
       [] {
         make<warm_start>(numbers{0, not_a_number});
       },
       "warm_start[1]", "finite"},
      {"an infinite start", [] { make<warm_start>(numbers{-infinity}); }, "warm_start[0]",
       "finite"},
  };
  support::check_settings(rows);
}

BOOST_AUTO_TEST_CASE(parameters_of_losses_out_of_range_are_rejected) {
  constexpr bad_input rows[] = {
      {"huber, delta = 0", [] { make<huber>(0.0); }, "huber.delta", "finite and > 0"},
      {"huber, delta < 0", [] { make<huber>(-1.0); }, "huber.delta", "finite and > 0"},
      {"huber, delta not a number", [] { make<huber>(not_a_number); }, "huber.delta",
       "finite and > 0"},
      {"huber, infinite delta", [] { make<huber>(infinity); }, "huber.delta", "finite and > 0"},
      {"smoothed_hinge, gamma = 0", [] { make<smoothed_hinge>(0.0); }, "smoothed_hinge.gamma",
       "finite and > 0"},
      {"smoothed_hinge, gamma not a number", [] { make<smoothed_hinge>(not_a_number); },
       "smoothed_hinge.gamma", "finite and > 0"},
      {"smoothed_quantile, tau = 0", [] { make<smoothed_quantile>(0.0); }, "smoothed_quantile.tau",
       "in (0, 1)"},
      {"smoothed_quantile, tau = 1", [] { make<smoothed_quantile>(1.0); }, "smoothed_quantile.tau",
       "in (0, 1)"},
      {"smoothed_quantile, tau not a number", [] { make<smoothed_quantile>(not_a_number); },
       "smoothed_quantile.tau", "in (0, 1)"},
      {"smoothed_quantile, gamma = 0", [] { make<smoothed_quantile>(0.5, 0.0); },
       "smoothed_quantile.gamma", "finite and > 0"},
      {"gamma_loss, max_ratio = 0", [] { make<gamma_loss>(0.0); }, "gamma_loss.max_ratio",
       "finite and > 0"},
      {"gamma_loss, infinite max_ratio", [] { make<gamma_loss>(infinity); }, "gamma_loss.max_ratio",
       "finite and > 0"},
      {"poisson, max_rate = 0", [] { make<poisson>(0.0); }, "poisson.max_rate", "finite and > 0"},
      {"poisson, max_rate not a number", [] { make<poisson>(not_a_number); }, "poisson.max_rate",
       "finite and > 0"},
      // 10 + 10·√10 < 42
      {"poisson, max_rate below the targets",
       [] {
         poisson(10.0).check_targets(std::vector<double>{1, 42});
       },
       "poisson.max_rate", "the largest target is 42"},
  };
  support::check_settings(rows);
}

BOOST_AUTO_TEST_CASE(parameters_of_regularizers_out_of_range_are_rejected) {
  constexpr bad_input rows[] = {
      {"l1, lambda < 0", [] { make<l1>(-1.0); }, "l1.lambda", "finite and >= 0"},
      {"l1, lambda not a number", [] { make<l1>(not_a_number); }, "l1.lambda", "finite and >= 0"},
      {"l2, lambda < 0", [] { make<l2>(-1.0); }, "l2.lambda", "finite and >= 0"},
      {"l2, infinite lambda", [] { make<l2>(infinity); }, "l2.lambda", "finite and >= 0"},
      {"elastic_net, l1 < 0", [] { make<elastic_net>(-1.0, 0.0); }, "elastic_net.l1",
       "finite and >= 0"},
      {"elastic_net, l2 not a number", [] { make<elastic_net>(0.0, not_a_number); },
       "elastic_net.l2", "finite and >= 0"},
      {"group_l1, lambda < 0", [] { make<group_l1>(groups{{0}}, -1.0); }, "group_l1.lambda",
       "finite and >= 0"},
      {"group_l1, no groups", [] { make<group_l1>(groups{}, 1.0); }, "group_l1.groups",
       "each index in exactly one group"},
      {"group_l1, an empty group",
       [] {
         make<group_l1>(groups{{0}, {}}, 1.0);
       },
       "group_l1.groups[1]", "at least one index"},
      {"group_l1, an index twice",
       [] {
         make<group_l1>(groups{{0, 1}, {1}}, 1.0);
       },
       "group_l1.groups", "each index in exactly one group"},
      {"group_l1, an index missing",
       [] {
         make<group_l1>(groups{{0}, {2}}, 1.0);
       },
       "group_l1.groups", "each index in exactly one group"},
      {"group_l1, another dimension",
       [] {
         group_l1(groups{{0}, {1}}, 1.0).check_dimension(3);
       },
       "group_l1.groups", "a partition of 0, ..., 2"},
      {"group_l1, a size that does not divide d",
       [] { static_cast<void>(group_l1::consecutive(10, 3, 1.0)); }, "group_l1.size",
       "a divisor of 10"},
      {"group_l1, a stride of 0", [] { static_cast<void>(group_l1::strided(10, 0, 1.0)); },
       "group_l1.stride", "a divisor of 10"},
      {"box, an infinite lower bound", [] { make<box<>>(infinity, infinity); }, "box.lower",
       "below infinity"},
      {"box, a lower bound not a number", [] { make<box<>>(not_a_number, 1.0); }, "box.lower",
       "below infinity"},
      {"box, an upper bound of -infinity", [] { make<box<>>(-infinity, -infinity); }, "box.upper",
       "above -infinity"},
      {"box, an upper bound below the lower bound", [] { make<box<>>(1.0, 0.0); }, "box.upper",
       "at least the lower bound, 1"},
      {"box, one pair of bounds wrong",
       [] {
         make<box<>>(numbers{0, 2}, numbers{1, 1});
       },
       "box.upper[1]", "at least the lower bound, 2"},
      {"box, no bounds", [] { make<box<>>(numbers{}, numbers{}); }, "box.lower",
       "one number for each coordinate of x"},
      {"box, fewer upper bounds",
       [] {
         make<box<>>(numbers{0, 0}, numbers{1});
       },
       "box.upper", "2, one for each coordinate of x"},
      {"box, another dimension", [] { box<>(numbers{0}, numbers{1}).check_dimension(2); },
       "box.lower", "2, one for each coordinate of x"},
      {"box, disjoint bounds", [] { make<box<box<>>>(2.0, 3.0, box<>(0.0, 1.0)); }, "box.penalty",
       "finite at some point between the bounds"},
      {"nonnegative, negative bounds", [] { make<nonnegative<box<>>>(box<>(-2.0, -1.0)); },
       "nonnegative.penalty", "finite at some point between the bounds"},
      {"weighted, no weights", [] { make<weighted<l1>>(l1{1}, numbers{}); }, "weighted.weights",
       "one number for each coordinate of x"},
      {"weighted, a negative weight",
       [] {
         make<weighted<l1>>(l1{1}, numbers{1, -1});
       },
       "weighted.weights[1]", "finite and >= 0"},
      {"weighted, a weight not a number", [] { make<weighted<l2>>(l2{1}, numbers{not_a_number}); },
       "weighted.weights[0]", "finite and >= 0"},
      {"weighted, another dimension",
       [] {
         weighted<l1>(l1{1}, numbers{1, 1}).check_dimension(3);
       },
       "weighted.weights", "3, one for each coordinate of x"},
  };
  support::check_settings(rows);
}

BOOST_AUTO_TEST_CASE(parameters_of_step_sizes_and_weights_out_of_range_are_rejected) {
  constexpr bad_input rows[] = {
      {"constant_step of 0", [] { make<constant_step>(0.0); }, "constant_step.step_size",
       "finite and > 0"},
      {"constant_step not a number", [] { make<constant_step>(not_a_number); },
       "constant_step.step_size", "finite and > 0"},
      {"constant_step infinite", [] { make<constant_step>(infinity); }, "constant_step.step_size",
       "finite and > 0"},
      {"inverse_time_step, first = 0", [] { make<inverse_time_step>(0.0, 1.0); },
       "inverse_time_step.first", "finite and > 0"},
      {"inverse_time_step, decay < 0", [] { make<inverse_time_step>(1.0, -1.0); },
       "inverse_time_step.decay", "finite and >= 0"},
      {"capped_inverse_step, cap = 0", [] { make<capped_inverse_step>(0.0, 1.0, 1u); },
       "capped_inverse_step.cap", "finite and > 0"},
      {"capped_inverse_step, factor = 0", [] { make<capped_inverse_step>(1.0, 0.0, 1u); },
       "capped_inverse_step.factor", "finite and > 0"},
      {"capped_inverse_step, no samples", [] { make<capped_inverse_step>(1.0, 1.0, 0u); },
       "capped_inverse_step.samples", ">= 1"},
      {"stagewise_step, first = 0", [] { make<stagewise_step>(0.0, 10u); }, "stagewise_step.first",
       "finite and > 0"},
      {"stagewise_step, no steps", [] { make<stagewise_step>(1.0, 0u); }, "stagewise_step.steps",
       "from 1 to 2^53"},
      {"stagewise_step, too many steps", [] { make<stagewise_step>(1.0, too_many_steps); },
       "stagewise_step.steps", "from 1 to 2^53"},
      {"delay_adaptive, factor < 0",
       [] { make<delay_adaptive<constant_step>>(constant_step(1), -1.0); }, "delay_adaptive.factor",
       "finite and >= 0"},
      {"delay_adaptive, smoothness not a number",
       [] { make<delay_adaptive<constant_step>>(constant_step(1), 1.0, not_a_number); },
       "delay_adaptive.smoothness", "finite and >= 0"},
      {"theory_step, mu = 0", [] { make<theory_step>(0.0, 1.0); }, "theory_step.mu",
       "finite and > 0"},
      {"theory_step, shift = 0", [] { make<theory_step>(1.0, 0.0); }, "theory_step.shift",
       "finite and > 0"},
      {"linear_weights, shift < 0", [] { make<linear_weights>(-1.0); }, "linear_weights.shift",
       "finite and >= 0"},
      {"quadratic_weights, shift not a number", [] { make<quadratic_weights>(not_a_number); },
       "quadratic_weights.shift", "finite and >= 0"},
      {"a negative first weight",
       [] {
         use_weights({-1, 1, 1});
       },
       "iterate_weights.weight(0)", "finite and >= 0"},
      {"a last weight not a number",
       [] {
         use_weights({1, not_a_number, 1});
       },
       "iterate_weights.weight(steps - 1)", "finite and >= 0"},
      {"weights with the sum 0",
       [] {
         use_weights({0, 0, 0});
       },
       "iterate_weights.sum(steps)", "finite and > 0"},
      {"weights with an infinite sum",
       [] {
         use_weights({1, 1, infinity});
       },
       "iterate_weights.sum(steps)", "finite and > 0"},
      {"a negative shift", [] { use_shift(-1); }, "step_size.shift()", ">= 0"},
  };
  support::check_settings(rows);
}

BOOST_AUTO_TEST_CASE(parameters_of_schedules_out_of_range_are_rejected) {
  constexpr bad_input rows[] = {
      {"every 0 steps", [] { make<every>(0u); }, "every.local_steps", ">= 1"},
      {"post_local, 0 steps", [] { make<post_local>(10u, 0u); }, "post_local.local_steps", ">= 1"},
      {"growing from 0", [] { make<growing>(0u); }, "growing.first", "from 1 to 2^31"},
      {"growing from too many", [] { make<growing>(std::uint64_t{1} << 32U); }, "growing.first",
       "from 1 to 2^31"},
      {"growing too fast", [] { make<growing>(1u, std::uint64_t{1} << 32U); }, "growing.increment",
       "<= 2^31"},
      {"growing in 0 rounds", [] { static_cast<void>(growing::in_rounds(0, 10)); },
       "growing.rounds", "from 1 to 2^31"},
      {"growing in more rounds than steps", [] { static_cast<void>(growing::in_rounds(11, 10)); },
       "growing.rounds", "at most the number of steps, 10"},
      {"growing over 0 steps", [] { static_cast<void>(growing::in_rounds(1, 0)); }, "growing.steps",
       "from 1 to 2^53"},
      {"stagewise, a stage of 0 steps", [] { make<stagewise>(0u, 1u); }, "stagewise.steps",
       "from 1 to 2^53"},
      {"stagewise, too many steps", [] { make<stagewise>(too_many_steps, 1u); }, "stagewise.steps",
       "from 1 to 2^53"},
      {"stagewise, 0 local steps", [] { make<stagewise>(10u, 0u); }, "stagewise.local_steps",
       "from 1 to the number of steps of the first stage, 10"},
      {"stagewise, a round longer than the stage", [] { make<stagewise>(10u, 11u); },
       "stagewise.local_steps", "from 1 to the number of steps of the first stage, 10"},
      {"stagewise, a step size of 0", [] { static_cast<void>(stagewise(10, 1).step_size(0)); },
       "stagewise.step_size", "finite and > 0"},
      {"adaptive, 0 steps", [] { make<adaptive>(0u); }, "adaptive.local_steps", "from 1 to 2^53"},
      {"adaptive, too many steps", [] { make<adaptive>(too_many_steps); }, "adaptive.local_steps",
       "from 1 to 2^53"},
      {"adaptive, a lower bound not a number", [] { make<adaptive>(1u, not_a_number); },
       "adaptive.lower_objective", "finite"},
      {"at_steps, a sync time of 0", [] { make<at_steps>(times{0}); }, "at_steps.sync_times[0]",
       "above the previous one, 0"},
      {"at_steps, a sync time twice",
       [] {
         make<at_steps>(times{3, 3});
       },
       "at_steps.sync_times[1]", "above the previous one, 3"},
      {"at_steps, sync times that decrease",
       [] {
         make<at_steps>(times{2, 5, 4});
       },
       "at_steps.sync_times[2]", "above the previous one, 5"},
  };
  support::check_settings(rows);
}

BOOST_AUTO_TEST_CASE(parameters_of_samplers_averagers_and_compressors_are_checked) {
  constexpr bad_input rows[] = {
      {"sharded, no sizes", [] { make<sharded<>>(sizes{}); }, "sharded.sizes",
       "one size for each worker"},
      {"sharded, a size of 0",
       [] {
         make<sharded<>>(sizes{1, 0});
       },
       "sharded.sizes", ">= 1 for each worker"},
      {"sharded, a sum that overflows",
       [] {
         make<sharded<>>(sizes{std::numeric_limits<std::size_t>::max(), 2});
       },
       "sharded.sizes", "a sum below 2^64"},
      {"sharded, more workers than samples", [] { draw_shards(sharded<>(), 101); }, "workers",
       "at most the number of samples, 100"},
      {"sharded, too few sizes",
       [] {
         draw_shards(sharded<>(sizes{50, 50}), 4);
       },
       "sharded.sizes", "4, one for each worker"},
      {"sharded, a wrong sum",
       [] {
         draw_shards(sharded<>(sizes{50, 49}), 2);
       },
       "sharded.sizes", "the number of samples, 100"},
      {"server_momentum, beta = 1", [] { bind_averager(server_momentum{.beta = 1}); },
       "server_momentum.beta", "in [0, 1)"},
      {"server_momentum, beta < 0", [] { bind_averager(server_momentum{.beta = -0.1}); },
       "server_momentum.beta", "in [0, 1)"},
      {"server_momentum, beta not a number",
       [] { bind_averager(server_momentum{.beta = not_a_number}); }, "server_momentum.beta",
       "in [0, 1)"},
      {"server_momentum, step_size = 0", [] { bind_averager(server_momentum{.step_size = 0}); },
       "server_momentum.step_size", "finite and > 0"},
      {"trimmed_mean, fraction < 0", [] { bind_averager(trimmed_mean{-0.1}); },
       "trimmed_mean.fraction", "in [0, 0.5)"},
      {"trimmed_mean, fraction = 0.5", [] { bind_averager(trimmed_mean{0.5}); },
       "trimmed_mean.fraction", "use coordinate_median"},
      {"trimmed_mean, fraction not a number", [] { bind_averager(trimmed_mean{not_a_number}); },
       "trimmed_mean.fraction", "in [0, 0.5)"},
      {"top_k, fraction = 0", [] { bind_compressor(top_k{0}); }, "top_k.fraction", "in (0, 1]"},
      {"top_k, fraction > 1", [] { bind_compressor(top_k{1.5}); }, "top_k.fraction", "in (0, 1]"},
      {"top_k, fraction not a number", [] { bind_compressor(top_k{not_a_number}); },
       "top_k.fraction", "in (0, 1]"},
      // 0.01·10 rounds to 0; 0.05 = 1/(2·10)
      {"top_k, less than one coordinate", [] { bind_compressor(top_k{0.01}); }, "top_k.fraction",
       "at least 0.05 to send at least one of 10 coordinates"},
      {"top_k, too many coordinates", [] { bind_compressor(top_k{0.5}, std::size_t{1} << 32U); },
       "objective.dimension()", "at most 2^32 - 1 with top_k"},
      {"random_k, fraction < 0", [] { bind_compressor(random_k{-1}); }, "random_k.fraction",
       "in (0, 1]"},
      {"random_k, less than one coordinate", [] { bind_compressor(random_k{0.01}); },
       "random_k.fraction", "at least 0.05"},
      {"quantized to 1 bit", [] { bind_compressor(quantized{1}); }, "quantized.bits",
       "from 2 to 16"},
      {"quantized to 17 bits", [] { bind_compressor(quantized{17}); }, "quantized.bits",
       "use identity"},
  };
  support::check_settings(rows);
}
