// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/random.hpp"
#include "localsgd/sampler/concept.hpp"

/// @file
/// @brief Independent, uniform samples: the paper's sampler.

namespace localsgd {

/// @brief Every sample is drawn uniformly from all n, independently of all others.
///
/// The setting of Algorithm 1 \cite stich2019local. Sample j of step t of worker k is word b·t + j
/// of lane k of the seed's stream. Thread safe: a pure function.
struct with_replacement {
  void draw(plan const& p, std::size_t worker, std::uint64_t step,
            std::span<std::size_t> out) const noexcept {
    std::uint64_t const first = step * p.batch_size;
    auto const lane = static_cast<std::uint32_t>(worker) + p.lane;
    std::size_t i = 0;
    if (first % 2 == 1 && !out.empty()) out[i++] = sample(p, lane, first / 2)[1];
    for (; i + 2 <= out.size(); i += 2) {
      auto const pair = sample(p, lane, (first + i) / 2);
      out[i] = pair[0];
      out[i + 1] = pair[1];
    }
    if (i != out.size()) out[i] = sample(p, lane, (first + i) / 2)[0];
  }

  static std::size_t shard_size(plan const& p, std::size_t /*worker*/) noexcept {
    return p.samples;
  }

 private:
  static std::array<std::size_t, 2> sample(plan const& p, std::uint32_t lane,
                                           std::uint64_t pair) noexcept {
    auto const words = random_words(p.seed, random_stream::samples, lane, pair);
    return {static_cast<std::size_t>(index_below(p.samples, words[0])),
            static_cast<std::size_t>(index_below(p.samples, words[1]))};
  }
};
static_assert(Sampler<with_replacement>);

}  // namespace localsgd
