// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/cache_aligned.hpp"
#include "localsgd/core/compiler.hpp"
#include "localsgd/evaluation/full_gradient.hpp"
#include "localsgd/kernels/rows.hpp"
#include "localsgd/loss/lipschitz.hpp"
#include "localsgd/objective/linear_concept.hpp"
#include "localsgd/worker/svrg/slope_table.hpp"
#include "localsgd/worker/svrg/uniform_steps.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

/// @file
/// @brief The data that variance-reduced steps on a linear model read between two anchors.

namespace localsgd::detail {

/// @brief The table of a linear model: for every coordinate its step size η_j and the common step h_j =
///        η_j ∇f(x̃)_j, and for every sample its slope φ'(⟨a_i, x̃⟩, y_i).
///
/// The automatic choice is η_j = c/(ℓ q_j), where ℓ is the typical curvature of a sample after every
/// feature is divided by √q_j. Three metrics q are compared:
/// - p_j^¼ m_j, with m_j the mean square of the nonzero values of feature j and p_j the share of rows
///   that have one: independent of units, with larger steps for rare features, in whose direction f has
///   little curvature;
/// - m_j: independent of units only;
/// - 1: best for normalised rows, as in text, since division by m_j would undo the normalisation.
///
/// The metric with the fewest epochs E for independent coordinates is chosen. Each is reduced by
/// exp(−min(1, m η_j (h_j + λ))) in an epoch of m steps, h_j the curvature of f along it, and Σ_j w_j
/// exp(−2E min(1, m η_j (h_j + λ))) must fall to 10⁻⁴ Σ_j w_j, w_j = (∂f/∂x_j)²/(h_j + λ) at the first
/// anchor. η_j ≤ 1/(λm) for penalised coordinates. For a ShardedObjective all this covers all shards.
template <Objective F>
  requires linear_with_sparse_steps<stepped_objective<F>>
class svrg_steps<F> {
 public:
  /// Whether a step ends with the proximal operator, so that the table has ∂φ(x̃)/∂x_j, the gradient of
  /// the losses, instead of h_j.
  static constexpr bool ends_with_prox = proximal<stepped_objective<F>>;
  using row = decltype(row_of(std::declval<stepped_objective<F> const&>().features(), 0));
  static constexpr bool sparse = sparse_row<row>;

  svrg_steps() = default;
  svrg_steps(F const& f, plan const& p, double step_size, bool automatic, double stretch = 1)
      : d_(p.dimension),
        penalized_(penalized_coordinates(f)),
        table_(2 * p.dimension),
        slopes_(f),
        relative_(automatic ? p.dimension : 0),
        step_size_(step_size),
        largest_(ridge_of(f) > 0 ? static_cast<double>(p.workers * p.batch_size) /
                                       (stretch * ridge_of(f) * static_cast<double>(p.samples))
                                 : infinity),
        intercept_(f.intercept()),
        ridge_(ridge_of(f)),
        local_steps_(static_cast<double>(p.samples) / static_cast<double>(p.workers * p.batch_size)) {
    if (!automatic) return;
    if constexpr (ShardedObjective<F>)
      most_gain_ = f.has_lipschitz_loss() ? 2 : 1;
    else
      most_gain_ = has_lipschitz_loss(f) ? 2 : 1;
  }

  slope_table<F>& slopes() noexcept { return slopes_; }
  slope_table<F> const& slopes() const noexcept { return slopes_; }
  /// η_j of every coordinate, up to a factor; empty if they are all equal.
  std::span<double const> relative() const noexcept { return relative_; }

  template <class T>
  void prepare(F const& f, full_gradient& pass, T& team, plan const& p) {
    if (relative_.empty()) return;
    std::size_t const stride = stride_of(p);
    auto const add_up = [&](auto const& term) {
      pass.each_share(f, team, [&](auto const& share, index_range samples, std::span<double> sum,
                                   std::size_t) {
        for (std::size_t i = samples.first; i < samples.last; i += stride)
          for_each_entry(row_of(share.features(), i), [&](std::size_t j, double value) {
            if (value != 0) sum[j] += term(value);
          });
      });
    };
    add_up([](double value) { return value * value; });
    if (team.leads()) squares_.assign(pass.sum().begin(), pass.sum().end());
    add_up([](double) { return 1.0; });
    if (team.leads()) measure_features(pass.sum(), p);
    for (std::size_t metric = 0; metric != metrics; ++metric) {
      if (team.leads()) weigh_features(metric);
      team.barrier();  // the weights are set
      pass.each_share(f, team, [&](auto const& share, index_range samples, std::span<double> sum,
                                   std::size_t) { add_curvature(share, samples, sum, p); });
      if (team.leads()) take_scale(metric, pass.totals(), p);
    }
  }

