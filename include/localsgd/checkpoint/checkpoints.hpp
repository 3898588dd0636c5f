// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/checkpoint/archive.hpp"
#include "localsgd/checkpoint/broadcast.hpp"
#include "localsgd/checkpoint/file.hpp"
#include "localsgd/checkpoint/meetings.hpp"
#include "localsgd/checkpoint/record.hpp"
#include "localsgd/communicator/traffic.hpp"
#include "localsgd/core/index_range.hpp"
#include "localsgd/kernels/combine.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

/// @file
/// @brief Writes the state of a run at the ends of rounds, and restores it.

namespace localsgd::detail {

/// @brief One thread's part of checkpointing; all members are collective.
template <class Checkpoint, class Round, class Recorder, class Record>
class checkpoints {
 public:
  checkpoints(Round& round, Recorder& recorder, Record& record)
      : round_(round), team_(round.team()), recorder_(recorder), record_(record) {}

  /// @brief Restores the state of a checkpoint, if there is one.
  void resume() {
    bool const first = team_.thread() == 0;
    auto const sent = team_.sent();  // the messages of checkpoints are not part of training
    if (team_.leads()) mine().wishes.assign(team_.threads(), nothing);
    // Detects before the first checkpoint whether the file cannot be written.
    if (first) replacing_file const there_is_room(mine().wish->path());
    if (team_.broadcast(first && std::filesystem::exists(mine().wish->path()) ? 1 : 0) != 0) {
      if (first) read();
      take_from_first();
      team_.barrier();  // the state has been received
      round_.resume(mine().steps, mine().rounds, std::span<scalar const>(mine().consensus));
      index_range const own = team_.workers();
      for (std::size_t k = own.first; k != own.last; ++k)
        whole(mine().of[k].bytes, [&](state_reader& in) { round_.worker_state(in, k); });
      recorder_.resume();
    }
    if (first && !never_waits)
      for (std::uint64_t next = 1; next <= ahead; ++next) {
        std::uint64_t const round = round_.rounds() + next;
        mine().due[round % 4] = is_due(round);
      }
    team_.sent() = sent;
    team_.barrier();  // every thread can see it
  }

  /// @brief Called before the local steps up to t. The threads of an asynchronous run know whether
  ///        this round is the last one since their meeting after the round before.
  void begin(std::uint64_t t, std::uint64_t round) {
    if (never_waits && round == last_round_ && t != record_.p->steps) interrupt(true);
  }

  /// @brief Called before the exchange that ends this round, after t steps: decides whether a
  ///        checkpoint follows. After the last one, f is evaluated; the exchange prepares that.
  void decide(std::uint64_t t, std::uint64_t round) {
    if constexpr (never_waits) return;
    bool const first = team_.thread() == 0;
    if constexpr (!one_process) {  // any process can be asked to stop
      // The exchange would complete it anyway; a communicator transfers only one thing at a time.
      if constexpr (Round::protocol::averages_travel) team_.arrive_average();
      due_ = wish_of_all(round);
    } else {
      // Needs no extra barrier: thread 0 decides some rounds ahead, and once an exchange has
      // arrived, the others can read what thread 0 wrote before it.
      due_ = mine().due[round % 4];
      if (first) mine().due[(round + ahead) % 4] = is_due(round + ahead);
    }
    if (t == record_.p->steps) due_ = nothing;  // a run that is ending needs none
    if (due_ == the_last) interrupt(true);
  }

  /// @brief Called after the exchange: writes the checkpoint if one is due.
  void keep() {
    if constexpr (never_waits) meet();
    if (due_ == nothing) return;
    if (!round_.come_to_rest()) {  // nothing to continue from
      if (due_ == the_last) interrupt(false);
      return;
    }
    index_range const own = team_.workers();
    for (std::size_t k = own.first; k != own.last; ++k) {
      mine().of[k].bytes.clear();
      round_.worker_state(mine().of[k], k);
    }
    if (team_.leads()) write_averager();
    auto const consensus = round_.consensus();
    auto const sent = team_.sent();
    recorder_.gather_sent(sent.bytes);
    recorder_.share_drift();
    record_.bound.share_slopes(team_, record_.gradient);
    team_.barrier();  // all states are complete
    give_to_first();
    if (team_.leads()) {
      mine().steps = round_.steps();
      mine().rounds = round_.rounds();
      recorder_.cut(sent.exchanges);
      mine().consensus.assign(consensus.begin(), consensus.end());
    }
    if (team_.thread() == 0) write();
    if (team_.leads()) recorder_.go_on();
    team_.sent() = sent;
    team_.barrier();  // before any thread continues
  }

  /// @brief Called when the run has ended: removes its checkpoint, unless the run was interrupted.
  void end() {
    if (mine().interrupted) {
      if (team_.leads()) mine().caught->heard();
    } else if (team_.thread() == 0) {
      std::error_code ignored;
      std::filesystem::remove(mine().wish->path(), ignored);
    }
  }

 private:
  using scalar = typename Record::scalar;
  static_assert(has_state<typename Round::sequence, state_writer>,
                "a checkpoint needs a LocalWorker whose sequence has state(archive)");
  enum : int { nothing, one, the_last };
  // An average in transit arrives one exchange later, and threads can be that many rounds apart, so
  // they use at most 2·ahead of the four numbers at a time.
  static constexpr std::uint64_t ahead = Round::protocol::averages_travel ? 2 : 1;
  static constexpr bool never_waits = Round::protocol::never_waits,
                        one_process = Round::protocol::one_process;

  auto& mine() noexcept { return record_.checkpoints; }

  static index_range by_thread(std::size_t thread) noexcept { return {thread, thread + 1}; }

  bool stops() {
    return mine().wish->options().stop_requested() || mine().caught->requested();
  }

