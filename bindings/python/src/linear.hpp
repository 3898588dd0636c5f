// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "any_loss.hpp"
#include "problem.hpp"
#include "run.hpp"

#include <localsgd/objective/linear.hpp>

/// @file
/// @brief The solver of linear models. Included by the files that instantiate it.

namespace localsgd::python {

template <class Features>
result<double> solve_linear(Features const& features, problem const& p, solution const& s) {
  return with_penalty(p, [&](auto const& penalty) {
    linear_objective const f(features, p.targets, any_loss(p.loss, p.loss_parameter), penalty,
                             {.intercept = p.intercept,
                              .weights = {p.weights.data(), p.weights.size()},
                              .regularize_intercept = p.regularize_intercept});
    return run(f, s);
  });
}

}  // namespace localsgd::python
