// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/kernels/class_intercepts.hpp"
#include "localsgd/kernels/power_iteration.hpp"
#include "localsgd/kernels/softmax.hpp"
#include "localsgd/kernels/softmax_sparse.hpp"
#include "localsgd/objective/concept.hpp"
#include "localsgd/objective/regularized.hpp"
#include "localsgd/objective/stable_step.hpp"
#include "localsgd/objective/targets.hpp"
#include "localsgd/regularizer/concept.hpp"
#include "localsgd/regularizer/l2.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

/// @file
/// @brief Multinomial logistic regression.

namespace localsgd {

/// @brief f(x) = (1/S) Σ_i s_i w_{y_i} [ log Σ_c exp⟨x_c, a_i⟩ − ⟨x_{y_i}, a_i⟩ ] + r(x),
///        S = Σ s_i w_{y_i}.
///
/// x is classes × columns, row-major, with rows x_c. With an intercept c, ⟨x_c, a_i⟩ is replaced
/// by ⟨x_c, a_i⟩ + c·b_c, and the b_c follow the rows in x. s_i and w_c are the weights of samples
/// and classes, 1 by default, so that S = n. The Hessian of log-sum-exp is at most ½ I, so
/// L = ½ λ_max((1/S) Σ s_i w_{y_i} a_i a_iᵀ) + L_r, where L_r is the smoothness of r; μ is the
/// strong convexity of r.
///
/// Borrows the features, labels and weights: they must outlive the objective; temporaries do not
/// compile. Immutable, so it can be used from several threads.
///
/// @tparam RegularizerType r. If it has no gradient, `gradient` and `smoothness` are those of the
///                         mean loss alone; `gradient` still returns f, including r.
template <detail::feature_matrix Matrix, class Label, class Scalar = double,
          class RegularizerType = l2>
class softmax_objective {
  static_assert(Regularizer<RegularizerType, Scalar>);

 public:
  using scalar = Scalar;

  /// @param features n rows of the features, n ≥ 1, at least one column
  /// @param labels   n numbers 0, 1, …, classes−1 of any arithmetic type, contiguous
  /// @param classes  ≥ 2
  /// @throws invalid_data     if lengths differ, if there are no rows or no columns, or if a label
  ///                          is out of range
  /// @throws invalid_settings if the intercept is not finite, if there are fewer than 2 or more
  ///                          than 65,536 classes, if a weight is negative or not finite, if the
  ///                          sum of weights is 0, or if the dimension of the regularizer differs
  template <class Labels>
  softmax_objective(Matrix const& features, Labels const& labels, std::size_t classes,
                    RegularizerType regularizer, softmax_options options = {},
                    iterate_type<Scalar> = {})
      : features_(&features),
        labels_(detail::span_of(labels)),
        classes_(classes),
        regularizer_(std::move(regularizer)), options_(options) {
    detail::require(std::isfinite(options.intercept), "softmax_options.intercept", options.intercept,
                    "finite");
    detail::require(classes >= 2 && classes <= 65536, "classes", classes, "from 2 to 65536");
    detail::check_shape(features, labels_.size());
    detail::check_dimension_of(regularizer_, detail::penalized_coordinates(*this));
    detail::check_classes(labels_, classes);
    mean_weight_ = detail::checked_mean_weight(options.weights, options.class_weights, labels_,
                                               classes);
    weighted_ = !options.weights.empty() || !options.class_weights.empty();
  }
  template <class Labels>
  softmax_objective(Matrix const& features, Labels const& labels, std::size_t classes,
                    RegularizerType regularizer, iterate_type<Scalar>)
      : softmax_objective(features, labels, classes, std::move(regularizer), softmax_options{}) {}
  /// The data are borrowed: a temporary would be destroyed before the first step.
  template <class Labels>
  softmax_objective(Matrix const&&, Labels const&, std::size_t, RegularizerType,
                    softmax_options = {}, iterate_type<Scalar> = {}) = delete;
  template <class Labels>
  softmax_objective(Matrix const&&, Labels const&, std::size_t, RegularizerType,
                    iterate_type<Scalar>) = delete;
  template <detail::owning_temporary Labels>
  softmax_objective(Matrix const&, Labels&&, std::size_t, RegularizerType, softmax_options = {},
                    iterate_type<Scalar> = {}) = delete;
  template <detail::owning_temporary Labels>
  softmax_objective(Matrix const&, Labels&&, std::size_t, RegularizerType,
                    iterate_type<Scalar>) = delete;

  std::size_t dimension() const noexcept { return classes_ * (columns() + (options_.intercept != 0)); }
  std::size_t samples() const noexcept { return labels_.size(); }
  std::size_t classes() const noexcept { return classes_; }

