// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/communicator/concept.hpp"
#include "localsgd/communicator/rank_failed.hpp"
#include "localsgd/communicator/ranks/agreement.hpp"
#include "localsgd/communicator/ranks/rank_team.hpp"
#include "localsgd/communicator/threads/asio_pool.hpp"
#include "localsgd/core/error.hpp"
#include "localsgd/io/available_cores.hpp"
#include "localsgd/protocol/asynchronous.hpp"
#include "localsgd/protocol/overlapped.hpp"
#include "localsgd/protocol/synchronous.hpp"
#include "localsgd/synchronizer/concept.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

/// @file
/// @brief Any protocol on the ranks of any Communicator.

namespace localsgd {

/// @brief How the ranks average. With K workers, evenly divided among R ranks, and vectors of D
///        bytes, an average sends, in total over all ranks,
enum class averaging {
  reproducible,  ///< K·D·(R−1)/R + (R−1)·D bytes: sums in worker order, the same bits as `serial`.
  fast,          ///< at least 2(R−1)·D bytes: sums in an order chosen by the communicator.
};

/// @brief Options of basic_ranks.
struct rank_options {
  /// Threads of this rank, 1 … 4096. 0 = the available cores, divided among this machine's ranks.
  std::size_t threads = 0;
  localsgd::averaging averaging = localsgd::averaging::reproducible;  ///< Equal on all ranks.
  /// D, for asynchronous runs: a worker waits before it adds local steps that would put it more
  /// than D ahead of the slowest one. If all ranks have the same D, delays are at most max(D, H).
  /// Unset: no limit.
  std::optional<std::uint64_t> max_staleness = std::nullopt;
};

/// @brief Local SGD on the ranks of a communicator. The K workers are spread evenly over all
///        threads of all ranks; each thread is started once per run.
///
/// Every rank calls minimize with the same objective and settings, and gets the same result; only
/// the observer of rank 0 is called. With `averaging::reproducible` the result of a synchronous
/// run has the same bits as that of `serial`, on any number of ranks and threads.
///
/// An exception on one rank ends the run on all ranks: that rank rethrows it, the others throw
/// rank_failed, and all can start another run. Runs must not overlap, and must be started by the
/// thread that may use the communicator; the other threads of a rank never use it.
///
/// @tparam Protocol detail::synchronous_protocol, detail::overlapped_protocol or
///                  detail::asynchronous_protocol, which needs a one-sided communicator
template <template <class> class Protocol, Communicator C>
class basic_ranks {
 public:
  using protocol = Protocol<detail::rank_team<C>>;
  static_assert(!protocol::never_waits || detail::one_sided<C>,
                "asynchronous runs need a communicator with expose() and add_and_read()");

  /// @brief Collective.
  /// @param arguments passed to the constructor of the communicator
  /// @throws invalid_settings if an option is out of range; anything the communicator throws
  template <class... Arguments>
  explicit basic_ranks(rank_options options, Arguments&&... arguments)
      : options_(checked(options)),
        memory_(std::make_unique<detail::message_memory>()),
        ranks_(std::forward<Arguments>(arguments)...) {
    struct machine {
      std::array<char, 256> name{};
      std::uint64_t threads = 0;
    };
    std::vector<machine> all(ranks_.size());
    guarded([&] {
      machine& mine = all[ranks_.rank()];
      gethostname(mine.name.data(), mine.name.size() - 1);
      mine.threads = options_.threads;
      gather(std::span(all), [](std::size_t r) { return index_range{r, r + 1}; });
      std::size_t here = 0;
      for (machine const& m : all)
        here += std::string_view(m.name.data()) == std::string_view(mine.name.data()) ? 1 : 0;
      threads_.resize(all.size());
      threads_[ranks_.rank()] = options_.threads != 0 ? options_.threads : share_of(here);
      gather(std::span(threads_), [](std::size_t r) { return index_range{r, r + 1}; });
      pool_.emplace(threads_[ranks_.rank()]);
    });
  }
  basic_ranks(basic_ranks const&) = delete;
  basic_ranks& operator=(basic_ranks const&) = delete;
  ~basic_ranks() {
    if (lost_) static_cast<void>(memory_.release());  // the backend may still read it
  }

