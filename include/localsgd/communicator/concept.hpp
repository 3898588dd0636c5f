// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <span>
#include <string>

/// @file
/// @brief The Communicator concept: transfers bytes between the processes of a run.

namespace localsgd {

/// @brief How a run ended on one rank. `rank` < 0 means without failure.
struct rank_status {
  int rank = -1;            ///< The rank that failed, from 0.
  std::uint64_t round = 0;  ///< How many averages it had computed.
  std::string reason;       ///< Why it failed, in words.

  bool failed() const noexcept { return rank >= 0; }
};

/// @brief The progress that a waiting rank observes without messages.
struct one_sided_progress {
  bool done = false;
  std::size_t rank = 0;  ///< The rank it waits for.
  double value = 0;      ///< Grows while that rank is alive.
};

/// @brief Thrown by a wait when the run has been cancelled because of an error on another thread
///        or rank, or because a rank does not answer. Internal to the library.
struct cancelled : std::exception {
  char const* what() const noexcept override { return "localsgd: the run was cancelled"; }
};

namespace detail {

template <class C>
concept knows_its_rank = requires(C const& c) {
  { c.rank() } -> std::same_as<std::size_t>;
  { c.size() } -> std::same_as<std::size_t>;
};
template <class C>
concept opens_and_closes_runs = requires(C& c, rank_status mine) {
  { c.open() } -> std::same_as<void>;
  { c.close(mine) } -> std::same_as<rank_status>;
};
template <class C>
concept exchanges_messages =
    requires(C& c, std::span<std::span<std::byte const> const> send,
             std::span<std::span<std::byte> const> receive) {
      { c.start_all_to_all_v(send, receive) } -> std::same_as<void>;
      { c.finish_all_to_all_v() } -> std::same_as<void>;
    };

}  // namespace detail

/// @brief Transfers bytes between the ranks of a run: a communication backend.
///
/// There is one object on each rank, used by one thread at a time. A rank is a process; the library
/// manages its threads.
///
/// | expression                            | meaning                                              |
/// |---------------------------------------|------------------------------------------------------|
/// | `c.rank()`, `c.size()`                | my number, from 0, and the number of ranks           |
/// | `c.open()`                            | starts a run; all ranks start the same runs in the   |
/// |                                       | same order                                           |
/// | `c.start_all_to_all_v(send, receive)` | starts to send the bytes `send[r]` to every other    |
/// |                                       | rank r and to receive `receive[r]` from it; sizes    |
/// |                                       | agree, some may be 0, both spans have size() elements|
/// |                                       | and `[rank()]` is ignored                            |
/// | `c.finish_all_to_all_v()`             | waits until both are done                            |
/// | `c.close(status)`                     | ends the run: tells all other ranks how it ended     |
/// |                                       | here, and returns the failure of the lowest rank     |
/// |                                       | that failed, or a status without failure             |
///
/// Optional:
///
/// | expression                            | meaning                                              |
/// |---------------------------------------|------------------------------------------------------|
/// | `c.expose(values)`                    | collective: lets all ranks add to doubles with these |
/// |                                       | initial values, equal on all ranks. Split evenly by  |
/// |                                       | cache line; rank r holds part r. For asynchronous    |
/// |                                       | runs, as are the next two                            |
/// | `c.add_and_read(first, change, now)`  | adds `change` to the exposed numbers first, first+1, |
/// |                                       | …, each atomically, and returns their new values     |
/// |                                       | in `now`; waits for no other rank                    |
/// | `c.wait_until(look)`                  | calls `look()`, which returns one_sided_progress,    |
/// |                                       | until that is done; the deadline restarts whenever   |
/// |                                       | its value changes                                    |
/// | `c.start_all_reduce(x)`               | starts x ← Σ_r x of rank r, in any order, for spans  |
/// |                                       | of float and double; finished as above. For          |
/// |                                       | `averaging::fast`                                    |
/// | `c.board()`                           | null, or memory that all ranks share: detail::board  |
///
/// Requirements that the compiler cannot check:
/// - messages between two ranks arrive in the order in which they were sent;
/// - memory passed to `start_…` stays valid until it is finished;
/// - every wait ends: with an exception if a rank does not answer within the backend's deadline, or
///   with `cancelled` once another rank has closed with a failure;
/// - `close` ends on all ranks, whatever was in progress, and a new run can then be opened, unless
///   a rank is lost: then every call throws rank_failed.
template <class C>
concept Communicator =
    detail::knows_its_rank<C> && detail::opens_and_closes_runs<C> && detail::exchanges_messages<C>;

namespace detail {

/// @brief Whether a rank can add to another rank's numbers without that rank's participation.
template <class C>
concept one_sided = requires(C& c, std::span<double const> change, std::span<double> now,
                              one_sided_progress (*look)()) {
  { c.expose(change) } -> std::same_as<void>;
  { c.wait_until(look) } -> std::same_as<void>;
  { c.add_and_read(now.size(), change, now) } -> std::same_as<void>;
};
/// @brief Whether the backend can compute sums, in an order that it chooses.
template <class C>
concept sums_in_any_order = requires(C& c, std::span<double> x, std::span<float> y) {
  c.start_all_reduce(x);
  c.start_all_reduce(y);
};
/// @brief Whether the ranks can exchange data through shared memory.
template <class C>
concept has_board = requires(C& c) { c.board()->post(); };

}  // namespace detail

}  // namespace localsgd
