// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/compiler.hpp"
#include "localsgd/core/index_range.hpp"
#include "localsgd/certificate/dual_slopes.hpp"
#include "localsgd/kernels/rows.hpp"
#include "localsgd/loss/concept.hpp"
#include "localsgd/objective/factored_concept.hpp"
#include "localsgd/objective/linear_concept.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

/// @file
/// @brief Passes over samples that compute a dual point from x, for linear models and softmax
///        regression.

namespace localsgd::detail {

/// @brief An objective such as `softmax_objective`: the slopes of sample i are softmax(z_i) − e_y,
///        and f provides both.
template <class F>
concept has_class_probabilities =
    FactoredObjective<F> &&
    requires(F const& f, std::size_t i, std::span<typename F::scalar const> x,
             std::span<std::size_t const> batch, std::span<double> p) {
      { f.classes() } -> std::same_as<std::size_t>;
      { f.label(i) } -> std::same_as<std::size_t>;
      { f.scale(i) } -> std::same_as<double>;
      { f.probabilities(x, batch, p) } -> std::same_as<void>;
    };

/// @brief A linear model whose loss has a conjugate.
template <class F>
concept linear_with_conjugate =
    LinearObjective<F> &&
    knows_conjugate<std::remove_cvref_t<decltype(std::declval<F const&>().loss())>>;

/// @brief θ_i = φ'(z_i, y_i) at x, balanced to Σ s_i θ_i = 0 by a factor for each sign, and scaled
///        by c. Constant during a pass, so safe to use from several threads.
template <class F>
class dual_passes;

template <linear_with_conjugate F>
class dual_passes<F> {
 public:
  using point = std::span<typename F::scalar const>;

  explicit dual_passes(std::size_t /*outputs*/) {}
  /// @brief The number of sums that add_imbalance() computes.
  static constexpr std::size_t sums(std::size_t /*outputs*/) noexcept { return 2; }

  void reset() noexcept { factor_ = {}; }
  static void add_imbalance(F const& f, point x, index_range samples, std::span<double> sum) {
    each(f, x, samples, [&](std::size_t i, double theta) {
      sum[theta > 0 ? 0 : 1] += f.scale(i) * std::abs(theta);
    });
  }
  void balance_out(std::span<double const> sums) noexcept {
    factor_ = balance::of(sums[0], sums[1]);
  }

  /// @brief Adds Σ s_i θ_i a_i to `sum`. The element of the intercept is 0 and omitted.
  void add_gradient(F const& f, point x, index_range samples, std::span<double> sum) const {
    each(f, x, samples, [&](std::size_t i, double theta) {
      add_scaled(f.scale(i) * factor_(theta) * theta, row_of(f.features(), i), sum.data());
    });
  }
  /// @brief Adds Σ s_i (φ*(cθ_i) − cθ_i o_i) to the first element of `sum`, and Σ s_i (|φ*(cθ_i)| +
  ///        |cθ_i o_i|) to the second.
  void add_conjugates(F const& f, point x, double c, index_range samples,
                      std::span<double> sum) const {
    each(f, x, samples, [&](std::size_t i, double slope) {
      add_conjugate(f, i, c * (factor_(slope) * slope), sum);
    });
  }

 private:
  // visit(i, θ_i)
  template <class Visit>
  LOCALSGD_ONE_COPY static void each(F const& f, point x, index_range samples,
                                     Visit const& visit) {
    constexpr std::size_t block = 64;
    double z[block];
    for (std::size_t i = samples.first; i < samples.last; i += block) {
      index_range const some{i, std::min(i + block, samples.last)};
      write_predictions(f, x, some, z);
      for_each_dual_slope(f, std::span<double const>(z, some.size()), 0, some,
                          [&](std::size_t k, double, double, double, double theta) {
                            visit(k, theta);
                          });
    }
  }

  balance factor_;
};

/// @brief The same for softmax regression, θ_i = q_i − e_y with the probabilities q_i: φ*(θ_i) =
///        Σ_c q_ic log q_ic for q_i in the simplex, which contains the point of cθ_i if it contains
///        that of θ_i.
///
/// To obtain Σ s_i θ_i = 0, classes with too much probability are scaled down, and the probability
/// removed from a sample is given to the classes with too little: q_i ← α∘q_i + (Σ_c (1 − α_c)
/// q_ic) β. q_i remains in the simplex.
template <has_class_probabilities F>
class dual_passes<F> {
 public:
  using point = std::span<typename F::scalar const>;

  explicit dual_passes(std::size_t classes) : keep_(classes, 1.0), gain_(classes, 0.0) {}
  static constexpr std::size_t sums(std::size_t classes) noexcept { return 2 * classes; }

