// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/core/index_range.hpp"
#include "localsgd/sampler/concept.hpp"
#include "localsgd/sampler/with_replacement.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

/// @file
/// @brief Worker k sees only its shard of the samples.

namespace localsgd {

namespace detail {
/// @brief The plan of one worker that has n_k samples to itself.
inline plan shard_plan(plan p, std::size_t worker, std::size_t samples) noexcept {
  p.samples = samples;
  p.workers = 1;
  p.lane += static_cast<std::uint32_t>(worker);
  return p;
}
}  // namespace detail

/// @brief Splits the samples into K contiguous shards, and lets another sampler draw from each.
///
/// Without sizes, shard k is [⌊kn/K⌋, ⌊(k+1)n/K⌋): sizes differ by at most one sample. Within its
/// shard, a worker is independent: `sharded{shuffled{}}` uses each sample of a shard once in every
/// n_k samples of that worker. For the minimiser of f over *all* samples, average with
/// `weighted_mean`.
template <Sampler Inner = with_replacement>
class sharded {
 public:
  sharded() = default;
  explicit sharded(Inner inner) : inner_(std::move(inner)) {}

  /// @param sizes n_k of each worker: K numbers ≥ 1 whose sum is n, checked when a run starts.
  explicit sharded(std::vector<std::size_t> sizes, Inner inner = {}) : inner_(std::move(inner)) {
    ends_.resize(sizes.size());
    std::partial_sum(sizes.begin(), sizes.end(), ends_.begin());
    detail::require(!ends_.empty(), "sharded.sizes", "{}", "one size for each worker");
    detail::require(std::count(sizes.begin(), sizes.end(), std::size_t{0}) == 0, "sharded.sizes", 0,
                    ">= 1 for each worker");
    // A sum that wraps around would let shards reach beyond the samples.
    detail::require(std::is_sorted(ends_.begin(), ends_.end()), "sharded.sizes", sizes.size(),
                    "sizes with a sum below 2^64");
  }

  void draw(plan const& p, std::size_t worker, std::uint64_t step,
            std::span<std::size_t> out) const {
    std::size_t const first = begin_of(p, worker);
    std::size_t const size = begin_of(p, worker + 1) - first;
    inner_.draw(detail::shard_plan(p, worker, size), 0, step, out);
    for (std::size_t& i : out) i += first;
  }

  /// @throws invalid_settings if the sizes do not fit K and n, or a shard would be empty.
  std::size_t shard_size(plan const& p, std::size_t worker) const {
    if (ends_.empty()) {
      detail::require(p.workers <= p.samples, "workers", p.workers,
                      "at most the number of samples, " + std::to_string(p.samples) +
                          " when the sampler is sharded");
    } else {
      detail::require(ends_.size() == p.workers, "sharded.sizes",
                      std::to_string(ends_.size()) + " sizes",
                      std::to_string(p.workers) + ", one for each worker");
      detail::require(ends_.back() == p.samples, "sharded.sizes",
                      "sizes with the sum " + std::to_string(ends_.back()),
                      "sizes whose sum is the number of samples, " + std::to_string(p.samples));
    }
    return begin_of(p, worker + 1) - begin_of(p, worker);
  }

  /// @brief The samples of the shard. @pre shard_size() has accepted K and n
  index_range shard(plan const& p, std::size_t worker) const noexcept {
    return {begin_of(p, worker), begin_of(p, worker + 1)};
  }

 private:
  std::size_t begin_of(plan const& p, std::size_t worker) const noexcept {
    if (!ends_.empty()) return worker == 0 ? 0 : ends_[worker - 1];
    return p.samples / p.workers * worker + p.samples % p.workers * worker / p.workers;
  }

  Inner inner_;
  std::vector<std::size_t> ends_;  // empty: even shards
};
static_assert(Sampler<sharded<>>);

}  // namespace localsgd
