// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/protocol/synchronous.hpp"
#include "localsgd/protocol/worker_points.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>

/// @file
/// @brief The average is computed during the next local steps.

namespace localsgd::detail {

/// @brief Whether a team can start a reduction without waiting for the other threads.
template <class T>
concept reduces_without_waiting = requires(T& team) { team.start_open_reduce(); };

/// @brief One thread of a run that does not wait for its averages, on any Team.
///
/// After round r, worker k continues from x̄_{r−1} + Δ_k, where Δ_k is its own change in round r;
/// the mean of these points, x̄_r = x̄_{r−1} + Σ w_k Δ_k, reaches it one round later: a delay of H
/// steps. A pending average is completed before an evaluation and before an anchor moves. Memory:
/// one more vector per worker, the point from which it last continued. An average that is not
/// finite is detected one round later. A single worker continues from its own iterate.
template <Team T>
class overlapped_protocol : public synchronous_protocol<T> {
  using base = synchronous_protocol<T>;

 public:
  using base::base;

  static constexpr bool averages_travel = true;

  template <class Scalar, class A>
  bool exchange(iterates<Scalar>& x, A& averager, round_info const& info) {
    longest_ = std::max(longest_, info.local_steps);
    arrive_average();
    if (!this->finite()) return false;
    move_on(x, A::keeps_mean);
    std::span<std::span<Scalar> const> const rows(x.travelling);
    if constexpr (reduces_without_waiting<T>) {
      if (this->leads()) averager.begin_round(info);
      this->start_open_reduce();
    } else {
      base::start_average(x, rows, averager, info);
    }
    under_way_ = [this, &x, rows, &averager] {
      if constexpr (reduces_without_waiting<T>) {
        std::span<Scalar> const next = x.consensus[1 - this->now_];
        base::end_round(averager, this->finish_open_reduce(reductions_++, rows, next,
                                                           base::combine_of(x, averager),
                                                           base::complete_of(x, averager)));
      } else {
        base::finish_average(x, rows, averager);
      }
    };
    return true;
  }

  template <class Scalar>
  std::span<Scalar const> point(iterates<Scalar>& x, std::size_t worker) {
    auto const& from = points_.of<Scalar>();
    if (from.empty()) return base::settle(x);
    return from[worker - this->workers().first];
  }
  template <class Scalar>
  std::span<Scalar const> settle(iterates<Scalar>& x) {
    arrive_average();
    return base::settle(x);
  }
  template <class Scalar>
  void move_to(iterates<Scalar>& x, std::span<Scalar const> from) {
    arrive_average();
    base::move_to(x, from);
    for (auto& point : points_.of<Scalar>()) point.assign(from.begin(), from.end());
  }

  /// @brief Collective: the pending average, if any, becomes the consensus.
  void arrive_average() {
    auto const arrive = std::exchange(under_way_, nullptr);
    if (!arrive) return;
    [[maybe_unused]] std::uint64_t const sent = this->sent().bytes;
    arrive();
    if constexpr (T::keeps_time) this->already_charged(this->sent().bytes - sent);
  }

  /// @brief Collective: see synchronous_protocol. An average that arrives early is not used early:
  ///        if it is not finite, finite() still reports that only one round later.
  template <class Scalar>
  bool come_to_rest(iterates<Scalar>&) {
    if (!this->finite()) return false;
    arrive_average();
    bool const finite = std::exchange(this->finite_, true);
    if (!finite) under_way_ = [this] { this->finite_ = false; };
    return finite;
  }
  template <class Scalar, class Archive>
  void worker_state(Archive& archive, std::size_t worker) {
    index_range const mine = this->workers();
    auto& from = points_.of<Scalar>();
    from.resize(mine.size());
    archive(longest_, from[worker - mine.first]);
  }

  /// @brief The number of steps of the longest round, which is the delay.
  std::uint64_t delay() const noexcept { return this->total_workers() == 1 ? 0 : longest_; }

 private:
  // x.travelling ← the points from which my workers continue.
  template <class Scalar>
  void move_on(iterates<Scalar>& x, bool keeps_mean) {
    index_range const mine = this->workers();
    std::span<Scalar const> const mean = base::settle(x);
    bool const alone = keeps_mean && this->total_workers() == 1;
    auto& from = points_.of<Scalar>();
    if (from.empty()) from.assign(mine.size(), aligned_vector<Scalar>(mean.begin(), mean.end()));
    for (std::size_t k = mine.first; k != mine.last; ++k) {
      auto& point = from[k - mine.first];
      std::span<Scalar const> const now = x.local[k];
      for (std::size_t i = 0; i != point.size(); ++i)
        point[i] = alone ? now[i] : mean[i] + (now[i] - point[i]);
      x.travelling[k] = point;
    }
  }

  worker_points points_;
  std::uint64_t longest_ = 0, reductions_ = 0;
  std::function<void()> under_way_;
};

}  // namespace localsgd::detail
