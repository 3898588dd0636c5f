// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/detail/own_lines.hpp"
#include "localsgd/sampler/concept.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

/// @file
/// @brief The samples of consecutive steps of one worker, drawn a chunk ahead.

namespace localsgd::detail {

/// @brief Hands out the b samples of one step after the other.
///
/// Chunks make the sampler's work vectorisable and tell early which rows will be needed. The chunk
/// ends where the stretch ends, so nothing is drawn that is not used.
template <Sampler S>
class sample_stream {
 public:
  sample_stream(S const& sampler, plan const& p, std::size_t worker)
      : sampler_(&sampler),
        plan_(&p),
        worker_(worker),
        batch_(p.batch_size),
        drawn_(batch_ * std::max<std::size_t>(1, chunk_samples / batch_)) {}

  /// @brief The next calls of next() are steps `from`, …, `to`−1.
  void rewind(std::uint64_t from, std::uint64_t to) noexcept {
    step_ = from;
    end_ = to;
    here_ = available_ = 0;
  }

  /// @brief The samples of the next step. @pre There is one before `to`.
  std::span<std::size_t const> next() {
    if (here_ == available_) refill();
    std::span<std::size_t const> const batch{drawn_.data() + here_, batch_};
    here_ += batch_;
    return batch;
  }

  /// @brief The samples already drawn and not handed out yet: the near future.
  std::span<std::size_t const> upcoming() const noexcept {
    return {drawn_.data() + here_, available_ - here_};
  }

 private:
  static constexpr std::size_t chunk_samples = 128;

  void refill() {
    std::size_t const steps = static_cast<std::size_t>(
        std::min<std::uint64_t>(drawn_.size() / batch_, end_ - step_));
    available_ = steps * batch_;
    here_ = 0;
    sampler_->draw(*plan_, worker_, step_, std::span<std::size_t>(drawn_.data(), available_));
    step_ += steps;
  }

  S const* sampler_;
  plan const* plan_;
  std::size_t worker_, batch_;
  own_vector<std::size_t> drawn_;
  std::size_t here_ = 0, available_ = 0;
  std::uint64_t step_ = 0, end_ = 0;
};

}  // namespace localsgd::detail
