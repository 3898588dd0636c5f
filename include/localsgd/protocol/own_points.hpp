// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/cache_aligned.hpp"

#include <tuple>
#include <vector>

/// @file
/// @brief A point for each of a member's workers.

namespace localsgd::detail {

/// @brief One vector of length d for each of the workers that a member owns, in their order.
///
/// A member is no template: only its calls know what the run is made of. So there is room for
/// either Scalar, and that of the other one stays empty. For one thread.
class own_points {
 public:
  template <class Scalar>
  using vectors = std::vector<own_vector<Scalar>>;

  template <class Scalar>
  vectors<Scalar>& of() noexcept {
    return std::get<vectors<Scalar>>(vectors_);
  }

 private:
  std::tuple<vectors<double>, vectors<float>> vectors_;
};

}  // namespace localsgd::detail
