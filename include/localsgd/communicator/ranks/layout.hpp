// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/index_range.hpp"

#include <cstddef>
#include <vector>

/// @file
/// @brief The distribution of workers over the threads of all ranks.

namespace localsgd::detail {

/// @brief Which threads and workers each rank has.
struct rank_layout {
  std::vector<std::size_t> first{0};  ///< Rank r has threads first[r] … first[r+1]−1 of all.

  std::size_t ranks() const noexcept { return first.size() - 1; }
  std::size_t threads() const noexcept { return first.back(); }
  std::size_t threads_of(std::size_t r) const noexcept { return first[r + 1] - first[r]; }

  /// @brief Which of n workers, or parts, the threads of rank r carry.
  index_range rows_of(std::size_t r, std::size_t n) const noexcept {
    return {even_split(n, threads(), first[r]).first,
            even_split(n, threads(), first[r + 1] - 1).last};
  }

  /// @brief Uses at most one thread per worker: the rank with the most threads loses one first; if
  ///        there are several such ranks, the last one does.
  /// @pre workers ≥ threads.size(), and no rank has 0 threads.
  static rank_layout of(std::vector<std::size_t> threads, std::size_t workers) {
    std::size_t all = 0;
    for (std::size_t const n : threads) all += n;
    for (; all > workers; --all) {
      auto most = threads.begin();
      for (auto it = threads.begin(); it != threads.end(); ++it)
        if (*it >= *most) most = it;
      --*most;
    }
    rank_layout layout;
    for (std::size_t const n : threads) layout.first.push_back(layout.first.back() + n);
    return layout;
  }
};

}  // namespace localsgd::detail
