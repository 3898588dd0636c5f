// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/communicator/concept.hpp"
#include "localsgd/communicator/gloo/rendezvous_folder.hpp"
#include "localsgd/communicator/rank_failed.hpp"
#include "localsgd/core/error.hpp"

#include <gloo/rendezvous/context.h>
#include <gloo/rendezvous/store.h>
#include <gloo/transport/tcp/device.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

/// @file
/// @brief Processes that find each other through a folder and exchange data over TCP.

namespace localsgd {

/// @brief How the processes of a run find each other.
struct gloo_options {
  std::filesystem::path folder;  ///< Accessible to all ranks, for example on a network file system.
  std::string run = "localsgd";  ///< A name that no other job in this folder uses.
  std::size_t rank = 0;          ///< The number of this process, from 0.
  std::size_t size = 1;          ///< The number of ranks, ≥ 1.
  double deadline = 600;         ///< How many seconds a rank waits for others, > 0.
  std::string interface = "lo";  ///< The network interface that others reach this process by.

  /// @throws invalid_settings with the field, its value and the violated rule.
  void validate() const {
    detail::require(size >= 1, "gloo_options.size", size, ">= 1");
    detail::require(rank < size, "gloo_options.rank", rank,
                    "below gloo_options.size, " + std::to_string(size));
    detail::require_positive("gloo_options.deadline", deadline);
    detail::require(!run.empty() && run.find('/') == std::string::npos, "gloo_options.run", run,
                    "a non-empty name without a slash");
  }
};

namespace detail {

/// @brief The folder in the form that Gloo expects, for one attempt to connect.
class gloo_store : public ::gloo::rendezvous::Store {
 public:
  gloo_store(rendezvous_folder& folder, std::string prefix, rendezvous_folder::clock::time_point end)
      : folder_(folder), prefix_(std::move(prefix)), end_(end) {}

  void set(std::string const& key, std::vector<char> const& data) override {
    folder_.claim(prefix_ + key, data);
  }
  std::vector<char> get(std::string const& key) override {
    wait({key});
    return folder_.value(prefix_ + key);
  }
  void wait(std::vector<std::string> const& keys) override {
    for (std::string const& key : keys)
      if (!folder_.wait(prefix_ + key, end_))
        throw std::runtime_error("localsgd: rank " + key.substr(key.find('_') + 1) +
                                 " did not connect before the deadline; start all ranks, or "
                                 "increase gloo_options.deadline");
  }
  void wait(std::vector<std::string> const& keys, std::chrono::milliseconds const&) override {
    wait(keys);
  }

 private:
  rendezvous_folder& folder_;
  std::string prefix_;
  rendezvous_folder::clock::time_point end_;
};

}  // namespace detail

/// @brief A Communicator on Gloo: plain processes, started by hand or by any tool, that find each
///        other through a folder and exchange data over TCP.
///
/// An exception on one rank ends the run on all ranks: the connections are closed, files in the
/// folder report how each rank ended, and the next run connects again. A rank that dies is detected
/// at once; one that does not answer, at the deadline: every survivor throws rank_failed, and the
/// communicator cannot be used again. Gloo's socket writes can raise SIGPIPE, so the constructor
/// ignores that signal. Not one-sided: the asynchronous protocol does not compile with it. Used by
/// one thread at a time.
class gloo_communicator {
 public:
  /// @brief Collective: returns when all ranks are connected.
  /// @throws invalid_settings if an option is out of range
  /// @throws std::runtime_error if the folder cannot be used, if two processes have the same rank,
  ///         or if one does not connect before the deadline
  explicit gloo_communicator(gloo_options options)
      : options_((options.validate(), std::move(options))),
        folder_(options_.folder, options_.run),
        peers_(options_.size) {
    std::signal(SIGPIPE, SIG_IGN);
    connect();
  }

  std::size_t rank() const noexcept { return options_.rank; }
  std::size_t size() const noexcept { return options_.size; }
  std::uint64_t bytes_sent() const noexcept { return sent_; }  ///< By this rank, excluding headers.

