// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/communicator/concept.hpp"
#include "localsgd/communicator/mpi/board.hpp"
#include "localsgd/communicator/mpi/link.hpp"
#include "localsgd/communicator/mpi/window.hpp"
#include "localsgd/communicator/rank_failed.hpp"
#include "localsgd/core/index_range.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

/// @file
/// @brief The ranks of an MPI job.

namespace localsgd {

/// @brief What happens when a rank does not answer before the deadline.
enum class on_lost_rank {
  abort,  ///< Writes a message to standard error and ends the job with MPI_Abort.
  raise,  ///< Throws rank_failed; this `mpi` cannot be used again, and MPI_Finalize may not return.
          ///< Same as `abort` if a message was only partly received.
};

/// @brief A Communicator on MPI. Used only by the thread that may call MPI.
///
/// An exception on one rank ends the run on all ranks, and all can start another one. A rank that
/// does not answer before the deadline is lost, and with it the job: see localsgd::on_lost_rank.
class mpi_communicator {
 public:
  /// @brief Collective: duplicates the communicator.
  /// @param deadline seconds that a rank waits for others without hearing from them
  /// @param share_memory whether the ranks exchange short data through shared memory; they do if
  ///                     all of them set it and are on one machine
  /// @throws std::runtime_error if MPI is not initialised, or without thread support
  mpi_communicator(MPI_Comm ranks, double deadline, on_lost_rank when_lost, bool share_memory)
      : when_lost_(when_lost), link_(ranks, deadline) {
    if (!link_.lost().empty()) end_lost(0);
    link_.open();
    rank_status mine;
    try {
      make_board(share_memory);
    } catch (cancelled const&) {
    } catch (std::exception const& e) {
      mine = {link_.rank(), 0, e.what()};
    }
    if (rank_status const failed = close(mine); failed.failed())
      throw rank_failed(failed.rank, failed.round, failed.reason);
  }

  std::size_t rank() const noexcept { return static_cast<std::size_t>(link_.rank()); }
  std::size_t size() const noexcept { return static_cast<std::size_t>(link_.ranks()); }
  /// @brief The bytes that this rank has sent to others in all runs, except short notes and
  ///        MPI_Iallreduce. Data in shared memory are not counted.
  std::uint64_t bytes_sent() const noexcept { return link_.bytes_sent(); }

  void open() {
    detail::require_mpi();
    if (!link_.lost().empty()) throw rank_failed(link_.lost_rank(), 0, link_.lost());
    link_.open();
    if (board_) board_->begin(link_.runs());
  }

  rank_status close(rank_status const& mine) {
    detail::mpi_note note;
    note.rank = link_.rank();
    note.round = mine.round;
    if (!link_.lost().empty()) {
      note.how = detail::mpi_note::lost;
      note.rank = link_.lost_rank();
      note.say(link_.lost());
    } else if (mine.failed()) {
      note.how = detail::mpi_note::failed;
      note.say(mine.reason);
    }
    link_.close(note);
    if (!link_.lost().empty()) {
      static_cast<void>(window_.release());  // other ranks may still use it
      end_lost(mine.round);
    }
    if (window_) window_->free();
    window_.reset();
    for (detail::mpi_note const& each : link_.notes())
      if (each.how == detail::mpi_note::failed) return {each.rank, each.round, each.reason};
    return {};
  }

  void start_all_to_all_v(std::span<std::span<std::byte const> const> send,
                          std::span<std::span<std::byte> const> receive) {
    std::size_t const n = size();
    for (std::size_t i = 1; i < n; ++i) {
      std::size_t const r = (rank() + i) % n;
      link_.receive(static_cast<int>(r), receive[r]);
    }
    for (std::size_t i = 1; i < n; ++i) {  // each rank starts with a different one
      std::size_t const r = (rank() + n - i) % n;
      link_.send(static_cast<int>(r), send[r]);
    }
  }
  void finish_all_to_all_v() {
    link_.wait();
  }

  template <class Scalar>
  void start_all_reduce(std::span<Scalar> x) {
    link_.all_reduce(x);
  }

  detail::mpi_board* board() const noexcept { return board_.get(); }
  /// @brief Waits until all others have posted.
  void finish_posts() {
    link_.wait_for([&](int r) { return board_->has_posted(static_cast<std::size_t>(r)); });
  }

