// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/communicator/concept.hpp"
#include "localsgd/communicator/mpi/requests.hpp"
#include "localsgd/communicator/threads/barrier.hpp"
#include "localsgd/core/cache_aligned.hpp"
#include "localsgd/core/error.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

/// @file
/// @brief Messages between the ranks of a run: no wait exceeds the deadline, and a waiting rank
///        learns of a rank that failed.

namespace localsgd::detail {

/// @brief How a run ended on one rank, as sent to all others.
struct mpi_note {
  enum kind : std::int32_t { fine, failed, lost };
  std::int32_t how = fine;
  std::int32_t rank = 0;    // the rank that failed: the sender, or one that it knows of
  std::uint64_t round = 0;  // the round in which it failed
  std::uint64_t waits = 0;  // completed by the sender
  std::uint64_t sent = 0;   // messages sent to the receiver of the note
  std::uint64_t reductions = 0, elements = 0, element_bytes = 0;  // started; size of the last
  char reason[384] = {};

  /// @brief Stores as much of the text as fits.
  void say(std::string_view text) {
    std::memcpy(reason, text.data(), std::min(text.size(), sizeof reason - 1));
  }
};

/// @brief One rank's end of the connections to all others, on a separate MPI communicator.
///
/// A run extends from open() to close(); the ranks make the same runs in the same order. wait()
/// waits for everything that was started. All ranks make the same waits, and a failure ends only
/// the waits that the failed rank has not completed, so all ranks complete what one of them has.
/// All data are sent from `outgoing`, memory that outlives a lost rank. Used by one thread at a
/// time, the one that may call MPI.
class mpi_link : private mpi_requests {
 public:
  /// @brief Collective. If not all ranks arrive before the deadline, the link is lost() from the
  ///        start.
  /// @param deadline seconds
  mpi_link(MPI_Comm all, double deadline) : deadline_(deadline) {
    require_mpi();
    duplicate(all);
    notes_.resize(at(ranks()));
    has_told_.resize(at(ranks()));
    try {
      wait();
      use_duplicate();
    } catch (cancelled const&) {
    }
  }
  ~mpi_link() {
    if (none()) {
      if (lost_.empty()) free_duplicate();
    } else {  // MPI may still read data that have not been delivered
      static_cast<void>(new aligned_vector<std::byte>(std::move(outgoing)));
      static_cast<void>(new std::vector<mpi_note>(std::move(told_)));
    }
  }

  using mpi_requests::abort;
  using mpi_requests::all_reduce;
  using mpi_requests::bytes_sent;
  using mpi_requests::communicator;
  using mpi_requests::rank;
  using mpi_requests::ranks;

  std::uint64_t round = 0;         ///< Averages computed in this run, for reports.
  aligned_vector<std::byte> outgoing;  ///< Memory for the data to be sent.

  /// @brief Why this link can no longer be used; empty if it can.
  std::string const& lost() const noexcept { return lost_; }
  int lost_rank() const noexcept { return lost_rank_; }
  /// @brief The outcome of the last close(): the same on all ranks, unless one is lost().
  std::span<mpi_note const> notes() const noexcept { return notes_; }

  void open() {
    ++run_;
    round = 0;
    waits_ = 0;
    failed_after_ = never;
    std::ranges::fill(notes_, mpi_note{});
    has_told_.assign(at(ranks()), false);
    forget();
  }
  /// @brief For other kinds of requests, which wait() also waits for.
  mpi_requests& requests() noexcept { return *this; }
  void send(int to, std::span<std::byte const> bytes) { mpi_requests::send(to, tag(), bytes); }
  void receive(int from, std::span<std::byte> bytes) { mpi_requests::receive(from, tag(), bytes); }

  /// @brief Waits until everything that was started is done.
  /// @throws cancelled if a rank failed before it completed this wait, or if nothing has moved
  ///         within the deadline: lost() is then set
  void wait() {
    wait_alone();
    ++waits_;
  }
  /// @brief The same, for requests that other ranks do not wait for.
  void wait_alone() {
    auto since = clock::now();
    for (unsigned idle = 1; !none(); ++idle) {
      if (test() != 0) {
        since = clock::now();
        idle = 0;
        continue;
      }
      if (idle % 16 == 0) look_around(since, [&](int r) { return expects(r); });
      if (idle > 500) std::this_thread::yield();  // not immediately: the message may arrive soon
    }
  }

  /// @brief The same for data that arrives without messages: waits until `has_come(r)` for every
  ///        other rank.
  template <class HasCome>
  void wait_for(HasCome const& has_come) {
    clock::time_point since;
    int r = 0;
    for (unsigned idle = 1; r != ranks(); ++idle) {
      if (r == rank() || has_come(r)) {
        ++r;
        idle = 0;
        continue;
      }
      relax();
      if (idle % 1024 != 0) continue;
      if (idle == 1024) since = clock::now();
      look_around(since, [&](int other) { return !has_come(other); });
      if (idle > 2048) std::this_thread::yield();
    }
    ++waits_;
  }

