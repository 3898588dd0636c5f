// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/synchronizer/overlap.hpp"
#include "localsgd/synchronizer/concept.hpp"
#include "localsgd/synchronizer/mpi_team.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>

/// @file
/// @brief Ranks whose averages travel while the next local steps are made.

namespace localsgd {

/// @brief One thread of one rank of a team that does not wait for its averages.
///
/// After round r worker k goes on from x̄_{r−1} + Δ_k, Δ_k its own change in round r; the mean of
/// these points, x̄_r = x̄_{r−1} + Σ w_k Δ_k, is on its way meanwhile and gets to it one round later:
/// a delay of H steps. What is under way lands before an evaluation and before an anchor moves. One
/// more vector per worker: the point it last went on from. An average that is not finite is noticed
/// one round later.
///
/// With `averaging::fast` all of it travels meanwhile; with `reproducible` the points do, K·D·(R−1)/R
/// bytes, and the mean, (R−1)·D, is waited for at the end of the next round. How much moves while
/// nobody calls MPI is up to the implementation and the network.
class overlapped_mpi_team : private mpi_team {
 public:
  using mpi_team::mpi_team;

  using averages_travel = void;  // the consensus and the sequences are not all of the state

  using mpi_team::agree;
  using mpi_team::average;
  using mpi_team::exchange_bytes;
  using mpi_team::finite;
  using mpi_team::leads;
  using mpi_team::member;
  using mpi_team::members;
  using mpi_team::share;
  using mpi_team::sum;
  using mpi_team::workers;

  template <class Scalar, class Averager>
  bool exchange(iterates<Scalar>& x, Averager& averager, std::uint64_t t) {
    overlap_.end_round(t);
    land();
    if (!finite()) return false;
    // Until it lands, the points are what is averaged; the sequences have lent x.local till here.
    return overlap_.move_on(
        x, workers(), mpi_team::settle(x), Averager::keeps_mean && alone(), [&] {
          start_average(x);
          landing_ = [this, &x, &averager] { finish_average(x, averager); };
          return true;
        });
  }

  template <class Scalar>
  std::span<Scalar const> point(iterates<Scalar>& x, std::size_t worker) {
    return overlap_.point(worker - workers().first, mpi_team::settle(x));
  }
  template <class Scalar>
  std::span<Scalar const> settle(iterates<Scalar>& x) {
    land();
    return mpi_team::settle(x);
  }
  template <class Scalar>
  void resume(iterates<Scalar>& x, std::span<Scalar const> from) {
    land();
    mpi_team::resume(x, from);
    overlap_.resume(from);
  }

  std::uint64_t delay() const noexcept { return overlap_.delay(alone()); }

 private:
  bool alone() const noexcept { return shared().workers == 1; }  // nothing to average

  // Collective: the average that is under way, if there is one, becomes the consensus.
  void land() {
    if (auto const landing = std::exchange(landing_, nullptr)) landing();
  }

  detail::overlap overlap_;
  std::function<void()> landing_;
};
static_assert(Team<overlapped_mpi_team, double> && Team<overlapped_mpi_team, float>);

}  // namespace localsgd
