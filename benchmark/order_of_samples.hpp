// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <localsgd/core/random.hpp>

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

/// @file
/// @brief The order of samples whose consecutive parts are the shards of a benchmark.

namespace bench {

/// @brief A permutation of the samples: sorted by label, or at random.
inline std::vector<std::size_t> order_of_samples(std::span<double const> labels, bool sorted) {
  std::vector<std::size_t> order(labels.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (sorted)
    std::ranges::stable_sort(order, {}, [&](std::size_t i) { return labels[i]; });
  else
    for (std::size_t i = order.size(); i > 1; --i)
      std::swap(order[i - 1], order[localsgd::random_words(1, localsgd::random_stream::noise, 9, i)[0] % i]);
  return order;
}

}  // namespace bench
