// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/averager/concept.hpp"
#include "localsgd/run/exchange.hpp"
#include "localsgd/run/recorder.hpp"
#include "localsgd/core/error.hpp"
#include "localsgd/schedule/concept.hpp"
#include "localsgd/synchronizer/concept.hpp"
#include "localsgd/worker/concept.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

/// @file
/// @brief The algorithm. Everything else is behind a door.

namespace localsgd {

/// @brief Algorithms 1 and 2 of \cite stich2019local, as every member of a team runs them: K
///        workers make SGD steps on their own, and come together at the sync times.
///
/// What tells the two algorithms apart is the team's `exchange` alone: a synchronous team waits for
/// all x_k and hands everybody their average, an asynchronous one adds each worker's own change to
/// the aggregate and reads it back.
///
/// @param workers the sequences x_k; this member uses those of the workers that it owns
/// @param anchor  what the sequences of variance-reduced workers share; others have none
/// @param x       the points that all members can see
/// @param record  evaluates f now and then, and decides with all members whether to end
/// @throws invalid_settings if the schedule does not go forward; what user code throws
template <class Workers, class Anchor, Schedule S, class A, class T, class Record>
void local_sgd(T& team, Workers& workers, Anchor& anchor, S const& schedule,
               A& averager, iterates<typename Record::scalar>& x, std::uint64_t steps,
               Record& record) {
  detail::recorder recorder(record, team, workers, anchor, x);
  detail::checkpoints checkpoints(team, workers, anchor, averager, x, recorder, record);
  std::uint64_t t = 0, rounds = 0;
  checkpoints.resume(t, rounds);

  for (;;) {
    anchor.renew(team, record.gradient, workers, x, t);  // svrg, now and then: x̃ ← x̄, with ∇f(x̃)
    if (recorder.ends(t, rounds)) break;  // all members decide together, from equal values
    std::uint64_t const sync = std::min(recorder.next(schedule, t), steps);  // T is a sync time
    detail::require(sync > t, "schedule.next(" + std::to_string(t) + ")", sync, "> its argument");

    detail::advance(team, workers, x, recorder, t, sync);  // x_k: local steps t, …, sync − 1
    checkpoints.decide(sync, rounds + 1);
    // x̄ ← Σ w_k x_k, or X ← X + w_k Δx_k; and x_k ← x̄, or X
    detail::exchange(team, workers, anchor, averager, x, recorder, record, sync, rounds);
    t = sync;
    ++rounds;
    checkpoints.keep(t, rounds);
  }
  checkpoints.end();
}

}  // namespace localsgd
