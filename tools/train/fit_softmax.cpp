// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

#include "run.hpp"

#include <localsgd/objective/softmax.hpp>

#include <cmath>
#include <cstddef>

namespace train {

fitted fit_softmax(problem const& p) {
  std::size_t const classes = p.encoding.classes();
  localsgd::softmax_options options;
  options.weights = p.weights;
  options.intercept = p.intercept;
  options.regularize_intercept = p.penalize_intercept;
  auto const with = [&](auto regularizer) {
    localsgd::softmax_objective const f(p.rows, p.targets, classes, regularizer, options);
    return run(f, p, std::log(static_cast<double>(classes)));
  };
  return p.l1 == 0 ? with(localsgd::l2{p.l2}) : with(localsgd::elastic_net{p.l1, p.l2});
}

}  // namespace train
