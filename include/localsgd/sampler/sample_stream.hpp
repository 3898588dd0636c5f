// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/cache_aligned.hpp"
#include "localsgd/sampler/concept.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

/// @file
/// @brief The samples of consecutive steps of one worker, drawn a chunk ahead.

namespace localsgd::detail {

/// @brief Returns the b samples of consecutive steps.
///
/// Chunks allow the sampler to vectorise, and the next rows to be prefetched: except for large
/// batches, the next 8 are always known. The last chunk ends with the stretch of steps, so every
/// sample drawn is used.
template <Sampler S>
class sample_stream {
 public:
  sample_stream(S const& sampler, plan const& p, std::size_t worker)
      : sampler_(&sampler),
        plan_(&p),
        worker_(worker),
        batch_(p.batch_size),
        known_(batch_ < chunk_samples ? (known_samples + batch_ - 1) / batch_ * batch_ : 0),
        drawn_(known_ + batch_ * std::max<std::size_t>(1, chunk_samples / batch_)) {}

  /// @brief The next calls of next() return the samples of steps `from`, …, `to`−1.
  void rewind(std::uint64_t from, std::uint64_t to) noexcept {
    step_ = from;
    end_ = to;
    here_ = available_ = 0;
  }

  /// @brief The samples of the next step. @pre There is one before `to`.
  std::span<std::size_t const> next() {
    if (available_ - here_ < batch_ + known_) refill();
    std::span<std::size_t const> const batch{drawn_.data() + here_, batch_};
    here_ += batch_;
    return batch;
  }

  /// @brief The samples drawn but not yet returned.
  std::span<std::size_t const> upcoming() const noexcept {
    return {drawn_.data() + here_, available_ - here_};
  }

 private:
  static constexpr std::size_t chunk_samples = 128, known_samples = 8;

  void refill() {
    if (step_ == end_) return;
    std::copy(drawn_.data() + here_, drawn_.data() + available_, drawn_.data());
    available_ -= here_;
    here_ = 0;
    std::size_t const steps = static_cast<std::size_t>(
        std::min<std::uint64_t>((drawn_.size() - available_) / batch_, end_ - step_));
    sampler_->draw(*plan_, worker_, step_,
                   std::span<std::size_t>(drawn_.data() + available_, steps * batch_));
    available_ += steps * batch_;
    step_ += steps;
  }

  S const* sampler_;
  plan const* plan_;
  std::size_t worker_, batch_;
  std::size_t known_;  // the least number of known samples beyond those of the next step
  fixed_array<std::size_t> drawn_;
  std::size_t here_ = 0, available_ = 0;
  std::uint64_t step_ = 0, end_ = 0;
};

}  // namespace localsgd::detail
