// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/index_range.hpp"
#include "localsgd/data/columns.hpp"
#include "localsgd/data/csr_matrix.hpp"
#include "localsgd/certificate/dual_slopes.hpp"
#include "localsgd/evaluation/row_rounding.hpp"
#include "localsgd/certificate/scaled_dual.hpp"
#include "localsgd/minimize.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/planning/lambda_sequence.hpp"
#include "localsgd/regularizer/separable.hpp"
#include "localsgd/result.hpp"
#include "localsgd/run/record.hpp"
#include "localsgd/warm_start.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <span>
#include <utility>
#include <vector>

/// @file
/// @brief Minimises the objectives of a path over only the features that can have nonzero
///        coefficients.

namespace localsgd::detail {

/// @brief For other objectives, no feature is excluded.
template <class F>
class path_screening {
 public:
  static constexpr bool possible = false;
};

/// @brief Minimises the objectives of a path over the features that the strong rule keeps
///        \cite tibshirani2012strong , and proves the answer over all features.
///
/// Let g be the gradient of the losses at the minimiser for the previous λ, and [−λ, λ] = ∂r_j(0).
/// A feature j is excluded if x_j = 0 and |g_j| < 2λ_new − λ_old. (If λ decreases by more than a
/// quarter, if |g_j| < λ_new/2.) The rule may be wrong. Therefore one pass over all columns
/// computes g and the duality gap of detail::scaled_dual at the answer; as long as the gap is above
/// the tolerance, the features with |g_j| > λ are added, and the run is repeated from the current
/// point. The next λ starts again with all features.
///
/// Runs over a few features have short rows and short vectors: their cost does not depend on d.
/// Only that pass depends on d; it reads every nonzero once.
///
/// A plain value for one thread: use one object for each path.
template <class Value, class L, class R>
  requires(has_scaled_dual<linear_objective<csr_matrix<Value>, L, double, R>> &&
           sum_of_interval_penalties<R>)
class path_screening<linear_objective<csr_matrix<Value>, L, double, R>> {
 public:
  using objective = linear_objective<csr_matrix<Value>, L, double, R>;
  static constexpr bool possible = true;

  /// @brief min f, to the tolerance of s; empty if screening does not help or does not reach the
  ///        tolerance.
  /// @param start d numbers, or empty: 0 and the best intercept
  template <class... Components>
  std::optional<result<double>> operator()(objective const& f, settings const& s,
                                           std::span<double const> start,
                                           Components&... components) {
    stopwatch watch;
    if (!(s.tolerance > 0) || s.evaluations > 0 || !useful_ || !accepts(f)) return {};
    x_.assign(start.begin(), start.end());
    if (start.empty()) x_ = without_features(f);
    kept_.clear();
    if (gradient_.empty()) {
      before_ = f.regularizer().penalty_at(0);
      (void)evaluate(f, f, x_);
    }
    choose(f);
    std::optional<result<double>> all;
    settings own = s;
    for (int tried = 0; tried != most_tries; ++tried) {
      if (2 * nonzeros_kept() > columns_->nonzeros()) {
        useful_ = false;
        return {};
      }
      auto const rows = columns_->select(kept_);
      objective const some(rows, targets_, f.loss(), f.regularizer(),
                           {f.intercept(), weights_, offsets_of(f), f.regularizes_intercept()});
      std::vector<double> const from = restricted(f);
      watch.stop();
      result<double> r = minimize(some, own, warm_start(from), components...);
      watch.start();
      if (all) add_counts(r, *all);
      all = std::move(r);
      if (all->reason != stop_reason::tolerance_reached) break;
      double const gap = evaluate(f, some, {all->x.data(), all->x.size()});
      extend(f, {all->x.data(), all->x.size()});
      all->gradients += f.samples();
      if (gap <= s.tolerance) {
        all->certificate = gap;
        all->history.back().certificate = gap;
        finish(f, *all);
        all->seconds += watch.total();
        return all;
      }
      if (!add_pushed(f)) own.tolerance /= 4;
    }
    gradient_.clear();  // not the gradient for the next λ
    return {};
  }

