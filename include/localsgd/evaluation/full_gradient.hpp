// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/cache_aligned.hpp"
#include "localsgd/core/compiler.hpp"
#include "localsgd/core/index_range.hpp"
#include "localsgd/evaluation/part_call.hpp"
#include "localsgd/kernels/combine.hpp"
#include "localsgd/kernels/simd.hpp"
#include "localsgd/loss/evaluate.hpp"
#include "localsgd/objective/linear_concept.hpp"
#include "localsgd/objective/regularized.hpp"
#include "localsgd/objective/sharded_concept.hpp"
#include "localsgd/settings.hpp"

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

/// @file
/// @brief f(x) and ∇f(x) over all samples, by all threads, in a fixed order.

namespace localsgd::detail {

/// @brief Adds Σ_i ∇f_i(x) over the samples `first` … `last`−1 to the first d elements of `sum`,
///        and Σ_i f_i(x) to the next. @pre sum has length d+2.
template <Objective F>
LOCALSGD_ONE_COPY void add_samples(F const& f, std::span<typename F::scalar const> x,
                                   index_range samples, std::span<double> sum,
                                   std::span<double> /*slopes*/) {
  using scalar = typename F::scalar;
  // One call covers as many samples as there are coordinates, so the sum costs no more than the
  // gradients.
  std::size_t const d = x.size();
  std::size_t const block = std::clamp<std::size_t>(d, 256, 65536);
  std::vector<std::size_t> batch(std::min(block, samples.size()));
  std::vector<scalar> g(d);
  for (std::size_t i = samples.first; i < samples.last; i += block) {
    batch.resize(std::min(block, samples.last - i));
    for (std::size_t j = 0; j != batch.size(); ++j) batch[j] = i + j;
    double const count = static_cast<double>(batch.size());
    double const loss = f.gradient(x, std::span<std::size_t const>(batch), std::span<scalar>(g));
    sum[d] += count * loss;
    for (std::size_t j = 0; j != d; ++j) sum[j] += count * static_cast<double>(g[j]);
  }
}

/// @brief The same for a linear model, in one pass over its rows. slopes_i ← ∂φ/∂z(z_i, y_i) of the
///        samples, unless `slopes` is empty; the sum of their squares, weighted with s_i, is added to
///        the last element of `sum`. @pre slopes has length n, or is empty.
template <LinearObjective F>
LOCALSGD_ONE_COPY void add_samples(F const& f, std::span<typename F::scalar const> x,
                                   index_range samples, std::span<double> sum,
                                   std::span<double> slopes) {
  constexpr std::size_t block = 64;  // rows that stay in the L1 cache between z and gradient
  double z[block], y[block], value[block], slope[block];
  double const intercept = f.intercept();
  std::size_t const d = x.size(), last = d - 1;
  double loss = 0, intercept_slope = 0, squares = 0;
  for (std::size_t i = samples.first; i < samples.last; i += block) {
    std::size_t const count = std::min(block, samples.last - i);
    write_predictions(f, x, {i, i + count}, z);
    for (std::size_t j = 0; j != count; ++j) y[j] = f.target(i + j);
    evaluate(f.loss(), z, y, count, value, slope);
    for (std::size_t j = 0; j != count; ++j) {
      double const share = f.scale(i + j), weighted = share * slope[j];
      loss += share * value[j];
      intercept_slope += weighted;
      squares += weighted * slope[j];
      add_scaled(weighted, row_of(f.features(), i + j), sum.data());
      if (!slopes.empty()) slopes[i + j] = slope[j];
    }
  }
  double const count = static_cast<double>(samples.size());
  sum[d + 1] += squares;
  std::span<typename F::scalar const> const w = penalized(f, x);
  if constexpr (has_ridge<F>) {
    double const lambda = f.regularizer().ridge_strength();
    sum[d] += loss + count * (lambda / 2) * squared_norm(w);
    for (std::size_t j = 0; j != w.size(); ++j)
      sum[j] += count * lambda * static_cast<double>(w[j]);
  } else {
    sum[d] += loss + count * f.regularizer().value(w);
    if constexpr (differentiable<F>) {
      std::vector<typename F::scalar> g(w.size());
      f.regularizer().gradient(w, std::span<typename F::scalar>(g));
      for (std::size_t j = 0; j != w.size(); ++j) sum[j] += count * static_cast<double>(g[j]);
    }
  }
  if (intercept != 0) sum[last] += intercept * intercept_slope;
}

/// @brief Writes the entries `first`, `first`+1, … of the result of add_samples() for `count`
///        samples that have no feature there.
template <class F>
LOCALSGD_ONE_COPY void expect_sum([[maybe_unused]] F const& f,
                                  [[maybe_unused]] std::span<typename F::scalar const> x,
                                  [[maybe_unused]] double count, [[maybe_unused]] std::size_t first,
                                  std::span<double> sum) {
  std::fill(sum.begin(), sum.end(), 0.0);
  if constexpr (LinearObjective<stepped_objective<F>>) {
    double const lambda = ridge_of(f);
    for (std::size_t j = first; j < std::min(first + sum.size(), penalized_coordinates(f)); ++j)
      sum[j - first] = count * lambda * static_cast<double>(x[j]);
  }
}

/// @brief The g + s of least norm, s ∈ ∂r(x), with g the gradient of the losses: 0 exactly at the
///        minimum of f. For a regularizer that does not provide its subgradients, x − prox(x − g, 1).
/// @param sum n·g
template <proximal F, class Scalar = typename F::scalar>
std::vector<Scalar> least_subgradient(F const& f, std::span<Scalar const> x,
                                      std::span<double const> sum, double n) {
  std::vector<Scalar> g(x.size());
  for (std::size_t j = 0; j != g.size(); ++j) g[j] = static_cast<Scalar>(sum[j] / n);
  if constexpr (regularizer_has_subgradient<regularizer_type<F>, Scalar>) {
    f.regularizer().subgradient(penalized(f, x), penalized(f, std::span<Scalar>(g)));
  } else {
    for (std::size_t j = 0; j != g.size(); ++j) g[j] = x[j] - g[j];
    f.regularizer().prox(penalized(f, std::span<Scalar>(g)), 1.0);
    for (std::size_t j = 0; j != g.size(); ++j) g[j] = x[j] - g[j];
  }
  return g;
}

/// @brief The full gradient as a sum over parts. Parts are consecutive samples; their number
///        depends on the problem and on K, never on the team.
class full_gradient {
 public:
  explicit full_gradient(plan const& p) : full_gradient(p, part_count(p)) {}
  /// @brief For a ShardedObjective, each shard is a part and is located with its worker.
  template <Objective F>
  full_gradient(F const&, plan const& p)
      : full_gradient(p, ShardedObjective<F> ? p.workers : part_count(p)) {}

