// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/data/select_rows.hpp"
#include "localsgd/kernels/rows.hpp"
#include "localsgd/objective/concept.hpp"
#include "localsgd/objective/targets.hpp"
#include "localsgd/planning/folds.hpp"
#include "localsgd/planning/metrics.hpp"
#include "localsgd/planning/regularization_path.hpp"
#include "localsgd/report.hpp"
#include "localsgd/settings.hpp"

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

/// @file
/// @brief Chooses the penalty strength by cross-validation.

namespace localsgd {

/// @brief A subset of the samples that cross_validate() passes to make(); the objective refers to
///        it.
template <class Matrix>
struct data_part {
  Matrix features;                   ///< The rows of these samples.
  std::vector<double> targets;       ///< One for each row.
  std::vector<double> weights;       ///< One for each row, or none: for linear_options::weights.
  std::vector<std::size_t> samples;  ///< Their indices among all samples, ascending.
};

/// @brief The split of the samples, and further options.
struct cross_validation_options {
  std::size_t folds = 10;  ///< k, 2 … n. Ignored if fold_of is given.
  std::uint64_t seed = 0;  ///< The seed of the split.
  /// Whether each class is spread evenly over the folds; applies if all targets are integers or
  /// there are only two values.
  bool stratified = true;
  /// The fold of each sample, 0 … k−1, none of them empty, for groups of samples that belong
  /// together. Empty = random_folds or stratified_folds.
  std::vector<std::size_t> fold_of = {};
  /// s_i ≥ 0, one for each sample, not copied; empty = all equal. One must be positive per fold.
  detail::borrowed_numbers weights = {};
  bool refit = true;  ///< Whether to compute the path of all samples as well.
};

/// @brief The quality of the models for one λ.
struct cross_validation_point {
  double lambda = 0;           ///< λ
  double mean = 0;             ///< m, of the metric over the folds, weighted by their samples.
  double standard_error = 0;   ///< √(Σ_j w_j (e_j − m)²/(k − 1)), w_j the fraction in fold j.
  double support = 0;          ///< The number of nonzero coefficients, averaged over the folds.
  std::vector<double> errors;  ///< e_j, the metric on each fold. NaN if an observer ended the path.
};

/// @brief The result of cross_validate().
template <class Scalar = double>
struct cross_validation_result {
  std::vector<cross_validation_point> points;  ///< One for each λ, in the order of the sequence.
  std::size_t best = 0;                ///< The index of the smallest mean, the first if tied.
  std::size_t one_standard_error = 0;  ///< The index of the largest λ within one standard error.
  std::vector<std::size_t> fold_of;    ///< The fold of each sample.
  /// The models for all samples: `path.points[best].fit.x` is the answer. Empty without `refit`.
  path_result<Scalar> path;
  std::uint64_t gradients = 0;  ///< Component gradients of all runs.
  double seconds = 0;           ///< Total over all runs: see result::seconds.
};

namespace detail {

template <class Matrix>
data_part<Matrix> part_of(Matrix const& features, std::span<double const> targets,
                          std::span<double const> weights, std::vector<std::size_t> samples) {
  auto const selected = [&](std::span<double const> from) {
    std::vector<double> to;
    if (from.empty()) return to;
    to.reserve(samples.size());
    for (std::size_t const i : samples) to.push_back(from[i]);
    return to;
  };
  data_part<Matrix> part{select_rows(features, samples), selected(targets), selected(weights), {}};
  part.samples = std::move(samples);
  return part;
}

/// @brief The fold of each sample. @throws invalid_settings
inline std::vector<std::size_t> chosen_folds(std::span<double const> targets,
                                             cross_validation_options const& options) {
  if (options.fold_of.empty()) {
    if (options.stratified && are_classes(targets))
      return stratified_folds(targets, options.folds, options.seed);
    return random_folds(targets.size(), options.folds, options.seed);
  }
  auto const& fold_of = options.fold_of;
  require(fold_of.size() == targets.size(), "fold_of.size()", fold_of.size(),
          "one for each of the " + std::to_string(targets.size()) + " samples");
  std::size_t const last = *std::max_element(fold_of.begin(), fold_of.end());
  require(last >= 1, "fold_of", "one fold", "at least two folds");
  require(last < fold_of.size(), "fold_of", last, "below the number of samples,", fold_of.size());
  std::vector<bool> used(last + 1);
  for (std::size_t const fold : fold_of) used[fold] = true;
  for (std::size_t fold = 0; fold <= last; ++fold)
    require(used[fold], "fold_of", "no sample of fold " + std::to_string(fold),
            "at least one sample of each fold");
  return fold_of;
}

/// @brief The mean and standard error of the errors of all folds. @param shares sum to 1
inline void summarize(cross_validation_point& at, std::span<double const> shares) {
  double mean = 0, squares = 0;
  for (std::size_t j = 0; j != shares.size(); ++j) mean += shares[j] * at.errors[j];
  for (std::size_t j = 0; j != shares.size(); ++j)
    squares += shares[j] * (at.errors[j] - mean) * (at.errors[j] - mean);
  at.mean = mean;
  at.standard_error = std::sqrt(squares / static_cast<double>(shares.size() - 1));
}

/// @brief Chooses `best` and `one_standard_error`. Means that are not finite are never chosen.
template <class Scalar>
void choose(cross_validation_result<Scalar>& all) {
  auto const& points = all.points;
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i != points.size(); ++i) {
    if (!(points[i].mean < least)) continue;
    least = points[i].mean;
    all.best = i;
  }
  all.one_standard_error = all.best;
  double const bound = least + points[all.best].standard_error;
  for (std::size_t i = all.best; i-- != 0;)
    if (points[i].mean <= bound) all.one_standard_error = i;
}

template <class Make, class Matrix>
using objective_of_part =
    std::remove_cvref_t<std::invoke_result_t<Make const&, data_part<Matrix> const&, double>>;

/// @brief A function of a subset of the samples and λ that returns objectives.
template <class Make, class Matrix>
concept objective_of_part_maker = std::invocable<Make const&, data_part<Matrix> const&, double> &&
                                  Objective<objective_of_part<Make, Matrix>>;

/// @brief A function of x and of the objective over held-out samples.
template <class Metric, class F>
concept metric_for = requires(Metric const& m, F const& f, std::span<typename F::scalar const> x) {
  { m(f, x) } -> std::convertible_to<double>;
};

}  // namespace detail

