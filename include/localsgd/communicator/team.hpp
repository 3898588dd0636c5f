// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/communicator/traffic.hpp"
#include "localsgd/core/index_range.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

/// @file
/// @brief The interface of a thread to all other threads of a run.

namespace localsgd::detail {

/// @brief Completes a reduction whose result is not used.
struct nothing_to_complete {
  template <class Range>
  constexpr bool operator()(std::size_t, Range const&) const noexcept {
    return true;
  }
};

/// @brief One thread of a run, on any number of ranks: the interface on which protocols are based.
///
/// Each thread runs the same program from start to end. *Collective* calls are made by all threads
/// of all ranks in the same order. The threads of a rank share their memory.
///
/// | expression                       | meaning                                                   |
/// |----------------------------------|-----------------------------------------------------------|
/// | `T::one_process`                 | whether all threads share one memory                      |
/// | `T::keeps_time`                  | whether the time of the run is `t.seconds()`; then        |
/// |                                  | `t.arrive(…)` and `t.spend(…)` record the work            |
/// | `t.thread()`, `t.threads()`      | my number among the threads of all ranks, and how many    |
/// |                                  | there are                                                 |
/// | `t.leads()`                      | whether I act for my process: exactly one thread does     |
/// | `t.workers()`                    | the `index_range` of workers that I carry, ascending with |
/// |                                  | `thread()`; exactly one thread carries each worker        |
/// | `t.total_workers()`              | K                                                         |
/// | `t.barrier()`                    | collective: writes by the threads of my process before it |
/// |                                  | are visible to all of them after it                       |
/// | `t.broadcast(v)`                 | collective: every thread gets thread 0's int              |
/// | `t.broadcast_here(v)`            | collective: every thread gets its leader's int, which is  |
/// |                                  | equal on all ranks: nothing is sent                       |
/// | `t.all_gather(values, owned)`    | collective: every thread gets the values in range         |
/// |                                  | owned(i) from thread i; the ranges ascend and cover all.  |
/// |                                  | Shared memory was written before the last collective call |
/// | `t.all_gather_v(messages)`       | collective: every thread gets the bytes `messages[k]` from |
/// |                                  | the thread that carries worker k; lengths may differ      |
/// | `t.gather_v(messages)`           | collective: the process of thread 0 gets them             |
/// | `t.split(d, work)`               | collective: calls `work(first, last)` on ranges that      |
/// |                                  | cover the d coordinates in each process; returns whether  |
/// |                                  | all calls returned true                                   |
/// | `t.start_reduce(rows, d)`,       | collective: `work(rows, first, last, begin, slice)`       |
/// | `t.finish_reduce(rows, out,      | computes out from K vectors, for disjoint ranges that     |
/// |   work, complete)`               | cover all; rows[k] is set for my workers. Then, in each   |
/// |                                  | process, `complete(first, out_range)` is called on ranges |
/// |                                  | that cover all. Returns whether both found all numbers    |
/// |                                  | finite. In between, rows must not change                  |
/// | `t.sum(parts, total)`            | collective: total ← Σ_p parts[p], in the order of p       |
/// | `t.count<Scalar>(d)`             | counts the sum of vectors of length d if nothing is       |
/// |                                  | really sent                                               |
/// | `t.cancelled()`                  | whether the run has been cancelled                        |
/// | `t.max_staleness()`              | for asynchronous runs, how far ahead of others a worker   |
/// |                                  | may be, if bounded                                        |
/// | `t.sent()`                       | the traffic counted so far; it can be reset               |
///
/// In `work(rows, first, last, begin, slice)`, coordinate i of the whole vectors is index
/// i − begin of every row and of the slice; first … last−1 are such indices.
///
/// The bits of reductions and sums do not depend on the number of threads and ranks: terms are
/// added in the order of workers (or parts), and threads split coordinates at cache lines.
template <class T>
concept Team = requires(T& t, T const& c, std::span<std::vector<double> const> parts,
                        std::span<double> total, std::span<std::vector<std::byte>> messages,
                        int answer) {
  { T::one_process } -> std::convertible_to<bool>;
  { T::keeps_time } -> std::convertible_to<bool>;
  { c.thread() } -> std::same_as<std::size_t>;
  { c.threads() } -> std::same_as<std::size_t>;
  { c.leads() } -> std::same_as<bool>;
  { c.workers() } -> std::same_as<index_range>;
  { c.total_workers() } -> std::same_as<std::size_t>;
  { t.barrier() } -> std::same_as<void>;
  { t.broadcast(answer) } -> std::same_as<int>;
  { t.broadcast_here(answer) } -> std::same_as<int>;
  { t.all_gather_v(messages) } -> std::same_as<void>;
  { t.gather_v(messages) } -> std::same_as<void>;
  { t.sum(parts, total) } -> std::same_as<void>;
  { c.cancelled() } -> std::same_as<bool>;
  { t.sent() } -> std::same_as<traffic&>;
};

}  // namespace localsgd::detail
