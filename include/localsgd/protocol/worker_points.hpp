// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/cache_aligned.hpp"

#include <tuple>
#include <vector>

/// @file
/// @brief A point for each of a thread's workers.

namespace localsgd::detail {

/// @brief One vector of length d for each of the workers that a thread carries, in their order.
///
/// A protocol is not a template of the scalar type; only its member functions are. There is
/// therefore storage for both types, one of which stays empty. For use by a single thread.
class worker_points {
 public:
  template <class Scalar>
  using vectors = std::vector<aligned_vector<Scalar>>;

  template <class Scalar>
  vectors<Scalar>& of() noexcept {
    return std::get<vectors<Scalar>>(vectors_);
  }

 private:
  std::tuple<vectors<double>, vectors<float>> vectors_;
};

}  // namespace localsgd::detail