  /// @brief Leader only: instead of prepare(), keeps the arguments of choose() and take() for
  ///        catch_up().
  void postpone() noexcept { postponed_ = true; }
  bool postponed() const noexcept { return postponed_; }
  /// @brief Collective: brings the table up to date, as if nothing had been postponed.
  template <class T>
  void catch_up(F const& f, full_gradient& pass, T& team, plan const& p) {
    prepare(f, pass, team, p);
    if (!team.leads()) return;
    postponed_ = false;
    double const samples = static_cast<double>(p.samples);
    choose(first_, samples);
    take(latest_, samples, factor_);
    first_ = latest_ = {};
  }

  /// @brief Leader only, once: decides the metric, from n·∇f at the first anchor.
  void choose(std::span<double const> sum, double samples) {
    if (postponed_) first_.assign(sum.begin(), sum.end());
    if (postponed_ || relative_.empty()) return;
    std::size_t best = 0;
    double fewest = infinity;
    for (std::size_t metric = 0; metric != metrics; ++metric) {
      double const epochs = predicted_epochs(metric, sum, samples);
      if (epochs > close * fewest) continue;  // among close ones, the simplest
      fewest = std::min(epochs, fewest);
      best = metric;
    }
    weigh_features(best);
    step_size_ = scales_[best];
    std::vector<double>().swap(squares_);
    std::vector<double>().swap(shares_);
  }

  void take(std::span<double const> sum, double samples, double factor) {
    if (postponed_) {
      latest_.assign(sum.begin(), sum.end());
      factor_ = factor;
      return;
    }
    for (std::size_t j = 0; j != d_; ++j) {
      double const scaled = step_size_ * factor * (relative_.empty() ? 1 : relative_[j]);
      double const eta = std::min(scaled, largest_at(j));
      table_[eta_at(j)] = eta;
      double const slope = sum[j] / samples;
      table_[common_step_at(j)] = ends_with_prox ? slope : eta * slope;
    }
  }

  /// @brief x_j ← prox_{η_j r_j}(x_j − η_j ∂φ(x̃)/∂x_j): a step without noise.
  template <class Scalar>
  void make_proximal_step(F const& f, std::span<Scalar> x) const {
    std::size_t const penalized = penalized_coordinates(f);
    for (std::size_t j = 0; j != x.size(); ++j) {
      double const eta = table_[eta_at(j)], slope = table_[common_step_at(j)];
      double const moved = static_cast<double>(x[j]) - eta * slope;
      x[j] = static_cast<Scalar>(j < penalized ? f.regularizer().prox_at(j, moved, eta) : moved);
    }
  }

  /// @brief change ← the change of a worker in that many steps if the curvature of its samples is 0.
  template <class Scalar>
  LOCALSGD_ONE_COPY void expect(double steps, std::span<Scalar> change) const noexcept {
    for (std::size_t j = 0; j != change.size(); ++j)
      change[j] = static_cast<Scalar>(-steps * table_[common_step_at(j)]);
  }

  template <class Archive>
  void state(Archive& archive) {
    archive(table_, slopes_, relative_, step_size_);
  }

  double const* table() const noexcept { return table_.data(); }
  std::size_t common_step_at(std::size_t j) const noexcept { return sparse ? 2 * j : j; }
  std::size_t eta_at(std::size_t j) const noexcept { return sparse ? 2 * j + 1 : d_ + j; }

 private:
  static constexpr double infinity = std::numeric_limits<double>::infinity(), close = 1.1;
  enum : std::size_t { rare_ones_farther, units, flat, metrics };

  double largest_at(std::size_t j) const noexcept { return j < penalized_ ? largest_ : infinity; }
  static std::size_t stride_of(plan const& p) noexcept {
    return std::max<std::size_t>(1, p.samples >> 17U);
  }

  // squares_ ← m_j and shares_ ← p_j of each feature; squares_ holds sums of squares.
  void measure_features(std::span<double const> counts, plan const& p) {
    double all = 0, seen = 0;
    for (std::size_t j = 0; j != d_; ++j) {
      all += squares_[j];
      seen += counts[j];
    }
    common_ = all > 0 ? all / seen : 1;  // for features without a value
    double const looked_at = static_cast<double>(p.samples) / static_cast<double>(stride_of(p));
    shares_.resize(d_);
    for (std::size_t j = 0; j != d_; ++j) {
      shares_[j] = std::min(1.0, counts[j] / looked_at);
      squares_[j] = counts[j] > 0 ? squares_[j] / counts[j] : 0;
    }
    if (intercept_ != 0) {
      squares_[d_ - 1] = intercept_ * intercept_;
      shares_[d_ - 1] = 1;
    }
  }