  void open() {
    if (lost_) throw rank_failed(lost_->rank, 0, lost_->reason);
    if (!context_) connect();
    told_.reset();  // the report of the previous run
  }

  rank_status close(rank_status const& mine) {
    if (!lost_ && !mine.failed() && !heard()) {
      try {
        meet();  // all ranks have arrived without failure
        return {};
      } catch (cancelled const&) {
      }
    }
    if (!lost_) tell(mine.failed() ? "failed" : "ended", mine);
    disconnect();
    hear_all();
    if (lost_) throw rank_failed(lost_->rank, mine.round, lost_->reason);
    return heard().value_or(mine);
  }

  void start_all_to_all_v(std::span<std::span<std::byte const> const> send,
                          std::span<std::span<std::byte> const> receive) {
    for (std::size_t i = 1; i != size(); ++i) {  // each rank starts with a different one
      std::size_t const r = (rank() + i) % size();
      if (send[r].empty()) continue;
      with(r, [&] {
        peers_[r]->send(static_cast<int>(r), data_slot, address_of(send[r].data()), send[r].size());
      });
      sends_.push_back(r);
      sent_ += send[r].size();
    }
    for (std::size_t i = 1; i != size(); ++i) {
      std::size_t const r = (rank() + size() - i) % size();
      if (receive[r].empty()) continue;
      with(r, [&] {
        peers_[r]->recv(static_cast<int>(r), data_slot, address_of(receive[r].data()),
                        receive[r].size());
      });
      receives_.push_back(r);
    }
  }
  void finish_all_to_all_v() {
    auto const end = clock::now() + deadline();
    auto const left = [&] {  // never -1 ms, which stands for the context's own timeout
      return std::max(milliseconds(0), std::chrono::duration_cast<milliseconds>(end - clock::now()));
    };
    for (std::size_t const r : receives_) with(r, [&] { peers_[r]->waitRecv(left()); });
    for (std::size_t const r : sends_) with(r, [&] { peers_[r]->waitSend(left()); });
    receives_.clear();
    sends_.clear();
  }

 private:
  using clock = detail::rendezvous_folder::clock;
  using milliseconds = std::chrono::milliseconds;
  // Slots that none of Gloo's collectives use: their first byte is 1 to 8. No rank ever sends to
  // the second slot.
  static constexpr std::uint64_t data_slot = 0xF0ULL << 56U, alarm_slot = 0xF1ULL << 56U;

  milliseconds deadline() const {
    return milliseconds(static_cast<std::int64_t>(
        std::min(options_.deadline, 1e9) * 1000.0));
  }
  static std::size_t address_of(void const* p) noexcept {
    return reinterpret_cast<std::uintptr_t>(p);
  }
  std::string prefix() const { return std::to_string(connections_) + "."; }
  std::string key(std::string const& what, std::size_t r) const {
    return prefix() + what + "_by_" + std::to_string(r);
  }

  void connect() {
    ++connections_;
    for (char const* what : {"told", "read"}) folder_.forget(key(what, rank()));  // of a killed job
    auto context = std::make_shared<::gloo::rendezvous::Context>(static_cast<int>(rank()),
                                                                 static_cast<int>(size()));
    if (size() > 1) {
      ::gloo::transport::tcp::attr address;
      address.iface = options_.interface;
      detail::gloo_store store(folder_, prefix(), clock::now() + deadline());
      context->setTimeout(deadline());
      auto device = ::gloo::transport::tcp::CreateDevice(address);
      context->connectFullMesh(store, device);
    }
    context_ = std::move(context);
    for (std::size_t r = 0; r != size(); ++r) {
      if (r == rank()) continue;
      // Covers all memory: offsets are addresses. Gloo reports a lost connection only to pending
      // operations, not to the one being transferred, so one is always pending.
      peers_[r] = context_->createUnboundBuffer(nullptr, std::numeric_limits<std::size_t>::max());
      peers_[r]->recv(static_cast<int>(r), alarm_slot, 0, 0);
    }
    try {
      meet();  // every rank has read the folder
    } catch (cancelled const&) {
      throw rank_failed(lost_ ? lost_->rank : 0, 0, lost_ ? lost_->reason : "it did not connect");
    }
    folder_.remove_mine();  // including the files of earlier connections
  }
  void disconnect() noexcept {
    receives_.clear();
    sends_.clear();
    for (auto& peer : peers_) peer.reset();
    context_.reset();
  }

