// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/objective/sharded_concept.hpp"
#include "localsgd/sampler/concept.hpp"
#include "localsgd/sampler/sharded.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

/// @file
/// @brief The samples of a run in which every worker has a separate objective.

namespace localsgd::detail {

/// @brief The samples of worker k are those of f_k, counted from 0: what `sharded` draws, without
///        the offset of the shard.
template <ShardedObjective F, Sampler Inner>
class shard_sampler {
 public:
  shard_sampler(F const& f, Inner const& inner) : f_(&f), inner_(inner) {}

  void draw(plan const& p, std::size_t worker, std::uint64_t step,
            std::span<std::size_t> out) const {
    inner_.draw(shard_plan(p, worker, f_->shard_size(worker)), 0, step, out);
  }
  std::size_t shard_size(plan const& p, std::size_t worker) const {
    return inner_.shard_size(shard_plan(p, worker, f_->shard_size(worker)), 0);
  }

 private:
  F const* f_;
  Inner inner_;
};

/// @brief The sampler of a run on f: itself, or shard_sampler.
template <Objective F, Sampler S>
auto sampler_for(F const& f, S const& sampler) {
  if constexpr (ShardedObjective<F>)
    return shard_sampler<F, S>(f, sampler);
  else
    return sampler;
}

}  // namespace localsgd::detail
