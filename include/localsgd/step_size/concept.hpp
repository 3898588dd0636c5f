// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/settings.hpp"

#include <algorithm>
#include <concepts>
#include <cstdint>

/// @file
/// @brief The StepSize component: η_t, and the step sizes that need no look at the objective.

namespace localsgd {

namespace detail {
template <class S>
concept has_step_size_at_t = requires(S const& s, std::uint64_t t) {
  { s(t) } -> std::same_as<double>;
};
template <class S>
concept has_shift = requires(S const& s) {
  { s.shift() } -> std::same_as<double>;
};
template <class R, class F>
concept has_choose = requires(R const& r, F const& f, plan const& p) { r.choose(f, p); };
}  // namespace detail

/// @brief η_t, the step size of local step t = 0, 1, …, the same on every worker.
///
/// | expression  | type     | meaning                                                            |
/// |-------------|----------|--------------------------------------------------------------------|
/// | `s(t)`      | `double` | η_t > 0; a step is x ← x − η_t g with g the *mean* gradient        |
/// | `s.shift()` | `double` | a ≥ 0: the weighted average of the iterates has w_t = (a+t)²; > 0  |
/// |             |          | unless the start is to have no weight                              |
///
/// What no compiler can check: both are pure, and `s(t)` is cheap: it runs at every local step.
template <class S>
concept StepSize = std::copy_constructible<S> && detail::has_step_size_at_t<S> &&
                   detail::has_shift<S>;

/// @brief Chooses a StepSize once it sees the objective, before the run: `r.choose(f, plan)`.
template <class R, class F>
concept StepSizeRule = std::copy_constructible<R> && detail::has_choose<R, F> &&
                       requires(R const& r, F const& f, plan const& p) {
                         { r.choose(f, p) } -> StepSize;
                       };

/// @brief η_t = η. The weighted average has w_t = (1+t)², which forgets the start.
class constant_step {
 public:
  /// @param step_size η, finite and > 0. @throws invalid_settings
  explicit constant_step(double step_size) : step_size_(step_size) {
    detail::require_positive("constant_step.step_size", step_size);
  }
  constexpr double operator()(std::uint64_t) const noexcept { return step_size_; }
  static constexpr double shift() noexcept { return 1; }

 private:
  double step_size_;
};
static_assert(StepSize<constant_step>);

/// @brief η_t = η₀/(1 + γt). Averages with a = 1/γ, so that w_t ∝ 1/η_t²; γ = 0 is `constant_step`.
class inverse_time_step {
 public:
  /// @param first η₀, finite and > 0
  /// @param decay γ, finite and ≥ 0, per step. @throws invalid_settings
  inverse_time_step(double first, double decay) : first_(first), decay_(decay) {
    detail::require_positive("inverse_time_step.first", first);
    detail::require_nonnegative("inverse_time_step.decay", decay);
  }
  constexpr double operator()(std::uint64_t t) const noexcept {
    return first_ / (1 + decay_ * static_cast<double>(t));
  }
  constexpr double shift() const noexcept { return decay_ > 0 ? 1 / decay_ : 1; }

 private:
  double first_, decay_;
};
static_assert(StepSize<inverse_time_step>);

/// @brief η_t = 4/(μ(a + t)), the step size of Theorem 2.2 \cite stich2019local.
///
/// The theorem asks for a > max{16κ, H}, κ = L/μ: then η₀ ≤ 1/(4L).
class theory_step {
 public:
  /// @param mu    μ, the strong convexity of f, finite and > 0
  /// @param shift a, finite and > 0. @throws invalid_settings
  theory_step(double mu, double shift) : mu_(mu), shift_(shift) {
    detail::require_positive("theory_step.mu", mu);
    detail::require_positive("theory_step.shift", shift);
  }
  constexpr double operator()(std::uint64_t t) const noexcept {
    return 4 / (mu_ * (shift_ + static_cast<double>(t)));
  }
  constexpr double shift() const noexcept { return shift_; }

 private:
  double mu_, shift_;
};
static_assert(StepSize<theory_step>);

/// @brief η_t = min(c₁, c₂ n/(t+1)), the step size of the paper's experiment \cite stich2019local.
///
/// Averages with a = max(1, c₂n/c₁): the step from which it decreases.
class capped_inverse_step {
 public:
  /// @param cap     c₁, finite and > 0
  /// @param factor  c₂, finite and > 0
  /// @param samples n ≥ 1. @throws invalid_settings
  capped_inverse_step(double cap, double factor, std::size_t samples)
      : cap_(cap), scaled_(factor * static_cast<double>(samples)) {
    detail::require_positive("capped_inverse_step.cap", cap);
    detail::require_positive("capped_inverse_step.factor", factor);
    detail::require(samples >= 1, "capped_inverse_step.samples", samples, ">= 1");
  }
  constexpr double operator()(std::uint64_t t) const noexcept {
    return std::min(cap_, scaled_ / (static_cast<double>(t) + 1));
  }
  constexpr double shift() const noexcept { return std::max(1.0, scaled_ / cap_); }

 private:
  double cap_, scaled_;
};
static_assert(StepSize<capped_inverse_step>);

}  // namespace localsgd
