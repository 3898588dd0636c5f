// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/cache_aligned.hpp"
#include "localsgd/core/compiler.hpp"
#include "localsgd/iterate_weights/concept.hpp"
#include "localsgd/iterate_weights/quadratic_weights.hpp"
#include "localsgd/sampler/sample_stream.hpp"
#include "localsgd/worker/concept.hpp"
#include "localsgd/worker/iterate_average.hpp"
#include "localsgd/worker/sequence_iterate.hpp"
#include "localsgd/worker/svrg/anchor.hpp"
#include "localsgd/worker/svrg/iterate.hpp"
#include "localsgd/worker/svrg/proximal_iterate.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

/// @file
/// @brief Variance-reduced local steps: linear convergence on finite sums.

namespace localsgd {

/// @brief The sequence of one worker on any objective. Three vectors of length d: x, g and the sum of
///        the average. A step costs two gradients.
template <Objective F, Sampler S, IterateWeights W, class Anchor>
class alignas(detail::cache_alignment) svrg_sequence
    : public detail::vector_sequence<typename F::scalar> {
  using base = detail::vector_sequence<typename F::scalar>;

 public:
  using scalar = typename F::scalar;
  using anchor = Anchor;

  svrg_sequence(F const& f, S const& sampler, W const& weights, plan const& p, std::size_t worker,
                Anchor const& shared)
      : base(p.dimension),
        f_(&f),
        anchor_(&shared),
        iterate_weights_(weights),
        samples_(sampler, p, worker) {}
  /// @brief Uses the memory of another sequence. @pre restart() or state() follows
  svrg_sequence(F const& f, S const& sampler, W const& weights, plan const& p, std::size_t worker,
                Anchor const& shared, typename base::memory left)
      : base(std::move(left)),
        f_(&f),
        anchor_(&shared),
        iterate_weights_(weights),
        samples_(sampler, p, worker) {}

  LOCALSGD_ONE_COPY void advance(std::uint64_t from, std::uint64_t to) {
    samples_.rewind(from, to);
    scalar const eta = static_cast<scalar>(anchor_->steps().step_size());
    for (std::uint64_t t = from; t != to; ++t) {
      average_.add(iterate_weights_.weight(t), std::span<scalar const>(x_));
      auto const batch = samples_.next();
      f_->gradient(std::span<scalar const>(x_), batch, std::span<scalar>(g_));
      scalar* LOCALSGD_RESTRICT const x = x_.data();
      scalar const* LOCALSGD_RESTRICT const g = g_.data();
      scalar const* LOCALSGD_RESTRICT const full = anchor_->steps().gradient().data();
      for (std::size_t i = 0; i != x_.size(); ++i) x[i] -= eta * (g[i] + full[i]);
      f_->gradient(anchor_->point(), batch, std::span<scalar>(g_));
      for (std::size_t i = 0; i != x_.size(); ++i) x[i] += eta * g[i];
      if constexpr (detail::proximal<F>)
        f_->regularizer().prox(detail::penalized(*f_, std::span<scalar>(x_)),
                               static_cast<double>(eta));
    }
  }

  void restart(std::span<scalar const> average, std::uint64_t steps) noexcept {
    average_.restart(iterate_weights_.sum(steps), average);
  }

 private:
  using base::x_, base::g_, base::average_;

  F const* f_;
  anchor const* anchor_;
  W iterate_weights_;
  detail::sample_stream<S> samples_;
};

namespace detail {
/// @brief The iterate of a linear model, with or without a proximal operator at the end of a step.
template <class F, class Table>
struct svrg_iterate_of {
  using type = variance_reduced_iterate<Table>;
  static type make(F const&, Table const& table, aligned_vector<double> memory) {
    return {table, std::move(memory)};
  }
};
template <linear_separable F, class Table>
struct svrg_iterate_of<F, Table> {
  using type = proximal_iterate<Table, regularizer_type<F>>;
  static type make(F const& f, Table const& table, aligned_vector<double> memory) {
    return {table, f.regularizer(), penalized_coordinates(f), std::move(memory)};
  }
};

/// @brief What the sequences of one worker have in common that write their iterate out.
template <class F, class S, class W, class Anchor, class Iterate>
class written_svrg_sequence : public written_sequence<typename F::scalar, Iterate> {
  using base = written_sequence<typename F::scalar, Iterate>;

 public:
  using scalar = typename F::scalar;
  using anchor = Anchor;

  void restart(std::span<scalar const> average, std::uint64_t steps) noexcept {
    base::weights_ = iterate_weights_.sum(steps);
    base::iterate_.restart(base::weights_, average);
  }

