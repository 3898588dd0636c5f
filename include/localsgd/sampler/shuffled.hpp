// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/random.hpp"
#include "localsgd/sampler/concept.hpp"

#include <algorithm>

/// @file
/// @brief Random reshuffling: each sample exactly once per epoch.

namespace localsgd {

/// @brief Every epoch uses all n samples once, in a new order.
///
/// The K workers share the epoch: its n gradients, in the order (step, worker, position in the
/// batch), use n different samples for any K and b. The next epoch starts with the next gradient,
/// in the middle of a step if necessary. The order is a keyed permutation that is computed sample
/// by sample, so it takes no memory. Thread safe: a pure function.
struct shuffled {
  void draw(plan const& p, std::size_t worker, std::uint64_t step,
            std::span<std::size_t> out) const noexcept {
    std::uint64_t const n = p.samples, b = p.batch_size;
    std::uint64_t epoch = no_epoch;
    random_permutation order(n, p.seed, 0, 0);
    for (std::size_t i = 0; i != out.size(); ++i) {
      std::uint64_t const place = ((step + i / b) * p.workers + worker) * b + i % b;
      if (place / n != epoch) {
        epoch = place / n;
        order = random_permutation(n, p.seed, p.lane, epoch);
      }
      out[i] = static_cast<std::size_t>(order(place % n));
    }
  }

  static std::size_t shard_size(plan const& p, std::size_t /*worker*/) noexcept {
    return p.samples;
  }

 private:
  static constexpr std::uint64_t no_epoch = ~std::uint64_t{0};
};
static_assert(Sampler<shuffled>);

}  // namespace localsgd
