// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/cache_aligned.hpp"

#include <array>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

/// @file
/// @brief The points of a run.

namespace localsgd {

/// @brief The points of a run that all threads of a process can see.
template <class Scalar>
struct iterates {
  /// x_k of every worker: what `local()` returned. Written by the thread that carries the worker.
  std::vector<std::span<Scalar>> local;
  std::vector<std::span<Scalar>> travelling;  ///< The points whose average is in progress, if any.
  std::vector<double> weights;  ///< w_k of the average; they sum to one.

  /// The consensus, and memory for the next one; they are swapped in every round.
  std::array<detail::aligned_vector<Scalar>, 2> consensus;

  /// @brief K vectors of length d, all 0, averaged with these weights.
  iterates(std::vector<double> average_weights, std::size_t dimension)
      : local(average_weights.size()),
        travelling(average_weights.size()),
        weights(std::move(average_weights)) {
    for (auto& point : consensus) point.resize(dimension);
  }
};

}  // namespace localsgd