  double gradient(std::span<Scalar const> x, std::span<std::size_t const> batch,
                  std::span<Scalar> g) const {
    // One block of samples at a time, so that the scores fit on the stack and the rows stay in a
    // cache for the gradient.
    std::array<double, scores_on_stack> stack;
    std::vector<double> heap;
    if (classes_ > scores_on_stack) heap.resize(classes_);
    std::span<double> const scores = heap.empty() ? std::span<double>(stack) : std::span(heap);
    std::size_t const block = std::clamp<std::size_t>(scores_on_stack / classes_, 1, block_samples);
    double const share = 1 / static_cast<double>(batch.size());
    detail::gradient_target<Scalar> target{x.data(), 0, g.data()};
    double loss = 0;
    if constexpr (detail::ridge_regularizer<RegularizerType>) {
      target.lambda = regularizer_.ridge_strength();
    } else {
      auto const w = detail::penalized(*this, x);
      detail::regularizer_gradient(regularizer_, w, detail::penalized(*this, g));
      target.x = nullptr;  // g already holds ∇r
      loss = regularizer_.value(w);
    }
    bool const all = options_.regularize_intercept;  // r acts on all of x
    if (options_.intercept != 0 && (target.x != nullptr || !all))
      loss += intercepts().begin_gradient(all ? target.lambda : 0, x, g);
    for (std::size_t begin = 0; begin < batch.size(); begin += block) {
      auto const part = batch.subspan(begin, std::min(block, batch.size() - begin));
      this->scores(x, part, part.back(), scores);
      double losses = 0;
      for (std::size_t s = 0; s != part.size(); ++s) {
        double const weight = scale(part[s]);
        losses += weight * detail::softmax_slopes(scores.subspan(s * classes_, classes_),
                                                  label(part[s]), weight * share);
      }
      loss += share * losses;
      double const squares = detail::add_gradient(rows(part), scores.data(), target, classes_);
      if (target.x != nullptr) loss += target.lambda / 2 * squares;
      target.x = nullptr;  // g already holds λx
      if (options_.intercept != 0) intercepts().add_to_gradient(part.size(), scores.data(), g.data());
    }
    return loss;
  }

  // The effect of rounding in the scores: see detail::row_rounding.
  Matrix const& features() const noexcept { return *features_; }
  static constexpr double largest_squared_slopes = 2;  // Σ_c (softmax_c − [c = y])²
  static constexpr double score_curvature = 0.5;       // of log Σ exp

  /// The members of a FactoredObjective: scores are products with rows.
  std::size_t outputs() const noexcept { return classes_; }
  RegularizerType const& regularizer() const noexcept { return regularizer_; }
  /// s_i,c ← scale_i·(softmax(factor·v a_i)_c − [c = y_i])
  void slopes(std::span<double const> v, double factor, std::span<std::size_t const> batch,
              std::size_t soon, std::span<double> s) const noexcept {
    scores(v, batch, soon, s);
    for (double& score : s) score *= factor;
    slopes_of_scores(batch, s);
  }
  /// s_i,c ← (v a_i)_c + c·b_c for each sample in turn.
  template <class X>
  void scores(std::span<X const> v, std::span<std::size_t const> batch, std::size_t soon,
              std::span<double> s) const noexcept {
    if constexpr (detail::has_sparse_rows<Matrix>) detail::prefetch_row(*features_, soon);
    detail::scores_of(rows(batch, soon), v.data(), classes_, s.data());
    if (options_.intercept != 0) intercepts().add_to_scores(v.data(), batch.size(), s.data());
  }
  /// s_i,c ← scale_i·(softmax(s_i)_c − [c = y_i])
  void slopes_of_scores(std::span<std::size_t const> batch, std::span<double> s) const noexcept {
    for (std::size_t j = 0; j != batch.size(); ++j)
      detail::softmax_slopes(s.subspan(j * classes_, classes_), label(batch[j]), scale(batch[j]));
  }
  std::size_t label(std::size_t i) const noexcept { return static_cast<std::size_t>(labels_[i]); }
  /// p ← softmax(x a_i) for each sample in turn, for the Hessian and dual points.
  template <class X>
  void probabilities(std::span<X const> x, std::span<std::size_t const> batch,
                     std::span<double> p) const noexcept {
    scores(x, batch, batch.back(), p);
    for (std::size_t j = 0; j != batch.size(); ++j) {
      detail::softmax_slopes(p.subspan(j * classes_, classes_), label(batch[j]), 1);
      p[j * classes_ + label(batch[j])] += 1;
    }
  }
  void add_rows(std::span<std::size_t const> batch, std::span<double const> s,
                std::span<double> y) const noexcept {
    detail::add_gradient(rows(batch), s.data(),
                         detail::gradient_target<double>{nullptr, 0, y.data()}, classes_);
    if (options_.intercept != 0) intercepts().add_to_gradient(batch.size(), s.data(), y.data());
  }
  double intercept() const noexcept { return options_.intercept; }
  bool regularizes_intercept() const noexcept { return options_.regularize_intercept; }

  /// s_i w_{y_i} n/S, with mean 1 over all samples, or all shards of a sharded_objective.
  double scale(std::size_t i) const noexcept {
    return weighted_ ? weight(i) / mean_weight_ : 1;
  }
  /// S/n, in the units of the weights; 1 without weights.
  double mean_weight() const noexcept { return mean_weight_; }
  /// For a sharded_objective: sets S/n to that of all shards combined, so that S is their sum.
  void set_mean_weight(double mean) noexcept {
    mean_weight_ = mean;
    weighted_ = weighted_ || mean != 1;
  }

