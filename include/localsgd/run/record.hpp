// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/checkpoint/no_checkpoint.hpp"
#include "localsgd/core/cache_aligned.hpp"
#include "localsgd/core/tensor.hpp"
#include "localsgd/evaluation/assemble_average.hpp"
#include "localsgd/certificate/certifier.hpp"
#include "localsgd/evaluation/full_gradient.hpp"
#include "localsgd/objective/concept.hpp"
#include "localsgd/objective/regularized.hpp"
#include "localsgd/observer/concept.hpp"
#include "localsgd/result.hpp"
#include "localsgd/run/group_averages.hpp"
#include "localsgd/settings.hpp"

#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

/// @file
/// @brief The record of a run, shared by the threads of a process.

namespace localsgd::detail {

/// @brief A clock that can be stopped. Seconds.
class stopwatch {
 public:
  void stop() { seconds_ += running(); }
  void start() { since_ = clock::now(); }
  double seconds() const noexcept { return seconds_; }
  double total() const { return seconds_ + running(); }  ///< Also valid while the clock runs.
  void resume(double seconds) {
    seconds_ = seconds;
    start();
  }

 private:
  using clock = std::chrono::steady_clock;
  double running() const { return std::chrono::duration<double>(clock::now() - since_).count(); }
  clock::time_point since_ = clock::now();
  double seconds_ = 0;
};

/// @brief The record of one run, shared by all threads of a process and written by the leader.
template <Objective F, Observer O, class Checkpoint = no_checkpoint>
struct run_record {
  using scalar = typename F::scalar;
  using checkpoint_type = Checkpoint;
  static constexpr bool has_domain = proximal<F>;  ///< r may be infinite

  run_record(F const& objective, plan const& the_plan, O& the_observer, result<scalar>& the_outcome)
      : f(&objective),
        p(&the_plan),
        observer(&the_observer),
        outcome(the_outcome),
        gradient(objective, the_plan),
        bound(objective, the_plan, gradient),
        averages(the_plan.workers),
        average(the_plan.dimension),
        drift(the_plan.workers) {}

  F const* f;
  plan const* p;
  O* observer;
  result<scalar>& outcome;
  stopwatch watch;
  full_gradient gradient;
  certifier<F> bound;
  average_rows<scalar> averages;
  group_averages<scalar> groups;
  aligned_vector<scalar> average;  // x̂, assembled at evaluations
  aligned_vector<scalar> landed;   // the consensus, moved to where r is finite; for has_domain
  std::uint64_t bytes_before = 0;  // of all processes, before a checkpoint was resumed
  std::uint64_t exchanges_before = 0;
  std::vector<std::uint64_t> sent;  // bytes, for every thread that leads
  std::vector<double> drift;  // ‖x_k − x̄‖² of every worker just before the last average
  // Its points: each is the last point or the average.
  std::span<scalar const> last, weighted, best;

  checkpoint_record<Checkpoint, scalar> checkpoints;
  std::uint64_t next_due = 0, before = 0;  // equal to those of every recorder, in a checkpoint

  /// @brief The bytes sent by all processes, also before a checkpoint was resumed.
  std::uint64_t all_bytes() const noexcept {
    std::uint64_t all = bytes_before;
    for (std::uint64_t const each : sent) all += each;
    return all;
  }

  /// @brief Collective: moves x, a vector of this record, to where r is finite.
  template <class T>
  void land(T& team, aligned_vector<scalar>& x) const {
    if constexpr (has_domain) {
      if (team.leads()) move_into_domain(*f, std::span<scalar>(x));
      team.barrier();
    }
  }

  template <class Archive>
  void state(Archive& archive) {
    double seconds = watch.total();
    archive(bound, drift, next_due, before, outcome.objective, outcome.certificate, outcome.history,
            seconds, bytes_before, exchanges_before);
    watch.resume(seconds);
  }

  /// @brief Completes the outcome of a finished run.
  void complete_outcome() {
    outcome.average = to_vector<scalar>(weighted);
    outcome.x = to_vector<scalar>(best);
  }
};

}  // namespace localsgd::detail
