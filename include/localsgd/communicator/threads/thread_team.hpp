// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/communicator/team.hpp"
#include "localsgd/communicator/threads/barrier.hpp"
#include "localsgd/communicator/threads/open_reduction.hpp"
#include "localsgd/communicator/threads/team_size.hpp"
#include "localsgd/core/cache_aligned.hpp"
#include "localsgd/core/compiler.hpp"
#include "localsgd/io/preemptions.hpp"
#include "localsgd/kernels/combine.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <span>
#include <vector>

/// @file
/// @brief The threads of one process, and how to run a program on each.

namespace localsgd::detail {

/// @brief The data that the threads of one process share in a run.
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
    std::uint64_t published = 0;  // open reductions
    std::exception_ptr failure;
  };

  void cancel() noexcept {
    meeting.cancel();
    reduction.cancel();
    call_idle();
  }
  bool all_finite() const noexcept { return all_finite(threads); }
  /// @brief For the first n threads.
  bool all_finite(std::size_t n) const noexcept {
    for (std::size_t i = 0; i != n; ++i)
      if (!flags[i].finite) return false;
    return true;
  }
  static team_size::duration now() noexcept {
    return std::chrono::steady_clock::now().time_since_epoch();
  }
  void call_idle() noexcept {
    calls.fetch_add(1, std::memory_order_acq_rel);
    calls.notify_all();
  }

  std::size_t workers, threads;
  std::optional<std::uint64_t> max_staleness;  ///< For asynchronous runs.
  barrier meeting;
  open_reduction reduction;
  fixed_array<flag> flags;
  int answer = 0;

  // For thread_team::regroup().
  team_size size{threads, workers, now(), preemptions()};  // for thread 0
  std::array<std::atomic<std::size_t>, 2> wanted{threads, threads};  // in even and in odd rounds
  std::atomic<std::uint32_t> calls{0};  // to idle threads
  std::atomic<bool> over{false};
  std::array<std::uint64_t, 8> place{};  // the state of the run when all threads work again
};

/// @brief One thread of a run in one process: a Team in shared memory. A reduction is two barriers.
///
/// Nothing is actually sent. The traffic counted is what K ranks with one worker each would send:
/// 2(K−1) vectors for each reduction, K−1 copies of each message that all ranks receive.
class thread_team {
 public:
  static constexpr bool one_process = true, keeps_time = false;

  thread_team(thread_state& state, std::size_t thread)
      : state_(&state), thread_(thread), working_(state.threads) {}

  std::size_t thread() const noexcept { return thread_; }
  std::size_t threads() const noexcept { return working_; }  ///< Working threads: see regroup().
  bool leads() const noexcept { return thread_ == 0; }
  std::size_t total_workers() const noexcept { return state_->workers; }
  index_range workers() const noexcept { return even_split(total_workers(), threads(), thread_); }
  bool cancelled() const noexcept { return state_->meeting.is_cancelled(); }
  std::optional<std::uint64_t> max_staleness() const noexcept { return state_->max_staleness; }
  traffic& sent() noexcept { return sent_; }

  void barrier() { state_->meeting.arrive_and_wait(static_cast<std::uint32_t>(working_)); }

  /// @brief Collective, between two rounds: threads delayed by other programs become idle, the last
  ///        ones first, and work again later: see team_size. The others then carry all workers.
  ///
  /// At least one collective call must lie between two calls. The result is not affected.
  ///
  /// @param save `save(place)`, on thread 0, writes the state of the run, up to seven numbers
  /// @param load `load(place)` brings a thread that has been idle to that state
  /// @return false on a thread that was idle when the run ended
  /// @throws cancelled
  template <class Save, class Load>
  bool regroup(Save const& save, Load const& load) {
    return regroup(
        [&s = *state_] { return s.size.next(s.meeting.parked(), thread_state::now, preemptions); },
        save, load);
  }
  /// @brief The same, except that `next()`, on thread 0, decides how many threads work from the
  ///        next round on: all threads, or fewer than now.
  template <class Size, class Save, class Load>
  bool regroup(Size const& next, Save const& save, Load const& load) {
    thread_state& s = *state_;
    if (s.threads == 1) return true;
    // Thread 0 decides a round ahead: all threads can read after a barrier what it wrote before.
    std::size_t const now = round_++ % 2, size = s.wanted[now].load(std::memory_order_relaxed);
    if (thread_ == 0) s.wanted[1 - now].store(next(), std::memory_order_relaxed);
    return size == working_ || become(size, save, load);
  }
  /// @brief On thread 0, after the last round: releases idle threads.
  void end_rounds() noexcept {
    if (thread_ != 0) return;
    state_->over.store(true, std::memory_order_release);
    state_->call_idle();
  }