  /// @brief Waits until `look()`, which returns one_sided_progress, is done. The deadline restarts
  ///        whenever its value changes.
  template <class Look>
  void wait_until(Look const& look) {
    auto since = clock::now();
    one_sided_progress seen = look();
    for (one_sided_progress before = seen; !seen.done; before = seen) {
      auto const next = clock::now() + std::chrono::microseconds(20);
      while (clock::now() < next) relax();
      look_around(since, [&](int r) { return static_cast<std::size_t>(r) == seen.rank; });
      seen = look();
      if (seen.value != before.value) since = clock::now();
    }
  }

  /// @brief The number of runs started.
  std::uint64_t runs() const noexcept { return run_; }

  /// @brief Collective, at the end of a run, however it ended: notifies all other ranks, receives
  ///        their notes, and receives all pending messages.
  void close(mpi_note mine) {
    cancel_receives();
    tell(mine);
    try {
      auto since = clock::now();
      for (bool done = mine.how == mpi_note::lost; !done;) {
        take_in_strays(tag());
        bool const moved = test() != 0;
        hear();
        if (!lost_.empty()) break;
        for (mpi_note const& note : notes_)
          if (note.reductions > reductions()) join_reduction(note.elements, note.element_bytes);
        if (moved) since = clock::now();
        done = none() && all_is_told();
        if (!done && late(since)) give_up([&](int r) { return !complete(r); });
        if (!done) std::this_thread::yield();
      }
    } catch (cancelled const&) {
    }
    if (!lost_.empty()) let_go();
  }

 private:
  using clock = std::chrono::steady_clock;

  // Tags below 32768 are always allowed. Pending messages are received at the end of a run, so the
  // numbers only distinguish a run from the next one, which a rank may already have started.
  int tag() const noexcept { return static_cast<int>(run_ % 8000) * 2; }
  int note_tag() const noexcept { return tag() + 1; }

  // Receives the notes that have arrived.
  void hear() {
    mpi_note note;
    for (;;) {
      int const from = take_note(note_tag(), std::as_writable_bytes(std::span(&note, 1)));
      if (from == nobody) return;
      notes_[at(from)] = note;
      has_told_[at(from)] = true;
      if (note.how == mpi_note::failed) failed_after_ = std::min(failed_after_, note.waits);
      if (note.how == mpi_note::lost) failed_after_ = 0;
      if (note.how == mpi_note::lost && lost_.empty()) {
        lost_ = note.reason;
        lost_rank_ = note.rank;
      }
    }
  }

  void tell(mpi_note mine) {
    mine.waits = waits_;
    mine.reductions = reductions();
    mine.elements = elements();
    mine.element_bytes = element_bytes();
    told_.assign(at(ranks()), mine);
    notes_[at(rank())] = mine;
    has_told_[at(rank())] = true;
    for (int r = 0; r != ranks(); ++r) {
      if (r == rank()) continue;
      told_[at(r)].sent = sent(r);
      send_note(r, note_tag(), std::as_bytes(std::span(&told_[at(r)], 1)));
    }
  }

  bool complete(int r) const {
    return r == rank() || (has_told_[at(r)] && received(r) == notes_[at(r)].sent && !owes(r));
  }
  bool all_is_told() const {
    for (int r = 0; r != ranks(); ++r)
      if (!complete(r)) return false;
    return true;
  }

  // Ends a wait because a rank has failed, or because nothing has moved for too long.
  template <class Missing>
  void look_around(clock::time_point since, Missing const& missing) {
    if (run_ != 0) hear();
    if (failed_after_ <= waits_) throw cancelled{};
    if (late(since)) give_up(missing);
  }

  bool late(clock::time_point since) const {
    return std::chrono::duration<double>(clock::now() - since).count() > deadline_;
  }

  // Names the missing ranks: those from which data is expected, or else those that have not
  // received what was sent.
  template <class Missing>
  [[noreturn]] void give_up(Missing const& missing) {
    std::string names;
    auto const name = [&](auto const& is_missing) {
      for (int r = 0; r != ranks(); ++r) {
        if (r == rank() || !is_missing(r)) continue;
        if (lost_rank_ == nobody) lost_rank_ = r;
        names += (names.empty() ? "" : ", ") + std::to_string(r);
      }
    };
    name(missing);
    if (names.empty()) name([&](int r) { return owes(r); });
    lost_ = "no message from " + (names.empty() ? "one of the ranks" : "rank " + names) +
            " within " + shown(deadline_) + " s (mpi_options.deadline)";
    throw cancelled{};
  }

  // A rank is lost: notifies the others, if possible, and cancels pending receives. Pending sends
  // cannot be cancelled.
  void let_go() {
    cancel_receives();
    auto const since = clock::now();
    auto const elapsed = [&] {
      return std::chrono::duration<double>(clock::now() - since).count();
    };
    while (!none() && (receives() || elapsed() < 0.1) && elapsed() < 2) {
      test();
      std::this_thread::yield();
    }
    if (receives()) abort("localsgd: " + lost_ + ", and a message from it is incomplete");
  }

  double deadline_;
  std::string lost_;
  int lost_rank_ = nobody;
  static constexpr std::uint64_t never = ~std::uint64_t{0};
  std::uint64_t run_ = 0, waits_ = 0;   // waits completed in this run
  std::uint64_t failed_after_ = never;  // the fewest waits completed by a rank that failed
  std::vector<mpi_note> notes_, told_;
  std::vector<bool> has_told_;
};

}  // namespace localsgd::detail