  int rank() const noexcept { return static_cast<int>(ranks_.rank()); }
  int ranks() const noexcept { return static_cast<int>(ranks_.size()); }
  /// @brief The number of threads of this rank.
  std::size_t threads() const noexcept { return threads_[ranks_.rank()]; }
  bool averages_in_any_order() const noexcept { return options_.averaging == averaging::fast; }

  /// @brief Which of the K workers this rank carries.
  index_range carries(std::size_t workers) const {
    return layout(workers).rows_of(ranks_.rank(), workers);
  }
  /// @brief The rank that carries the given worker.
  std::size_t rank_of(std::size_t workers, std::size_t worker) const {
    detail::rank_layout const all = layout(workers);
    std::size_t r = 0;
    while (worker >= all.rows_of(r, workers).last) ++r;
    return r;
  }

  /// @brief Collective: every rank calls `make` and receives values[k] from the rank that carries
  ///        worker k.
  /// @throws what `make` throws; on the other ranks, rank_failed
  template <class T, class Make>
  void all_gather(std::span<T> values, Make const& make) {
    detail::rank_layout const all = layout(values.size());
    guarded([&] {
      make();
      gather(values, [&](std::size_t r) { return all.rows_of(r, values.size()); });
    });
  }

  /// @brief Collective: checks that all ranks are about to execute the same run, and executes it.
  /// @throws invalid_settings on all ranks, if the data, settings or components of any rank differ
  ///         from those of rank 0, or if there are fewer workers than ranks
  template <class Program>
  void run(plan const& p, Program const& program) {
    guarded([&] {
      detail::rank_layout const all = layout(p.workers);  // throws before any rank waits
      compare(program);
      program([&](auto const& body) {
        detail::rank_state<C> state(ranks_, *memory_, all, p.workers, averages_in_any_order());
        state.here.max_staleness = options_.max_staleness;
        struct keep {
          std::uint64_t& to;
          std::uint64_t const& from;
          ~keep() { to = from; }
        } const round{round_, state.round};
        detail::run_protocols<protocol>(state.here, *pool_, body, state);
        if (state.here.meeting.is_cancelled()) throw cancelled{};  // by another rank
      });
    });
  }

 protected:
  C& communicator() noexcept { return ranks_; }
  C const& communicator() const noexcept { return ranks_; }

 private:
  static rank_options checked(rank_options options) {
    detail::require(options.threads <= 4096, "threads", options.threads,
                    "from 1 to 4096, or 0 to choose automatically");
    if constexpr (protocol::never_waits) {
      detail::require(
          options.threads <= 1, "threads", options.threads,
          "1 in asynchronous runs, where each rank has one thread; start one rank for each core");
      detail::require(options.averaging == averaging::reproducible, "averaging", "fast",
                      "reproducible in asynchronous runs, which compute no averages");
      options.threads = 1;
    } else {
      detail::require(!options.max_staleness, "max_staleness", options.max_staleness.value_or(0),
                      "unset, because it applies to asynchronous runs only");
    }
    if constexpr (!detail::sums_in_any_order<C>)
      detail::require(options.averaging == averaging::reproducible, "averaging", "fast",
                      "reproducible, because this communicator has no start_all_reduce()");
    return options;
  }

  // The number of threads of a rank: if it is bound to some of the processors, it uses those;
  // otherwise the ranks share all processors or the CPU quota.
  static std::size_t share_of(std::size_t ranks_here) {
    std::size_t const allowed = detail::available_cores();
    long const online = sysconf(_SC_NPROCESSORS_ONLN);
    std::size_t const here = online < 1 ? allowed : static_cast<std::size_t>(online);
    std::size_t const all = detail::cores_within(here, 0, detail::core_quota());
    return std::max<std::size_t>(1, std::min(allowed, all / ranks_here));
  }

