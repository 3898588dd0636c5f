// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/communicator/concept.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

/// @file
/// @brief A Communicator whose ranks are threads of one process.

namespace support {

/// @brief What R ranks share: a mailbox for each ordered pair, and how their runs ended.
struct post_office {
  explicit post_office(std::size_t count)
      : ranks(count), mail(count * count), runs(count), sent(count) {}

  std::size_t const ranks;
  std::mutex mutex;
  std::condition_variable changed;
  struct message {
    std::uint64_t run;
    std::vector<std::byte> bytes;
  };
  std::vector<std::deque<message>> mail;       // from · ranks + to
  std::vector<std::uint64_t> runs;             // opened by each rank
  std::map<std::uint64_t, std::vector<std::optional<localsgd::rank_status>>> closed;  // by run
  std::vector<std::uint64_t> sent;             // bytes, by each rank
  std::vector<double> exposed;

  std::deque<message>& box(std::size_t from, std::size_t to) { return mail[from * ranks + to]; }
  // Whether a rank has closed the run with a failure.
  bool has_failed(std::uint64_t run) {
    auto const found = closed.find(run);
    return found != closed.end() && std::ranges::any_of(found->second, [](auto const& status) {
             return status && status->failed();
           });
  }
};

/// @brief One rank. Messages are copied when they are sent.
class mailbox {
 public:
  mailbox(post_office& office, std::size_t rank) : office_(&office), rank_(rank) {}

  std::size_t rank() const { return rank_; }
  std::size_t size() const { return office_->ranks; }
  std::uint64_t bytes_sent() const { return office_->sent[rank_]; }

  void open() {
    std::scoped_lock const lock(office_->mutex);
    run_ = ++office_->runs[rank_];
    office_->closed[run_].resize(size());
    receive_ = {};
  }
  localsgd::rank_status close(localsgd::rank_status const& mine) {
    std::unique_lock lock(office_->mutex);
    auto& all = office_->closed[run_];
    all[rank_] = mine;
    office_->changed.notify_all();
    office_->changed.wait(
        lock, [&] { return std::ranges::all_of(all, [](auto const& s) { return s.has_value(); }); });
    receive_ = {};
    for (auto const& status : all)
      if (status->failed()) return *status;
    return {};
  }

  void start_all_to_all_v(std::span<std::span<std::byte const> const> send,
                          std::span<std::span<std::byte> const> receive) {
    std::scoped_lock const lock(office_->mutex);
    for (std::size_t r = 0; r != size(); ++r) {
      if (r == rank_ || send[r].empty()) continue;
      office_->box(rank_, r).push_back({run_, {send[r].begin(), send[r].end()}});
      office_->sent[rank_] += send[r].size();
    }
    receive_.assign(receive.begin(), receive.end());
    office_->changed.notify_all();
  }
  void finish_all_to_all_v() {
    std::unique_lock lock(office_->mutex);
    for (std::size_t r = 0; r != receive_.size(); ++r) {
      if (r == rank_ || receive_[r].empty()) continue;
      auto& box = office_->box(r, rank_);
      wait(lock, [&] {
        while (!box.empty() && box.front().run < run_) box.pop_front();  // of a run that failed
        return !box.empty();
      });
      if (box.front().bytes.size() != receive_[r].size())
        throw std::logic_error("a message of another length");
      std::ranges::copy(box.front().bytes, receive_[r].begin());
      box.pop_front();
    }
    receive_ = {};
  }

 protected:
  template <class Ready>
  void wait(std::unique_lock<std::mutex>& lock, Ready const& ready) {
    office_->changed.wait(lock, [&] { return ready() || office_->has_failed(run_); });
    if (!ready()) throw localsgd::cancelled{};
  }
  post_office& office() const { return *office_; }
  std::uint64_t run() const { return run_; }

 private:
  post_office* office_;
  std::size_t rank_;
  std::uint64_t run_ = 0;
  std::vector<std::span<std::byte>> receive_;
};
static_assert(localsgd::Communicator<mailbox>);

/// @brief A mailbox whose ranks can also add to numbers of each other.
class one_sided_mailbox : public mailbox {
 public:
  using mailbox::mailbox;

  void expose(std::span<double const> values) {
    meet();
    if (rank() == 0) office().exposed.assign(values.begin(), values.end());
    meet();
  }
  void add_and_read(std::size_t first, std::span<double const> change, std::span<double> now) {
    std::scoped_lock const lock(office().mutex);
    if (office().has_failed(run())) throw localsgd::cancelled{};
    for (std::size_t i = 0; i != change.size(); ++i)
      now[i] = office().exposed[first + i] += change[i];
  }
  template <class Look>
  void wait_until(Look const& look) {
    while (!look().done) std::this_thread::yield();
  }

 private:
  void meet() {
    std::vector<std::byte> one(1), in(size());
    std::vector<std::span<std::byte const>> send(size(), one);
    std::vector<std::span<std::byte>> receive;
    for (std::size_t r = 0; r != size(); ++r) receive.push_back(std::span(in).subspan(r, 1));
    start_all_to_all_v(send, receive);
    finish_all_to_all_v();
  }
};
static_assert(localsgd::detail::one_sided<one_sided_mailbox>);

/// @brief Calls f(office, rank) for every rank, each on a thread of its own; returns when all have
///        returned. @throws the exception of the lowest rank, if there is one
template <class F>
void on_mailboxes(std::size_t ranks, F const& f) {
  post_office office(ranks);
  std::vector<std::exception_ptr> failures(ranks);
  std::vector<std::thread> threads;
  for (std::size_t r = 0; r != ranks; ++r)
    threads.emplace_back([&, r] {
      try {
        f(office, r);
      } catch (...) {
        failures[r] = std::current_exception();
      }
    });
  for (auto& t : threads) t.join();
  for (auto const& failure : failures)
    if (failure) std::rethrow_exception(failure);
}

}  // namespace support
