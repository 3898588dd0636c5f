// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

// The only header that includes Boost.Interprocess.
#include <boost/interprocess/mapped_region.hpp>
#include <boost/interprocess/permissions.hpp>
#include <boost/interprocess/shared_memory_object.hpp>

#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <utility>

/// @file
/// @brief Memory shared by the ranks of one machine: faster than messages.

namespace localsgd::detail {

/// @brief A board for each rank that all ranks can read, with two sides that are used alternately.
///
/// All ranks post, then read the posts of the others, repeatedly. A rank posts after it has read
/// all previous posts, and starts writing the next one after it has seen the latest posts of all
/// other ranks, so no rank overwrites data that another may still be reading.
///
/// One rank creates the boards, and the others open them through its invitation, which is then
/// withdrawn. The memory is released when the last process ends; only processes of the same user
/// can open it. For use by one thread of a rank, except the memory that mine() and of() return.
class mpi_board {
 public:
  /// The largest number of bytes in a post.
  static constexpr std::size_t side = std::size_t{1} << 18;

  /// @brief Tells other ranks how to find the boards.
  struct invitation {
    std::array<char, 64> name{};
    std::uint64_t token = 0;  ///< Also stored inside: the name alone may be another job's. Or 0.
  };

  /// @brief For rank 0. Null if the system has no such memory, or not enough.
  static std::unique_ptr<mpi_board> make(std::size_t ranks) noexcept {
    auto const now = static_cast<std::uint64_t>(
        std::chrono::steady_clock::now().time_since_epoch().count());
    return attempt([&] {
      std::string const name =
          "localsgd-" + std::to_string(getpid()) + "-" + std::to_string(now);
      invitation to{{}, now | 1};
      name.copy(to.name.data(), to.name.size() - 1);
      return std::unique_ptr<mpi_board>(new mpi_board(to, ranks));
    });
  }
  /// @brief For the other ranks. Null if the invitation is not valid on this machine.
  static std::unique_ptr<mpi_board> open(invitation const& to, std::size_t rank) noexcept {
    return attempt([&] {
      std::unique_ptr<mpi_board> board;
      if (to.token != 0) board.reset(new mpi_board(to, rank, guest{}));
      return board;
    });
  }
  mpi_board(mpi_board const&) = delete;
  mpi_board& operator=(mpi_board const&) = delete;
  ~mpi_board() { withdraw(); }

  /// @brief For the creator: how others find it, until it is withdrawn.
  invitation const& invite() const noexcept { return invitation_; }
  void withdraw() noexcept {
    if (std::exchange(open_, false)) memory::remove(invitation_.name.data());
  }

  /// @brief Discards the posts of other runs. @param run increases; equal on all ranks
  void begin(std::uint64_t run) noexcept { posts_ = run << 40U; }
  /// @brief The memory for the next post.
  std::byte* mine() const noexcept { return side_of(rank_, posts_ + 1); }
  /// @brief Makes the data written at mine() visible to all.
  void post() noexcept { head(rank_)->posted.store(++posts_, std::memory_order_release); }
  /// @brief Whether a rank has posted in the current round.
  bool has_posted(std::size_t rank) const noexcept {
    return head(rank)->posted.load(std::memory_order_acquire) >= posts_;
  }
  /// @brief The post of a rank. @pre has_posted(rank)
  std::byte* of(std::size_t rank) const noexcept { return side_of(rank, posts_); }

 private:
  using memory = boost::interprocess::shared_memory_object;
  struct guest {};
  struct alignas(128) header {  // at the start of each board, before its two sides
    std::atomic<std::uint64_t> posted{0}, token{0};
  };
  static_assert(std::atomic<std::uint64_t>::is_always_lock_free);
  static constexpr std::size_t length = sizeof(header) + 2 * side;

  template <class Work>
  static std::unique_ptr<mpi_board> attempt(Work const& work) noexcept {
    try {
      return work();
    } catch (std::exception const&) {
      return nullptr;
    }
  }

  mpi_board(invitation const& to, std::size_t ranks) : invitation_(to) {
    namespace ipc = boost::interprocess;
    memory whole(ipc::create_only, to.name.data(), ipc::read_write, ipc::permissions(0600));
    open_ = true;
    try {
      whole.truncate(static_cast<ipc::offset_t>(ranks * length));
      region_ = ipc::mapped_region(whole, ipc::read_write);
    } catch (...) {
      withdraw();
      throw;
    }
    for (std::size_t r = 0; r != ranks; ++r) ::new (board(r)) header;
    head(0)->token.store(to.token, std::memory_order_release);
  }
  mpi_board(invitation const& to, std::size_t rank, guest) : rank_(rank) {
    namespace ipc = boost::interprocess;
    region_ = ipc::mapped_region(memory(ipc::open_only, to.name.data(), ipc::read_write),
                                 ipc::read_write);
    if (region_.get_size() < (rank + 1) * length ||
        head(0)->token.load(std::memory_order_acquire) != to.token)
      throw std::exception();
  }

  std::byte* board(std::size_t rank) const noexcept {
    return static_cast<std::byte*>(region_.get_address()) + rank * length;
  }
  header* head(std::size_t rank) const noexcept {
    return std::launder(reinterpret_cast<header*>(board(rank)));
  }
  std::byte* side_of(std::size_t rank, std::uint64_t post) const noexcept {
    return board(rank) + sizeof(header) + post % 2 * side;
  }

  boost::interprocess::mapped_region region_;
  invitation invitation_;
  bool open_ = false;
  std::size_t rank_ = 0;
  std::uint64_t posts_ = 0;
};

}  // namespace localsgd::detail
