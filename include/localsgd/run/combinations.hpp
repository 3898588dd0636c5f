// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/averager/concept.hpp"
#include "localsgd/compressor/identity.hpp"
#include "localsgd/core/error.hpp"
#include "localsgd/objective/regularized.hpp"
#include "localsgd/objective/sharded_concept.hpp"
#include "localsgd/run/defaults.hpp"
#include "localsgd/schedule/concept.hpp"
#include "localsgd/settings.hpp"
#include "localsgd/step_size/concept.hpp"
#include "localsgd/worker/concept.hpp"

#include <concepts>
#include <cstddef>
#include <span>
#include <string>

/// @file
/// @brief Rejects combinations of components that no run can have.

namespace localsgd::detail {

/// @brief Rejects features that a synchronizer does not support, naming them.
template <class Scalar, class S, class A, class C>
void check_combination([[maybe_unused]] S const& synchronizer, [[maybe_unused]] A const& averager,
                       [[maybe_unused]] C const& compressor, [[maybe_unused]] bool hook) {
  using protocol = typename S::protocol;
  using state = decltype(averager.template bind<Scalar>(plan{}, std::span<std::size_t const>{}));
  if constexpr (protocol::never_waits) {
    require(!hook, "synchronizer", "asynchronous",
            "one whose workers wait for each other, because svrg and dane need all workers at each "
            "anchor");
    require(state::keeps_mean && !combines_rows<state, Scalar>, "averager", averager.identity(),
            "mean or weighted_mean in asynchronous runs, which never compute the mean that other "
            "averagers transform");
  }
  if constexpr (!std::same_as<C, identity>) {
    require(!protocol::never_waits && !protocol::averages_travel, "compressor",
            compressor.identity(),
            "omitted in asynchronous and overlapped runs, which exchange whole vectors; "
            "compression needs a synchronous run");
    require(
        !combines_rows<state, Scalar>, "compressor", compressor.identity(),
        "omitted, because averager " + averager.identity() + " needs the points of all workers");
  }
  if constexpr (requires { synchronizer.averages_in_any_order(); }) {
    bool const fast = synchronizer.averages_in_any_order();
    require(!fast || !combines_rows<state, Scalar>, "averager", averager.identity(),
            "one that uses the mean only, because averaging::fast never has the points of all "
            "workers in one place; use averaging::reproducible");
    if constexpr (!std::same_as<C, identity>)
      require(!fast, "compressor", compressor.identity(),
              "omitted with averaging::fast, which sums whole vectors; use "
              "averaging::reproducible");
  }
}

/// @brief Rejects what an exact_mean_worker does not support, naming it.
template <class W, class F, class S, class A, class C>
void check_worker([[maybe_unused]] F const& f, [[maybe_unused]] S const& synchronizer,
                  [[maybe_unused]] A const& averager, [[maybe_unused]] C const& compressor) {
  if constexpr (exact_mean_worker<W>) {
    using protocol = typename S::protocol;
    using state = decltype(averager.template bind<typename F::scalar>(
        plan{}, std::span<std::size_t const>{}));
    std::string const name(W::needs_exact_means);
    require(!protocol::never_waits && !protocol::averages_travel, "synchronizer",
            protocol::never_waits ? "asynchronous" : "overlapped",
            "one that waits for its averages, such as thread_pool or serial, with " + name);
    require(state::keeps_mean && !combines_rows<state, typename F::scalar>, "averager",
            averager.identity(), "mean or weighted_mean with " + name);
    if constexpr (!std::same_as<C, identity>)
      require(false, "compressor", compressor.identity(), "omitted with " + name);
    if constexpr (proximal<stepped_objective<F>>) {
      std::string given = "without a gradient";
      if constexpr (requires { f.regularizer().identity(); }) given = f.regularizer().identity();
      require(false, "regularizer", given,
              "one with a gradient, such as l2, with " + name +
                  "; sgd and svrg make proximal steps");
    }
  }
}

/// @brief Rejects what a step size that adapts to delays does not support, naming it.
/// @param hook whether the worker has anchors
template <class E, class S>
void check_step_size([[maybe_unused]] S const& synchronizer, [[maybe_unused]] bool hook) {
  if constexpr (adapts_to_delays<E>) {
    require(!S::protocol::averages_travel, "synchronizer", "overlapped",
            "asynchronous, or one that waits for its averages, with delay_adaptive");
    require(!hook, "step_size", "delay_adaptive",
            "another one with svrg or dane, whose workers wait for each other at each anchor; to "
            "make plain steps, name a worker such as sgd");
  }
}

/// @brief Rejects what a schedule with averages of groups does not support, naming it.
template <class W, class Times, class S, class A>
void check_schedule([[maybe_unused]] Times const& schedule, [[maybe_unused]] S const& synchronizer,
                    [[maybe_unused]] A const& averager) {
  if constexpr (averages_in_groups<Times>) {
    using protocol = typename S::protocol;
    using state = decltype(averager.template bind<double>(plan{}, std::span<std::size_t const>{}));
    require(
        !protocol::never_waits && !protocol::averages_travel, "synchronizer",
        protocol::never_waits ? "asynchronous" : "overlapped",
        "one that waits for its averages, such as thread_pool or serial, with averages of groups");
    require(!combines_rows<state, double>, "averager", averager.identity(),
            "one that makes a weighted mean, with averages of groups");
    std::string worker = "dane";
    if constexpr (exact_mean_worker<W>) worker = W::needs_exact_means;
    require(!exact_mean_worker<W> && !solving_worker<W>, "schedule", schedule.identity(),
            "one whose averages all include all workers, with " + worker);
  }
}

}  // namespace localsgd::detail
