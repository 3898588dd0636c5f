// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/cache_aligned.hpp"
#include "localsgd/core/compiler.hpp"
#include "localsgd/step_size/automatic_step.hpp"
#include "localsgd/worker/concept.hpp"
#include "localsgd/worker/dual/ascent.hpp"
#include "localsgd/worker/newton/at_once.hpp"
#include "localsgd/worker/svrg/svrg.hpp"

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

/// @file
/// @brief Plain local steps first, then variance-reduced steps once noise limits progress.

namespace localsgd {

namespace detail {
/// @brief Whether one sequence can reuse the memory of the other.
template <class Plain, class Reduced>
concept share_memory = std::same_as<typename Plain::memory, typename Reduced::memory>;
}  // namespace detail

/// @brief The sequence of one worker: `Plain` until the anchor switches it to `Reduced`. Never
///        holds the memory of both, or of the second before its first use.
template <class Plain, class Reduced, class Make>
class alignas(detail::cache_alignment) sgd_then_svrg_sequence {
 public:
  using scalar = typename Reduced::scalar;
  using anchor = typename Reduced::anchor;

  /// @param make_plain `make_plain(0)` makes the Plain one
  /// @param make       `make()` makes the Reduced one, `make(memory)` makes it in the memory that
  ///                   Plain releases
  template <class MakePlain>
  sgd_then_svrg_sequence(MakePlain const& make_plain, anchor const& shared, Make make)
      : plain_(shared.active() ? 0 : 1, make_plain), anchor_(&shared), make_(make) {}

  void advance(std::uint64_t from, std::uint64_t to) {
    if (is_plain())
      plain().advance(from, to);
    else
      reduced().advance(from, to);
    steps_ = to;
  }
  std::span<scalar> local() { return is_plain() ? plain().local() : reduced().local(); }
  std::span<scalar> scratch() { return is_plain() ? plain().scratch() : reduced().scratch(); }
  void average(std::span<scalar> out) const {
    if (is_plain())
      plain().average(out);
    else if (reduced_.size() != 0)
      reduced_[0].average(out);
    else
      std::ranges::fill(out, scalar{0});  // x_0
  }
  void assign(std::span<scalar const> x) {
    if (is_plain() && anchor_->active()) change_over();
    is_plain() ? plain().assign(x) : reduced().assign(x);
  }
  void restart(std::span<scalar const> average, std::uint64_t steps) {
    if (is_plain()) change_over();
    reduced().restart(average, steps);
  }

  template <class Archive>
  void state(Archive& archive) {
    bool is_plain_there = is_plain();
    archive(is_plain_there, steps_);
    if (!is_plain_there && is_plain()) {  // read from an archive: it had already switched
      plain_.clear();
      become_reduced();
    }
    is_plain() ? archive(plain()) : archive(reduced());
  }

  // During plain steps: forwards to Plain the queries about the coordinates that they touch.
  bool touches_few() const noexcept
    requires detail::TouchingSequence<Plain>
  {
    return is_plain() && plain().touches_few();
  }
  double coordinate(std::size_t j) const noexcept
    requires detail::TouchingSequence<Plain>
  {
    return plain().coordinate(j);
  }
  void move(std::size_t j, double v) noexcept
    requires detail::TouchingSequence<Plain>
  {
    plain().move(j, v);
  }
  void write(std::size_t first, std::span<scalar> out) const noexcept
    requires detail::TouchingSequence<Plain>
  {
    plain().write(first, out);
  }
  template <class Visit>
    requires detail::TouchingSequence<Plain>
  void for_each_touched(std::size_t first, std::size_t last, Visit const& visit) const {
    plain().for_each_touched(first, last, visit);
  }

 private:
  bool is_plain() const noexcept { return plain_.size() != 0; }
  Plain& plain() noexcept { return plain_[0]; }
  Plain const& plain() const noexcept { return plain_[0]; }
  Reduced& reduced() {
    if (reduced_.size() == 0) become_reduced();
    return reduced_[0];
  }

