// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/cache_aligned.hpp"
#include "localsgd/core/compiler.hpp"
#include "localsgd/iterate_weights/concept.hpp"
#include "localsgd/iterate_weights/quadratic_weights.hpp"
#include "localsgd/objective/linear_concept.hpp"
#include "localsgd/sampler/concept.hpp"
#include "localsgd/sampler/sample_stream.hpp"
#include "localsgd/step_size/concept.hpp"
#include "localsgd/worker/concept.hpp"
#include "localsgd/worker/iterate_average.hpp"
#include "localsgd/worker/scaled_iterate.hpp"
#include "localsgd/worker/sequence_iterate.hpp"

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

/// @file
/// @brief SGD on linear models: the cost of a sparse step is the nonzeros of its rows, for any d.

namespace localsgd {

/// @brief The coordinates that a round exchanges, for points much longer than the number that its
///        steps touch.
enum class exchanged_coordinates {
  touched,  ///< those that any worker touched
  all,      ///< all coordinates: the same bits, for comparison
};

namespace detail {
template <linear_with_ridge F>
using scaled_iterate_for =
    scaled_iterate<sparse_row<decltype(row_of(std::declval<F const&>().features(), 0))>>;
}  // namespace detail

/// @brief The sequence of one worker on a linear model, with the scaled iterate and the lazy
///        weighted average of detail::scaled_iterate. Three vectors of length d: v, u and x.
template <detail::linear_with_ridge F, Sampler S, StepSize E, IterateWeights W>
class alignas(detail::cache_alignment) linear_sgd_sequence
    : public detail::written_sequence<typename F::scalar, detail::scaled_iterate_for<F>> {
  using iterate = detail::scaled_iterate_for<F>;
  using base = detail::written_sequence<typename F::scalar, iterate>;

 public:
  using scalar = typename F::scalar;

  linear_sgd_sequence(F const& f, S const& sampler, E const& step_size, W const& weights,
                      plan const& p, std::size_t worker, exchanged_coordinates exchanged)
      : base(iterate(p.dimension)),
        f_(&f),
        step_size_(&step_size),
        iterate_weights_(weights),
        samples_(sampler, p, worker),
        slopes_(p.batch_size),
        lazy_(is_lazy(f, p)),
        free_intercept_(detail::has_free_intercept(f)),
        exchanged_(exchanged) {
    if (lazy_) used_.reserve(p.local_steps * p.batch_size);
  }

  LOCALSGD_ONE_COPY void advance(std::uint64_t from, std::uint64_t to) {
    samples_.rewind(from, to);
    used_.clear();
    if constexpr (!iterate::sparse)
      if (slopes_.size() == 1 && from != to) return advance_row_by_row(from, to);
    double const lambda = f_->regularizer().ridge_strength();
    for (std::uint64_t t = from; t != to; ++t) {
      base::weigh(iterate_weights_.weight(t));
      auto const batch = samples_.next();
      if (lazy_) used_.insert(used_.end(), batch.begin(), batch.end());
      auto const upcoming = samples_.upcoming();
      if (upcoming.size() > ahead) detail::prefetch_row(f_->features(), upcoming[ahead]);
      step(batch, upcoming.empty() ? batch.back() : upcoming.front(), (*step_size_)(t), lambda);
    }
  }

  // The points of all workers are s·v with the same s, so a coordinate that no worker touched needs
  // no exchange: see detail::TouchingSequence.
  bool touches_few() const noexcept { return lazy_; }
  double coordinate(std::size_t j) const noexcept { return iterate_.v(j); }
  void move(std::size_t j, double v) noexcept { iterate_.move(j, v); }
  void write(std::size_t first, std::span<scalar> out) const noexcept {
    iterate_.write(out, first);
  }
  template <class Visit>
  void for_each_touched(std::size_t first, std::size_t last, Visit const& visit) const {
    if (exchanged_ == exchanged_coordinates::all) {
      for (std::size_t j = first; j != last; ++j) visit(j);
      return;
    }
    auto const visit_mine = [&](std::size_t j, double) {
      if (j >= first && j < last) visit(j);
    };
    for (std::size_t const i : used_)
      detail::for_each_entry(detail::row_of(f_->features(), i), visit_mine);
    if (f_->intercept() != 0) visit_mine(iterate_.size() - 1, 0);
  }

 private:
  using base::iterate_;

  // Depends only on counted work: whether the workers' rows of a round have at most d/8 entries.
  static bool is_lazy(F const& f, plan const& p) noexcept {
    double const row =
        p.flops_per_sample > 0 ? p.flops_per_sample : detail::entries_per_row(f.features());
    double const entries = row * static_cast<double>(p.batch_size) *
                           static_cast<double>(p.local_steps) * static_cast<double>(p.workers);
    return std::same_as<scalar, double> && p.workers > 1 &&
           8 * entries <= static_cast<double>(p.dimension);
  }

  // Number of samples between the prefetch of a row and its use.
  static constexpr std::size_t ahead = 4;
  static constexpr std::size_t rows_ahead = 4;  // the same for an entire dense row

  // x ← (1 − ηλ)x − (η/b) Σ_B φ'(z_i)·a_i, all z_i at the same x; `soon` is the sample after the
  // batch. A free intercept is not shrunk.
  void step(std::span<std::size_t const> batch, std::size_t soon, double eta, double lambda) {
    double const share = -eta / static_cast<double>(batch.size());
    for (std::size_t j = 0; j != batch.size(); ++j) {
      std::size_t const i = batch[j];
      std::size_t const next = j + 1 != batch.size() ? batch[j + 1] : soon;
      slopes_[j] = slope(share, i, iterate_.dot(row(i), row(next)));
    }
    shrink(1 - eta * lambda);
    double const inverse_scale = 1 / iterate_.scale();
    for (std::size_t j = 0; j != batch.size(); ++j) {
      double const c = slopes_[j] * inverse_scale;
      iterate_.add(c, row(batch[j]));
      add_intercept(c);
    }
  }

  // The same for dense rows with b = 1. One pass over v and u makes a step and the product for the
  // next step; with 784 features read from memory this takes three quarters of the time.
  void advance_row_by_row(std::uint64_t from, std::uint64_t to) {
    double const lambda = f_->regularizer().ridge_strength();
    std::size_t i = samples_.next().front();
    for (std::size_t const soon : samples_.upcoming().first(
             std::min(rows_ahead - 1, samples_.upcoming().size())))
      detail::prefetch_all(row(soon));
    double product = iterate_.dot(row(i));
    for (std::uint64_t t = from;;) {
      double const eta = (*step_size_)(t);
      base::weigh(iterate_weights_.weight(t));
      double const s = slope(-eta, i, product);
      shrink(1 - eta * lambda);
      double const c = s * (1 / iterate_.scale());
      if (++t == to) {
        iterate_.add(c, row(i));
        add_intercept(c);
        return;
      }
      std::size_t const next = samples_.next().front();
      auto const upcoming = samples_.upcoming();
      std::size_t const soon =
          upcoming.size() >= rows_ahead - 1 ? upcoming[rows_ahead - 2] : next;
      product = iterate_.add_and_dot(c, row(i), row(next), row(soon));
      add_intercept(c);
      i = next;
    }
  }

  auto row(std::size_t i) const noexcept { return detail::row_of(f_->features(), i); }
  // share·s_i·φ'(z_i) where z = ⟨a_i, v⟩ without the intercept.
  double slope(double share, std::size_t i, double z) const {
    if (double const intercept = f_->intercept(); intercept != 0)
      z += intercept * iterate_.v(iterate_.size() - 1);
    z = detail::with_offset(*f_, i, iterate_.scale() * z);
    return share * f_->scale(i) * f_->loss().derivative(z, f_->target(i));
  }
  void shrink(double factor) noexcept {
    if (free_intercept_)
      iterate_.shrink_all_but(iterate_.size() - 1, factor);
    else
      iterate_.shrink(factor);
  }
  void add_intercept(double c) noexcept {
    if (double const intercept = f_->intercept(); intercept != 0)
      iterate_.add_at(c * intercept, iterate_.size() - 1);
  }

  F const* f_;
  E const* step_size_;
  W iterate_weights_;
  detail::sample_stream<S> samples_;
  detail::aligned_vector<double> slopes_;
  bool lazy_, free_intercept_;
  exchanged_coordinates exchanged_;
  detail::aligned_vector<std::size_t> used_;  // the samples of this stretch, if lazy
};

/// @brief x_{t+1}^k = x_t^k − η_t ∇f_B(x_t^k) for linear models: the steps of `sgd`
///        (\cite stich2019local) up to rounding. Sparse rows cost their nonzeros; the penalty and
///        the weighted average cost one multiplication each.
///
/// If the rows of a round have far fewer than d entries, the cost of an average is also
/// proportional to the coordinates they touch.
struct linear_sgd {
  exchanged_coordinates exchanged = exchanged_coordinates::touched;

  template <detail::linear_with_ridge F, Sampler S, StepSize E, IterateWeights W>
  linear_sgd_sequence<F, S, E, W> bind(F const& f, S const& sampler, E const& step_size,
                                       W const& weights, plan const& p,
                                       std::size_t worker) const {
    return {f, sampler, step_size, weights, p, worker, exchanged};
  }
  /// @brief Uses the weights that belong to the step size.
  template <detail::linear_with_ridge F, Sampler S, StepSize E>
  auto bind(F const& f, S const& sampler, E const& step_size,
            plan const& p, std::size_t worker) const {
    return bind(f, sampler, step_size, recommended_weights(step_size), p, worker);
  }
};

}  // namespace localsgd