/// @brief k-fold cross-validation \cite stone1974cross : for each fold, a regularization_path() on
///        the samples outside the fold, evaluated on the samples in it.
///
/// ~~~{.cpp}
/// auto const make = [](auto const& part, double lambda) {
///   return linear_objective(part.features, part.targets, logistic{}, l1{lambda});
/// };
/// auto const lambdas = lambda_sequence(linear_objective(rows, y, logistic{}, l1{}));
/// auto const cv = cross_validate(rows, y, make, lambdas, error_rate{}, {.folds = 5});
/// auto const& x = cv.path.points[cv.one_standard_error].fit.x;
/// ~~~
///
/// Folds are processed one after another, each with a copy of its rows. The folds are the same on
/// all platforms, and the bits on any number of threads. With ranks, all ranks make the same call,
/// with all data.
///
/// @param features   a csr_matrix or dense_matrix with n rows
/// @param targets    n numbers
/// @param make       (data_part, λ) ↦ objective, always of the same type. It refers to the part.
/// @param lambdas    finite, > 0, strictly decreasing
/// @param metric     mean_loss, error_rate, or (f, x) ↦ double, where smaller is better; f is the
///                   objective over the held-out samples, x a span
/// @param options    folds, weights, refit
/// @param s          the settings of each run. A `tolerance` of 0 means that of
///                   regularization_path(), for each part
/// @param components those of regularization_path()
/// @throws invalid_settings naming `folds`, `fold_of`, `weights` or the λ that violates a rule;
///   invalid_data if there are not n targets; and any exception of minimize(), `make` and `metric`
template <detail::feature_matrix Matrix, detail::objective_of_part_maker<Matrix> Make,
          class Metric = mean_loss, class... Components>
  requires detail::metric_for<Metric, detail::objective_of_part<Make, Matrix>> &&
           (detail::component_of_paths<Components, detail::objective_of_part<Make, Matrix>> && ...)
