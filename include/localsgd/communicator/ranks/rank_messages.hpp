// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/communicator/ranks/message_route.hpp"
#include "localsgd/communicator/ranks/rank_state.hpp"
#include "localsgd/communicator/traffic.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

/// @file
/// @brief Messages between the threads of all ranks, over any Communicator.

namespace localsgd::detail {

/// @brief One thread of one rank: a Team without reductions. The first thread of a rank uses the
///        communicator while the others wait at a barrier.
template <Communicator C>
class rank_messages {
 public:
  using communicator = C;
  static constexpr bool one_process = false, keeps_time = false;

  rank_messages(rank_state<C>& state, std::size_t thread) : local_(thread), state_(&state) {}

  std::size_t thread() const noexcept { return s().layout.first[s().rank] + local_; }
  std::size_t threads() const noexcept { return s().layout.threads(); }
  bool leads() const noexcept { return local_ == 0; }
  std::size_t total_workers() const noexcept { return s().workers; }
  index_range workers() const noexcept { return even_split(s().workers, threads(), thread()); }
  bool cancelled() const noexcept { return s().here.meeting.is_cancelled(); }
  std::optional<std::uint64_t> max_staleness() const noexcept { return s().here.max_staleness; }
  traffic& sent() noexcept { return sent_; }
  rank_state<C>& state() const noexcept { return *state_; }

  void barrier() { s().here.meeting.arrive_and_wait(); }

  int broadcast(int answer) {
    int& agreed = s().here.answer;
    barrier();  // no thread still reads the previous value
    first_thread([&] {
      agreed = answer;
      std::size_t const one = 1;
      gather(std::span(&agreed, one),
             [&](std::size_t r) { return index_range{0, r == 0 ? one : 0}; });
    });
    return agreed;
  }
  int broadcast_here(int answer) {
    barrier();
    if (leads()) s().here.answer = answer;
    barrier();
    return s().here.answer;
  }

  template <class Value, class Owned>
  void all_gather(std::span<Value> values, Owned const& owned) {
    barrier();
    first_thread([&] {
      auto const& first = s().layout.first;
      gather(values, [&](std::size_t r) {
        return index_range{owned(first[r]).first, owned(first[r + 1] - 1).last};
      });
    });
  }

  void all_gather_v(std::span<std::vector<std::byte>> messages) { bring(messages, true); }
  void gather_v(std::span<std::vector<std::byte>> messages) { bring(messages, false); }

  /// @brief Splits the work among the threads of this rank.
  template <class Scalar, class Work>
  bool split(std::size_t dimension, Work const& work) {
    barrier();
    auto const [first, last] = coordinates_of<Scalar>(dimension, local_threads(), local_);
    s().here.flags[local_].finite = work(first, last);
    barrier();
    return s().here.all_finite();
  }

  /// @brief Does nothing, since bytes are counted where they are sent.
  template <class Scalar>
  void count(std::size_t) noexcept {}

  /// @brief Runs on the first thread while the others wait.
  template <class Work>
  void first_thread(Work const& work) {
    if (local_ == 0) {
      try {
        work();
      } catch (localsgd::cancelled const&) {  // cancelled by another rank
        s().here.cancel();
        throw;
      }
    }
    barrier();
  }

 protected:
  rank_state<C>& s() const noexcept { return *state_; }
  std::size_t local_threads() const noexcept { return s().here.threads; }

  // The following is for the first thread.
  template <class To, class From>
  void start_messages(To const& to, From const& from) {
    for (std::size_t r = 0; r != s().layout.ranks(); ++r) {
      if (r == s().rank) continue;
      s().send[r] = to(r);
      s().receive[r] = from(r);
      sent_.bytes += s().send[r].size();
    }
    s().ranks.start_all_to_all_v(s().send, s().receive);
  }
  void finish_messages() { s().ranks.finish_all_to_all_v(); }

  std::byte* board_room() const {
    if constexpr (has_board<C>)
      return s().ranks.board()->mine();
    else
      return nullptr;
  }
  void post(std::size_t bytes) {
    if constexpr (has_board<C>) s().ranks.board()->post();
    sent_.bytes += (s().layout.ranks() - 1) * bytes;
  }
  void finish_posts() {
    if constexpr (has_board<C>) s().ranks.finish_posts();
  }

  // Every rank receives the elements range(r) of `all` from each rank r.
  template <class T, class Range>
  void gather(std::span<T> all, Range const& range) {
    std::size_t const ranks = s().layout.ranks();
    if (ranks == 1) return;
    auto const part = [&](std::size_t r) {
      index_range const of = range(r);
      return all.subspan(of.first, of.size());
    };
    auto const mine = part(s().rank);
    if constexpr (has_board<C>)
      if (fits_board(s().ranks, ranks, [&](std::size_t r) { return part(r).size_bytes(); })) {
        auto& board = *s().ranks.board();
        std::ranges::copy(std::as_bytes(mine), board.mine());
        post(mine.size_bytes());
        finish_posts();
        for (std::size_t r = 0; r != ranks; ++r)
          if (r != s().rank)
            std::copy_n(board.of(r), part(r).size_bytes(), std::as_writable_bytes(part(r)).data());
        return;
      }
    auto const out = message_memory::as<T>(s().memory.outgoing, mine.size());
    std::ranges::copy(mine, out.begin());
    start_messages([&](std::size_t) { return std::as_bytes(out); },
                   [&](std::size_t r) { return std::as_writable_bytes(part(r)); });
    finish_messages();
  }

  // Every rank, or only the first one, receives the messages of all workers.
  void bring(std::span<std::vector<std::byte>> messages, bool to_all) {
    barrier();
    first_thread([&] {
      auto const of = [&](std::size_t r) { return s().layout.rows_of(r, messages.size()); };
      index_range const here = of(s().rank);
      auto& lengths = s().lengths;
      lengths.resize(messages.size());
      for (std::size_t k = here.first; k != here.last; ++k) lengths[k] = messages[k].size();
      gather(std::span(lengths), of);
      std::vector<std::size_t> begins{0};
      for (std::uint64_t const n : lengths) begins.push_back(begins.back() + n);
      auto const all = message_memory::as<std::byte>(s().memory.incoming, begins.back());
      for (std::size_t k = here.first; k != here.last; ++k)
        std::ranges::copy(messages[k], all.subspan(begins[k]).begin());
      auto const range = [&](std::size_t r) {
        return index_range{begins[of(r).first], begins[of(r).last]};
      };
      if (to_all)
        gather(all, range);
      else if (s().layout.ranks() > 1)
        send_to_first(all, range);
      for (std::size_t k = 0; k != messages.size(); ++k) {
        auto const in = all.subspan(begins[k], lengths[k]);
        if ((to_all || s().rank == 0) && (k < here.first || k >= here.last))
          messages[k].assign(in.begin(), in.end());
      }
    });
  }
  template <class Range>
  void send_to_first(std::span<std::byte> all, Range const& range) {
    auto const part = [&](std::size_t r) { return all.subspan(range(r).first, range(r).size()); };
    bool const first = s().rank == 0;
    start_messages(
        [&](std::size_t r) {
          return r == 0 ? std::span<std::byte const>(part(s().rank)) : std::span<std::byte const>();
        },
        [&](std::size_t r) { return first ? part(r) : std::span<std::byte>(); });
    finish_messages();
  }

  std::size_t local_;  // this thread's number within its rank
  traffic sent_;

 private:
  rank_state<C>* state_;
};

}  // namespace localsgd::detail
