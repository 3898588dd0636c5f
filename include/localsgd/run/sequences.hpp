// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/index_range.hpp"

#include <cstddef>
#include <vector>

/// @file
/// @brief The sequences of those workers that this process carries.

namespace localsgd::detail {

/// @brief A vector of sequences whose first element has the number `first`.
template <class Sequence>
class sequences {
 public:
  using value_type = Sequence;

  /// @param bind `bind(k)` makes the sequence of worker k.
  template <class Bind>
  sequences(index_range carried, Bind const& bind) : first_(carried.first) {
    carried_.reserve(carried.size());
    for (std::size_t k = carried.first; k != carried.last; ++k) carried_.push_back(bind(k));
  }

  std::size_t size() const noexcept { return carried_.size(); }
  bool holds(std::size_t worker) const noexcept { return worker - first_ < carried_.size(); }
  Sequence& operator[](std::size_t worker) noexcept { return carried_[worker - first_]; }
  Sequence const& operator[](std::size_t worker) const noexcept {
    return carried_[worker - first_];
  }
  Sequence& front() noexcept { return carried_.front(); }
  void clear() noexcept { std::vector<Sequence>().swap(carried_); }
  auto begin() noexcept { return carried_.begin(); }
  auto end() noexcept { return carried_.end(); }

 private:
  std::size_t first_;
  std::vector<Sequence> carried_;
};

}  // namespace localsgd::detail
