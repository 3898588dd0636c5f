// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/communicator/team.hpp"
#include "localsgd/communicator/threads/barrier.hpp"
#include "localsgd/communicator/threads/open_reduction.hpp"
#include "localsgd/kernels/combine.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <span>
#include <vector>

/// @file
/// @brief The threads of one process, and how to run a program on each.

namespace localsgd::detail {

/// @brief What the threads of one process share in a run.
struct thread_state {
  thread_state(std::size_t all_workers, std::size_t all_threads)
      : workers(all_workers),
        threads(all_threads),
        meeting(all_threads),
        reduction(all_threads),
        flags(all_threads) {}

  struct alignas(64) flag {  // one per thread, on its own cache line
    bool finite = true;
    std::size_t entries = 0;
    std::exception_ptr failure;
  };

  void cancel() noexcept {
    meeting.cancel();
    reduction.cancel();
  }
  bool all_finite() const noexcept {
    return std::ranges::all_of(flags, [](flag const& f) { return f.finite; });
  }

  std::size_t workers, threads;
  std::optional<std::uint64_t> max_staleness;  ///< Of asynchronous runs.
  barrier meeting;
  open_reduction reduction;
  std::vector<flag> flags;
  int answer = 0;
};

/// @brief One thread of a run in one process: a Team in shared memory. A reduction is two barriers.
///
/// Nothing is sent here. What is counted is what K ranks of one worker each would send: 2(K−1)
/// vectors for each reduction, K−1 copies of each message.
class thread_team {
 public:
  static constexpr bool one_process = true, keeps_time = false;

  thread_team(thread_state& state, std::size_t thread) : state_(&state), thread_(thread) {}

  std::size_t thread() const noexcept { return thread_; }
  std::size_t threads() const noexcept { return state_->threads; }
  bool leads() const noexcept { return thread_ == 0; }
  std::size_t total_workers() const noexcept { return state_->workers; }
  index_range workers() const noexcept { return even_split(total_workers(), threads(), thread_); }
  bool cancelled() const noexcept { return state_->meeting.is_cancelled(); }
  std::optional<std::uint64_t> max_staleness() const noexcept { return state_->max_staleness; }
  traffic& sent() noexcept { return sent_; }

  void barrier() { state_->meeting.arrive_and_wait(); }

  int broadcast(int answer) {
    if (thread_ == 0) state_->answer = answer;
    barrier();
    int const agreed = state_->answer;
    barrier();  // before anybody can overwrite it
    return agreed;
  }
  template <class Value, class Owned>
  void all_gather(std::span<Value>, Owned const&) const noexcept {}
  void all_gather_v(std::span<std::vector<std::byte>> messages) {
    barrier();
    for (auto const& message : messages) sent_.bytes += others() * message.size();
  }

  /// @brief Collective: what everybody wrote before is there; `work(first, last)` on each thread's
  ///        coordinates of d; and all of it is done.
  template <class Scalar, class Work>
  bool split(std::size_t dimension, Work const& work) {
    barrier();
    auto const [first, last] = coordinates_of<Scalar>(dimension, threads(), thread_);
    state_->flags[thread_].finite = work(first, last);
    barrier();
    return state_->all_finite();
  }

  template <class Element>
  void start_reduce(std::span<std::span<Element> const>, std::size_t) const noexcept {}

  template <class Element, class Scalar, class Work, class Complete = nothing_to_complete>
  bool finish_reduce(std::span<std::span<Element> const> rows, std::span<Scalar> out,
                     Work const& work, Complete const& complete = {}) {
    count<Scalar>(out.size());
    return split<Scalar>(out.size(), [&](std::size_t first, std::size_t last) {
      return work(rows, first, last, std::size_t{0}, out) &&
             complete(first, out.subspan(first, last - first));
    });
  }

  /// @brief The same without a wait at the start: threads go on once they have published.
  void start_open_reduce() noexcept { state_->reduction.publish(); }
  /// @param number of this reduction, from 0
  template <class Element, class Scalar, class Work, class Complete>
  bool finish_open_reduce(std::uint64_t number, std::span<std::span<Element> const> rows,
                          std::span<Scalar> out, Work const& work, Complete const& complete) {
    count<Scalar>(out.size());
    return state_->reduction.finish(number, [&](std::size_t i) {
      auto const [first, last] = coordinates_of<Scalar>(out.size(), threads(), i);
      return work(rows, first, last, std::size_t{0}, out) &&
             complete(first, out.subspan(first, last - first));
    });
  }

  void sum(std::span<std::vector<double> const> parts, std::span<double> total) {
    split<double>(total.size(), [&](std::size_t first, std::size_t last) {
      ordered_sum(parts, first, last, total.data());
      return true;
    });
  }

  /// @brief Counts a reduction of vectors of that length.
  template <class Scalar>
  void count(std::size_t length) noexcept {
    sent_.bytes += 2 * others() * length * sizeof(Scalar);
  }
  /// @brief Inside the work of a split: so many entries of vectors were exchanged.
  void note_entries(std::size_t entries) noexcept { state_->flags[thread_].entries = entries; }
  /// @brief After that split: counts what all noted, each with its index of 4 bytes; or whole vectors
  ///        of length d where these take less.
  void count_entries(std::size_t d) noexcept {
    std::uint64_t entries = 0;
    for (auto const& flag : state_->flags) entries += flag.entries;
    sent_.bytes += 2 * others() * std::min<std::uint64_t>(
                       entries * (sizeof(double) + sizeof(std::uint32_t)), d * sizeof(double));
  }

 protected:
  thread_state& state() const noexcept { return *state_; }
  std::uint64_t others() const noexcept { return state_->workers - 1; }

 private:
  thread_state* state_;
  std::size_t thread_;
  traffic sent_;
};
static_assert(Team<thread_team>);

/// @brief Runs `program(i)` on every thread i, and rethrows what the lowest one threw.
///
/// @param host `host(threads, f)` calls f(0) … f(threads−1), each on a thread of its own and all at
///             the same time, and returns when all have returned. f never throws.
template <class Host, class Program>
void run_threads(thread_state& state, Host&& host, Program const& program) {
  host(state.threads, [&](std::size_t i) noexcept {
    try {
      program(i);
    } catch (cancelled const&) {  // somebody else has failed
    } catch (...) {
      state.flags[i].failure = std::current_exception();
      state.cancel();
    }
  });
  // Threads carry ascending ranges of workers: the lowest thread's failure is the lowest worker's.
  for (auto& flag : state.flags)
    if (flag.failure) std::rethrow_exception(flag.failure);
}

/// @brief The calling thread alone.
struct calling_thread {
  static std::size_t threads() noexcept { return 1; }
  template <class F>
  void operator()(std::size_t, F const& f) const {
    f(0);
  }
};

}  // namespace localsgd::detail
