// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

#include "select.hpp"

#include <localsgd/objective/softmax.hpp>

namespace train {

namespace {

auto maker(problem const& p) {
  return [&p](part const& d, double lambda, double l1_ratio) {
    localsgd::softmax_options options;
    options.weights = d.weights;
    options.intercept = p.intercept;
    options.regularize_intercept = p.penalize_intercept;
    return localsgd::softmax_objective(
        d.features, d.targets, p.encoding.classes(),
        localsgd::elastic_net{lambda * l1_ratio, lambda * (1 - l1_ratio)}, options);
  };
}

}  // namespace

std::vector<path_model> path_softmax(problem const& p) { return walk(p, maker(p)); }
selected select_softmax(problem const& p) { return select(p, maker(p)); }

}  // namespace train