 private:
  static constexpr int most_tries = 8;

  // Whether rows are long enough, or columns numerous enough: the pass over all columns adds a
  // fixed cost per row, as a run does.
  static bool pays(csr_matrix<Value> const& rows) noexcept {
    return rows.nonzeros() >= 32 * rows.rows() || 8 * rows.columns() >= rows.rows();
  }

  // Copies the parts of f that do not depend on λ; returns whether f can be screened.
  bool accepts(objective const& f) {
    auto const zero = f.regularizer().penalty_at(0).zero_interval();
    if (f.regularizer().length() != 0 || !(zero.first <= 0 && zero.second >= 0) ||
        zero.first == zero.second || !pays(f.features()))
      return false;
    if (!columns_ ||
        csr_access::values(f.features()).data() != csr_access::values(*features_).data() ||
        csr_access::indices(f.features()).data() != csr_access::indices(*features_).data() ||
        f.features().rows() != features_->rows()) {
      features_ = f.features();  // shares the entries, so that their addresses remain valid
      columns_.emplace(*features_);
      gradient_.clear();
      rounding_ = {};
      rounding_.measure(f);
    }
    std::size_t const n = f.samples();
    targets_.resize(n);
    weights_.resize(n);
    for (std::size_t i = 0; i != n; ++i) {
      targets_[i] = f.target(i);
      weights_[i] = f.scale(i);
    }
    return true;
  }

  static std::vector<double> without_features(objective const& f) {
    std::vector<double> x(f.dimension());
    if (has_free_intercept(f)) x.back() = intercept_alone(f);
    return x;
  }

  // The strong rule. Keeps at least one feature.
  void choose(objective const& f) {
    auto const now = f.regularizer().penalty_at(0).zero_interval();
    auto const old = before_.zero_interval();
    double const low = std::isinf(now.first) ? now.first
                                             : std::min(2 * now.first - old.first, now.first / 2),
                 high = std::isinf(now.second)
                            ? now.second
                            : std::max(2 * now.second - old.second, now.second / 2);
    kept_.clear();
    std::size_t largest = 0;
    for (std::size_t j = 0; j != columns_->size(); ++j) {
      if (x_[j] != 0 || !(low < -gradient_[j] && -gradient_[j] < high)) kept_.push_back(j);
      if (std::abs(gradient_[j]) > std::abs(gradient_[largest])) largest = j;
    }
    if (kept_.empty()) kept_.push_back(largest);
    before_ = f.regularizer().penalty_at(0);
  }
  // Adds the features whose gradient allows them to become nonzero; returns whether there are any.
  bool add_pushed(objective const& f) {
    auto const zero = f.regularizer().penalty_at(0).zero_interval();
    std::vector<std::size_t> more;
    for (std::size_t j = 0; j != columns_->size(); ++j)
      if (!(zero.first <= -gradient_[j] && -gradient_[j] <= zero.second)) more.push_back(j);
    std::vector<std::size_t> both;
    std::set_union(kept_.begin(), kept_.end(), more.begin(), more.end(), std::back_inserter(both));
    bool const some = both.size() != kept_.size();
    kept_ = std::move(both);
    return some;
  }

  std::size_t nonzeros_kept() const noexcept {
    std::size_t all = 0;
    for (std::size_t const j : kept_) all += columns_->nonzeros(j);
    return all;
  }

