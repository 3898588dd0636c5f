// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/cache_aligned.hpp"
#include "localsgd/core/index_range.hpp"

#include <cstddef>

/// @file
/// @brief The sequences of the workers of this process.

namespace localsgd::detail {

/// @brief An array of sequences whose first element has the index `first`.
template <class Sequence>
class sequences {
 public:
  using value_type = Sequence;

  /// @param bind `bind(k)` creates the sequence of worker k.
  template <class Bind>
  sequences(index_range carried, Bind const& bind)
      : first_(carried.first),
        carried_(carried.size(), [&](std::size_t i) { return bind(carried.first + i); }) {}

  std::size_t size() const noexcept { return carried_.size(); }
  index_range carried() const noexcept { return {first_, first_ + size()}; }
  bool holds(std::size_t worker) const noexcept { return worker - first_ < carried_.size(); }
  Sequence& operator[](std::size_t worker) noexcept { return carried_[worker - first_]; }
  Sequence const& operator[](std::size_t worker) const noexcept {
    return carried_[worker - first_];
  }
  Sequence& front() noexcept { return carried_[0]; }
  void clear() noexcept { carried_.clear(); }
  auto begin() noexcept { return carried_.begin(); }
  auto end() noexcept { return carried_.end(); }

 private:
  std::size_t first_;
  fixed_array<Sequence> carried_;
};

}  // namespace localsgd::detail
