// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/checkpoint/checkpoint.hpp"
#include "localsgd/checkpoint/file.hpp"
#include "localsgd/kernels/combine.hpp"
#include "localsgd/checkpoint/spread.hpp"
#include "localsgd/checkpoint/archive.hpp"
#include "localsgd/checkpoint/signals.hpp"
#include "localsgd/synchronizer/concept.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

/// @file
/// @brief Writes the state of a run at the ends of rounds, and finds it again.

namespace localsgd::detail {

/// @brief What the members of one process share of a run's checkpoints. Without any: nothing.
template <class Checkpoint>
struct checkpoint_record {
  static constexpr bool interrupted = false;
};
template <>
struct checkpoint_record<checkpoint> {
  /// @brief Before the run: what it is, and its number of workers.
  void start(checkpoint const& c, std::string the_identity, std::size_t workers) {
    wish = &c;
    identity = std::move(the_identity);
    signals.emplace(c.options().signals);
    of.resize(workers);
  }

  checkpoint const* wish = nullptr;
  std::string identity;
  std::optional<stop_signals> signals;
  std::vector<state_writer> of;  // each worker
  bool interrupted = false;
  std::array<int, 2> due{};  // what member 0 has decided for rounds of even and of odd number
  std::uint64_t steps = 0, rounds = 0;
  state_writer of_averager;

  // Where the members do not share one memory:
  std::vector<int> leaders, wishes;  // by member; of those who lead
  divided_state averager;
  std::vector<std::byte> common;  // on its way from member 0
};

/// @brief One member's side of the checkpoints, all of it collective.
template <class T, class Workers, class Anchor, class A, class X, class Recorder, class Record>
class checkpoints {
 public:
  checkpoints(T& team, Workers& workers, Anchor& anchor, A& averager, X& x, Recorder& recorder,
              Record& record)
      : team_(team), workers_(workers), anchor_(anchor), averager_(averager), x_(x),
        recorder_(recorder), record_(record) {}

  /// @brief Puts everything to where a checkpoint left it, if there is one.
  void resume(std::uint64_t& t, std::uint64_t& rounds) {
    if constexpr (wanted) {
      bool const first = team_.member() == 0;
      if (leads(team_)) {
        mine().leaders.assign(team_.members(), 0);
        mine().wishes.assign(team_.members(), nothing);
      }
      // What cannot be written should not be found out at the first checkpoint.
      if (first) replacing_file const there_is_room(mine().wish->path());
      if (team_.agree(first && std::filesystem::exists(mine().wish->path()) ? 1 : 0) != 0) {
        if (first) read();
        take_from_first();
        team_.agree(0);  // it is there
        index_range const own = team_.workers();
        for (std::size_t k = own.first; k != own.last; ++k)
          whole(mine().of[k].bytes, [&](state_reader& in) { in(workers_[k]); });
        t = mine().steps;
        rounds = mine().rounds;
        recorder_.resume();
        team_.resume(x_, point());
      }
      if (first) mine().due[(rounds + 1) % 2] = is_due(rounds + 1);
      if constexpr (team_of_processes<T>) {
        if (leads(team_)) {
          mine().leaders[team_.member()] = 1;
          write_averager();
          mine().averager.start(std::move(mine().of_averager.bytes));
        }
        team_.share(std::span(mine().leaders), by_member);
      }
      team_.agree(0);  // everybody can see it
    }
  }

  /// @brief Before the exchange after t steps, which ends this round: whether a checkpoint follows.
  ///        After the last one f is evaluated, and for that an exchange makes preparations.
  void decide(std::uint64_t t, std::uint64_t round) {
    if constexpr (wanted) {
      bool const first = team_.member() == 0;
      if constexpr (team_of_processes<T>) {  // any of which can be asked to stop
        if (leads(team_))
          mine().wishes[team_.member()] = first ? is_due(round) : stops() ? the_last : nothing;
        team_.share(std::span(mine().wishes), by_member);
        due_ = std::ranges::max(mine().wishes);
      } else {
        // Without a rendezvous of its own: member 0 decides a round ahead, and what it has written
        // before an exchange the others can read after it.
        due_ = mine().due[round % 2];
        if (first) mine().due[(round + 1) % 2] = is_due(round + 1);
      }
      if (t == record_.p->steps) due_ = nothing;  // a run at its end needs none
      if (due_ == the_last) interrupt(true);
    }
  }

  /// @brief After the exchange: the checkpoint, if it is time.
  void keep(std::uint64_t t, std::uint64_t rounds) {
    if constexpr (wanted) {
      if (due_ == nothing) return;
      if (!team_.finite()) {  // nothing to go on from
        if (due_ == the_last) interrupt(false);
        return;
      }
      index_range const own = team_.workers();
      for (std::size_t k = own.first; k != own.last; ++k) {
        mine().of[k].bytes.clear();
        mine().of[k](workers_[k]);
      }
      if (leads(team_)) write_averager();
      auto const consensus = team_.settle(x_);
      recorder_.share_drift();
      record_.bound.share_slopes(team_, record_.gradient);
      team_.agree(0);  // all states are there
      give_to_first();
      if (leads(team_)) {
        mine().steps = t;
        mine().rounds = rounds;
        recorder_.cut();
        std::copy(consensus.begin(), consensus.end(), record_.average.begin());
      }
      if (team_.member() == 0) write();
      team_.agree(0);  // before anybody goes on
    }
  }

