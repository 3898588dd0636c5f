// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "commands.hpp"
#include "fit.hpp"

#include <localsgd/core/error.hpp>
#include <localsgd/data/csv_coding.hpp>
#include <localsgd/model/scaling.hpp>

#include <string>
#include <utility>
#include <vector>

/// @file
/// @brief From the options and the samples to what is minimised.

namespace train {

/// @brief What the trainer knows about a loss.
struct loss_kind {
  fitted (*fit)(problem const&);
  enum { two_classes, classes, numbers } targets;
  bool only_json = false;  ///< LIBLINEAR would predict the logarithm of the mean.
  std::vector<path_model> (*path)(problem const&) = nullptr;
  selected (*select)(problem const&) = nullptr;
};

struct prepared {
  problem p;
  std::string loss, description;
  loss_kind const* kind = nullptr;
  localsgd::feature_scaling scaling;
  localsgd::csv_coding coding;
};

/// @brief Each strength once, in decreasing order.
std::vector<double> decreasing(std::vector<double> lambdas);

/// @brief "1, 0.5", or "none", for job::require_same().
std::string list_of(std::vector<double> const& lambdas);

/// @brief Reads the samples, chooses the loss and scales the features.
prepared prepare(objective_options const& options);

/// @brief Refuses before the run what could not be saved after it.
void check_can_save(prepared const& all, objective_options const& options, model_format format);

/// @brief The model in the units of the data, with its columns.
localsgd::linear_model finished(localsgd::linear_model m, prepared const& all);

/// @brief Rephrases `targets[i]` of an error. @throws std::runtime_error, or the error itself
[[noreturn]] void rethrow_with_sample(localsgd::invalid_data const& e, std::string const& data,
                                      std::string const& loss);

/// @brief Calls `work` and says which sample has a target that the loss does not accept.
template <class Work>
auto with_named_samples(prepared const& all, std::string const& data, Work const& work) {
  try {
    return work();
  } catch (localsgd::invalid_data const& e) {
    rethrow_with_sample(e, data, all.loss);
  }
}

}  // namespace train