  void reset() noexcept {
    std::ranges::fill(keep_, 1.0);
    std::ranges::fill(gain_, 0.0);
  }
  void add_imbalance(F const& f, point x, index_range samples, std::span<double> sum) const {
    each(f, x, samples, [&](std::span<std::size_t const> batch, std::span<double> q) {
      std::size_t const classes = keep_.size();
      for (std::size_t k = 0; k != batch.size(); ++k) {
        double const share = f.scale(batch[k]);
        for (std::size_t c = 0; c != classes; ++c) sum[c] += share * q[k * classes + c];
        sum[classes + f.label(batch[k])] += share;
      }
    });
  }
  void balance_out(std::span<double const> sums) noexcept {
    std::size_t const classes = keep_.size();
    double lacking = 0;
    for (std::size_t c = 0; c != classes; ++c) {
      double const has = sums[c], due = sums[classes + c];
      keep_[c] = has > due ? due / has : 1;
      gain_[c] = std::max(0.0, due - has);
      lacking += gain_[c];
    }
    for (double& each : gain_) each = lacking > 0 ? each / lacking : 0;
    if (!(lacking > 0)) std::ranges::fill(keep_, 1.0);
  }

  void add_gradient(F const& f, point x, index_range samples, std::span<double> sum) const {
    each(f, x, samples, [&](std::span<std::size_t const> batch, std::span<double> q) {
      std::size_t const classes = keep_.size();
      for (std::size_t k = 0; k != batch.size(); ++k) {
        double const share = f.scale(batch[k]);
        auto const own = q.subspan(k * classes, classes);
        own[f.label(batch[k])] -= 1;
        for (double& each : own) each *= share;
      }
      f.add_rows(batch, std::span<double const>(q), sum.first(f.dimension()));
    });
  }
  void add_conjugates(F const& f, point x, double c, index_range samples,
                      std::span<double> sum) const {
    each(f, x, samples, [&](std::span<std::size_t const> batch, std::span<double> q) {
      std::size_t const classes = keep_.size();
      for (std::size_t k = 0; k != batch.size(); ++k) {
        auto const own = q.subspan(k * classes, classes);
        double conjugate = 0;
        for (std::size_t j = 0; j != classes; ++j) {
          double const at = c * own[j] + (j == f.label(batch[k]) ? 1 - c : 0);
          if (at > 0) conjugate += at * std::log(at);
        }
        sum[0] += f.scale(batch[k]) * conjugate;
        sum[1] += f.scale(batch[k]) * (std::abs(conjugate) + 1);
      }
    });
  }

  /// @brief Adds Σ s_i (φ(z_i) + φ*(θ_i) − ⟨θ_i, z_i⟩), the relative entropies of the balanced
  ///        probabilities with respect to those of x, to the first element of `sum`, and their size
  ///        to the second.
  void add_fenchel_gaps(F const& f, point x, index_range samples, std::span<double> sum) const {
    std::vector<double> balanced;
    each_probabilities(f, x, samples, [&](std::span<std::size_t const> batch, std::span<double> p) {
      balanced.assign(p.begin(), p.end());
      balance_some(balanced);
      for (std::size_t k = 0; k != batch.size(); ++k) {
        double gap = 0, size = 1;
        for (std::size_t j = k * keep_.size(); j != (k + 1) * keep_.size(); ++j) {
          double const term = balanced[j] > 0 ? balanced[j] * std::log(balanced[j] / p[j]) : 0;
          gap += term + (p[j] - balanced[j]);
          size += std::abs(term);
        }
        sum[0] += f.scale(batch[k]) * std::max(0.0, gap);
        sum[1] += f.scale(batch[k]) * size;
      }
    });
  }

 private:
  static constexpr std::size_t block = 64;

  // visit(some samples, their balanced q)
  template <class Visit>
  void each(F const& f, point x, index_range samples, Visit const& visit) const {
    each_probabilities(f, x, samples, [&](std::span<std::size_t const> batch, std::span<double> q) {
      balance_some(q);
      visit(batch, q);
    });
  }
  // visit(some samples, their probabilities at x)
  template <class Visit>
  LOCALSGD_ONE_COPY void each_probabilities(F const& f, point x, index_range samples,
                                            Visit const& visit) const {
    std::size_t const classes = keep_.size();
    std::array<std::size_t, block> batch;
    std::vector<double> q(block * classes);
    for (std::size_t i = samples.first; i < samples.last; i += block) {
      std::size_t const count = std::min(block, samples.last - i);
      for (std::size_t k = 0; k != count; ++k) batch[k] = i + k;
      auto const some = std::span<std::size_t const>(batch).first(count);
      auto const all = std::span(q).first(count * classes);
      f.probabilities(x, some, all);
      visit(some, all);
    }
  }
  void balance_some(std::span<double> q) const noexcept {
    std::size_t const classes = keep_.size();
    for (std::size_t k = 0; k != q.size(); k += classes) {
      double lost = 0;
      for (std::size_t c = 0; c != classes; ++c) {
        double const before = q[k + c];
        lost += (1 - keep_[c]) * before;
        q[k + c] = keep_[c] * before;
      }
      for (std::size_t c = 0; c != classes; ++c) q[k + c] += lost * gain_[c];
    }
  }

  std::vector<double> keep_, gain_;  // α and β
};

}  // namespace localsgd::detail
