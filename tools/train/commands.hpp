// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "files.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

/// @file
/// @brief The commands of the trainer, and their options as the command line gives them.

namespace train {

struct train_options {
  std::string data, model, report;
  std::string loss = "auto";
  std::optional<double> lambda, cost;
  double l1_ratio = 0, delta = 1, tau = 0.5;
  std::size_t workers = 8, local_steps = 0, batch_size = 1, threads = 0, features = 0;
  std::optional<double> epochs, tolerance;
  std::uint64_t seed = 0;
  bool no_intercept = false, penalize_intercept = false, balanced = false, quiet = false;
  std::string scale = "none", format = "auto";
};

struct predict_options {
  std::string data, model, output;
  bool probabilities = false, ignore_unknown = false;
};

void train_model(train_options const& options);
void predict_samples(predict_options const& options);
void evaluate_model(predict_options const& options);

}  // namespace train
