// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/core/index_range.hpp"
#include "localsgd/sampler/concept.hpp"
#include "localsgd/settings.hpp"

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <vector>

/// @file
/// @brief The samples of a worker that uses all samples it can see, not only those that it draws.

namespace localsgd::detail {

/// @brief A sampler that reports the samples a worker can draw: `s.shard(plan, k)`, a range.
template <class S>
concept tells_shards = requires(S const& s, plan const& p, std::size_t worker) {
  { s.shard(p, worker) } -> std::same_as<index_range>;
};

/// @brief Every K-th block of samples, starting with block k: a share of samples that all workers
///        can see. A block has 64 samples, or fewer if a worker would have fewer than 16 blocks. So
///        each worker gets its share of every part of the data, for any order of the samples.
inline std::vector<index_range> every_kth_block(std::size_t samples, std::size_t workers,
                                                std::size_t worker) {
  std::size_t const block = std::clamp<std::size_t>(samples / (16 * workers), 1, 64);
  std::vector<index_range> blocks;
  for (std::size_t first = worker * block; first < samples; first += workers * block)
    blocks.push_back({first, std::min(first + block, samples)});
  return blocks;
}

/// @brief The samples of worker k: its shard or, if all workers can see all samples, its blocks of
///        them. No sample belongs to two workers, unless a custom sampler assigns it to both.
/// @throws invalid_settings if the sampler hides samples and does not report which
template <Sampler S>
std::vector<index_range> visible_samples(S const& sampler, plan const& p, std::size_t worker) {
  if constexpr (tells_shards<S>) {
    return {sampler.shard(p, worker)};
  } else {
    require(sampler.shard_size(p, worker) == p.samples, "sampler.shard_size()",
            sampler.shard_size(p, worker),
            "the number of samples with dane, unless the sampler has shard(plan, worker), as "
            "sharded does: dane needs to know which samples a worker can use");
    return every_kth_block(p.samples, p.workers, worker);
  }
}

}  // namespace localsgd::detail
