// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/kernels/combine.hpp"
#include "localsgd/synchronizer/concept.hpp"

#include <cstddef>
#include <vector>

/// @file
/// @brief How the workers of a run are spread over the threads of ranks.

namespace localsgd::detail {

/// @brief Which members and workers each rank has.
struct mpi_layout {
  std::vector<std::size_t> first{0};  ///< Rank r has the members first[r] … first[r+1]−1.

  std::size_t ranks() const noexcept { return first.size() - 1; }
  std::size_t members() const noexcept { return first.back(); }
  std::size_t members_of(std::size_t r) const noexcept { return first[r + 1] - first[r]; }

  /// @brief Of n workers, or parts, those that the members of rank r own.
  index_range rows_of(std::size_t r, std::size_t n) const noexcept {
    return {even_split(n, members(), first[r]).first,
            even_split(n, members(), first[r + 1] - 1).last};
  }

  /// @brief As many members as the ranks have threads, but at most one for each worker: the rank
  ///        with the most of them gives one away first, of several the last one.
  /// @pre workers ≥ threads.size(), and no rank has 0 threads.
  static mpi_layout of(std::vector<std::size_t> threads, std::size_t workers) {
    std::size_t all = 0;
    for (std::size_t const n : threads) all += n;
    for (; all > workers; --all) {
      auto most = threads.begin();
      for (auto it = threads.begin(); it != threads.end(); ++it)
        if (*it >= *most) most = it;
      --*most;
    }
    mpi_layout layout;
    for (std::size_t const n : threads) layout.first.push_back(layout.first.back() + n);
    return layout;
  }
};

}  // namespace localsgd::detail
