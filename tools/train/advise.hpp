// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "fit.hpp"

#include <localsgd/communicator/simulated/cluster.hpp>
#include <localsgd/objective/linear.hpp>
#include <localsgd/planning/solver_advice.hpp>
#include <localsgd/regularizer/l2.hpp>

#include <string>

/// @file
/// @brief Advice for a cluster. Each loss is compiled on its own.

namespace train {

std::string advise_logistic(problem const& p, localsgd::goal const& wish,
                            localsgd::cluster const& machines, localsgd::choices const& among);
std::string advise_squared(problem const& p, localsgd::goal const& wish,
                           localsgd::cluster const& machines, localsgd::choices const& among);

template <class LossType>
std::string advise_linear(problem const& p, localsgd::goal const& wish,
                          localsgd::cluster const& machines, localsgd::choices const& among,
                          LossType loss) {
  localsgd::linear_options options;
  options.intercept = p.intercept;
  options.weights = p.weights;
  options.regularize_intercept = p.penalize_intercept;
  localsgd::linear_objective const f(p.rows, p.targets, loss, localsgd::l2{p.l2}, options);
  return to_string(localsgd::advise(f, wish, machines, among));
}

}  // namespace train