  int broadcast(int answer) {
    if (thread_ == 0) state_->answer = answer;
    barrier();
    int const agreed = state_->answer;
    barrier();  // before any thread can overwrite it
    return agreed;
  }
  int broadcast_here(int answer) { return broadcast(answer); }
  template <class Value, class Owned>
  void all_gather(std::span<Value>, Owned const&) const noexcept {}
  void all_gather_v(std::span<std::vector<std::byte>> messages) {
    barrier();
    for (auto const& message : messages) sent_.bytes += others() * message.size();
  }
  void gather_v(std::span<std::vector<std::byte>> messages) {
    barrier();
    for (auto const& message : messages.subspan(1)) sent_.bytes += message.size();
  }

  /// @brief Collective: makes earlier writes of all threads visible, calls `work(first, last)` on
  ///        each thread's coordinates of d, and returns when all are done.
  template <class Scalar, class Work>
  bool split(std::size_t dimension, Work const& work) {
    barrier();
    auto const [first, last] = coordinates_of<Scalar>(dimension, threads(), thread_);
    state_->flags[thread_].finite = work(first, last);
    barrier();
    return state_->all_finite(working_);
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

  /// @brief The same without waiting at the start: threads continue once they have published.
  void start_open_reduce() noexcept {
    ++state_->flags[thread_].published;
    state_->reduction.publish();
  }
  /// @param number the number of this reduction, from 0
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

  /// @brief Counts a reduction of vectors of the given length.
  template <class Scalar>
  void count(std::size_t length) noexcept {
    sent_.bytes += 2 * others() * length * sizeof(Scalar);
  }
  /// @brief Called in the work of a split: records the number of exchanged entries.
  void note_entries(std::size_t entries) noexcept { state_->flags[thread_].entries = entries; }
  /// @brief After that split: counts the entries that all recorded, each with its 4-byte index, or
  ///        whole vectors of length d if these take less.
  void count_entries(std::size_t d) noexcept {
    std::uint64_t entries = 0;
    for (std::size_t i = 0; i != working_; ++i) entries += state_->flags[i].entries;
    sent_.bytes += 2 * others() * std::min<std::uint64_t>(
                       entries * (sizeof(double) + sizeof(std::uint32_t)), d * sizeof(double));
  }

 protected:
  thread_state& state() const noexcept { return *state_; }
  std::uint64_t others() const noexcept { return state_->workers - 1; }

 private:
  // Collective: `size` of the threads continue.
  template <class Save, class Load>
  LOCALSGD_COLD bool become(std::size_t size, Save const& save, Load const& load) {
    thread_state& s = *state_;
    std::uint32_t const calls = s.calls.load(std::memory_order_acquire);
    barrier();  // all workers are in the state of the last round
    bool const all_work_again = size == s.threads;
    working_ = size;
    if (thread_ == 0 && all_work_again) {
      s.place.back() = round_;
      save(std::span(s.place).first(7));
      s.call_idle();
    }
    if (thread_ < working_) return true;
    while (s.calls.load(std::memory_order_acquire) == calls)
      s.calls.wait(calls, std::memory_order_acquire);
    if (cancelled()) throw localsgd::cancelled{};
    if (s.over.load(std::memory_order_acquire)) return false;
    working_ = s.threads;
    round_ = s.place.back();
    load(std::span<std::uint64_t const>(s.place).first(7));
    return true;
  }

  thread_state* state_;
  std::size_t thread_, working_;
  std::uint64_t round_ = 0;
  traffic sent_;
};
static_assert(Team<thread_team>);

/// @brief Runs `program(i)` on every thread i, and rethrows what the lowest failed thread threw. If
///        threads may be a round apart, only the first round with a failure counts.
///
/// @param host `host(threads, f)` calls f(0) … f(threads−1), each on a separate thread and all at
///             the same time, and returns when all have returned. f never throws.
template <class Host, class Program>
void run_threads(thread_state& state, Host&& host, Program const& program) {
  host(state.threads, [&](std::size_t i) noexcept {
    try {
      program(i);
    } catch (cancelled const&) {  // another thread has failed
    } catch (...) {
      state.flags[i].failure = std::current_exception();
      state.cancel();
    }
  });
  // Threads carry ascending ranges of workers, so the lowest failed thread has the lowest worker.
  thread_state::flag const* first = nullptr;
  for (thread_state::flag const& flag : state.flags)
    if (flag.failure && (first == nullptr || flag.published < first->published)) first = &flag;
  if (first != nullptr) std::rethrow_exception(first->failure);
}

/// @brief Runs `body(thread)` on every thread, where `thread` is Protocol(shared, i, more…). A
///        failing thread may hold points that others still read, so all of them live until the end.
template <class Protocol, class Host, class Body, class Shared, class... More>
void run_protocols(thread_state& state, Host&& host, Body const& body, Shared& shared,
                   More&... more) {
  struct alignas(cache_alignment) place {
    std::optional<Protocol> thread;
  };
  fixed_array<place> all(state.threads);
  run_threads(state, host,
              [&](std::size_t i) { body(all[i].thread.emplace(shared, i, more...)); });
}

/// @brief A host that uses only the calling thread.
struct calling_thread {
  static std::size_t threads() noexcept { return 1; }
  template <class F>
  void operator()(std::size_t, F const& f) const {
    f(0);
  }
};

}  // namespace localsgd::detail
