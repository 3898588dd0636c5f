// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "files.hpp"
#include "job.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// @file
/// @brief The commands of the trainer, and their options as the command line gives them.

namespace train {

/// @brief The samples and the objective.
struct objective_options {
  data_options input;
  std::string loss = "auto";
  std::optional<double> lambda, cost;
  double l1_ratio = 0, delta = 1, tau = 0.5;
  std::size_t threads = 0;
  std::optional<double> tolerance;
  std::uint64_t seed = 0;
  bool no_intercept = false, penalize_intercept = false, balanced = false, quiet = false;
  std::string scale = "none";
};

struct train_options : objective_options {
  std::string model, report;
  std::size_t workers = 8, local_steps = 0, batch_size = 1;
  std::optional<double> epochs;
  std::string model_format = "auto";
  std::vector<double> lambdas;
  std::size_t folds = 0;
  double validation = 0;
  std::string checkpoint;
  std::uint64_t checkpoint_every = 0;
  bool resume = false;
};

struct path_options : objective_options {
  std::vector<double> lambdas;
  std::size_t count = 50;
  std::string output, models;
};

struct advise_options : objective_options {
  double gradient_seconds = 0, latency = 0, bandwidth = 0;
  std::string network = "ring", noise = "none";
  std::size_t machines = 0;
  double slow_share = 0, slow_factor = 1, accuracy = 0;
  std::vector<std::size_t> workers = {1, 2, 4, 8}, batch_sizes = {1, 4, 16};
};

struct predict_options {
  data_options input;
  std::string model, output;
  bool probabilities = false, ignore_unknown = false;
};

/// @brief Collective.
void train_model(train_options const& options, job const& ranks);
/// @brief Collective.
void print_path(path_options const& options, job const& ranks);
void print_advice(advise_options const& options);
void predict_samples(predict_options const& options);
void evaluate_model(predict_options const& options);

}  // namespace train
