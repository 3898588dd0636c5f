// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/cache_aligned.hpp"
#include "localsgd/core/error.hpp"
#include "localsgd/core/index_range.hpp"
#include "localsgd/kernels/combine.hpp"

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

/// @file
/// @brief Averages of groups of workers, each within one process.

namespace localsgd::detail {

/// @brief Rejects groups of which a process carries only a part.
/// @throws invalid_settings
inline void check_groups(std::size_t groups, std::size_t workers, index_range carried) {
  require(groups <= workers, "hierarchical.groups", groups, "at most the number of workers,",
          workers);
  for (std::size_t g = 0; g != groups; ++g) {
    index_range const group = even_split(workers, groups, g);
    bool const outside = group.last <= carried.first || group.first >= carried.last;
    require(outside || (group.first >= carried.first && group.last <= carried.last),
            "hierarchical.groups", groups,
            "the number of ranks, or one that makes each group lie within a rank: a communicator "
            "has no averages of some of its ranks");
  }
}

/// @brief x_k ← Σ_{j in the group of k} w_j x_j / Σ_{j in the group of k} w_j. One object for each
///        process.
template <class Scalar>
class group_averages {
 public:
  /// @brief Collective: averages the rows of the workers of this process, which `assign(k, mean)`
  ///        receives for the workers of this thread. The rows of all of them must be set.
  template <class T, class Assign>
  void operator()(T& team, std::size_t groups, index_range carried,
                  std::span<std::span<Scalar> const> rows, std::span<double const> weights,
                  std::size_t dimension, Assign const& assign) {
    if (team.leads() && groups_.empty()) prepare(groups, carried, weights, dimension);
    team.template split<Scalar>(dimension, [&](std::size_t first, std::size_t last) {
      for (group& each : groups_)
        weighted_average<Scalar>(rows.subspan(each.workers.first, each.workers.size()),
                                 each.weights, first, last, each.mean.data());
      return true;
    });
    index_range const mine = team.workers();
    for (group const& each : groups_)
      for (std::size_t k = each.workers.first; k != each.workers.last; ++k)
        if (k >= mine.first && k < mine.last) assign(k, std::span<Scalar const>(each.mean));
  }

 private:
  struct group {
    index_range workers;
    std::vector<double> weights;  // they sum to one
    aligned_vector<Scalar> mean;
  };

  void prepare(std::size_t groups, index_range carried, std::span<double const> weights,
               std::size_t dimension) {
    for (std::size_t g = 0; g != groups; ++g) {
      index_range const workers = even_split(weights.size(), groups, g);
      if (workers.first < carried.first || workers.last > carried.last) continue;
      auto const of = weights.subspan(workers.first, workers.size());
      double sum = 0;
      for (double const w : of) sum += w;
      group each{workers, std::vector<double>(of.begin(), of.end()),
                 aligned_vector<Scalar>(dimension)};
      for (double& w : each.weights) w /= sum;
      groups_.push_back(std::move(each));
    }
  }

  std::vector<group> groups_;
};

}  // namespace localsgd::detail
