// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/cache_aligned.hpp"
#include "localsgd/worker/iterate_average.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>

/// @file
/// @brief The common part of the sequences of all LocalWorkers: reading, replacing and averaging
///        x_k.

namespace localsgd::detail {

/// @brief The memory of a vector_sequence that has ended, for reuse by another one.
template <class Scalar>
struct vector_memory {
  aligned_vector<Scalar> x, average;  ///< d each
  iterate_average sum;
};

/// @brief The memory of a written_sequence that has ended, for reuse by another one.
template <class Scalar>
struct written_memory {
  aligned_vector<double> iterate;  ///< 2d
  aligned_vector<Scalar> average;  ///< d
};

/// @brief Base of a sequence that stores its iterate as a vector: x, a gradient g for the steps,
///        and the sum of the average, each of length d. Not thread safe.
template <class Scalar>
class vector_sequence {
 public:
  using scalar = Scalar;

  std::span<scalar> local() noexcept { return x_; }
  std::span<scalar> scratch() noexcept { return g_; }
  void assign(std::span<scalar const> x) noexcept {
    if (x.data() != x_.data()) std::copy_n(x.data(), x.size(), x_.data());
  }
  void average(std::span<scalar> out) const noexcept {
    if (average_.weights() > 0)
      average_.write(out);
    else if (out.data() != x_.data())
      std::copy_n(x_.data(), x_.size(), out.data());
  }

  using memory = vector_memory<scalar>;
  /// @brief Ends this sequence and returns its memory, with the average in `average`.
  memory release() {
    average(g_);
    return {std::move(x_), std::move(g_), std::move(average_)};
  }

  template <class Archive>
  void state(Archive& archive) {
    archive(x_, average_);
  }

 protected:
  explicit vector_sequence(std::size_t dimension)
      : x_(dimension), g_(dimension), average_(dimension) {}
  explicit vector_sequence(memory left) noexcept
      : x_(std::move(left.x)), g_(std::move(left.average)), average_(std::move(left.sum)) {}

  aligned_vector<scalar> x_, g_;
  iterate_average average_;
};

/// @brief Base of a sequence whose iterate has another form that makes sparse steps cheap: local()
///        writes it out. Not thread safe.
/// @tparam Iterate detail::scaled_iterate or detail::variance_reduced_iterate
template <class Scalar, class Iterate>
class written_sequence {
 public:
  using scalar = Scalar;
  std::span<scalar> local() {
    iterate_.write(std::span<scalar>(local_));
    return local_;
  }
  std::span<scalar> scratch() noexcept { return local_; }
  void assign(std::span<scalar const> x) { iterate_.assign(x); }
  void average(std::span<scalar> out) const {
    if (weights_ > 0)
      iterate_.write_average(weights_, out);
    else
      iterate_.write(out);
  }

  using memory = written_memory<scalar>;
  /// @brief Ends this sequence and returns its memory, with the average in `average`.
  memory release() {
    average(local_);
    return {iterate_.release(), std::move(local_)};
  }

  template <class Archive>
  void state(Archive& archive) {
    archive(iterate_, weights_);
  }

 protected:
  explicit written_sequence(Iterate iterate)
      : iterate_(std::move(iterate)), local_(iterate_.size()) {}
  written_sequence(Iterate iterate, aligned_vector<scalar> local) noexcept
      : iterate_(std::move(iterate)), local_(std::move(local)) {}

  /// Adds x to the average.
  void weigh(double weight) noexcept {
    weights_ += weight;
    iterate_.weigh(weight);
  }

  Iterate iterate_;
  aligned_vector<scalar> local_;
  double weights_ = 0;  // next to the iterate's sums, g++ would add to both without their FMA
};

}  // namespace localsgd::detail
