// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/checkpoint/no_checkpoint.hpp"
#include "localsgd/core/compiler.hpp"
#include "localsgd/core/error.hpp"
#include "localsgd/run/recorder.hpp"
#include "localsgd/run/round.hpp"
#include "localsgd/schedule/concept.hpp"

#include <algorithm>
#include <cstdint>
#include <string>

/// @file
/// @brief The algorithm. All other parts are behind interfaces.

namespace localsgd {

namespace detail {

[[noreturn]] LOCALSGD_COLD inline void refuse_sync_time(std::uint64_t t, std::uint64_t next) {
  refuse_setting("schedule.next(" + std::to_string(t) + ")", next, "> " + std::to_string(t));
}

}  // namespace detail

/// @brief Algorithms 1 and 2 of \cite stich2019local, as executed by every thread of a run: K
///        workers make independent SGD steps and synchronise at the sync times.
///
/// The two algorithms differ only in the exchange of the protocol: a synchronous exchange waits for
/// all x_k and gives all workers their average; an asynchronous one adds the change of each worker
/// to the aggregate and reads the result.
///
/// @param round     the workers of this thread, the shared points, and the protocol
/// @param schedule  the sync times
/// @param step_size η_t
/// @param steps     T
/// @param record    evaluates f from time to time, and decides with all threads whether to end
/// @throws invalid_settings if the schedule does not advance; exceptions of user code
template <class Round, Schedule S, class E, class Record>
void local_sgd(Round& round, S const& schedule, E const& step_size, std::uint64_t steps,
               Record& record) {
  using recorder_type = detail::recorder<Record, Round>;
  recorder_type recorder(record, round);
  detail::checkpoints<typename Record::checkpoint_type, Round, recorder_type, Record> checkpoints(
      round, recorder, record);
  checkpoints.resume();

  for (;;) {
    if (!round.regroup(recorder)) return;
    round.hook().before_round(round);  // variance-reduced workers, when due: x̃ ← x̄, with ∇f(x̃)
    bool over = recorder.ends();  // all threads reach the same decision from equal values
    while (!over && detail::moves_before_steps(round.hook(), round))
      over = recorder.evaluates_and_ends();
    if (over) break;
    std::uint64_t const t = round.steps();
    std::uint64_t const sync = std::min(recorder.next(schedule, t), steps);  // T is a sync time
    if (!(sync > t)) detail::refuse_sync_time(t, sync);

    checkpoints.begin(sync, round.rounds() + 1);
    if constexpr (detail::averages_in_groups<S>)
      for (std::uint64_t u = schedule.next_inside(t); u < sync; u = schedule.next_inside(u))
        round.average_in_groups(u, schedule.groups());
    round.advance(recorder, sync, step_size);  // x_k: local steps t, …, sync − 1
    checkpoints.decide(sync, round.rounds() + 1);
    // x̄ ← Σ w_k x_k, or X ← X + w_k Δx_k; and x_k ← x̄, or X
    round.exchange(recorder, sync, step_size);
    checkpoints.keep();
  }
  round.end_rounds();
  checkpoints.end();
}

}  // namespace localsgd