  int is_due(std::uint64_t rounds) {
    auto const& options = mine().wish->options();
    if (stops()) return the_last;
    if (options.rounds != 0 && rounds % options.rounds == 0) return one;
    if (options.seconds == 0) return nothing;
    auto const now = clock::now();
    if (std::chrono::duration<double>(now - last_).count() < options.seconds) return nothing;
    last_ = now;  // the next decision may come before this checkpoint
    return one;
  }

  // Collective, on ranks: what thread 0 decides, or to end if another rank is asked to stop.
  int wish_of_all(std::uint64_t round) {
    if (team_.leads())
      mine().wishes[team_.thread()] =
          team_.thread() == 0 ? is_due(round) : stops() ? the_last : nothing;
    uncounted(team_, [&] { team_.all_gather(std::span(mine().wishes), by_thread); });
    return std::ranges::max(mine().wishes);
  }

  // Asynchronous runs, after the exchange: if all meet after this round, whether a checkpoint
  // follows. Evaluations are also meetings, and so is the end of the run if a worker has failed:
  // everything that makes threads and ranks wait for each other begins here.
  void meet() {
    std::uint64_t const round = round_.rounds(), t = round_.steps();
    due_ = nothing;
    if (team_.finite() && !meetings_.after(round) && !recorder_.due(t)) return;
    round_.consensus();  // now finite() is the same for all
    if (t == record_.p->steps) return;
    if (round == last_round_) {
      due_ = the_last;
    } else if (team_.finite()) {
      uncounted(team_, [&] {
        bool const first = team_.thread() == 0;
        due_ = one_process ? team_.broadcast(first ? is_due(round) : 0) : wish_of_all(round);
        meetings_.met(round, team_.broadcast(first ? rounds_apart(round) : 0));
      });
      if (due_ == the_last) last_round_ = round + 1, due_ = nothing;
    }
  }
  int rounds_apart(std::uint64_t round) {
    auto const& options = mine().wish->options();
    auto const now = clock::now();
    double const took = std::chrono::duration<double>(now - std::exchange(met_, now)).count();
    if (team_.threads() == 1) return 1;
    return meetings_.gap(round, took, options.seconds > 0 ? std::min(options.seconds, 1.0) : 1.0,
                         options.rounds);
  }

  // Collective: no thread still reads the old value, and all see the new one.
  void interrupt(bool value) {
    team_.barrier();
    if (team_.leads()) mine().interrupted = value;
    team_.barrier();
  }

  // The state common to all threads; the record holds the consensus.
  template <class Archive>
  void common(Archive& archive) {
    archive(mine().steps, mine().rounds, mine().consensus, round_.hook(), record_);
    round_.shared_state(archive);
  }

  // On the leading thread, after the common state.
  void write_averager() {
    mine().of_averager.bytes.clear();
    mine().of_averager(round_.averager());
  }
  void read_common(state_reader& in) {
    common(in);
    in(round_.averager());
  }

  void write() {
    state_writer out;
    common(out);
    std::ranges::copy(mine().of_averager.bytes, std::back_inserter(out.bytes));
    for (state_writer& worker : mine().of) out(worker.bytes);
    write_checkpoint(mine().wish->path(), mine().identity, out.bytes);
    last_ = clock::now();  // regardless of how long it took
  }

  void read() {
    checkpoint_file const file(mine().wish->path(), mine().identity);
    whole(file.state(), [&](state_reader& in) {
      read_common(in);
      if constexpr (!one_process) {
        auto const taken = file.state().first(file.state().size() - in.left());
        mine().common.assign(taken.begin(), taken.end());
      }
      for (auto& worker : mine().of) in(worker.bytes);
    });
  }

  // `get` must consume all bytes. If it does not although the checksum and the run are correct,
  // then state(archive) differs between saving and loading, or between two builds.
  template <class Get>
  void whole(std::span<std::byte const> bytes, Get const& get) {
    state_reader in(bytes);
    std::string found;
    try {
      get(in);
      if (in.left() != 0) found = "a state with trailing bytes";
    } catch (std::length_error const& e) {
      found = e.what();
    }
    if (!found.empty())
      throw invalid_data(
          mine().wish->path().string(), found,
          "the state of this run; to start a new run, remove the file or choose another path");
  }

  // Only thread 0 reads the disk. It sends the bytes to all processes; each keeps what it needs.
  void take_from_first() {
    if constexpr (!one_process) {
      bool const follows = team_.leads() && team_.thread() != 0;
      broadcast_bytes(team_, mine().common, 0);
      if (follows) whole(mine().common, [&](state_reader& in) { read_common(in); });
      if (team_.leads()) mine().common = {};
      for (std::size_t k = 0; k != mine().of.size(); ++k) {
        broadcast_bytes(team_, mine().of[k].bytes, 0);
        if (follows && !round_.workers().holds(k)) mine().of[k].bytes = {};
      }
    }
  }

  // Thread 0 needs the states of all workers.
  void give_to_first() {
    if constexpr (!one_process) {
      std::size_t const all = mine().of.size();
      for (std::size_t k = 0, owner = 0; k != all; ++k) {
        while (even_split(all, team_.threads(), owner).last <= k) ++owner;
        broadcast_bytes(team_, mine().of[k].bytes, owner);
        if (team_.leads() && team_.thread() != 0) mine().of[k].bytes = {};
      }
    }
  }

  Round& round_;
  typename Round::protocol& team_;
  Recorder& recorder_;
  Record& record_;
  using clock = std::chrono::steady_clock;
  clock::time_point last_ = clock::now(), met_ = last_;
  meetings meetings_;
  std::uint64_t last_round_ = 0;  // of an asynchronous run that was asked to stop
  int due_ = nothing;  // the same on every thread
};

}  // namespace localsgd::detail
