// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once
// A custom communication backend: processes created by fork() exchange through shared memory.

#include "localsgd/communicator/concept.hpp"
#include "localsgd/communicator/rank_failed.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>
#include <thread>
#include <vector>

/// The shared memory of the processes; initially zero, as anonymous memory is.
struct forked_memory {
  static constexpr std::size_t most_ranks = 8, room = std::size_t{1} << 15, most_numbers = 1 << 16;
  struct ring {
    std::atomic<std::uint64_t> written, read;  // bytes so far
    std::byte bytes[room];
  };
  struct status {
    std::atomic<std::uint64_t> meetings;
    std::atomic<bool> failed;
    std::uint64_t round;
    char reason[256];
  };
  ring from_to[most_ranks][most_ranks];
  status of[most_ranks];
  std::atomic<double> numbers[most_numbers];
};
class forked_communicator {
 public:
  /// @param deadline seconds after which a rank that does not answer is lost
  forked_communicator(forked_memory& memory, std::size_t rank, std::size_t size, double deadline = 10)
      : m_(memory), rank_(rank), size_(size), deadline_(deadline), send_(size), receive_(size) {}

  std::size_t rank() const noexcept { return rank_; }
  std::size_t size() const noexcept { return size_; }
  void open() {}
  // All ranks write their outcome, all read it, and only then does any rank start another run.
  localsgd::rank_status close(localsgd::rank_status const& mine) {
    auto& me = m_.of[rank_];
    if (mine.failed()) {
      me.round = mine.round;
      me.reason[mine.reason.copy(me.reason, sizeof me.reason - 1)] = 0;
      me.failed = true;
    }
    meet();
    localsgd::rank_status lowest;
    for (std::size_t r = size_; r-- != 0;) {
      if (m_.of[r].failed) lowest = {static_cast<int>(r), m_.of[r].round, m_.of[r].reason};
      m_.from_to[r][rank_].read = m_.from_to[r][rank_].written.load();  // discards it
    }
    meet();
    me.failed = false;
    meet();
    return lowest;
  }

  void start_all_to_all_v(std::span<std::span<std::byte const> const> send,
                          std::span<std::span<std::byte> const> receive) {
    send_.assign(send.begin(), send.end()), send_[rank_] = {};
    receive_.assign(receive.begin(), receive.end()), receive_[rank_] = {};
    move();
  }
  void finish_all_to_all_v() { wait([&] { return move(); }); }

  // One-sided operations, for the asynchronous protocol.
  void expose(std::span<double const> values) {
    if (values.size() > m_.most_numbers) throw std::length_error("forked: too many numbers");
    barrier();
    if (rank_ == 0) std::ranges::copy(values, m_.numbers);
    barrier();
  }
  void add_and_read(std::size_t first, std::span<double const> change, std::span<double> now) {
    for (std::size_t i = 0; i != now.size(); ++i)
      now[i] = m_.numbers[first + i].fetch_add(change[i]) + change[i];
  }
  template <class Look>
  void wait_until(Look const& look) { wait([&] { return look().done; }); }

 private:
  // Copies as much as is available and fits. Returns whether all is done.
  bool move() {
    bool done = true;
    for (std::size_t r = 0; r != size_; ++r) {
      auto& out = m_.from_to[rank_][r];
      while (std::size_t const n =
                 piece(out.written, m_.room - (out.written - out.read), send_[r].size())) {
        std::memcpy(out.bytes + out.written % m_.room, send_[r].data(), n);
        send_[r] = send_[r].subspan(n);
        out.written += n;
      }
      auto& in = m_.from_to[r][rank_];
      while (std::size_t const n = piece(in.read, in.written - in.read, receive_[r].size())) {
        std::memcpy(receive_[r].data(), in.bytes + in.read % m_.room, n);
        receive_[r] = receive_[r].subspan(n);
        in.read += n;
      }
      done = done && send_[r].empty() && receive_[r].empty();
    }
    return done;
  }
  static std::size_t piece(std::size_t at, std::size_t there, std::size_t wanted) {
    return std::min({forked_memory::room - at % forked_memory::room, there, wanted});
  }
  // Every wait ends: on a failure of another rank, if requested, or at the deadline.
  template <class Done>
  void wait(Done const& done, bool heeds_failures = true) {
    auto const end = std::chrono::steady_clock::now() + std::chrono::duration<double>(deadline_);
    while (!done()) {
      for (std::size_t r = 0; heeds_failures && r != size_; ++r)
        if (m_.of[r].failed) throw localsgd::cancelled{};
      if (std::chrono::steady_clock::now() > end) {
        std::size_t r = 0;
        while (r + 1 != size_ && (r == rank_ || m_.of[r].meetings > m_.of[rank_].meetings)) ++r;
        throw localsgd::rank_failed(static_cast<int>(r), 0, "no answer before the deadline");
      }
      std::this_thread::yield();
    }
  }
  void barrier() {  // ends on a failure
    std::array<std::byte, forked_memory::most_ranks> all{};
    std::vector<std::span<std::byte const>> send(size_, std::span(all).first(1));
    std::vector<std::span<std::byte>> receive;
    for (std::size_t r = 0; r != size_; ++r) receive.push_back(std::span(all).subspan(r, 1));
    start_all_to_all_v(send, receive);
    finish_all_to_all_v();
  }
  void meet() {  // does not
    std::uint64_t const mine = ++m_.of[rank_].meetings;
    auto const is_there = [&](auto& other) { return other.meetings >= mine; };
    wait([&] { return std::all_of(m_.of, m_.of + size_, is_there); }, false);
  }

  forked_memory& m_;
  std::size_t rank_, size_;
  double deadline_;
  std::vector<std::span<std::byte const>> send_;
  std::vector<std::span<std::byte>> receive_;
};
static_assert(localsgd::Communicator<forked_communicator>);
