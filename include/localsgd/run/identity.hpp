// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/iterate_weights/concept.hpp"
#include "localsgd/objective/fingerprint.hpp"
#include "localsgd/objective/concept.hpp"
#include "localsgd/settings.hpp"
#include "localsgd/version.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <typeinfo>
#include <vector>

/// @file
/// @brief What tells one run from another, as text.

namespace localsgd::detail {

/// @brief A line for each thing that two runs of the same bits have in common: the library, the
///        plan, the data, the step size, the weights of the average and the types of the components.
/// @tparam Types those of the components whose values are not asked for
template <class... Types, Objective F, class E, IterateWeights W, class S>
std::string run_identity(F const& f, plan const& p, E const& step_size, W const& weights,
                         S const& schedule) {
  using scalar = typename F::scalar;
  std::string text;
  auto const add = [&](char const* name, auto const& value) {
    text += std::string(name) + " = " + shown(value) + "\n";
  };
  add("version", std::to_string(version.major) + "." + std::to_string(version.minor) + "." +
                     std::to_string(version.patch));
  add("samples", p.samples);
  add("dimension", p.dimension);
  add("scalar bytes", sizeof(scalar));
  add("workers", p.workers);
  add("batch_size", p.batch_size);
  add("steps", p.steps);
  add("local_steps", p.local_steps);
  add("second sync time", schedule.next(schedule.next(0)));
  add("seed", p.seed);
  add("tolerance", p.tolerance);
  add("evaluations", p.evaluations);
  add("checksum of the start", p.start);
  add("first step size", step_size(0));
  add("last step size", step_size(p.steps));
  add("iterate weights", weights.identity());

  objective_fingerprint const print = fingerprint_of(f);
  add("loss at a point", print.loss);
  add("checksum of gradients there", print.gradients);
  ((text += std::string("component ") + typeid(Types).name() + "\n"), ...);
  return text;
}

}  // namespace localsgd::detail