  // x_ restricted to the features that are kept, and the inverse operation.
  std::vector<double> restricted(objective const& f) const {
    std::vector<double> x;
    for (std::size_t const j : kept_) x.push_back(x_[j]);
    if (f.intercept() != 0) x.push_back(x_.back());
    return x;
  }
  void extend(objective const& f, std::span<double const> x) {
    std::fill(x_.begin(), x_.end(), 0.0);
    for (std::size_t k = 0; k != kept_.size(); ++k) x_[kept_[k]] = x[k];
    if (f.intercept() != 0) x_.back() = x.back();
  }
  void finish(objective const& f, result<double>& r) {
    for (auto* const each : {&r.average, &r.last, &r.x}) {
      extend(f, {each->data(), each->size()});
      *each = to_vector<double>(std::span<double const>(x_));
    }
  }
  static void add_counts(result<double>& to, result<double> const& before) {
    to.steps += before.steps;
    to.rounds += before.rounds;
    to.gradients += before.gradients;
    to.exchanges += before.exchanges;
    to.bytes += before.bytes;
    to.seconds += before.seconds;
  }

  // gradient_ ← (1/n) Σ s_i θ_i a_i over all columns, where θ holds the slopes at x, balanced if
  // the intercept is free. Returns the duality gap: see scaled_dual. `some` has the rows for x.
  double evaluate(objective const& f, objective const& some, std::span<double const> x) {
    constexpr double u = std::numeric_limits<double>::epsilon() / 2;
    std::size_t const n = f.samples();
    double const count = static_cast<double>(n);
    double const chain = static_cast<double>(n + f.dimension() + 64);
    bool const free = has_free_intercept(f);
    std::vector<double> z(n), theta(n);
    write_predictions(some, x, {0, n}, z.data());
    double loss = 0, squares = 0, above = 0, below = 0;
    for_each_dual_slope(some, z, 0, {0, n},
                        [&](std::size_t i, double, double, double value, double slope) {
                          loss += f.scale(i) * value;
                          squares += f.scale(i) * slope * slope;
                          (slope > 0 ? above : below) += f.scale(i) * std::abs(slope);
                          theta[i] = slope;
                        });
    balance const factor = free ? balance::of(above, below) : balance{};
    for (std::size_t i = 0; i != n; ++i) z[i] = f.scale(i) * (theta[i] *= factor(theta[i])) / count;
    gradient_.resize(f.dimension());
    for (std::size_t j = 0; j != columns_->size(); ++j) gradient_[j] = columns_->dot(j, z.data());
    if (f.intercept() != 0) {
      gradient_.back() = 0;
      for (double const each : z) gradient_.back() += f.intercept() * each;
    }

    auto const& r = f.regularizer();
    std::vector<double> v(penalized_coordinates(f));
    for (std::size_t j = 0; j != v.size(); ++j) v[j] = -gradient_[j];
    double const scale = dual_scale_of(r, std::span<double const>(v)) *
                         (1 - (free ? std::max(1e-12, 8 * chain * u) : 0));
    for (double& each : v) each *= scale;
    double const penalty = r.conjugate(std::span<double const>(v));
    double conjugates = 0, sizes = 0;
    auto const offsets = offsets_of(f);
    for (std::size_t i = 0; i != n; ++i) {
      double const at = f.loss().project_to_dual_domain(scale * theta[i], f.target(i));
      double const conjugate = f.loss().conjugate(at, f.target(i));
      double const of_offset = offsets.empty() ? 0 : at * offsets[i];
      conjugates += f.scale(i) * (conjugate - of_offset);
      sizes += f.scale(i) * (std::abs(conjugate) + std::abs(of_offset));
    }
    double const value = loss / count + r.value(penalized(some, x));
    double const off = rounding_.at({value, 0, squares / count}, x, 0).value;
    double const margin =
        4 * chain * u * (std::abs(value) + sizes / count + std::abs(penalty)) + off;
    double const gap =
        std::max(value + conjugates / count + penalty, 0.0) + (free ? 2 : 1) * margin;
    return std::isfinite(gap) ? gap : std::numeric_limits<double>::infinity();
  }

  std::optional<csr_matrix<Value>> features_;
  std::optional<matrix_columns<Value>> columns_;
  bool useful_ = true;  // until most nonzeros are needed, since λ decreases
  row_rounding<objective> rounding_;
  interval_penalty before_;
  std::vector<double> targets_, weights_, gradient_, x_;
  std::vector<std::size_t> kept_;
};

}  // namespace localsgd::detail
