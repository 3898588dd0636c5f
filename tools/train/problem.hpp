// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "commands.hpp"
#include "fit.hpp"

#include <localsgd/data/text/csv_coding.hpp>
#include <localsgd/model/scaling.hpp>

#include <functional>
#include <string>
#include <vector>

/// @file
/// @brief From the options and the samples to what is minimised.

namespace train {

/// @brief What the trainer knows about a loss.
struct loss_kind {
  fitted (*fit)(problem const&);
  std::vector<path_model> (*path)(problem const&);
  selected (*select)(problem const&);
  enum { two_classes, classes, numbers } targets;
  bool only_json = false;  ///< LIBLINEAR would predict the logarithm of the mean.
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

/// @brief Reads the samples, chooses the loss and scales the features.
prepared prepare(objective_options const& options);

/// @brief Refuses before the run what could not be saved after it.
void check_can_save(prepared const& all, objective_options const& options, model_format format);

/// @brief The model in the units of the data, with its columns.
localsgd::linear_model finished(localsgd::linear_model m, prepared const& all);

/// @brief Collective: describes the samples, and does `work`, in which all ranks make the same runs,
///        with `all.p.ranks` set.
/// @throws usage_error unless all ranks have the same strengths; what `work` throws, where an error
///         of the target of a sample names the sample
void run_together(prepared& all, objective_options const& options, job const& ranks,
                  std::function<void()> const& work);

}  // namespace train
