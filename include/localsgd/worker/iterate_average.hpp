// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/cache_aligned.hpp"
#include "localsgd/kernels/simd.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

/// @file
/// @brief The weighted average of a worker's iterates, streamed: no communication, no history.

namespace localsgd {

/// @brief w_t = (a+t)², the weight of the iterate x_t \cite stich2019local. @param shift a ≥ 0
constexpr double iterate_weight(double shift, std::uint64_t t) noexcept {
  double const at = shift + static_cast<double>(t);
  return at * at;
}

/// @brief S_T = Σ_{t<T} (a+t)² = (T/6)(2T² + 6aT − 3T + 6a² − 6a + 1).
constexpr double iterate_weight_sum(double shift, std::uint64_t steps) noexcept {
  double const t = static_cast<double>(steps);
  return t / 6 * (2 * t * t + 6 * shift * t - 3 * t + 6 * shift * shift - 6 * shift + 1);
}

/// @brief A = Σ_t w_t x_t and W = Σ_t w_t, kept in double whatever the type of x.
///
/// Not thread safe: each worker has its own.
class iterate_average {
 public:
  explicit iterate_average(std::size_t dimension) : sum_(dimension) {}

  /// @brief A ← A + w·x, W ← W + w. @pre x has length d.
  template <class Scalar>
  void add(double weight, std::span<Scalar const> x) noexcept {
    weights_ += weight;
    detail::add_scaled(weight, x.data(), sum_.data(), x.size());
  }

  /// @brief A ← W·x, as if all iterates so far had been x. @pre x has length d.
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
  detail::own_vector<double> sum_;
  double weights_ = 0;
};

}  // namespace localsgd