  /// @brief The class with the largest score ⟨x_c, a⟩ for row i; ties go to the lowest class.
  std::size_t predict(std::span<Scalar const> x, std::size_t i) const noexcept {
    std::size_t best = 0;
    double best_score = 0;
    for (std::size_t c = 0; c != classes_; ++c) {
      double s = detail::dot(row(i), x.data() + c * columns());
      if (options_.intercept != 0) intercepts().add_to_score(x.data(), c, s);
      if (c == 0 || s > best_score) best = c, best_score = s;
    }
    return best;
  }

  /// @brief The fraction of rows whose predicted class equals their label.
  double accuracy(std::span<Scalar const> x) const noexcept {
    std::size_t right = 0;
    for (std::size_t i = 0; i != samples(); ++i) right += predict(x, i) == label(i);
    return static_cast<double>(right) / static_cast<double>(samples());
  }

  /// L by power iteration over all rows, which approaches it from below, to about 1e-6.
  double smoothness() const {
    return moments(samples(), samples(), 1e-8, 300).spectral / 2 +
           detail::smoothness_of_regularizer(regularizer_);
  }
  double strong_convexity() const {
    return detail::has_free_intercept(*this) ? 0 : regularizer_.strong_convexity();
  }

  /// A step size for which SGD with batches of b is stable: see detail::stable_step. The spectrum
  /// is estimated from about 2,000 rows. L = ½ λ_max + L_r is attained only if two classes share
  /// all probability; near x = 0 the curvature is λ_max/C + L_r. One worker needs that margin
  /// because of its noise. With 4 or more workers, the average is less noisy, and the margin is
  /// dropped: up to twice the step, at most 1/(2L).
  double stable_step(std::size_t batch_size, std::size_t workers = 1) const {
    return detail::stable_step(step_curvature(workers), batch_size);
  }
  /// The quantities that determine the step size.
  detail::curvature_bounds step_curvature(std::size_t workers) const {
    auto const m = moments(2048, 16384, 1e-2, 50);
    double const own = detail::smoothness_of_regularizer(regularizer_);
    double const gain = std::clamp(static_cast<double>(workers) / 4, 1.0, 2.0);
    double const bend = std::max(0.5 / gain, 1 / static_cast<double>(classes_));
    return {bend * m.spectral + own, m.typical / 2 + own, m.largest / 2 + own, true};
  }

  /// Multiply-adds of one component gradient: classes times the mean number of nonzeros in a row.
  double flops_per_sample() const noexcept {
    return static_cast<double>(classes_) * detail::entries_per_row(*features_);
  }

 private:
  static constexpr std::size_t scores_on_stack = 8192, block_samples = 64;

  std::size_t columns() const noexcept { return detail::column_count(*features_); }
  detail::class_intercepts intercepts() const noexcept {
    return {options_.intercept, classes_, classes_ * columns()};
  }
  auto row(std::size_t i) const noexcept { return detail::row_of(*features_, i); }
  auto rows(std::span<std::size_t const> part) const noexcept { return rows(part, part.back()); }
  auto rows(std::span<std::size_t const> part, [[maybe_unused]] std::size_t soon) const noexcept {
    if constexpr (detail::has_sparse_rows<Matrix>)
      return detail::sparse_rows<Matrix>{features_, columns(), part};
    else
      return detail::dense_rows<typename Matrix::value_type>{features_->data(), columns(), part,
                                                             soon};
  }

  detail::row_moments moments(std::size_t rows, std::size_t norms, double tolerance,
                              int iterations) const {
    auto const of = [this](std::size_t i) { return scale(i); };
    return detail::moments_of(*features_, options_.intercept, of, rows, norms, tolerance, iterations);
  }

  double weight(std::size_t i) const noexcept {
    double const own = options_.weights.empty() ? 1 : options_.weights[i];
    return options_.class_weights.empty() ? own : own * options_.class_weights[label(i)];
  }

  Matrix const* features_;
  std::span<Label const> labels_;
  std::size_t classes_;
  RegularizerType regularizer_;
  softmax_options options_;
  double mean_weight_ = 1;
  bool weighted_ = false;
};

template <class Matrix, class Labels, class RegularizerType, class Scalar = double>
softmax_objective(Matrix const&, Labels const&, std::size_t, RegularizerType, softmax_options = {},
                  iterate_type<Scalar> = {})
    -> softmax_objective<Matrix,
                         std::remove_cvref_t<decltype(*std::declval<Labels const&>().data())>,
                         Scalar, RegularizerType>;
template <class Matrix, class Labels, class RegularizerType, class Scalar>
softmax_objective(Matrix const&, Labels const&, std::size_t, RegularizerType, iterate_type<Scalar>)
    -> softmax_objective<Matrix,
                         std::remove_cvref_t<decltype(*std::declval<Labels const&>().data())>,
                         Scalar, RegularizerType>;

}  // namespace localsgd
