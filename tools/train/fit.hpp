// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <localsgd/data/csr_matrix.hpp>
#include <localsgd/data/labels.hpp>
#include <localsgd/model/linear_model.hpp>
#include <localsgd/result.hpp>
#include <localsgd/settings.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

/// @file
/// @brief What the trainer minimises. Each loss is compiled on its own, in a file fit_<loss>.cpp.

namespace train {

class synchronizer;

/// @brief Samples with targets as the loss takes them, and how they are to be fitted.
struct problem {
  localsgd::csr_matrix<double> rows;
  std::vector<double> targets;        ///< Codes of classes, or the numbers of a regression.
  std::vector<double> weights;        ///< One for each sample, or none.
  localsgd::label_encoding encoding;  ///< Of classes; empty for a regression.
  double l1 = 0, l2 = 0;              ///< r(w) = l1·‖w‖₁ + (l2/2)·‖w‖²
  double intercept = 1;               ///< The constant feature; 0 = no intercept.
  bool penalize_intercept = false;
  double delta = 1;             ///< Of `huber`.
  double tau = 0.5;             ///< Of `smoothed_quantile`.
  localsgd::settings settings;  ///< A negative tolerance = 1e-7 times f(0).
  synchronizer* ranks = nullptr;  ///< What runs the workers.
  bool quiet = false;           ///< Whether nothing is shown while it runs.

  /// The file of the run's checkpoint. One that nobody asked for is never written: so a run needs
  /// no second instantiation of minimize() without a checkpoint.
  std::filesystem::path checkpoint;
  bool keeps_checkpoints = false;
  std::uint64_t checkpoint_rounds = 0;  ///< Between two checkpoints; 0 = by time.

  std::vector<double> lambdas;    ///< Of a path, decreasing; empty = the default sequence.
  std::size_t lambda_count = 50;  ///< The length of the default sequence.
  double l1_ratio = 0;            ///< Of a path.
  std::size_t folds = 0;          ///< Of a cross-validation.
  double validation = 0;          ///< The share of samples held out.
};

/// @brief The model, and the run. There is no model if the run diverged.
struct fitted {
  localsgd::linear_model model;
  localsgd::result<double> outcome;
  localsgd::settings settings;  ///< With the tolerance that was used.
};

/// @brief The model for one lambda of a path.
struct path_model {
  double lambda = 0, objective = 0, certificate = 0;
  std::size_t nonzeros = 0;
  localsgd::linear_model model;
};

/// @brief The choice of a lambda, or of the moment to stop, by samples held out.
struct selected {
  fitted fit;
  std::string table;  ///< What led to it, for people.
};

fitted fit_logistic(problem const& p);
fitted fit_squared_hinge(problem const& p);
fitted fit_smoothed_hinge(problem const& p);
fitted fit_squared(problem const& p);
fitted fit_huber(problem const& p);
fitted fit_smoothed_quantile(problem const& p);
fitted fit_poisson(problem const& p);
fitted fit_gamma(problem const& p);
fitted fit_softmax(problem const& p);

std::vector<path_model> path_logistic(problem const& p);
std::vector<path_model> path_squared_hinge(problem const& p);
std::vector<path_model> path_smoothed_hinge(problem const& p);
std::vector<path_model> path_squared(problem const& p);
std::vector<path_model> path_huber(problem const& p);
std::vector<path_model> path_smoothed_quantile(problem const& p);
std::vector<path_model> path_poisson(problem const& p);
std::vector<path_model> path_gamma(problem const& p);
std::vector<path_model> path_softmax(problem const& p);

selected select_logistic(problem const& p);
selected select_squared_hinge(problem const& p);
selected select_smoothed_hinge(problem const& p);
selected select_squared(problem const& p);
selected select_huber(problem const& p);
selected select_smoothed_quantile(problem const& p);
selected select_poisson(problem const& p);
selected select_gamma(problem const& p);
selected select_softmax(problem const& p);

}  // namespace train
