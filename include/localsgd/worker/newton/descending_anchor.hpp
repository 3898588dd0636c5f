// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/cache_aligned.hpp"
#include "localsgd/evaluation/full_gradient.hpp"

#include <cstddef>
#include <span>

/// @file
/// @brief The anchor that Newton steps and dual ascent move.

namespace localsgd::detail {

/// @brief Where the gradient at an anchor is: in the sums of the last evaluation or, if something
///        has been summed since then, where newton_descent::keep_gradient() stored it.
enum class anchor_gradient { in_sums, kept };

/// @brief The anchor of the local steps, and storage for the point that may replace it.
template <class Scalar>
struct descending_anchor {
  aligned_vector<Scalar>& point;
  aligned_vector<Scalar>& trial;
  full_gradient::value& value;  ///< f and ∇f at the point

  /// @brief trial ← point + step
  void try_step(std::span<double const> step) {
    for (std::size_t j = 0; j != point.size(); ++j)
      trial[j] = static_cast<Scalar>(static_cast<double>(point[j]) + step[j]);
  }
  /// @brief The trial becomes the point. @param at f and ∇f there
  void accept(full_gradient::value const& at) noexcept {
    value = at;
    point.swap(trial);
  }
};

}  // namespace localsgd::detail
