// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "benchmark/exchanges/baselines.hpp"

#include <localsgd/localsgd.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <utility>

/// @file
/// @brief Distributed L-BFGS on the processes of any synchronizer.

namespace exchanges {

/// @brief The cluster that lbfgs() asks, on one thread of each process of a run.
///
/// f and its gradient are summed in one message, by what sums them for the library's own solvers.
/// So a value that the line search has asked for, and accepts, comes with its gradient. All
/// processes get the same sums, and decide the same.
template <class F, class Team>
class team_cluster {
 public:
  /// @param seen told of f at every point where lbfgs() goes on; returns whether it should
  team_cluster(F const& f, localsgd::plan const& p, Team& team, std::function<bool(double)> seen)
      : f_(&f),
        team_(&team),
        seen_(std::move(seen)),
        pass_(f, p),
        samples_(static_cast<double>(p.samples)) {}

  std::size_t dimension() const { return f_->dimension(); }
  double value(numbers const& x) {
    if (x != at_) {
      at_ = x;
      value_ = pass_(*f_, std::span<double const>(at_), *team_).objective;
      ++messages_;
    }
    return value_;
  }
  double gradient(numbers const& x, numbers& g) {
    value(x);
    pass_.write(samples_, g);
    over_ = !seen_(value_);
    return value_;
  }
  bool over() const { return over_; }
  std::size_t messages() const { return messages_; }

 private:
  F const* f_;
  Team* team_;
  std::function<bool(double)> seen_;
  localsgd::detail::full_gradient pass_;
  double samples_, value_ = 0;
  numbers at_;
  std::size_t messages_ = 0;
  bool over_ = false;
};

/// @brief A run of lbfgs() on a synchronizer with one thread in each process.
template <class F>
class lbfgs_run {
 public:
  /// @param workers of which each has a shard of f
  /// @param goal    where it ends: f ≤ goal
  lbfgs_run(F const& f, std::size_t workers, std::size_t pairs, double goal)
      : f_(&f),
        plan_(localsgd::detail::make_plan(f, {.workers = workers}, false)),
        pairs_(pairs),
        goal_(goal) {}

  template <class Ranks>
  void on(Ranks& ranks) {
    ranks.run(plan_, *this);
  }
  std::size_t iterations() const { return points_ - 1; }
  /// Each rank waits for so many.
  std::size_t messages() const { return messages_; }
  double seconds() const { return seconds_; }  ///< From the start until f ≤ goal was known.
  double objective() const { return objective_; }

  // What a synchronizer asks of a program.
  std::string identity() const { return "L-BFGS, " + std::to_string(pairs_) + " pairs\n"; }
  template <class Launch>
  void operator()(Launch const& launch) const {
    launch([this](auto& team) { this->solve(team); });
  }

 private:
  template <class Team>
  void solve(Team& team) const {
    points_ = 0;
    auto const start = std::chrono::steady_clock::now();
    team_cluster<F, Team> all(*f_, plan_, team, [&](double f) {
      ++points_;
      objective_ = f;
      seconds_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      return f > goal_;
    });
    lbfgs(all, pairs_);
    messages_ = all.messages();
  }

  F const* f_;
  localsgd::plan plan_;
  std::size_t pairs_;
  double goal_;
  mutable std::size_t points_ = 0, messages_ = 0;
  mutable double seconds_ = 0, objective_ = 0;
};

}  // namespace exchanges
