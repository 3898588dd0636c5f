// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/communicator/threads/asio_pool.hpp"
#include "localsgd/communicator/threads/barrier.hpp"
#include "localsgd/communicator/mpi/agreement.hpp"
#include "localsgd/communicator/mpi/board.hpp"
#include "localsgd/communicator/mpi/link.hpp"
#include "localsgd/communicator/mpi/member.hpp"
#include "localsgd/communicator/threads/team.hpp"
#include "localsgd/core/error.hpp"
#include "localsgd/communicator/mpi/options.hpp"
#include "localsgd/communicator/rank_failed.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// @file
/// @brief One rank of a job: its threads, its link, and how its runs begin and end.

namespace localsgd::detail {

/// @brief Where a rank runs.
struct mpi_machine {
  char name[MPI_MAX_PROCESSOR_NAME] = {};

  static mpi_machine this_one() {
    mpi_machine m;
    int length = 0;
    check_mpi(MPI_Get_processor_name(m.name, &length), "MPI_Get_processor_name");
    return m;
  }

  /// @brief How many threads a rank of this machine should have, when it may use so many.
  ///
  /// A rank that is bound to some of the processors has those for itself; others share all.
  std::size_t share(std::span<mpi_machine const> ranks, std::size_t allowed) const {
    auto const here = static_cast<std::size_t>(std::ranges::count_if(ranks, [&](auto const& m) {
      return std::string_view(m.name) == std::string_view(name);
    }));
    long const online = sysconf(_SC_NPROCESSORS_ONLN);
    std::size_t const all = online < 1 ? allowed : static_cast<std::size_t>(online);
    return std::max<std::size_t>(1, std::min(allowed, all / here));
  }
};

/// @brief What all synchronizers on MPI are made of.
class mpi_host {
 public:
  mpi_host(MPI_Comm all, mpi_options const& options)
      : options_((options.validate(), options)), link_(all, options.deadline) {
    if (!link_.lost().empty()) end_lost();
    link_.open();
    threads_.resize(static_cast<std::size_t>(ranks()));
    guarded([&] {
      std::vector<mpi_machine> machines(threads_.size());
      machines[at_rank()] = mpi_machine::this_one();
      gather(std::span(machines));
      std::size_t const chosen =
          options.threads != 0 ? options.threads
                               : machines[at_rank()].share(machines, asio_pool::hardware_threads());
      pool_.emplace(chosen);
      threads_[at_rank()] = chosen;
      gather(std::span(threads_));
      share_memory(machines);
    });
  }

  int rank() const noexcept { return link_.rank(); }
  int ranks() const noexcept { return link_.ranks(); }
  /// @brief Of this rank.
  std::size_t threads() const noexcept { return pool_->threads(); }
  /// @brief Bytes this rank has sent to others, in all runs, but for short notes and what
  ///        MPI_Iallreduce sends. What is passed through shared memory is not sent.
  std::uint64_t bytes_sent() const noexcept { return link_.bytes_sent(); }
  /// @brief Of K workers those that this rank carries.
  index_range carries(std::size_t workers) const {
    return layout(workers).rows_of(at_rank(), workers);
  }

  /// @brief The rank that carries a worker.
  std::size_t rank_of(std::size_t workers, std::size_t worker) const {
    mpi_layout const all = layout(workers);
    std::size_t r = 0;
    while (worker >= all.rows_of(r, workers).last) ++r;
    return r;
  }

  /// @brief Collective: every rank calls `make`, and gets values[k] from the rank that carries
  ///        worker k.
  /// @throws what `make` throws; rank_failed on the other ranks
  template <class T, class Make>
  void share(std::span<T> values, Make const& make) {
    mpi_layout const all = layout(values.size());
    require_usable();
    link_.open();
    guarded([&] {
      make();
      gather_parts([&](int r) {
        index_range const of = all.rows_of(static_cast<std::size_t>(r), values.size());
        return values.subspan(of.first, of.size());
      });
    });
    finish({});
  }

  /// @brief Ends a run that was begun and never made: the others learn of it.
  void leave() noexcept {
    if (!std::exchange(is_open_, false)) return;
    try {
      finish(std::make_exception_ptr(std::runtime_error("an exception before its first round")));
    } catch (...) {  // what has led here is on its way already
    }
  }

 protected:
  std::uint64_t averaging_number() const noexcept {
    return static_cast<std::uint64_t>(options_.averaging);
  }

  /// @brief Collective: `mine()` says what this rank is about to run.
  template <class Mine>
  void compare(Mine const& mine, std::size_t workers) {
    require_usable();
    link_.open();
    is_open_ = true;
    std::vector<mpi_agreement> all(threads_.size());
    guarded([&] {
      all[at_rank()] = mine();
      gather(std::span(all));
    });
    is_open_ = false;  // unless run() comes next
    mpi_agreement::require_equal(all);
    layout(workers);
    is_open_ = true;
  }