  template <class... Memory>
  LOCALSGD_COLD void become_reduced(Memory... left) {
    reduced_ = detail::fixed_array<Reduced>(
        1, [&](std::size_t) { return make_(std::move(left)...); });
  }
  // The average continues, and if both use the same memory, it continues there.
  LOCALSGD_COLD void change_over() {
    if constexpr (detail::share_memory<Plain, Reduced>) {
      auto left = plain().release();
      std::span<scalar const> const average = left.average;
      become_reduced(std::move(left));
      plain_.clear();
      reduced().restart(average, steps_);
    } else {
      std::vector<scalar> average(plain().local().size());
      plain().average(average);
      plain_.clear();
      become_reduced();
      reduced().restart(std::span<scalar const>(average), steps_);
    }
  }

  detail::fixed_array<Plain> plain_;  // at most one of the two is not empty
  detail::fixed_array<Reduced> reduced_;
  anchor const* anchor_;
  Make make_;
  std::uint64_t steps_ = 0;
};

/// @brief The local steps of `Plain`, then those of `svrg` once noise, not the distance from the
///        start, limits progress. minimize() chooses this if a tolerance is set, or for a linear
///        model with enough epochs.
///
/// Every quarter of an epoch f is compared, on up to 1024 samples, at the weighted average and at
/// the consensus. While the consensus is better, steps still make progress towards the minimum;
/// once the average is better, noise dominates and averaging removes it. Then, or after an epoch,
/// the better of the two becomes the first anchor. A plain phase that overflows ends at once, at
/// the start. After a warm_start there is no plain phase: plain steps would lose the accuracy of
/// the given point. Nor is there one if Newton steps or dual coordinate ascent begin at the start:
/// see detail::newton_begins_at_once and detail::dual_ascent.
///
/// @tparam Plain `linear_sgd`, `sgd` or any other LocalWorker whose average uses the weights of the
///               run, (1+t)² by default
template <class Plain>
struct sgd_then_svrg {
  bool reduces = true;  ///< false: plain steps until the end

  template <Objective F, StepSize E>
  detail::svrg_anchor<F, E> anchor(F const& f, E const& step_size, plan const& p) const {
    using detail::svrg_start;
    if (!reduces) return {f, step_size, p, svrg_start::never};
    svrg_start start = p.start != 0 ? svrg_start::at_once : svrg_start::when_noise_prevails;
    if constexpr (std::same_as<E, automatic_step::chosen>) {
      if (detail::newton_begins_at_once(f, p)) start = svrg_start::at_once;
      if (detail::dual_ascent<F>::begins(f, p)) start = svrg_start::after_ascent;
    }
    return {f, step_size, p, start};
  }
  /// @brief Whether no plain step is made, and the others have steps of their own: see
  ///        detail::svrg_steps.
  template <Objective F>
  bool ignores_step_size([[maybe_unused]] F const& f, [[maybe_unused]] plan const& p) const {
    if constexpr (detail::linear_with_ridge<F>)
      return reduces &&
             (detail::newton_begins_at_once(f, p) || detail::dual_ascent<F>::begins(f, p));
    else
      return false;
  }
  template <Objective F, Sampler S, StepSize E, IterateWeights W, class Anchor>
  auto bind(F const& f, S const& sampler, E const& step_size, W const& weights, plan const& p,
            std::size_t worker, Anchor const& shared) const {
    using reduced = svrg_sequence<F, S, W, Anchor>;
    auto const make = [&f, &sampler, weights, &p, worker, &shared](auto... memory) {
      return reduced(f, sampler, weights, p, worker, shared, std::move(memory)...);
    };
    auto const bind_plain = [&](std::size_t) {
      return detail::bind_sequence(Plain{}, f, sampler, step_size, weights, p, worker);
    };
    return sgd_then_svrg_sequence<decltype(bind_plain(0)), reduced, decltype(make)>(
        bind_plain, shared, make);
  }
  /// @brief The weights of `svrg`; without variance-reduced steps, those of the step size.
  template <StepSize E>
  quadratic_weights recommended_weights(E const& step_size) const {
    return reduces ? svrg{}.recommended_weights(step_size)
                   : localsgd::recommended_weights(step_size);
  }
};

}  // namespace localsgd
