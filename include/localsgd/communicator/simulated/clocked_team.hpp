// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/communicator/simulated/event_order.hpp"
#include "localsgd/communicator/simulated/virtual_cluster.hpp"
#include "localsgd/communicator/threads/thread_team.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>

/// @file
/// @brief Threads with the virtual clock of a simulated cluster.

namespace localsgd::detail {

/// @brief A thread_team with a virtual clock.
///
/// | expression                  | meaning                                                        |
/// |-----------------------------|----------------------------------------------------------------|
/// | `t.seconds()`               | the time of the run                                            |
/// | `t.arrive(t, work)`         | collective, before each exchange: my workers have made their   |
/// |                             | steps up to t; work(k, s) is the number of component gradients |
/// |                             | of worker k for steps with s samples                           |
/// | `t.depart(travels)`         | collective, after it: charges the time of what was sent since  |
/// |                             | arrive(); if `travels`, to the next steps                      |
/// | `t.already_charged(bytes)`  | this many of the bytes sent belong to an overlapped average    |
/// |                             | and have been charged                                          |
/// | `t.arrive_in_groups(t,      | collective: my workers have made their steps up to t, and      |
/// |   work, groups)`            | each group of workers averages                                 |
/// | `t.spend(gradients)`        | thread 0, while all wait: charges the time of this many        |
/// |                             | component gradients per worker, and of what was sent since the |
/// |                             | last call                                                      |
class clocked_team : public thread_team {
 public:
  static constexpr bool keeps_time = true;

  clocked_team(thread_state& state, std::size_t thread, virtual_cluster& clock)
      : thread_team(state, thread), clock_(&clock) {}

  double seconds() const noexcept { return clock_->seconds(); }

  /// @brief On thread 0, when all bytes sent have been charged: passes the clock to the archive of
  ///        a checkpoint.
  template <class Archive>
  void clock_state(Archive& archive) {
    archive(*clock_);
  }
  /// @brief On every thread: continues the run after t steps.
  void resume_clock(std::uint64_t t) noexcept { steps_ = t; }

  template <class Work>
  void arrive(std::uint64_t t, Work const& work) {
    std::uint64_t const steps = t - std::exchange(steps_, t);
    double const samples = static_cast<double>(steps * clock_->shape().batch_size);
    for (std::size_t k = workers().first; k != workers().last; ++k)
      clock_->computed(k, clock_->draw(k, work(k, samples)), steps);
    before_ = sent().bytes;
    barrier();
  }
  void depart(bool travels) {
    // An average in progress is not counted yet, so an uncompressed vector is assumed.
    if (leads())
      clock_->average(travels, travels ? clock_->shape().vector_bytes : vector_bytes());
    barrier();
  }
  void already_charged(std::uint64_t bytes) noexcept { before_ += bytes; }
  template <class Work>
  void arrive_in_groups(std::uint64_t t, Work const& work, std::size_t groups) {
    arrive(t, work);
    if (leads()) clock_->average_in_groups(groups);
    barrier();
  }
  void spend(std::uint64_t gradients) {
    clock_->rendezvous(static_cast<double>(gradients), vector_bytes());
  }

 private:
  // The size of a vector whose average takes the bytes that were sent since the last call.
  double vector_bytes() {
    double const copies = 2 * static_cast<double>(others());
    double const bytes = static_cast<double>(sent().bytes - std::exchange(before_, sent().bytes));
    return copies == 0 ? clock_->shape().vector_bytes : bytes / copies;
  }

  virtual_cluster* clock_;
  std::uint64_t steps_ = 0, before_ = 0;
};
static_assert(Team<clocked_team>);

/// @brief The only thread of a run whose workers access the aggregate in virtual time.
class ordered_team : public clocked_team {
 public:
  using virtual_order = void;

  ordered_team(thread_state& state, std::size_t thread, virtual_cluster& clock, event_order& order)
      : clocked_team(state, thread, clock), order_(&order), last_step_(clock.shape().steps) {}

  event_order& order() const noexcept { return *order_; }
  template <class Archive>
  void clock_state(Archive& archive) {
    clocked_team::clock_state(archive);
    archive(*order_);
  }
  std::uint64_t last_step() const noexcept { return last_step_; }  ///< T of each worker.

 private:
  event_order* order_;
  std::uint64_t last_step_;
};

}  // namespace localsgd::detail
