// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "problem.hpp"
#include "run.hpp"

#include <localsgd/objective/softmax.hpp>

/// @file
/// @brief The solver of softmax regression. Included by the files that instantiate it.

namespace localsgd::python {

template <class Features>
result<double> solve_softmax(Features const& features, problem const& p, solution const& s) {
  return with_penalty(p, [&](auto const& penalty) {
    softmax_objective const f(features, p.targets, p.classes, penalty,
                              {.intercept = p.intercept,
                               .weights = {p.weights.data(), p.weights.size()},
                               .regularize_intercept = p.regularize_intercept});
    return run(f, s);
  });
}

}  // namespace localsgd::python