  detail::rank_layout layout(std::size_t workers) const {
    detail::require(workers >= threads_.size(), "workers", workers,
                    "at least the number of ranks, " + std::to_string(threads_.size()));
    return detail::rank_layout::of(threads_, workers);
  }

  // Every rank receives the elements range(r) of `all` from each rank r.
  template <class T, class Range>
  void gather(std::span<T> all, Range const& range) {
    if (ranks_.size() == 1) return;
    auto const part = [&](std::size_t r) { return all.subspan(range(r).first, range(r).size()); };
    auto const own = part(ranks_.rank());
    auto const mine = detail::message_memory::as<T>(memory_->outgoing, own.size());
    std::ranges::copy(own, mine.begin());
    std::vector<std::span<std::byte const>> send(ranks_.size(), std::as_bytes(mine));
    std::vector<std::span<std::byte>> receive(ranks_.size());
    for (std::size_t r = 0; r != receive.size(); ++r)
      receive[r] = std::as_writable_bytes(part(r));
    ranks_.start_all_to_all_v(send, receive);
    ranks_.finish_all_to_all_v();
  }

  template <class Program>
  void compare(Program const& program) {
    if (ranks_.size() == 1) return;
    std::string const mine = program.identity() + "averaging = " +
                             (averages_in_any_order() ? "fast" : "reproducible") + "\n";
    std::vector<std::uint64_t> lengths(ranks_.size());
    lengths[ranks_.rank()] = mine.size();
    gather(std::span(lengths), [](std::size_t r) { return index_range{r, r + 1}; });
    std::vector<std::size_t> begins{0};
    for (std::uint64_t const n : lengths) begins.push_back(begins.back() + n);
    std::vector<char> text(begins.back());
    std::ranges::copy(mine, text.begin() + static_cast<std::ptrdiff_t>(begins[ranks_.rank()]));
    gather(std::span(text), [&](std::size_t r) { return index_range{begins[r], begins[r + 1]}; });
    std::vector<std::string> all;
    for (std::size_t r = 0; r != lengths.size(); ++r)
      all.emplace_back(text.data() + begins[r], lengths[r]);
    try {
      detail::require_same_run(all);
    } catch (invalid_settings const&) {
      throw agreed{std::current_exception()};
    }
  }

  // A failure that all ranks have detected: no notification is needed.
  struct agreed {
    std::exception_ptr failure;
  };

  // A collective action of all ranks: if it fails on one rank, it fails on all.
  template <class Work>
  void guarded(Work const& work) {
    ranks_.open();
    round_ = 0;
    rank_status mine;
    std::exception_ptr failure;
    try {
      work();
    } catch (cancelled const&) {
    } catch (agreed const& by_all) {
      failure = by_all.failure;
    } catch (std::exception const& e) {
      failure = std::current_exception();
      mine = {rank(), round_, e.what()};
    } catch (...) {
      failure = std::current_exception();
      mine = {rank(), round_, "an exception not derived from std::exception"};
    }
    mine.round = round_;
    rank_status failed;
    try {
      failed = ranks_.close(mine);
    } catch (rank_failed const&) {
      lost_ = true;
      throw;
    }
    if (failure) std::rethrow_exception(failure);
    if (failed.failed()) throw rank_failed(failed.rank, failed.round, failed.reason);
  }

  rank_options options_;
  std::unique_ptr<detail::message_memory> memory_;
  C ranks_;
  std::optional<detail::asio_pool> pool_;
  std::vector<std::size_t> threads_;  // of each rank
  std::uint64_t round_ = 0;           // averages computed in this run
  bool lost_ = false;
};

/// @brief Algorithm 1 on the ranks of a custom communicator.
template <Communicator C>
using on_ranks = basic_ranks<detail::synchronous_protocol, C>;
/// @brief The average of a round is sent during the next local steps.
template <Communicator C>
using overlapped_on_ranks = basic_ranks<detail::overlapped_protocol, C>;
/// @brief Algorithm 2. One thread per rank.
template <Communicator C>
using asynchronous_on_ranks = basic_ranks<detail::asynchronous_protocol, C>;

}  // namespace localsgd
