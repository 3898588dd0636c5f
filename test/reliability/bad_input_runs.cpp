// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE reliability_bad_input_runs
#include "test/support/bad_input.hpp"

#include "localsgd/averager/coordinate_median.hpp"
#include "localsgd/averager/server_momentum.hpp"
#include "localsgd/compressor/top_k.hpp"
#include "localsgd/minimize.hpp"
#include "localsgd/objective/quadratic.hpp"
#include "localsgd/planning/lambda_sequence.hpp"
#include "localsgd/planning/measure_constants.hpp"
#include "localsgd/sampler/sharded.hpp"
#include "localsgd/schedule/adaptive.hpp"
#include "localsgd/step_size/constant_step.hpp"
#include "localsgd/synchronizer/asynchronous.hpp"
#include "localsgd/synchronizer/overlapped.hpp"
#include "localsgd/synchronizer/serial.hpp"
#include "localsgd/synchronizer/simulated.hpp"
#include "localsgd/synchronizer/thread_pool.hpp"
#include "localsgd/warm_start.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

using namespace localsgd;
using support::bad_input;
using support::make;
using support::not_a_number;

namespace {

using numbers = std::vector<double>;

/// 100 samples, two coordinates.
quadratic<> const& f() {
  static quadratic<> const of_two({.spectrum = {1, 2}});
  return of_two;
}

/// Runs that are rejected need no gradient.
struct without_gradients {
  using scalar = double;
  std::size_t n = 100, d = 2;
  std::size_t dimension() const { return d; }
  std::size_t samples() const { return n; }
  double gradient(std::span<double const>, std::span<std::size_t const>, std::span<double>) const {
    BOOST_ERROR("the run began");
    return 0;
  }
};
template <class... Components>
void run(settings const& s, Components&&... components) {
  minimize(without_gradients{}, s, constant_step(0.1), components...);
}

struct stuck {
  std::uint64_t next(std::uint64_t t) const { return t; }
};

}  // namespace

BOOST_AUTO_TEST_CASE(settings_that_do_not_fit_the_objective_are_rejected) {
  constexpr bad_input rows[] = {
      {"no workers", [] { run({.workers = 0}, serial{}); }, "workers", ">= 1"},
      {"epochs not a number", [] { run({.epochs = not_a_number}, serial{}); }, "epochs",
       "finite and >= 0"},
      {"a batch larger than the data", [] { run({.batch_size = 101}, serial{}); }, "batch_size",
       "at most the number of samples, 100"},
      {"an objective without samples",
       [] {
         minimize(without_gradients{0, 2}, {}, constant_step(0.1), serial{});
       },
       "objective.samples()", ">= 1"},
      {"an objective without coordinates",
       [] {
         minimize(without_gradients{100, 0}, {}, constant_step(0.1), serial{});
       },
       "objective.dimension()", ">= 1"},
      {"a start of another dimension",
       [] {
         run({}, serial{}, warm_start(numbers{1, 2, 3}));
       },
       "warm_start.x().size()", "the dimension of the objective, 2"},
      {"more workers than samples for shards", [] { run({.workers = 101}, serial{}, sharded<>{}); },
       "workers", "at most the number of samples, 100"},
      {"a schedule that does not advance",
       [] { minimize(f(), {}, constant_step(0.1), serial{}, stuck{}); }, "schedule.next(0)", "> 0"},
      {"an adaptive schedule without evaluations", [] { run({}, serial{}, adaptive(10)); },
       "evaluations", "or a tolerance set, for a schedule that depends on the objective"},
      {"too few coordinates for a compressor", [] { run({}, serial{}, top_k{0.01}); },
       "top_k.fraction", "at least 0.25 to send at least one of 2 coordinates"},
      {"too much momentum", [] { run({}, serial{}, server_momentum{.beta = 1}); },
       "server_momentum.beta", "in [0, 1)"},
  };
  support::check_settings(rows);
}

BOOST_AUTO_TEST_CASE(components_that_do_not_fit_the_synchronizer_are_rejected) {
  constexpr bad_input rows[] = {
      {"momentum in an asynchronous run", [] { run({}, asynchronous{1}, server_momentum{}); },
       "averager", "mean or weighted_mean in asynchronous runs"},
      {"a median in an asynchronous run", [] { run({}, asynchronous{1}, coordinate_median{}); },
       "averager", "mean or weighted_mean in asynchronous runs"},
      {"compression in an asynchronous run", [] { run({}, asynchronous{1}, top_k{1}); },
       "compressor", "compression needs a synchronous run"},
      {"compression in an overlapped run", [] { run({}, overlapped{1}, top_k{1}); }, "compressor",
       "compression needs a synchronous run"},
      {"compression with a median", [] { run({}, serial{}, top_k{1}, coordinate_median{}); },
       "compressor", "omitted, because averager coordinate_median needs the points"},
      {"no threads", [] { make<thread_pool>(5000u); }, "threads", "from 1 to 4096"},
      {"a cluster without gradients", [] { run({}, simulated{cluster{}}); },
       "cost_model.gradient_seconds", "finite and > 0"},
      {"several workers on an asynchronous machine",
       [] {
         run({.workers = 4},
             simulated_asynchronous{cluster{.costs = {1e-6, 1e-6, 1e9, topology::tree, 2}}});
       },
       "cluster.costs.members", "in asynchronous runs"},
      {"bursts in an asynchronous run",
       [] {
         run({.workers = 4}, simulated_asynchronous{cluster{
                                 .costs = {1e-6, 1e-6, 1e9, topology::tree}, .burst_bytes = 1}});
       },
       "cluster.burst_bytes", "0 in asynchronous runs"},
  };
  support::check_settings(rows);
}

BOOST_AUTO_TEST_CASE(sequences_of_penalties_and_measurements_out_of_range_are_rejected) {
  constexpr bad_input rows[] = {
      {"a sequence from 0", [] { static_cast<void>(geometric_sequence(0, 0.1, 10)); }, "max",
       "finite and > 0"},
      {"a ratio of 1", [] { static_cast<void>(geometric_sequence(1, 1, 10)); }, "min_ratio",
       "in (0, 1)"},
      {"a sequence to 0", [] { static_cast<void>(geometric_sequence(1e-300, 1e-300, 10)); },
       "min_ratio", "large enough that max*min_ratio > 0"},
      {"an empty sequence", [] { static_cast<void>(geometric_sequence(1, 0.1, 0)); }, "count",
       ">= 1"},
      {"one sample",
       [] {
         static_cast<void>(measure_constants(f(), numbers{0, 0}, {.samples = 1}));
       },
       "samples", ">= 2"},
      {"a run that diverged",
       [] {
         result<double> r;
         r.reason = stop_reason::diverged;
         static_cast<void>(measure_constants(f(), r));
       },
       "result.reason", "that of a usable run"},
  };
  support::check_settings(rows);
  constexpr bad_input points[] = {
      {"a point of another dimension",
       [] {
         static_cast<void>(measure_constants(f(), numbers{0, 0, 0}));
       },
       "x", "2, the dimension of the objective"},
      {"a point not a number",
       [] {
         static_cast<void>(measure_constants(f(), numbers{0, not_a_number}));
       },
       "x[1]", "a finite number"},
      {"no points", [] { static_cast<void>(measure_constants(f(), std::vector<numbers>{})); },
       "points", "at least one"},
  };
  support::check_data(points);
}
