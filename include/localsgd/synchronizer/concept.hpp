// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/index_range.hpp"
#include "localsgd/settings.hpp"

#include <concepts>
#include <cstddef>
#include <span>
#include <string>

/// @file
/// @brief The Synchronizer component: who waits for whom, and what transfers the bytes.

namespace localsgd {

namespace detail {

/// @brief The program that a synchronizer runs.
///
/// | expression        | meaning                                                                  |
/// |-------------------|--------------------------------------------------------------------------|
/// | `p.identity()`    | what all ranks of a run must have in common, as lines "name = value";    |
/// |                   | costs a pass over the samples; throws the errors that all ranks share    |
/// | `p(launch)`       | creates the parts of the run, then calls `launch(body)` once, which      |
/// |                   | calls `body(protocol)` on every thread, all at the same time, and        |
/// |                   | returns when all have returned. Called once in every process             |
template <class Identity, class Run>
struct program {
  Identity const& identity_of;
  Run const& run;

  std::string identity() const { return identity_of(); }
  template <class Launch>
  void operator()(Launch const& launch) const {
    run(launch);
  }
};

struct any_program {
  static std::string identity();
  template <class Launch>
  void operator()(Launch const&) const;
};

template <class S>
concept names_its_protocol = requires {
  { S::protocol::never_waits } -> std::convertible_to<bool>;
  { S::protocol::averages_travel } -> std::convertible_to<bool>;
};
template <class S>
concept has_run = requires(S& s, plan const& p, any_program const& program) {
  { s.run(p, program) } -> std::same_as<void>;
};
template <class S>
concept says_what_it_carries = requires(S const& s, std::size_t workers) {
  { s.carries(workers) } -> std::same_as<index_range>;
};
template <class S>
concept gathers_values = requires(S& s, std::span<double> values, void (*make)()) {
  s.all_gather(values, make);
};

}  // namespace detail

/// @brief Executes a run: a *protocol* (who waits for whom) on a *communicator* (what transfers
///        the bytes).
///
/// | expression                   | meaning                                                       |
/// |------------------------------|---------------------------------------------------------------|
/// | `S::protocol`                | what the program sees on each thread: a protocol on a Team    |
/// | `s.run(plan, program)`       | runs a detail::program and returns when its last thread has   |
/// |                              | ended                                                         |
/// | `s.carries(K)`               | the `index_range` of the workers that this process carries    |
/// | `s.all_gather(values, make)` | collective: calls `make()` and gives every process values[k]  |
/// |                              | of the one that carries worker k: K trivially copyable values |
///
/// Optional:
///
/// | expression                   | meaning                                                       |
/// |------------------------------|---------------------------------------------------------------|
/// | `s.averages_in_any_order()`  | whether averages are computed by the communicator's sum       |
///
/// Requirements that the compiler cannot check:
/// - an exception on one thread ends the run on all of them; `run` then rethrows the exception of
///   the lowest thread, or throws rank_failed on other ranks, and the synchronizer remains usable;
/// - `run` may be called by several threads: later calls wait;
/// - the number of threads and ranks does not affect the result of a synchronous run.
///
/// A custom communicator does not need this: basic_ranks turns it into a synchronizer, and
/// basic_threads does so for custom threads.
template <class S>
concept Synchronizer = detail::names_its_protocol<S> && detail::has_run<S> &&
                       detail::says_what_it_carries<S> && detail::gathers_values<S>;

}  // namespace localsgd