  // One-sided: rank r holds its slice of the exposed numbers.
  void expose(std::span<double const> values) {
    index_range const mine = slice(values.size(), rank());
    if (!window_ || exposed_ != values.size()) {
      if (window_) window_->free();
      window_ = std::make_unique<detail::mpi_window>(link_.communicator(), mine.size());
      exposed_ = values.size();
    }
    meet();  // no rank is still adding
    std::ranges::copy(values.subspan(mine.first, mine.size()), window_->here().begin());
    window_->sync();
    meet();  // no rank adds before it is complete
  }
  void add_and_read(std::size_t first, std::span<double const> change, std::span<double> now) {
    std::size_t const n = change.size();
    if (link_.outgoing.size() < 2 * n * sizeof(double))
      link_.outgoing.resize(2 * n * sizeof(double));  // memory that outlives a lost rank
    auto* const room = reinterpret_cast<double*>(link_.outgoing.data());
    std::span<double> const adds(room, n), old(room + n, n);
    std::ranges::copy(change, adds.begin());
    for (std::size_t r = 0; r != size(); ++r) {
      index_range const there = slice(exposed_, r);
      std::size_t const begin = std::max(first, there.first), end = std::min(first + n, there.last);
      if (begin < end)
        window_->add_and_get(link_.requests(), static_cast<int>(r), begin - there.first,
                             adds.subspan(begin - first, end - begin),
                             old.subspan(begin - first, end - begin));
    }
    link_.wait_alone();
    for (std::size_t i = 0; i != n; ++i) now[i] = old[i] + change[i];
  }
  template <class Look>
  void wait_until(Look const& look) {
    link_.wait_until(look);
  }

 private:
  index_range slice(std::size_t n, std::size_t r) const noexcept {
    return detail::coordinates_of<double>(n, size(), r);
  }

  // A barrier.
  void meet() {
    std::vector<std::byte> one(1), all(size());
    gather(std::span<std::byte>(all), std::span<std::byte const>(one));
  }
  // Every rank receives all[r] from rank r.
  template <class T>
  void gather(std::span<T> all, std::span<T const> mine) {
    std::vector<std::span<std::byte const>> send(size(), std::as_bytes(mine));
    std::vector<std::span<std::byte>> receive;
    for (std::size_t r = 0; r != size(); ++r)
      receive.push_back(std::as_writable_bytes(all.subspan(r * mine.size(), mine.size())));
    std::ranges::copy(mine, all.subspan(rank() * mine.size()).begin());
    start_all_to_all_v(send, receive);
    finish_all_to_all_v();
  }

  // Creates boards for all ranks, or for none.
  void make_board(bool wanted) {
    constexpr std::size_t longest = MPI_MAX_PROCESSOR_NAME;
    std::vector<char> mine(longest), names(longest * size());
    int length = 0;
    detail::check_mpi(MPI_Get_processor_name(mine.data(), &length), "MPI_Get_processor_name");
    gather(std::span(names), std::span<char const>(mine));
    bool here = size() > 1 && wanted;
    for (std::size_t r = 0; r != size(); ++r)
      here = here && std::string_view(names.data() + r * longest) == std::string_view(names.data());
    if (here && rank() == 0) board_ = detail::mpi_board::make(size());
    std::vector<detail::mpi_board::invitation> invitations(size());
    detail::mpi_board::invitation const own =
        board_ ? board_->invite() : detail::mpi_board::invitation{};
    gather(std::span(invitations), std::span(&own, 1));
    if (here && rank() != 0) board_ = detail::mpi_board::open(invitations[0], rank());
    std::vector<char> has_one(size());
    char const has = board_ ? 1 : 0;
    gather(std::span(has_one), std::span(&has, 1));
    if (board_) board_->withdraw();
    if (std::ranges::count(has_one, 0) != 0) board_.reset();
  }

  [[noreturn]] void end_lost(std::uint64_t round) const {
    rank_failed const error(link_.lost_rank(), round, link_.lost());
    if (when_lost_ == on_lost_rank::abort)
      link_.abort(std::string(error.what()) + "; rank " + std::to_string(rank()) +
                  " ends the job");
    throw error;
  }

  on_lost_rank when_lost_;
  detail::mpi_link link_;
  std::unique_ptr<detail::mpi_board> board_;  // if all ranks have one
  std::unique_ptr<detail::mpi_window> window_;
  std::size_t exposed_ = 0;
};
static_assert(Communicator<mpi_communicator> && detail::one_sided<mpi_communicator> &&
              detail::sums_in_any_order<mpi_communicator> && detail::has_board<mpi_communicator>);

}  // namespace localsgd
