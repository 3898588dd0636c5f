// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/kernels/combine.hpp"
#include "localsgd/synchronizer/concept.hpp"
#include "localsgd/worker/concept.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

/// @file
/// @brief How the workers come together: by whole vectors, or by the coordinates that were touched.

namespace localsgd::detail {

/// @brief Averages of single coordinates, and which of them are done in this round: 4 bytes each.
class touched_average {
 public:
  /// @brief v_kj ← v̄_j = v_0j + Σ_{k≥1} w_k (v_kj − v_0j) on all workers, for the touched j of
  ///        [first, last). Members call it for disjoint ranges.
  /// @return Whether every v̄_j is finite.
  template <class Workers>
  bool operator()(Workers& workers, std::span<double const> weights,
                  std::uint32_t round, std::size_t first, std::size_t last) {
    bool finite = true;
    for (auto const& worker : workers)
      worker.for_each_touched(first, last, [&](std::size_t j) {
        if (done_[j] == round) return;
        done_[j] = round;
        double const base = workers[0].coordinate(j);
        double sum = 0;
        for (std::size_t k = 1; k != workers.size(); ++k)
          sum += weights[k] * (workers[k].coordinate(j) - base);
        double const mean = base + sum;
        finite = finite && mean - mean == 0;
        for (auto& each : workers) each.move(j, mean);
      });
    return finite;
  }

  /// @brief Before the first round: member 0 only.
  void start(std::size_t dimension) { done_.assign(dimension, 0); }

 private:
  std::vector<std::uint32_t> done_;
};

/// @brief Whether a team steps its workers in an order of its own, with the exchanges in between.
template <class T, class Workers, class X>
concept orders_its_workers = requires(T& team, Workers& workers, X& x, std::uint64_t t,
                                      void (*drifted)(std::size_t)) {
  team.advance(workers, x, t, t, drifted);
};

/// @brief Local steps t, …, sync − 1 of my workers.
template <class Workers, class T, class X, class Recorder>
void advance(T& team, Workers& workers, X& x, Recorder& recorder, std::uint64_t t,
             std::uint64_t sync) {
  if constexpr (orders_its_workers<T, Workers, X>) {
    bool const measures_drift = recorder.measures_drift(sync);
    team.advance(workers, x, t, sync, [&](std::size_t k) {
      if (measures_drift) recorder.drift(k);
    });
  } else {
    index_range const mine = team.workers();
    for (std::size_t k = mine.first; k != mine.last; ++k) workers[k].advance(t, sync);
  }
}

/// @brief After local step `sync` of all workers: x̄ ← Σ w_k x_k and x_k ← x̄, or Algorithm 2's X.
///
/// Where few coordinates were touched only they are exchanged; the consensus as a vector is then
/// made only when somebody is going to look at it.
template <class Workers, class Anchor, class A, class T, class Recorder, class Record>
void exchange(T& team, Workers& workers, Anchor const& anchor, A& averager,
              iterates<typename Record::scalar>& x, Recorder& recorder, Record& record,
              std::uint64_t sync, std::uint64_t round) {
  using scalar = typename Record::scalar;
  if constexpr (orders_its_workers<T, Workers, iterates<scalar>>) {
    team.exchange(x, averager, sync);  // they have come already
    return;
  }
  if constexpr (requires { team.arrive(sync, sync); })
    team.arrive(sync, anchor.gradients_per_sample());
  index_range const mine = team.workers();
  bool const measures_drift = recorder.measures_drift(sync);
  if constexpr (TouchingSequence<typename Workers::value_type> && A::keeps_mean && requires {
                  team.template split<scalar>(sync, [](std::size_t, std::size_t) { return true; });
                }) {
    if (workers[mine.first].touches_few()) {
      bool const looked_at = measures_drift || anchor.due(sync);
      for (std::size_t k = mine.first; looked_at && k != mine.last; ++k)
        x.local[k] = workers[k].local();
      std::size_t const d = record.average.size();
      bool finite = true;
      if constexpr (requires { team.exchange_touched(workers, x.weights, d); })
        finite = team.exchange_touched(workers, x.weights, d);  // not all in one memory
      else
        finite = team.template split<scalar>(d, [&](std::size_t first, std::size_t last) {
          auto const stamp = static_cast<std::uint32_t>(round % 0xffffffff + 1);
          return record.touched(workers, x.weights, stamp, first, last);
        });
      if (!finite || !looked_at) return;
      // What nobody touched may still overflow, where the scale comes in.
      bool const whole = team.template split<scalar>(d, [&](std::size_t first, std::size_t last) {
        auto const out = std::span<scalar>(record.average).subspan(first, last - first);
        workers[mine.first].write(first, out);
        return all_finite<scalar const>(out);
      });
      if (!whole) return;
      team.resume(x, std::span<scalar const>(record.average));
      for (std::size_t k = mine.first; measures_drift && k != mine.last; ++k) recorder.drift(k);
      return;
    }
  }
  for (std::size_t k = mine.first; k != mine.last; ++k) x.local[k] = workers[k].local();
  bool const finite = team.exchange(x, averager, sync);
  for (std::size_t k = mine.first; finite && k != mine.last; ++k) {
    if (measures_drift) recorder.drift(k);
    workers[k].assign(team.point(x, k));
  }
}

}  // namespace localsgd::detail
