// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/cache_aligned.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

/// @file
/// @brief The points of a run that all threads of a process can see.

namespace localsgd {

namespace detail {

/// @brief What the threads of a process share of an asynchronous run. In one process the aggregate
///        is X = Σ_i share_i: every thread adds to its own share, so each number has one writer, and
///        an addition needs no lock and no compare-and-swap.
struct shared_aggregate {
  struct alignas(64) counter {
    std::atomic<std::uint64_t> steps{0};
  };
  struct alignas(64) vector_of_one_writer {
    aligned_vector<double> value;
  };
  std::vector<vector_of_one_writer> share;  // by thread
  std::vector<counter> added;  // of each worker: the steps whose change is in the aggregate
  std::atomic<bool> finite{true};

  struct told {
    std::uint64_t finite = 1, delay = 0;
  };
  std::vector<told> states;  // of all threads, when they come together

  // On ranks: the length of X, and the steps of each worker as it, and as all, count them.
  std::size_t dimension = 0;
  std::vector<double> counted, steps;
};

}  // namespace detail

/// @brief The points of a run that all threads of a process can see.
template <class Scalar>
struct iterates {
  /// x_k of every worker: what `local()` returned. Written by the thread that carries the worker.
  std::vector<std::span<Scalar>> local;
  std::vector<std::span<Scalar>> travelling;  ///< The points whose average is under way, if any.
  std::vector<double> weights;  ///< w_k of the average; they sum to one.

  /// The consensus and the room for the next one; which is which changes with every round.
  std::array<detail::aligned_vector<Scalar>, 2> consensus;
  detail::shared_aggregate aggregate;  ///< Of asynchronous runs in one process.

  /// @brief K vectors of length d, all 0, averaged with these weights.
  iterates(std::vector<double> average_weights, std::size_t dimension)
      : local(average_weights.size()),
        travelling(average_weights.size()),
        weights(std::move(average_weights)) {
    for (auto& point : consensus) point.resize(dimension);
  }
};

}  // namespace localsgd