cross_validation_result<typename detail::objective_of_part<Make, Matrix>::scalar> cross_validate(
    Matrix const& features, std::span<double const> targets, Make const& make,
    std::span<double const> lambdas, Metric const& metric = {},
    cross_validation_options const& options = {}, settings const& s = {},
    Components&&... components) {
  detail::check_shape(features, targets.size());
  detail::check_lambdas(lambdas);
  cross_validation_result<typename detail::objective_of_part<Make, Matrix>::scalar> all;
  all.fold_of = detail::chosen_folds(targets, options);
  detail::checked_mean_weight(options.weights, targets.size());
  std::size_t const n = targets.size();
  std::size_t const folds = *std::max_element(all.fold_of.begin(), all.fold_of.end()) + 1;

  std::vector<double> shares(folds);
  for (std::size_t i = 0; i != n; ++i)
    shares[all.fold_of[i]] += options.weights.empty() ? 1.0 : options.weights[i];
  double const total = std::accumulate(shares.begin(), shares.end(), 0.0);
  for (double& each : shares) {
    detail::require(each > 0, "weights", "0 for all samples of a fold",
                    "> 0 for at least one sample of each fold");
    each /= total;
  }
  for (double const lambda : lambdas) {
    auto& point = all.points.emplace_back();
    point.lambda = lambda;
    point.errors.assign(folds, std::numeric_limits<double>::quiet_NaN());
  }

  for (std::size_t fold = 0; fold != folds; ++fold) {
    std::vector<std::size_t> inside, outside;
    for (std::size_t i = 0; i != n; ++i) (all.fold_of[i] == fold ? inside : outside).push_back(i);
    auto const held_out = detail::part_of(features, targets, options.weights, std::move(inside));
    auto const training = detail::part_of(features, targets, options.weights, std::move(outside));
    detail::walk_path(
        [&](double lambda) { return make(training, lambda); }, lambdas, s, path_options{},
        [&](std::size_t i, auto const& f, auto const& r) {
          all.gradients += r.gradients;
          all.seconds += r.seconds;
          std::span<typename std::remove_cvref_t<decltype(f)>::scalar const> const x(r.x.data(),
                                                                                     r.x.size());
          all.points[i].errors[fold] = metric(make(held_out, lambdas[i]), x);
          all.points[i].support +=
              static_cast<double>(detail::support_of(f, x)) / static_cast<double>(folds);
        },
        components...);
  }
  for (auto& each : all.points) detail::summarize(each, shares);
  detail::choose(all);
  if (!options.refit) return all;

  std::vector<std::size_t> every(n);
  std::iota(every.begin(), every.end(), std::size_t{0});
  auto const whole = detail::part_of(features, targets, options.weights, std::move(every));
  all.path = regularization_path([&](double lambda) { return make(whole, lambda); }, lambdas, s,
                                 components...);
  all.gradients += all.path.gradients;
  all.seconds += all.path.seconds;
  return all;
}

/// @brief A human-readable table: a line for each λ, with the two choices marked.
template <class Scalar>
std::string to_string(cross_validation_result<Scalar> const& all) {
  std::string text = "      lambda   support          mean  standard error\n";
  auto const cell = [&](std::string const& value, std::size_t width) {
    text.append(width > value.size() ? width - value.size() : 1, ' ').append(value);
  };
  for (std::size_t i = 0; i != all.points.size(); ++i) {
    cell(detail::reported(all.points[i].lambda, 4), 12);
    cell(detail::reported(all.points[i].support, 4), 10);
    cell(detail::reported(all.points[i].mean, 6), 14);
    cell(detail::reported(all.points[i].standard_error, 3), 16);
    if (i == all.best) text += "  best";
    if (i == all.one_standard_error) text += "  one standard error";
    text += '\n';
  }
  return text;
}

}  // namespace localsgd
