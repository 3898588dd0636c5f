// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/cache_aligned.hpp"
#include "localsgd/core/compiler.hpp"
#include "localsgd/iterate_weights/concept.hpp"
#include "localsgd/iterate_weights/quadratic_weights.hpp"
#include "localsgd/kernels/simd.hpp"
#include "localsgd/objective/concept.hpp"
#include "localsgd/objective/regularized.hpp"
#include "localsgd/sampler/concept.hpp"
#include "localsgd/sampler/sample_stream.hpp"
#include "localsgd/step_size/concept.hpp"
#include "localsgd/worker/concept.hpp"
#include "localsgd/worker/iterate_average.hpp"
#include "localsgd/worker/sequence_iterate.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

/// @file
/// @brief Plain SGD on any objective.

namespace localsgd {

/// @brief The sequence of one worker: x_{t+1} = x_t − η_t g_t, g_t the mean gradient over the b
///        samples of step t. Three vectors of length d: x, g and the sum of the average.
template <Objective F, Sampler S, StepSize E, IterateWeights W>
class alignas(detail::cache_alignment) sgd_sequence
    : public detail::vector_sequence<typename F::scalar> {
  using base = detail::vector_sequence<typename F::scalar>;

 public:
  using scalar = typename F::scalar;

  sgd_sequence(F const& f, S const& sampler, E const& step_size, W const& weights, plan const& p,
               std::size_t worker)
      : base(p.dimension),
        f_(&f),
        step_size_(&step_size),
        iterate_weights_(weights),
        samples_(sampler, p, worker) {}

  LOCALSGD_ONE_COPY void advance(std::uint64_t from, std::uint64_t to) {
    samples_.rewind(from, to);
    std::span<scalar> const x = x_, g = g_;
    for (std::uint64_t t = from; t != to; ++t) {
      // Before the gradient, not with the step: it does not depend on the inner products of the
      // gradient.
      average_.add(iterate_weights_.weight(t), std::span<scalar const>(x));
      f_->gradient(std::span<scalar const>(x), samples_.next(), g);
      step(static_cast<scalar>((*step_size_)(t)));
    }
  }

 private:
  using base::x_, base::g_, base::average_;

  void step(scalar eta) {
    scalar* LOCALSGD_RESTRICT const x = x_.data();
    scalar const* LOCALSGD_RESTRICT const g = g_.data();
    if constexpr (std::same_as<scalar, double>)
      detail::add_scaled(-eta, g, x, x_.size());
    else
      for (std::size_t i = 0; i != x_.size(); ++i) x[i] -= eta * g[i];
    if constexpr (detail::proximal<F>)
      f_->regularizer().prox(detail::penalized(*f_, std::span<scalar>(x_)),
                             static_cast<double>(eta));
  }

  F const* f_;
  E const* step_size_;
  W iterate_weights_;
  detail::sample_stream<S> samples_;
};

/// @brief x_{t+1}^k = x_t^k − η_t ∇f_B(x_t^k) for any objective: the local step of Algorithm 1
///        \cite stich2019local. With K = 1 it is plain SGD, bit for bit, for any H.
///
/// With a nonsmooth regularizer r, ∇f_B is that of the losses, and each step ends with
/// prox_{ηr}: proximal SGD \cite duchi2009forward. The average of its iterates has no exact zeros.
struct sgd {
  template <Objective F, Sampler S, StepSize E, IterateWeights W>
  sgd_sequence<F, S, E, W> bind(F const& f, S const& sampler, E const& step_size, W const& weights,
                                plan const& p, std::size_t worker) const {
    return {f, sampler, step_size, weights, p, worker};
  }
  /// @brief Uses the weights that belong to the step size.
  template <Objective F, Sampler S, StepSize E>
  sgd_sequence<F, S, E, quadratic_weights> bind(F const& f, S const& sampler, E const& step_size,
                                                plan const& p, std::size_t worker) const {
    return bind(f, sampler, step_size, recommended_weights(step_size), p, worker);
  }
};

}  // namespace localsgd
