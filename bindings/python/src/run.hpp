// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "problem.hpp"

#include <localsgd/averager/mean.hpp>
#include <localsgd/minimize.hpp>
#include <localsgd/observer/concept.hpp>
#include <localsgd/regularizer/elastic_net.hpp>
#include <localsgd/regularizer/l2.hpp>
#include <localsgd/synchronizer/thread_pool.hpp>
#include <localsgd/warm_start.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <stop_token>
#include <utility>

/// @file
/// @brief A run that a stop token ends.

namespace localsgd::python {

/// @brief `mean`, which throws `stopped` at the next average after a stop was requested.
class stoppable_mean {
 public:
  explicit stoppable_mean(std::stop_token stop) noexcept : stop_(std::move(stop)) {}

  template <class Scalar>
  struct bound : mean::bound<Scalar> {
    std::stop_token stop;

    bound(std::size_t k, std::stop_token s) noexcept
        : mean::bound<Scalar>(k), stop(std::move(s)) {}
    void begin_round(round_info const&) const {
      if (stop.stop_requested()) throw stopped();
    }
  };
  template <class Scalar>
  bound<Scalar> bind(plan const& /*p*/, std::span<std::size_t const> shard_sizes) const noexcept {
    return {shard_sizes.size(), stop_};
  }
  static std::string identity() { return mean::identity(); }

 private:
  std::stop_token stop_;
};
static_assert(Averager<stoppable_mean>);

/// @brief The same at evaluations, which may follow each other without a round.
struct stop_observer {
  std::stop_token stop;

  proceed after_evaluation(evaluation const&, plan const&) const {
    if (stop.stop_requested()) throw stopped();
    return proceed::yes;
  }
};
static_assert(Observer<stop_observer>);

template <class Objective>
result<double> run(Objective const& f, solution const& s) {
  settings const asked = s.settings;
  thread_pool pool(std::min(s.threads, asked.workers));
  if (s.start.empty())
    return minimize(f, asked, pool, stoppable_mean(s.stop), stop_observer{s.stop});
  return minimize(f, asked, pool, stoppable_mean(s.stop), stop_observer{s.stop},
                  warm_start(s.start));
}

/// @brief Calls `solve(regularizer)` with the penalty of the problem. Without any, it is that of the
///        elastic net, whose runs end by a tolerance although there is no certificate.
template <class Function>
result<double> with_penalty(problem const& p, Function const& solve) {
  if (p.l1 == 0 && p.l2 > 0) return solve(l2{p.l2});
  return solve(elastic_net{p.l1, p.l2});
}

}  // namespace localsgd::python