 protected:
  written_svrg_sequence(F const& f, S const& sampler, W const& weights, plan const& p,
                        std::size_t worker, Anchor const& shared, Iterate iterate,
                        aligned_vector<scalar> local)
      : base(std::move(iterate), std::move(local)),
        f_(&f),
        anchor_(&shared),
        iterate_weights_(weights),
        samples_(sampler, p, worker) {}

  static typename base::memory new_memory(plan const& p) {
    return {aligned_vector<double>(2 * p.dimension), aligned_vector<scalar>(p.dimension)};
  }
  F const* f_;
  anchor const* anchor_;
  W iterate_weights_;
  sample_stream<S> samples_;
};
}  // namespace detail

/// @brief The sequence of one worker on a linear model: the cost of a step is the nonzeros of its rows.
template <detail::linear_with_sparse_steps F, Sampler S, IterateWeights W, class Anchor>
class alignas(detail::cache_alignment) svrg_sequence<F, S, W, Anchor>
    : public detail::written_svrg_sequence<
          F, S, W, Anchor, typename detail::svrg_iterate_of<F, typename Anchor::table>::type> {
  using iterate_of = detail::svrg_iterate_of<F, typename Anchor::table>;
  using iterate = typename iterate_of::type;
  using base = detail::written_svrg_sequence<F, S, W, Anchor, iterate>;

 public:

  svrg_sequence(F const& f, S const& sampler, W const& weights, plan const& p, std::size_t worker,
                Anchor const& shared)
      : svrg_sequence(f, sampler, weights, p, worker, shared, base::new_memory(p)) {}
  /// @brief Uses the memory of another sequence. @pre restart() or state() follows, or it is all 0
  svrg_sequence(F const& f, S const& sampler, W const& weights, plan const& p, std::size_t worker,
                Anchor const& shared, typename base::memory left)
      : base(f, sampler, weights, p, worker, shared,
             iterate_of::make(f, shared.steps(), std::move(left.iterate)), std::move(left.average)),
        worker_(worker),
        slopes_(p.batch_size) {}

  LOCALSGD_ONE_COPY void advance(std::uint64_t from, std::uint64_t to) {
    samples_.rewind(from, to);
    double const* const at_anchor = anchor_->steps().slopes().of(worker_);
    for (std::uint64_t t = from; t != to; ++t) {
      base::weigh(iterate_weights_.weight(t));
      auto const batch = samples_.next();
      auto const upcoming = samples_.upcoming();
      if (upcoming.size() > ahead) {
        detail::prefetch_row(f_->features(), upcoming[ahead]);
        LOCALSGD_PREFETCH(at_anchor + upcoming[ahead]);
      }
      step(batch, upcoming.empty() ? batch.back() : upcoming.front(), at_anchor);
    }
  }

 private:
  using base::f_, base::anchor_, base::iterate_weights_, base::samples_, base::iterate_;

  static constexpr std::size_t ahead = 4;  // number of samples between the prefetch of a row and its use

  // x ← x − (1/b) Σ_B (φ'(z_i) − φ'(z̃_i))·η∘a_i − η∘∇f(x̃), all z_i at the same x; `soon` is the
  // sample after the batch.
  void step(std::span<std::size_t const> batch, std::size_t soon, double const* at_anchor) {
    auto const& features = f_->features();
    double const intercept = f_->intercept();
    std::size_t const last = iterate_.size() - 1;
    double const share = -1 / static_cast<double>(batch.size());
    for (std::size_t j = 0; j != batch.size(); ++j) {
      std::size_t const i = batch[j];
      std::size_t const next = j + 1 != batch.size() ? batch[j + 1] : soon;
      double z = iterate_.dot(detail::row_of(features, i), detail::row_of(features, next));
      if (intercept != 0) z += intercept * iterate_.x(last);
      z = detail::with_offset(*f_, i, z);
      slopes_[j] = share * f_->scale(i) *
                   (f_->loss().derivative(z, f_->target(i)) - at_anchor[i]);
    }
    if constexpr (!iterate::ends_with_prox) iterate_.make_common_step();
    for (std::size_t j = 0; j != batch.size(); ++j) {
      iterate_.add(slopes_[j], detail::row_of(features, batch[j]));
      if (intercept != 0) iterate_.add_at(slopes_[j] * intercept, last);
    }
    if constexpr (iterate::ends_with_prox) iterate_.make_common_step();
  }

  std::size_t worker_;
  detail::aligned_vector<double> slopes_;
};

/// @brief The sequence of one worker on softmax regression and similar objectives: no gradient is
///        formed, and the cost of a step is C times the nonzeros of its rows.
template <detail::factored_with_scores F, Sampler S, IterateWeights W, class Anchor>
class alignas(detail::cache_alignment) svrg_sequence<F, S, W, Anchor>
    : public detail::written_svrg_sequence<
          F, S, W, Anchor, detail::variance_reduced_iterate<typename Anchor::table>> {
  using iterate = detail::variance_reduced_iterate<typename Anchor::table>;
  using base = detail::written_svrg_sequence<F, S, W, Anchor, iterate>;

 public:

  svrg_sequence(F const& f, S const& sampler, W const& weights, plan const& p, std::size_t worker,
                Anchor const& shared)
      : svrg_sequence(f, sampler, weights, p, worker, shared, base::new_memory(p)) {}
  /// @brief Uses the memory of another sequence. @pre restart() or state() follows, or it is all 0
  svrg_sequence(F const& f, S const& sampler, W const& weights, plan const& p, std::size_t worker,
                Anchor const& shared, typename base::memory left)
      : base(f, sampler, weights, p, worker, shared,
             iterate(shared.steps(), std::move(left.iterate)), std::move(left.average)),
        here_(p.batch_size * f.outputs()),
        beside_(here_.size()) {}

  LOCALSGD_ONE_COPY void advance(std::uint64_t from, std::uint64_t to) {
    samples_.rewind(from, to);
    for (std::uint64_t t = from; t != to; ++t) {
      base::weigh(iterate_weights_.weight(t));
      auto const batch = samples_.next();
      auto const upcoming = samples_.upcoming();
      step(batch, upcoming.empty() ? batch.back() : upcoming.front());
    }
  }

 private:
  using base::f_, base::anchor_, base::iterate_weights_, base::samples_, base::iterate_;

  // x ← x − (η/b) Σ_B (s_i(x) − s_i(x̃)) a_iᵀ − η∇f(x̃), all s_i at the same x; `soon` is the sample
  // after the batch.
  void step(std::span<std::size_t const> batch, std::size_t soon) {
    std::span<double> const s = here_, other = beside_;
    auto const& steps = anchor_->steps();
    f_->scores(std::span<double const>(iterate_.v()), batch, soon, s);
    f_->scores(steps.common_step(), batch, batch.back(), other);
    for (std::size_t i = 0; i != s.size(); ++i) s[i] -= iterate_.tau() * other[i];
    f_->slopes_of_scores(batch, s);
    f_->scores(anchor_->point(), batch, batch.back(), other);
    f_->slopes_of_scores(batch, other);
    double const share = -steps.step_size() / static_cast<double>(batch.size());
    for (std::size_t i = 0; i != s.size(); ++i) s[i] = share * (s[i] - other[i]);
    f_->add_rows(batch, std::span<double const>(s), iterate_.v());
    for (double& slope : s) slope *= -iterate_.beta();
    f_->add_rows(batch, std::span<double const>(s), iterate_.u());
    iterate_.make_common_step();
  }

  detail::aligned_vector<double> here_, beside_;  // scores and slopes, C for each sample of the batch
};

/// @brief Variance-reduced local steps: x_k ← x_k − η(∇f_B(x_k) − ∇f_B(x̃) + ∇f(x̃)), x̃ the anchor.
///
/// SVRG \cite johnson2013svrg in its local form \cite gorbunov2021local . About every n gradients the
/// consensus becomes the anchor, and all threads compute ∇f there in a fixed order. The steps have no
/// noise at the minimum, so a constant step size converges linearly. For linear models and softmax
/// regression the gradient of the penalty is also that of the anchor, and a step touches only nonzeros
/// of its rows.
///
/// With `automatic_step` the step size depends on the curvature of the data, and features may have any
/// units (detail::svrg_steps). With another StepSize, η is its value when the anchor is taken, and for
/// linear models at most 1/(λm). If a step size raises f at an anchor, or overflows, it is halved and
/// its steps are undone. Anchors are extrapolated: detail::svrg_anchor.
///
/// Each anchor costs n additional gradients and as many bytes as one average; a step on an objective
/// that is not a linear model takes two gradients. result::gradients counts them all. The last anchor
/// is at T, so last steps that raised f are undone. Not for `asynchronous`: anchors require
/// synchronisation.
struct svrg {
  template <Objective F, StepSize E>
  detail::svrg_anchor<F, E> anchor(F const& f, E const& step_size, plan const& p) const {
    return {f, step_size, p, detail::svrg_start::at_once};
  }
  /// @param f the objective of worker k: that of the anchor, or its shard k
  template <Objective F, Sampler S, StepSize E, IterateWeights W, class Anchor>
  svrg_sequence<F, S, W, Anchor> bind(F const& f, S const& sampler, E const&, W const& weights,
                                      plan const& p, std::size_t worker,
                                      Anchor const& shared) const {
    return {f, sampler, weights, p, worker, shared};
  }
  /// @brief w_t = (1+t)², for any step size: the average then forgets the start fastest.
  template <StepSize E>
  quadratic_weights recommended_weights(E const&) const {
    return quadratic_weights{1};
  }
};

}  // namespace localsgd