  /// @brief Called by one thread before the first evaluation: only gradient entries that differ
  ///        from that of the penalty are sent, if these take fewer bytes. The result has the same
  ///        bits.
  /// @tparam T  the type of the team of all evaluations
  /// @param sum a sparse_sum of parts(), which must outlive them
  template <class T, class Sum>
  void send_sparse(Sum& sum) noexcept { sparse_ = parts_sum::of<T>(sum); }

  /// @brief The results of an evaluation of f at a point.
  struct value {
    double objective = 0;              ///< f(x)
    double squared_gradient_norm = 0;  ///< ‖∇f(x)‖², or that of the least subgradient
    double squared_slopes = 0;         ///< (1/n) Σ s_i φ'(z_i, y_i)², for a linear model
  };

  /// @brief Collective: evaluates f at x. The leader receives the result.
  /// @param slopes n numbers that receive ∂φ/∂z of every sample of a linear model; or empty. For a
  ///               ShardedObjective a vector for every worker; or empty.
  template <Objective F, class T, class Slopes = std::span<double>>
  LOCALSGD_ONE_COPY value operator()(F const& f, std::span<typename F::scalar const> x, T& team,
                                     Slopes slopes = {}) {
    auto const expect = [&](std::size_t part, std::size_t first, std::span<double> sum) {
      expect_sum(f, x, static_cast<double>(samples_of(f, part)), first, sum);
    };
    part_call const expected(expect);
    bool const sparse = each_share(
        f, team,
        [&](auto const& share, index_range samples, std::span<double> sum,
            [[maybe_unused]] std::size_t part) {
          if constexpr (std::same_as<Slopes, std::span<double>>)
            add_samples(share, x, samples, sum, slopes);
          else
            add_samples(share, x, samples, sum, std::span<double>(slopes[part]));
        },
        &expected);
    if (!sparse) team.template count<double>(x.size());
    ++team.sent().exchanges;
    if (!team.leads()) return {};
    double const n = static_cast<double>(samples_);
    double squares = 0;
    if constexpr (proximal<F>)
      squares = squared_norm_above<typename F::scalar>(least_subgradient(f, x, sum(), n));
    else
      squares = squared_norm_above(sum(), n);
    return {last() / n, squares, total_.back() / n};
  }

  /// @brief Collective: each_part with the objective that owns the samples: `add(f, samples, sum,
  ///        part)`, or for a ShardedObjective `add(f.shard(k), samples, sum, k)`.
  /// @return whether only entries were sent that differ from those `expected`
  template <Objective F, class T, class Add>
  bool each_share(F const& f, T& team, Add const& add, part_call const* expected = nullptr) {
    auto const add_part = [&](std::size_t part, std::size_t, std::span<double> sum) {
      if constexpr (ShardedObjective<F>)
        add(f.shard(part), index_range{0, f.shard_size(part)}, sum, part);
      else
        add(f, even_split(samples_, parts_.size(), part), sum, part);
    };
    return add_parts(team, part_call(add_part), expected);
  }