  template <class Team, class Program>
  void run_ranks(std::size_t workers, Program& program) {
    require_usable();
    if (!std::exchange(is_open_, false)) link_.open();
    std::exception_ptr mine;
    std::optional<mpi_shared> shared;  // until the run is closed
    try {
      if (board_) board_->begin(link_.runs());
      shared.emplace(link_, board_.get(), layout(workers), workers, options_);
      run_members(shared->here, *pool_, [&](std::size_t i) { return Team(*shared, i); }, program);
    } catch (...) {
      mine = std::current_exception();
    }
    finish(mine);
  }

 private:
  std::size_t at_rank() const noexcept { return static_cast<std::size_t>(rank()); }

  mpi_layout layout(std::size_t workers) const {
    require(workers >= threads_.size(), "workers", workers,
            "at least the number of ranks, " + std::to_string(threads_.size()));
    return mpi_layout::of(threads_, workers);
  }

  void require_usable() const {
    require_mpi();
    if (!link_.lost().empty()) throw rank_failed(link_.lost_rank(), link_.round, link_.lost());
  }

  // Everybody gets part(r), of the same length on all ranks, from rank r.
  template <class Part>
  void gather_parts(Part const& part) {
    auto const own = part(rank());
    auto const mine = mpi_shared::as<typename decltype(own)::value_type>(link_.outgoing, own.size());
    std::ranges::copy(own, mine.begin());
    for (int r = 0; r != ranks(); ++r) {
      if (r == rank()) continue;
      link_.receive(r, std::as_writable_bytes(part(r)));
      link_.send(r, std::as_bytes(mine));
    }
    link_.wait([] { return false; });
  }
  // Everybody gets all[r] from rank r.
  template <class T>
  void gather(std::span<T> all) {
    gather_parts([&](int r) { return all.subspan(static_cast<std::size_t>(r), 1); });
  }

  // Boards for all ranks, or for none.
  void share_memory(std::span<mpi_machine const> machines) {
    bool const here = ranks() > 1 && options_.shared_memory &&
                      std::ranges::all_of(machines, [&](mpi_machine const& m) {
                        return std::string_view(m.name) == machines[0].name;
                      });
    if (here && rank() == 0) board_ = mpi_board::make(threads_.size());
    std::vector<mpi_board::invitation> invitations(threads_.size());
    if (board_) invitations[0] = board_->invite();
    gather(std::span(invitations));
    if (here && rank() != 0) board_ = mpi_board::open(invitations[0], at_rank());
    std::vector<char> has_one(threads_.size());
    has_one[at_rank()] = board_ ? 1 : 0;
    gather(std::span(has_one));
    if (board_) board_->withdraw();
    if (std::ranges::count(has_one, 0) != 0) board_.reset();
  }

  // Before a run: a failure is one of all ranks, as it is during it.
  template <class Work>
  void guarded(Work const& work) {
    std::exception_ptr mine;
    try {
      work();
      return;
    } catch (called_off const&) {
    } catch (...) {
      mine = std::current_exception();
    }
    is_open_ = false;
    finish(mine);
  }

  // The end of a run on all ranks: nobody is done before all are.
  void finish(std::exception_ptr const& mine) {
    mpi_note note;
    note.rank = rank();
    note.round = link_.round;
    if (!link_.lost().empty()) {
      note.how = mpi_note::lost;
      note.rank = link_.lost_rank();
      note.say(link_.lost());
    } else if (mine) {
      note.how = mpi_note::failed;
      try {
        std::rethrow_exception(mine);
      } catch (std::exception const& e) {
        note.say(e.what());
      } catch (...) {
        note.say("an exception that is no std::exception");
      }
    }
    link_.close(note);
    if (!link_.lost().empty()) end_lost();
    if (mine) std::rethrow_exception(mine);
    for (mpi_note const& each : link_.notes())
      if (each.how == mpi_note::failed) throw rank_failed(each.rank, each.round, each.reason);
  }

  [[noreturn]] void end_lost() const {
    rank_failed const error(link_.lost_rank(), link_.round, link_.lost());
    if (options_.on_lost_rank == on_lost_rank::abort)
      link_.abort(std::string(error.what()) + "; rank " + std::to_string(rank()) +
                  " ends the job");
    throw error;
  }

  mpi_options options_;
  mpi_link link_;
  std::optional<asio_pool> pool_;
  std::unique_ptr<mpi_board> board_;  // if all ranks have one
  std::vector<std::size_t> threads_;  // of each rank
  bool is_open_ = false;              // a run whose begin() was good
};

}  // namespace localsgd::detail
