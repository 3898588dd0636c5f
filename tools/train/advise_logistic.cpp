// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

#include "advise.hpp"

#include <localsgd/loss/logistic.hpp>

namespace train {
std::string advise_logistic(problem const& p, localsgd::goal const& wish,
                            localsgd::cluster const& machines, localsgd::choices const& among) {
  return advise_linear(p, wish, machines, among, localsgd::logistic{});
}
}  // namespace train
