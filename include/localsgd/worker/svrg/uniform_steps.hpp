// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/cache_aligned.hpp"
#include "localsgd/evaluation/full_gradient.hpp"
#include "localsgd/evaluation/scaled_dual.hpp"
#include "localsgd/objective/concept.hpp"
#include "localsgd/objective/regularized.hpp"
#include "localsgd/settings.hpp"
#include "localsgd/worker/svrg/slope_table.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <type_traits>

/// @file
/// @brief What the variance-reduced steps on any objective read between two anchors.

namespace localsgd::detail {

/// @brief How much larger than for one worker steps may be: averaging K of them damps their noise.
inline double averaging_gain(std::size_t workers, double most) noexcept {
  return std::clamp(static_cast<double>(workers) / 2, 0.5, most);
}

/// @brief The table of any objective: the anchor's gradient ∇f(x̃) and a step size.
template <Objective F>
class svrg_steps {
 public:
  using scalar = typename F::scalar;

  svrg_steps() = default;
  svrg_steps(F const& f, plan const& p, double step_size, bool automatic)
      : slopes_(f),
        gradient_(p.dimension),
        step_size_(automatic ? step_size * std::max(1.0, averaging_gain(p.workers, 2))
                             : step_size) {}

  /// Steps do not need them; the certificate of a linear model does.
  auto& slopes() noexcept { return slopes_; }
  auto const& slopes() const noexcept { return slopes_; }
  /// Step sizes of the coordinates relative to each other: all are equal.
  static std::span<double const> relative() noexcept { return {}; }

  /// @brief Collective, once: looks at the data.
  template <class T>
  void prepare(F const&, full_gradient&, T&, plan const&) const noexcept {}

  // There is nothing to postpone.
  static void postpone() noexcept {}
  static constexpr bool postponed() noexcept { return false; }
  template <class T>
  void catch_up(F const&, full_gradient&, T&, plan const&) const noexcept {}

  /// @brief Who leads, once: looks at n·∇f at the first anchor.
  static void choose(std::span<double const>, double) noexcept {}

  /// @brief Who leads: takes over n·∇f(x̃).
  void take(std::span<double const> sum, double samples, double factor) noexcept {
    eta_ = step_size_ * factor;
    for (std::size_t j = 0; j != sum.size(); ++j)
      gradient_[j] = static_cast<scalar>(sum[j] / samples);
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

}  // namespace localsgd::detail
