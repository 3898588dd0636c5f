// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/data/used_columns.hpp"
#include "localsgd/kernels/power_iteration.hpp"
#include "localsgd/loss/concept.hpp"
#include "localsgd/loss/lipschitz.hpp"
#include "localsgd/objective/concept.hpp"
#include "localsgd/objective/linear_concept.hpp"
#include "localsgd/objective/regularized.hpp"
#include "localsgd/objective/stable_step.hpp"
#include "localsgd/objective/targets.hpp"
#include "localsgd/regularizer/concept.hpp"
#include "localsgd/regularizer/l2.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>

/// @file
/// @brief Linear models: any Loss over dense or sparse rows, with any Regularizer.

namespace localsgd {

/// @brief Options of a linear model besides features, targets, loss and regularizer.
struct linear_options {
  /// The value of a constant feature appended to every row; its coefficient, the intercept, is the
  /// last coordinate of x. 0 = no intercept. Finite.
  double intercept = 0;

  /// s_i ≥ 0, one for each sample, borrowed; empty = all equal. A weight of 2 counts a sample
  /// twice. Any contiguous range of double; a temporary does not compile.
  detail::borrowed_numbers weights = {};

  /// o_i, finite, one for each sample, borrowed; empty = all 0. It is added to the prediction of
  /// its sample: φ(⟨a_i, x⟩ + o_i, y_i). For counts with exposures e_i, use log e_i: see `poisson`.
  detail::borrowed_numbers offset = {};

  /// Whether the regularizer also acts on the intercept. If not, the intercept is free: adding a
  /// constant to all predictions costs no penalty, and f is not strongly convex. If it does, f is
  /// as strongly convex as the regularizer, and a larger constant feature weakens the
  /// penalty on the intercept (LIBLINEAR's bias). Has no effect without an intercept.
  bool regularize_intercept = false;
};

/// @brief f(x) = (1/S) Σ_i s_i φ(⟨a_i, x⟩ + o_i, y_i) + r(w), S = Σ s_i.
///
/// As a mean of n components: f_i(x) = (n s_i/S) φ(⟨a_i, x⟩ + o_i, y_i) + r(w). With an intercept
/// c, a_i is (row i, c), and x has one coordinate more than the rows. w is x or, with a free
/// intercept (linear_options::regularize_intercept), x without its last coordinate.
/// L = sup φ''·λ_max((1/S) Σ s_i a_i a_iᵀ) + L_r is a Lipschitz constant of ∇f, where L_r is the
/// smoothness of r. μ is the strong convexity of r, or 0 with a free intercept. In the latter case
/// the certificate does not need μ > 0: see detail::fenchel_gap.
///
/// Borrows the features, targets, weights and offsets: they must outlive the objective, and
/// temporaries do not compile. Immutable, so it can be used from several threads.
///
/// @tparam Matrix `csr_matrix`, `dense_matrix` or `dense_view` of `float` or `double`
/// @tparam Scalar the type of x; inner products and losses are always computed in double
/// @tparam RegularizerType r. If it has no gradient, `gradient` and `smoothness` are those of the
///                         mean loss alone; `gradient` still returns f, including r.
template <detail::feature_matrix Matrix, Loss LossType, class Scalar = double,
          class RegularizerType = l2>
class linear_objective {
  static_assert(Regularizer<RegularizerType, Scalar>);

 public:
  using scalar = Scalar;

  /// @param features n rows of the features, n ≥ 1, at least one column
  /// @param targets  y, a contiguous range of n doubles
  /// @throws invalid_data     if lengths differ, if there are no rows or no columns, if the loss
  ///                          rejects a target, or if an offset is not finite
  /// @throws invalid_settings if the intercept or a weight is out of range, or the dimension of the
  ///                          regularizer differs
  template <detail::span_of_double Targets>
  linear_objective(Matrix const& features, Targets const& targets, LossType loss,
                   RegularizerType regularizer, linear_options options = {},
                   iterate_type<Scalar> = {})
      : features_(&features),
        targets_(targets),
        loss_(std::move(loss)),
        regularizer_(std::move(regularizer)),
        options_(options) {
    detail::check_shape(features, targets_.size());
    if constexpr (detail::knows_targets<LossType>)
      detail::check_targets(targets_, LossType::accepts, LossType::targets);
    if constexpr (detail::has_suited_to<LossType>) set_largest_target(largest_target());
    if constexpr (requires { loss_.check_targets(targets_); }) loss_.check_targets(targets_);
    detail::require(std::isfinite(options.intercept), "linear_options.intercept",
                    options.intercept, "finite");
    mean_weight_ = detail::checked_mean_weight(options.weights, targets_.size());
    detail::check_dimension_of(regularizer_, detail::penalized_coordinates(*this));
    detail::check_offsets(options.offset, targets_.size());
  }
  /// The data are borrowed: a temporary would be destroyed before the first step.
  template <class Targets>
  linear_objective(Matrix const&&, Targets const&, LossType, RegularizerType,
                   linear_options = {}, iterate_type<Scalar> = {}) = delete;
  template <detail::owning_temporary Targets>
  linear_objective(Matrix const&, Targets&&, LossType, RegularizerType, linear_options = {},
                   iterate_type<Scalar> = {}) = delete;

  std::size_t dimension() const noexcept {
    return detail::column_count(*features_) + (options_.intercept != 0 ? 1 : 0);
  }
  std::size_t samples() const noexcept { return targets_.size(); }