  /// @brief The run is over: its checkpoint is of no more use, unless it was cut short.
  void end() {
    if constexpr (wanted) {
      if (mine().interrupted) {
        if (leads(team_)) mine().signals->heard();
      } else if (team_.member() == 0) {
        std::error_code ignored;
        std::filesystem::remove(mine().wish->path(), ignored);
      }
    }
  }

 private:
  static constexpr bool wanted = !std::is_empty_v<std::remove_cvref_t<
      decltype(std::declval<Record&>().checkpoints)>>;
  static_assert(!wanted || has_state<typename Workers::value_type, state_writer>,
                "the sequences of a run with a checkpoint need state(archive)");
  enum : int { nothing, one, the_last };

  auto& mine() noexcept { return record_.checkpoints; }

  static index_range by_member(std::size_t member) noexcept { return {member, member + 1}; }

  bool stops() {
    return mine().wish->options().stop.stop_requested() || mine().signals->requested();
  }

  int is_due(std::uint64_t rounds) {
    auto const& options = mine().wish->options();
    if (stops()) return the_last;
    if (options.rounds != 0 && rounds % options.rounds == 0) return one;
    if (options.seconds == 0) return nothing;
    return std::chrono::duration<double>(clock::now() - last_).count() < options.seconds ? nothing
                                                                                         : one;
  }

  // Collective: nobody reads the old value any more, and all see the new one.
  void interrupt(bool value) {
    team_.agree(0);
    if (leads(team_)) mine().interrupted = value;
    team_.agree(0);
  }

  // What all members have in common; the consensus is in the record's vector.
  template <class Archive>
  void common(Archive& archive) {
    archive(mine().steps, mine().rounds, record_.average, anchor_, record_);
  }
  auto point() const { return std::span(std::as_const(record_.average)); }

  // Who leads. It comes after what is common: no process may have all of it.
  void write_averager() {
    mine().of_averager.bytes.clear();
    if constexpr (has_state<A, state_writer>)
      mine().of_averager(averager_);
    else
      static_assert(A::keeps_mean, "an averager that transforms the mean needs state(archive)");
  }
  void read_common(state_reader& in) {
    common(in);
    if constexpr (has_state<A, state_reader>) in(averager_);
  }

  void write() {
    state_writer out;
    common(out);
    std::ranges::copy(mine().of_averager.bytes, std::back_inserter(out.bytes));
    for (state_writer& worker : mine().of) out(worker.bytes);
    write_checkpoint(mine().wish->path(), mine().identity, out.bytes);
    last_ = clock::now();  // however long it took
  }

  void read() {
    checkpoint_file const file(mine().wish->path(), mine().identity);
    whole(file.state(), [&](state_reader& in) {
      read_common(in);
      if constexpr (team_of_processes<T>) {
        auto const taken = file.state().first(file.state().size() - in.left());
        mine().common.assign(taken.begin(), taken.end());
      }
      for (auto& worker : mine().of) in(worker.bytes);
    });
  }

  // All bytes are what `get` takes: with a right checksum, and the right run, that they are not is
  // a state(archive) that is not the same for both ways, or not that of another build.
  template <class Get>
  void whole(std::span<std::byte const> bytes, Get const& get) {
    state_reader in(bytes);
    std::string found;
    try {
      get(in);
      if (in.left() != 0) found = "a state that is too long";
    } catch (std::length_error const& e) {
      found = e.what();
    }
    if (!found.empty())
      throw invalid_data(mine().wish->path().string(), found,
                         "the state of this run; remove the file to start anew");
  }

  // Member 0 alone looks at the disk. What it has read goes to all processes; each keeps what it
  // needs.
  void take_from_first() {
    if constexpr (team_of_processes<T>) {
      bool const follows = leads(team_) && team_.member() != 0;
      spread(team_, mine().common, 0);
      if (follows) whole(mine().common, [&](state_reader& in) { read_common(in); });
      if (leads(team_)) mine().common = {};
      for (std::size_t k = 0; k != mine().of.size(); ++k) {
        spread(team_, mine().of[k].bytes, 0);
        if (follows && !workers_.holds(k)) mine().of[k].bytes = {};
      }
    }
  }

  // And it needs the states of all workers.
  void give_to_first() {
    if constexpr (team_of_processes<T>) {
      std::size_t const all = mine().of.size();
      for (std::size_t k = 0, owner = 0; k != all; ++k) {
        while (even_split(all, team_.members(), owner).last <= k) ++owner;
        spread(team_, mine().of[k].bytes, owner);
        if (leads(team_) && team_.member() != 0) mine().of[k].bytes = {};
      }
      mine().averager.merge(team_, mine().leaders, mine().of_averager.bytes);
    }
  }

  T& team_;
  Workers& workers_;
  Anchor& anchor_;
  A& averager_;
  X& x_;
  Recorder& recorder_;
  Record& record_;
  using clock = std::chrono::steady_clock;
  clock::time_point last_ = clock::now();
  int due_ = nothing;  // the same on every member
};

}  // namespace localsgd::detail
