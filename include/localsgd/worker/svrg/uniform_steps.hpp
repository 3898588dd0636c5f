// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/cache_aligned.hpp"
#include "localsgd/core/compiler.hpp"
#include "localsgd/evaluation/full_gradient.hpp"
#include "localsgd/certificate/scaled_dual.hpp"
#include "localsgd/objective/concept.hpp"
#include "localsgd/objective/factored_concept.hpp"
#include "localsgd/objective/regularized.hpp"
#include "localsgd/settings.hpp"
#include "localsgd/worker/svrg/slope_table.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>
#include <type_traits>

/// @file
/// @brief The data that variance-reduced steps on any objective read between two anchors.

namespace localsgd::detail {

/// @brief The factor by which steps may exceed those of one worker: averaging K workers reduces
///        their noise.
inline double averaging_gain(std::size_t workers, double most) noexcept {
  return std::clamp(static_cast<double>(workers) / 2, 0.5, most);
}

/// @brief Steps of one size in all coordinates need no measurement of the data.
struct uniform_metric {
  /// Step sizes of the coordinates relative to each other: all are equal.
  static std::span<double const> relative() noexcept { return {}; }
  template <class F, class T>
  void prepare(F const&, full_gradient&, T&, plan const&) const noexcept {}
  static void postpone() noexcept {}
  static constexpr bool postponed() noexcept { return false; }
  template <class F, class T>
  void catch_up(F const&, full_gradient&, T&, plan const&) const noexcept {}
  static void choose(std::span<double const>, double) noexcept {}
};

/// @brief The table of any objective: the anchor's gradient ∇f(x̃) and a step size.
template <Objective F>
class svrg_steps : public uniform_metric {
 public:
  using scalar = typename F::scalar;

  svrg_steps() = default;
  svrg_steps(F const& f, plan const& p, double step_size, bool automatic, double /*stretch*/ = 1)
      : slopes_(f),
        gradient_(p.dimension),
        step_size_(automatic ? step_size * std::max(1.0, averaging_gain(p.workers, 2))
                             : step_size) {}

  /// Not needed by the steps, but by the certificate of a linear model.
  auto& slopes() noexcept { return slopes_; }
  auto const& slopes() const noexcept { return slopes_; }

  /// @brief Leader only: stores n·∇f(x̃).
  void take(std::span<double const> sum, double samples, double factor) noexcept {
    eta_ = step_size_ * factor;
    for (std::size_t j = 0; j != sum.size(); ++j)
      gradient_[j] = static_cast<scalar>(sum[j] / samples);
  }

  /// @brief change ← the change of a worker in that many steps if the curvature of its samples is
  ///        0.
  LOCALSGD_ONE_COPY void expect(double steps, std::span<scalar> change) const noexcept {
    double const eta = steps * eta_;
    for (std::size_t j = 0; j != change.size(); ++j)
      change[j] = static_cast<scalar>(-eta * static_cast<double>(gradient_[j]));
  }

  template <class Archive>
  void state(Archive& archive) {
    archive(slopes_, gradient_, eta_);
  }

  /// @brief x ← prox_{ηr}(x − η∇φ(x̃)): a step without noise.
  void make_proximal_step(F const& f, std::span<scalar> x) const {
    scalar const eta = static_cast<scalar>(eta_);
    for (std::size_t j = 0; j != x.size(); ++j) x[j] -= eta * gradient_[j];
    f.regularizer().prox(penalized(f, x), eta_);
  }

  double step_size() const noexcept { return eta_; }
  std::span<scalar const> gradient() const noexcept { return gradient_; }

 private:
  std::conditional_t<has_scaled_dual<F>, slope_table<F>, no_slopes> slopes_;
  aligned_vector<scalar> gradient_;
  double step_size_ = 0, eta_ = 0;
};

/// @brief The table of softmax regression and similar objectives: h = η∇f(x̃), and η. The gradient
///        of the penalty is that of the anchor, so η is at most 1/(λm), m the local steps of an
///        epoch, or of anchor_renewal::stretch() epochs.
template <Objective F>
  requires factored_with_scores<stepped_objective<F>>
class svrg_steps<F> : public uniform_metric {
 public:
  using scalar = typename F::scalar;
  static constexpr bool sparse = false;  // required by variance_reduced_iterate

  svrg_steps() = default;
  svrg_steps(F const& f, plan const& p, double step_size, bool automatic, double stretch = 1)
      : slopes_(f),
        table_(p.dimension),
        step_size_(automatic ? step_size * std::max(1.0, averaging_gain(p.workers, 2))
                             : step_size) {
    if (ridge_of(f) > 0)
      largest_ = static_cast<double>(p.workers * p.batch_size) /
                 (stretch * ridge_of(f) * static_cast<double>(p.samples));
  }

  auto& slopes() noexcept { return slopes_; }
  auto const& slopes() const noexcept { return slopes_; }

  void take(std::span<double const> sum, double samples, double factor) noexcept {
    eta_ = std::min(step_size_ * factor, largest_);
    for (std::size_t j = 0; j != sum.size(); ++j) table_[j] = eta_ * (sum[j] / samples);
  }
  LOCALSGD_ONE_COPY void expect(double steps, std::span<scalar> change) const noexcept {
    for (std::size_t j = 0; j != change.size(); ++j)
      change[j] = static_cast<scalar>(-steps * table_[j]);
  }

  template <class Archive>
  void state(Archive& archive) {
    archive(slopes_, table_, eta_);
  }

  double step_size() const noexcept { return eta_; }
  double const* table() const noexcept { return table_.data(); }
  std::span<double const> common_step() const noexcept { return table_; }
  static std::size_t common_step_at(std::size_t j) noexcept { return j; }

 private:
  std::conditional_t<has_scaled_dual<F>, slope_table<F>, no_slopes> slopes_;
  aligned_vector<double> table_;
  double step_size_ = 0, largest_ = std::numeric_limits<double>::infinity(), eta_ = 0;
};

}  // namespace localsgd::detail