  double gradient(std::span<Scalar const> x, std::span<std::size_t const> batch,
                  std::span<Scalar> g) const {
    std::size_t const columns = detail::column_count(*features_);
    double const inverse = 1 / static_cast<double>(batch.size());
    std::span<Scalar const> const w = detail::penalized(*this, x);
    detail::regularizer_gradient(regularizer_, w, detail::penalized(*this, g));
    if (w.size() != x.size()) g[columns] = 0;
    double loss = 0, intercept_slope = 0;
    for (std::size_t const i : batch) {
      auto const row = detail::row_of(*features_, i);
      double const z = detail::prediction_of(*this, i, x);
      double const share = inverse * scale(i);
      double const slope = share * loss_.derivative(z, targets_[i]);
      loss += share * loss_.value(z, targets_[i]);
      detail::add_scaled(slope, row, g.data());
      intercept_slope += slope;
    }
    if (options_.intercept != 0)
      g[columns] += static_cast<Scalar>(options_.intercept * intercept_slope);
    return loss + regularizer_.value(w);
  }

  /// L by power iteration over all rows, which approaches it from below, to about 1e-6. Takes a few
  /// dozen passes over the data.
  double smoothness() const {
    return loss_.curvature() * moments(samples(), samples(), 1e-8, 300).spectral +
           detail::smoothness_of_regularizer(regularizer_);
  }
  double strong_convexity() const {
    return detail::has_free_intercept(*this) ? 0 : regularizer_.strong_convexity();
  }

  /// A step size for which SGD with batches of b is stable: see detail::stable_step. L is accurate
  /// to a few percent, from about 2,000 rows. All rows are examined only if the slope of the loss
  /// is unbounded, since a single row can then make SGD diverge.
  double stable_step(std::size_t batch_size) const {
    return detail::stable_step(step_curvature(), batch_size);
  }
  /// The quantities that determine the step size.
  detail::curvature_bounds step_curvature(std::size_t /*workers*/ = 1) const {
    bool const saturates = detail::has_lipschitz_loss(*this);
    auto const m = moments(2048, saturates ? 16384 : samples(), 1e-2, 50);
    double const bend = loss_.curvature();
    double const own = detail::smoothness_of_regularizer(regularizer_);
    return {bend * m.spectral + own, bend * m.typical + own, bend * m.largest + own,
            saturates};
  }

  /// Multiply-adds of one component gradient: the mean number of nonzeros in a row.
  double flops_per_sample() const noexcept { return detail::entries_per_row(*features_); }

  // Members for the LocalWorkers of linear models, f_i(x) = scale·φ(⟨a_i,x⟩ + o_i, y_i) + r(w).
  Matrix const& features() const noexcept { return *features_; }
  LossType const& loss() const noexcept { return loss_; }
  double intercept() const noexcept { return options_.intercept; }
  bool regularizes_intercept() const noexcept { return options_.regularize_intercept; }
  RegularizerType const& regularizer() const noexcept { return regularizer_; }
  double target(std::size_t i) const noexcept { return targets_[i]; }
  /// o_i of all samples, or empty.
  std::span<double const> offsets() const noexcept { return options_.offset; }
  /// S/n, in the units of the weights; 1 without weights.
  double mean_weight() const noexcept { return mean_weight_; }
  /// For minimize(), with l2 or no penalty: the features without the columns that are empty in all
  /// samples, if omitting them pays off. The coordinates of these columns stay 0.
  auto used_features(double least_share = detail::usual_share_of_empty_columns) const
    requires(detail::is_csr_matrix<Matrix> && detail::ridge_regularizer<RegularizerType>)
  {
    return detail::without_empty_columns(*features_, least_share);
  }
  /// The same model with other features: as many rows; as many columns as the regularizer allows.
  linear_objective with_features(Matrix const& features) const {
    linear_objective f = *this;
    f.features_ = &features;
    return f;
  }
  linear_objective with_features(Matrix const&&) const = delete;
  /// For a sharded_objective: sets S/n to that of all shards combined, so that S is their sum.
  void set_mean_weight(double mean) noexcept {
    mean_weight_ = mean;
    scale_without_weights_ = 1 / mean;
  }
  /// max(0, max y_i).
  double largest_target() const noexcept {
    double largest = 0;
    for (double const y : targets_) largest = std::max(largest, y);
    return largest;
  }
  /// For a sharded_objective: the largest target of all shards, for a loss that depends on it.
  void set_largest_target(double largest)
    requires detail::has_suited_to<LossType>
  {
    loss_ = loss_.suited_to(largest);
  }
  double scale(std::size_t i) const noexcept {
    return options_.weights.empty() ? scale_without_weights_ : options_.weights[i] / mean_weight_;
  }

 private:
  detail::row_moments moments(std::size_t rows, std::size_t norms, double tolerance,
                              int iterations) const {
    return detail::moments_of(
        *features_, options_.intercept, [this](std::size_t i) { return scale(i); }, rows,
        norms, tolerance, iterations);
  }

  Matrix const* features_;
  std::span<double const> targets_;
  LossType loss_;
  RegularizerType regularizer_;
  linear_options options_;
  double mean_weight_ = 1, scale_without_weights_ = 1;
};

template <class Matrix, class Targets, class LossType, class RegularizerType, class Scalar = double>
linear_objective(Matrix const&, Targets const&, LossType, RegularizerType, linear_options = {},
                 iterate_type<Scalar> = {})
    -> linear_objective<Matrix, LossType, Scalar, RegularizerType>;

}  // namespace localsgd