  // An exception from Gloo means that a rank has reported a failure, or is lost.
  template <class Work>
  void with(std::size_t r, Work const& work) {
    try {
      if (context_ == nullptr) throw std::runtime_error("the connections are closed");
      work();
    } catch (std::exception const& e) {
      if (!heard()) {
        lost_ = rank_status{static_cast<int>(r), 0, e.what()};
        tell("lost", *lost_);
      }
      throw cancelled{};
    }
  }

  void meet() {
    std::vector<std::byte> all(size());
    std::vector<std::span<std::byte const>> const send(size(), std::span(all).first(1));
    std::vector<std::span<std::byte>> receive;
    for (std::size_t r = 0; r != size(); ++r) receive.push_back(std::span(all).subspan(r, 1));
    start_all_to_all_v(send, receive);
    finish_all_to_all_v();
  }

  // Written before the connections are closed, so that it can be read once they are.
  void tell(std::string const& how, rank_status const& status, char const* as = "told") noexcept {
    try {
      std::string const text = how + "\n" + std::to_string(status.rank) + "\n" +
                               std::to_string(status.round) + "\n" + status.reason;
      folder_.claim(key(as, rank()), {text.begin(), text.end()});
    } catch (std::exception const&) {  // the others will detect the closed connections
    }
  }
  // The report of the lowest rank that has written one.
  std::optional<rank_status> heard() {
    for (std::size_t r = 0; r != size() && !told_; ++r) {
      if (!folder_.has(key("told", r))) continue;
      auto const bytes = folder_.value(key("told", r));
      std::string const text(bytes.begin(), bytes.end());
      std::size_t const first = text.find('\n'), second = text.find('\n', first + 1),
                        third = text.find('\n', second + 1);
      if (third == std::string::npos || text.starts_with("ended")) continue;
      told_ = rank_status{std::stoi(text.substr(first + 1)), std::stoull(text.substr(second + 1)),
                          text.substr(third + 1)};
      if (text.starts_with("lost") && !lost_) lost_ = told_;
    }
    return told_;
  }

  // Judges no report before all have arrived, and removes none before all ranks have read them.
  void hear_all() {
    auto const end = clock::now() + deadline();
    auto const pause = milliseconds(20);
    for (std::size_t r = 0; r != size() && !lost_; ++r)
      while (!folder_.wait(key("told", r), std::min(end, clock::now() + pause)) && !lost_) {
        told_.reset(), heard();
        if (!lost_ && clock::now() > end) lost_ = rank_status{static_cast<int>(r), 0, "no report"};
      }
    told_.reset(), heard();
    if (lost_) return;
    tell("ended", {}, "read");
    for (std::size_t r = 0; r != size(); ++r)  // a rank without a report has read them all
      while (folder_.has(key("told", r)) && clock::now() < end &&
             !folder_.wait(key("read", r), std::min(end, clock::now() + pause))) continue;
  }

  gloo_options options_;
  detail::rendezvous_folder folder_;
  std::shared_ptr<::gloo::rendezvous::Context> context_;
  std::vector<std::unique_ptr<::gloo::transport::UnboundBuffer>> peers_;
  std::vector<std::size_t> sends_, receives_;  // not yet complete
  std::optional<rank_status> told_, lost_;
  std::uint64_t connections_ = 0, sent_ = 0;
};
static_assert(Communicator<gloo_communicator>);

}  // namespace localsgd