  /// @brief Collective: Σ over the parts of what `add(samples, sum)` adds to sum, d+2 numbers. The
  ///        first d of the result are sum(), the next one is last().
  template <class T, class Add>
  void each_part(T& team, Add const& add) {
    auto const add_part = [&](std::size_t part, std::size_t, std::span<double> sum) {
      add(even_split(samples_, parts_.size(), part), sum);
    };
    add_parts(team, part_call(add_part), nullptr);
  }

  /// @brief The first d sums of the last call: n·∇f(x) after an evaluation. Visible to every thread
  ///        until the next collective call.
  std::span<double const> sum() const noexcept { return {total_.data(), total_.size() - 2}; }
  double last() const noexcept { return total_[total_.size() - 2]; }
  /// @brief out ← the first d sums of the last call, each divided by n.
  void write(double n, std::vector<double>& out) const {
    out.resize(total_.size() - 2);
    for (std::size_t j = 0; j != out.size(); ++j) out[j] = total_[j] / n;
  }
  /// @brief All d+2 sums of the last call.
  std::span<double const> totals() const noexcept { return total_; }
  /// @brief Collective: does `work`, after which the sums are what they were before.
  template <class T, class Work>
  void keeping_sums(T& team, Work const& work) {
    std::vector<double> const kept = team.leads() ? total_ : std::vector<double>();
    work();
    if (team.leads()) total_ = kept;
  }
  /// @brief Collective: publishes what every thread has written for its samples.
  template <class T>
  void share_slopes(T& team, std::span<double> slopes) const {
    if (slopes.empty()) return;
    team.all_gather(slopes, [&](std::size_t thread) {
      index_range const parts = even_split(parts_.size(), team.threads(), thread);
      auto const edge = [&](std::size_t p) {
        return p == parts_.size() ? samples_ : even_split(samples_, parts_.size(), p).first;
      };
      return index_range{edge(parts.first), edge(parts.last)};
    });
  }

  /// @brief Shards are already located where they are needed.
  template <class T>
  void share_slopes(T&, std::span<std::vector<double>>) const noexcept {}

  /// @brief Releases memory that is needed only by further calls. Called by one thread, after the
  ///        last call.
  void release() noexcept {
    for (std::size_t p = 0; p != parts_.size(); ++p) std::vector<double>().swap(parts_[p]);
  }

  std::size_t parts() const noexcept { return parts_.size(); }
  /// @brief The largest number of consecutive additions in one of the sums.
  std::size_t chain() const noexcept {
    return (samples_ + parts_.size() - 1) / parts_.size() + parts_.size();
  }

 private:
  full_gradient(plan const& p, std::size_t parts)
      : samples_(p.samples), parts_(parts), total_(p.dimension + 2) {}

  template <Objective F>
  std::size_t samples_of([[maybe_unused]] F const& f, std::size_t part) const noexcept {
    if constexpr (ShardedObjective<F>)
      return f.shard_size(part);
    else
      return even_split(samples_, parts_.size(), part).size();
  }

  template <class T>
  LOCALSGD_ONE_COPY bool add_parts(T& team, part_call const& add, part_call const* expected) {
    index_range const mine = even_split(parts_.size(), team.threads(), team.thread());
    for (std::size_t p = mine.first; p != mine.last; ++p) {
      parts_[p].assign(total_.size(), 0.0);
      add(p, 0, std::span<double>(parts_[p]));
    }
    parts_sum::parts_type const parts(parts_.begin(), parts_.size());
    if (expected != nullptr && sparse_(&team, parts, total_, *expected)) return true;
    team.sum(parts, total_);
    return false;
  }

  // One part for each worker, but at most 4 MiB of memory or 2 vectors of length d; and at least as
  // many multiply-adds in a part as its vector has elements, which must be cleared and summed.
  static std::size_t part_count(plan const& p) noexcept {
    std::size_t room = (std::size_t{1} << 19) / (p.dimension + 2);
    if (double const work = static_cast<double>(p.samples) * p.flops_per_sample; work > 0)
      room = static_cast<std::size_t>(
          std::min(static_cast<double>(room), work / static_cast<double>(p.dimension)));
    std::size_t const most = std::min(std::max<std::size_t>(room, 2), std::size_t{64});
    return std::min(most, std::min(p.workers, p.samples));
  }

  std::size_t samples_;
  fixed_array<std::vector<double>> parts_;  // empty for the parts of other processes
  std::vector<double> total_;
  parts_sum sparse_;
};

}  // namespace localsgd::detail
