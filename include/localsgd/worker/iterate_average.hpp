// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/cache_aligned.hpp"
#include "localsgd/kernels/simd.hpp"

#include <cstddef>
#include <span>

/// @file
/// @brief The weighted average of a worker's iterates, accumulated step by step: no communication,
///        no history.

namespace localsgd {

/// @brief A = Σ_t w_t x_t and W = Σ_t w_t, stored as double for any type of x.
///
/// Not thread safe: use one object for each worker.
class iterate_average {
 public:
  explicit iterate_average(std::size_t dimension) : sum_(dimension) {}

  /// @brief A ← A + w·x, W ← W + w. @pre x has length d.
  template <class Scalar>
  void add(double weight, std::span<Scalar const> x) noexcept {
    weights_ += weight;
    detail::add_scaled(weight, x.data(), sum_.data(), x.size());
  }

  /// @brief A ← W·x, as if all previous iterates had been x. @pre x has length d.
  template <class Scalar>
  void restart(double weights, std::span<Scalar const> x) noexcept {
    weights_ = weights;
    for (std::size_t i = 0; i != x.size(); ++i) sum_[i] = weights * static_cast<double>(x[i]);
  }

  double weights() const noexcept { return weights_; }  ///< W

  /// @brief out ← A/W. @pre weights() > 0, out has length d.
  template <class Scalar>
  void write(std::span<Scalar> out) const noexcept {
    for (std::size_t i = 0; i != out.size(); ++i)
      out[i] = static_cast<Scalar>(sum_[i] / weights_);
  }

  template <class Archive>
  void state(Archive& archive) {
    archive(sum_, weights_);
  }

 private:
  detail::aligned_vector<double> sum_;
  double weights_ = 0;
};

}  // namespace localsgd
