// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/cache_aligned.hpp"
#include "localsgd/core/index_range.hpp"
#include "localsgd/kernels/combine.hpp"
#include "localsgd/worker/round_hook.hpp"
#include "localsgd/worker/sequence_iterate.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <type_traits>
#include <vector>

/// @file
/// @brief For LocalWorkers whose state is a pair of vectors, of which the workers average both.

namespace localsgd::detail {

/// @brief Base of a sequence whose state is a pair (x, w): x is its point, w a second vector. Both
///        start at the same point. It has no average of iterates: it writes x. Not thread safe.
template <class Scalar>
class paired_sequence : public vector_sequence<Scalar> {
  using base = vector_sequence<Scalar>;

 public:
  using scalar = Scalar;

  /// @brief x ← the point; w too, as long as no step has been made.
  void assign(std::span<scalar const> x) noexcept {
    base::assign(x);
    if (!moved_) std::copy_n(x.data(), x.size(), second_.data());
  }
  std::span<scalar> second() noexcept { return second_; }
  void assign_second(std::span<scalar const> w) noexcept {
    std::copy_n(w.data(), w.size(), second_.data());
  }

  template <class Archive>
  void state(Archive& archive) {
    base::state(archive);
    archive(second_, moved_);
  }

 protected:
  explicit paired_sequence(std::size_t dimension) : base(dimension), second_(dimension) {}

  aligned_vector<scalar> second_;
  bool moved_ = false;
};

/// @brief Averages the second vectors w_k of all workers, with the weights of the Averager, after
///        each average of the points: a RoundHook. It costs one exchange more in each round.
template <class Scalar>
class second_average : public no_hook<Scalar> {
 public:
  explicit second_average(plan const& p) : rows_(p.workers), mean_(p.dimension) {}

  /// @brief Collective: w_k ← Σ_j w_j of all workers. A mean that is not finite is passed on: the
  ///        next points are not finite either, and the run ends.
  template <class Context>
  void before_round(Context& round) {
    if (round.steps() == 0 || !round.finite()) return;
    auto& team = round.team();
    auto& workers = round.workers();
    if (team.leads() && weights_.empty()) {
      weights_.resize(rows_.size());
      for (std::size_t k = 0; k != weights_.size(); ++k) weights_[k] = round.averager().weight(k);
    }
    index_range const mine = team.workers();
    for (std::size_t k = mine.first; k != mine.last; ++k) rows_[k] = workers[k].second();
    std::span<std::span<Scalar> const> const rows(rows_);
    std::span<Scalar> const mean(mean_);
    team.template start_reduce<Scalar>(rows, mean.size());
    team.finish_reduce(rows, mean,
                       [&](std::span<std::span<Scalar> const> all, std::size_t first,
                           std::size_t last, std::size_t, std::span<Scalar> slice) {
                         return weighted_average<Scalar>(all, weights_, first, last, slice.data());
                       });
    ++team.sent().exchanges;
    for (std::size_t k = mine.first; k != mine.last; ++k) workers[k].assign_second(mean);
    round.spend(0);
    if constexpr (std::remove_cvref_t<decltype(team)>::keeps_time) team.barrier();  // it is set
  }

 private:
  std::vector<std::span<Scalar>> rows_;
  std::vector<double> weights_;
  aligned_vector<Scalar> mean_;
};
static_assert(RoundHook<second_average<double>>);

}  // namespace localsgd::detail
