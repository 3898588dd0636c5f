// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/detail/compiler.hpp"
#include "localsgd/detail/own_lines.hpp"
#include "localsgd/detail/sample_stream.hpp"
#include "localsgd/detail/scaled_iterate.hpp"
#include "localsgd/objective/concept.hpp"
#include "localsgd/sampler/concept.hpp"
#include "localsgd/worker/concept.hpp"
#include "localsgd/worker/iterate_average.hpp"
#include "localsgd/worker/step_size.hpp"

#include <utility>

/// @file
/// @brief SGD on linear models: a sparse step costs the nonzeros of its rows, whatever d is.

namespace localsgd {

namespace detail {
template <class F>
concept has_linear_components = requires(F const& f, std::size_t i, double z) {
  { row_of(f.features(), i) };
  { f.loss().derivative(z, z) } -> std::same_as<double>;
  { f.scale(i) } -> std::same_as<double>;
  { f.target(i) } -> std::same_as<double>;
  { f.penalty() } -> std::same_as<double>;
  { f.intercept() } -> std::same_as<double>;
};
}  // namespace detail

/// @brief An objective whose components are f_i(x) = scale_i·φ(⟨a_i, x⟩, y_i) + (λ/2)‖x‖².
template <class F>
concept LinearObjective = Objective<F> && detail::has_linear_components<F>;

/// @brief The sequence of one worker on a linear model, with the scaled iterate and the lazy
///        weighted average of detail::scaled_iterate. Three vectors of length d: v, u and x.
template <LinearObjective F, Sampler S, StepSize E>
class alignas(detail::own_lines) linear_sgd_sequence {
 public:
  using scalar = typename F::scalar;

  linear_sgd_sequence(F const& f, S const& sampler, E const& step_size, plan const& p,
                      std::size_t worker)
      : f_(&f),
        step_size_(&step_size),
        samples_(sampler, p, worker),
        iterate_(p.dimension),
        local_(p.dimension),
        slopes_(p.batch_size) {}

  LOCALSGD_ONE_COPY void advance(std::uint64_t from, std::uint64_t to) {
    samples_.rewind(from, to);
    double const shift = step_size_->shift(), lambda = f_->penalty();
    for (std::uint64_t t = from; t != to; ++t) {
      double const weight = iterate_weight(shift, t);
      weights_ += weight;
      iterate_.weigh(weight);
      auto const batch = samples_.next();
      auto const upcoming = samples_.upcoming();
      if (upcoming.size() > ahead) detail::prefetch_row(f_->features(), upcoming[ahead]);
      step(batch, (*step_size_)(t), lambda);
    }
  }

  std::span<scalar> local() noexcept {
    iterate_.write(std::span<scalar>(local_));
    return local_;
  }
  void assign(std::span<scalar const> x) noexcept { iterate_.assign(x); }
  void average(std::span<scalar> out) const noexcept {
    if (weights_ > 0)
      iterate_.write_average(weights_, out);
    else
      iterate_.write(out);
  }

 private:
  static constexpr std::size_t ahead = 4;  // samples from asking for a row to using it

  // x ← (1 − ηλ)x − (η/b) Σ_B φ'(z_i)·a_i, all z_i at the same x
  void step(std::span<std::size_t const> batch, double eta, double lambda) {
    auto const& features = f_->features();
    double const intercept = f_->intercept();
    std::size_t const last = iterate_.size() - 1;
    double const share = -eta / static_cast<double>(batch.size());
    for (std::size_t j = 0; j != batch.size(); ++j) {
      std::size_t const i = batch[j];
      double z = iterate_.dot(detail::row_of(features, i));
      if (intercept != 0) z += intercept * iterate_.v(last);
      slopes_[j] = share * f_->scale(i) * f_->loss().derivative(iterate_.scale() * z, f_->target(i));
    }
    iterate_.shrink(1 - eta * lambda);
    double const inverse_scale = 1 / iterate_.scale();
    for (std::size_t j = 0; j != batch.size(); ++j) {
      double const c = slopes_[j] * inverse_scale;
      iterate_.add(c, detail::row_of(features, batch[j]));
      if (intercept != 0) iterate_.add_at(c * intercept, last);
    }
  }

  F const* f_;
  E const* step_size_;
  detail::sample_stream<S> samples_;
  detail::scaled_iterate<detail::sparse_row<decltype(detail::row_of(
      std::declval<F const&>().features(), 0))>>
      iterate_;
  detail::own_vector<scalar> local_;
  detail::own_vector<double> slopes_;
  double weights_ = 0;
};

/// @brief x_{t+1}^k = x_t^k − η_t ∇f_B(x_t^k) for linear models, to rounding the steps of `sgd`
///        (\cite stich2019local): sparse rows cost their nonzeros, the penalty and the weighted
///        average one multiplication each.
struct linear_sgd {
  template <LinearObjective F, Sampler S, StepSize E>
  linear_sgd_sequence<F, S, E> bind(F const& f, S const& sampler, E const& step_size,
                                    plan const& p, std::size_t worker) const {
    return {f, sampler, step_size, p, worker};
  }
};

}  // namespace localsgd