  // relative_ ← 1/q_j
  void weigh_features(std::size_t metric) {
    for (std::size_t j = 0; j != d_; ++j) {
      double q = 1;
      if (metric != flat) q = shares_[j] > 0 ? squares_[j] : common_;
      if (metric == rare_ones_farther && shares_[j] > 0) q *= std::sqrt(std::sqrt(shares_[j]));
      relative_[j] = std::isnormal(q) ? 1 / q : 1 / common_;
    }
  }

  double predicted_epochs(std::size_t metric, std::span<double const> sum, double samples) {
    if (!(scales_[metric] > 0)) return infinity;
    weigh_features(metric);
    // Coordinates by their rate, in quarters of octaves down to 2^-64.
    std::array<double, 256> weights{}, rates{};
    double all = 0;
    for (std::size_t j = 0; j != d_; ++j) {
      double const curvature = bend_ * shares_[j] * squares_[j] + (j < penalized_ ? ridge_ : 0);
      double const slope = sum[j] / samples, weight = slope * slope / curvature;
      double const eta = std::min(scales_[metric] * relative_[j], largest_at(j));
      double const rate = local_steps_ * eta * curvature;
      if (!(weight > 0) || !std::isfinite(weight)) continue;
      double const bin = std::isnormal(rate) ? std::clamp(-4 * std::log2(rate), 0.0, 255.0) : 255;
      weights[static_cast<std::size_t>(bin)] += weight;
      all += weight;
    }
    std::size_t bins = 0;  // number of nonempty bins: few if there are few features
    for (std::size_t b = 0; b != weights.size(); ++b) {
      if (weights[b] == 0) continue;
      rates[bins] = std::exp2(-static_cast<double>(b) / 4);
      weights[bins++] = weights[b];
    }
    auto const left = [&](double epochs) {
      double rest = 0;
      for (std::size_t b = 0; b != bins; ++b) rest += weights[b] * std::exp(-2 * epochs * rates[b]);
      return rest;
    };
    double low = 0, high = 1;
    while (left(high) > 1e-4 * all && high < 1e18) high *= 2;
    for (int i = 0; i != 40; ++i) {
      double const middle = (low + high) / 2;
      (left(middle) > 1e-4 * all ? low : high) = middle;
    }
    return high;
  }

  // Sums the curvatures of some samples, their squares, and their number.
  template <class G>
  void add_curvature(G const& f, index_range samples, std::span<double> sum,
                     plan const& p) const {
    double const bend = f.loss().curvature();
    std::size_t const stride = std::max<std::size_t>(1, p.samples >> 12U);
    for (std::size_t i = samples.first; i < samples.last; i += stride) {
      double square = intercept_ != 0 ? intercept_ * intercept_ * relative_[d_ - 1] : 0;
      for_each_entry(row_of(f.features(), i), [&](std::size_t j, double value) {
        square += value * value * relative_[j];
      });
      square *= f.scale(i) * bend;
      sum[0] += square;
      sum[1] += square * square;
      sum[2] += 1;
    }
  }

  void take_scale(std::size_t metric, std::span<double const> sums, plan const& p) {
    double const sum = sums[0], sum_of_squares = sums[1], rows = sums[2];
    scales_[metric] = 1;
    if (!(sum > 0)) return;
    // A batch has the curvature of f, at most the mean of its samples', plus its share of the rest.
    double const b = static_cast<double>(p.batch_size), mean = sum / rows;
    double const typical = mean + (sum_of_squares / sum - mean) / b;
    scales_[metric] = averaging_gain(p.workers, most_gain_) / typical;
    if (metric == flat)  // sup φ'', for the mean weight
      bend_ = mean / std::transform_reduce(shares_.begin(), shares_.end(), squares_.begin(), 0.0);
  }

  std::size_t d_ = 0, penalized_ = 0;  // number of coordinates: all, and penalised ones
  aligned_vector<double> table_;
  slope_table<F> slopes_;
  std::vector<double> relative_;  // 1/q_j; empty if the caller has chosen the step size
  double step_size_ = 0, largest_ = 0;
  double intercept_ = 0, most_gain_ = 1, ridge_ = 0, local_steps_ = 1, bend_ = 0, common_ = 1;
  bool postponed_ = false;
  std::vector<double> first_, latest_;  // n·∇f at the first anchor, before and after Newton steps
  double factor_ = 1;
  std::array<double, metrics> scales_{};   // η_j q_j of each metric
  std::vector<double> squares_, shares_;  // m_j and p_j, until the metric is chosen
};

}  // namespace localsgd::detail
