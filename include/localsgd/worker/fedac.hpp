// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/cache_aligned.hpp"
#include "localsgd/core/compiler.hpp"
#include "localsgd/core/error.hpp"
#include "localsgd/objective/concept.hpp"
#include "localsgd/sampler/concept.hpp"
#include "localsgd/sampler/sample_stream.hpp"
#include "localsgd/settings.hpp"
#include "localsgd/step_size/concept.hpp"
#include "localsgd/worker/concept.hpp"
#include "localsgd/worker/second_average.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

/// @file
/// @brief Accelerated local steps for strongly convex objectives.

namespace localsgd {

namespace detail {

/// @brief The constants μ and H of the steps of `fedac`, and the average of its second vectors.
template <class Scalar>
class fedac_pairs : public second_average<Scalar> {
 public:
  /// @brief γ and 1/α = γμ for a step size η; β = α + 1.
  struct coefficients {
    double gamma, inverse_alpha;
    double inverse_beta() const noexcept { return inverse_alpha / (1 + inverse_alpha); }
  };

  /// @throws invalid_settings unless f is strongly convex
  template <Objective F>
  fedac_pairs(F const& f, plan const& p)
      : second_average<Scalar>(p),
        convexity_(strong_convexity_of(f)),
        local_steps_(static_cast<double>(p.local_steps)) {
    require(convexity_ > 0, "objective.strong_convexity()", convexity_,
            "> 0 with fedac, as with a penalty such as l2 that acts on all coordinates; "
            "other objectives can use sgd or svrg");
  }
  coefficients at(double eta) const noexcept {
    double const gamma = std::max(eta, std::sqrt(eta / (convexity_ * local_steps_)));
    return {gamma, gamma * convexity_};
  }

 private:
  double convexity_, local_steps_;
};

}  // namespace detail

/// @brief The sequence of one worker: x is its aggregate point, and w its second vector. Five
///        vectors of length d.
template <Objective F, Sampler S, StepSize E>
class alignas(detail::cache_alignment) fedac_sequence
    : public detail::paired_sequence<typename F::scalar> {
  using base = detail::paired_sequence<typename F::scalar>;

 public:
  using scalar = typename F::scalar;
  using pairs = detail::fedac_pairs<scalar>;

  fedac_sequence(F const& f, S const& sampler, E const& step_size, plan const& p,
                 std::size_t worker, pairs const& shared)
      : base(p.dimension),
        f_(&f),
        step_size_(&step_size),
        pairs_(&shared),
        samples_(sampler, p, worker),
        middle_(p.dimension) {}

  LOCALSGD_ONE_COPY void advance(std::uint64_t from, std::uint64_t to) {
    if (from == to) return;
    base::moved_ = true;
    samples_.rewind(from, to);
    for (std::uint64_t t = from; t != to; ++t) {
      double const eta = (*step_size_)(t);
      auto const c = pairs_->at(eta);
      scalar const share = static_cast<scalar>(c.inverse_beta());
      scalar const pull = static_cast<scalar>(c.inverse_alpha);
      scalar const short_step = static_cast<scalar>(eta), long_step = static_cast<scalar>(c.gamma);
      scalar* LOCALSGD_RESTRICT const x = base::x_.data();
      scalar* LOCALSGD_RESTRICT const w = base::second_.data();
      scalar* LOCALSGD_RESTRICT const middle = middle_.data();
      scalar const* LOCALSGD_RESTRICT const g = base::g_.data();
      std::size_t const d = middle_.size();
      for (std::size_t i = 0; i != d; ++i) middle[i] = x[i] + share * (w[i] - x[i]);
      f_->gradient(std::span<scalar const>(middle_), samples_.next(), std::span<scalar>(base::g_));
      for (std::size_t i = 0; i != d; ++i) {
        x[i] = middle[i] - short_step * g[i];
        w[i] += pull * (middle[i] - w[i]) - long_step * g[i];
      }
    }
  }

 private:
  F const* f_;
  E const* step_size_;
  pairs const* pairs_;
  detail::sample_stream<S> samples_;
  detail::aligned_vector<scalar> middle_;
};

/// @brief Accelerated local steps, FedAc-I \cite yuan2020fedac : worker k has two points, x and w,
///        and makes steps from y = w/β + (1 − 1/β)x, with g = ∇f_B(y):
///        x ← y − ηg, w ← (1 − 1/α)w + y/α − γg.
///
/// γ = max{η, √(η/(μH))}, α = 1/(γμ), β = α + 1, computed for each η_t, from the μ of the objective
/// and the H of the first round. The workers average x and w: two exchanges a round. x is the
/// answer; it has no average of iterates, so IterateWeights are not accepted.
///
/// Theorem: for μ-strongly convex objectives, samples that all workers see, and a constant η ≤ 1/L,
/// a number of rounds of order K^{1/3} suffices for a linear speed-up by K workers, where it is K
/// for `sgd`. No convex proof covers shards, nor step sizes that change.
///
/// With `every{1}` γ = √(η/μ), and this is accelerated mini-batch SGD, as AC-SA
/// \cite ghadimi2012optimal : the baseline for all methods with local steps. Without noise and with
/// η ≤ 1/L, f(x) − f* + (μ/2)‖w − x*‖² then falls by at least the factor 1 − √(ημ) in each step.
///
/// Measured (`benchmark/family`, eight shards, the best parameters of a grid): on random shards of
/// a9a and w8a 56 and 26 exchanges to 10⁻³, where `sgd` needs 621 and 569, but 13 and 10 epochs
/// instead of 3 and 4. On shards of a9a sorted by label it does not reach 10⁻³ with H > 1, and
/// nowhere on these data 10⁻⁶. It is never ahead of `dane` in exchanges there, and ahead of `svrg`
/// only on random shards of w8a, to 10⁻³.
///
/// Not for objectives without a known `strong_convexity()`, `asynchronous` or `overlapped`
/// synchronizers, averagers other than `mean` and `weighted_mean`, Compressors, or nonsmooth
/// regularizers: these are rejected.
struct fedac {
  /// @brief See detail::exact_mean_worker.
  static constexpr std::string_view needs_exact_means = "fedac";

  /// @throws invalid_settings unless f is strongly convex
  template <Objective F, StepSize E>
  detail::fedac_pairs<typename F::scalar> anchor(F const& f, E const&, plan const& p) const {
    return {f, p};
  }
  /// @param f the objective of worker k: that of all samples, or its shard k
  template <Objective F, Sampler S, StepSize E>
  fedac_sequence<F, S, E> bind(F const& f, S const& sampler, E const& step_size, plan const& p,
                               std::size_t worker,
                               detail::fedac_pairs<typename F::scalar> const& shared) const {
    return {f, sampler, step_size, p, worker, shared};
  }
};

}  // namespace localsgd
