// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/compiler.hpp"
#include "localsgd/kernels/rows.hpp"
#include "localsgd/kernels/simd.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

/// @file
/// @brief Conjugate gradients for a sequence of similar systems.

namespace localsgd::detail {

/// @brief Solves Hp = −g by conjugate gradients \cite nocedal2006numerical, for a sequence of
///        symmetric positive definite H, each given by its products Hq only.
///
/// The preconditioner P starts as D⁻¹, a positive diagonal. From the second system on it is the
/// BFGS matrix of D⁻¹ and the pairs (q, Hq) of earlier systems, which the next ones resemble
/// \cite morales2000automatic. All search directions q of a system are kept conjugate to each
/// other, not only to the last one. The iterations end when the residual, in the norm of P, has
/// decreased by a factor of 10, when the curvature ⟨q, Hq⟩ is not positive, or after most_pairs().
/// Deterministic; for one thread.
class conjugate_gradients {
 public:
  conjugate_gradients() = default;
  explicit conjugate_gradients(std::size_t dimension) : d_(dimension) {}

  /// @brief D_j > 0, to be set before begin().
  std::vector<double>& scale() noexcept { return scale_; }
  std::vector<double> const& scale() const noexcept { return scale_; }

  /// @brief Starts a new system. @pre D is set
  LOCALSGD_ONE_COPY void begin(std::span<double const> gradient) {
    std::size_t const kept = std::min(curvatures_.size(), most_pairs());
    forget(searches_, kept * d_);
    forget(images_, kept * d_);
    forget(curvatures_, kept);
    known_ = kept;
    lengths_.clear();
    residual_.resize(d_);
    search_.assign(d_, 0.0);
    for (std::size_t j = 0; j != d_; ++j) residual_[j] = -gradient[j];
    ended_ = false;
    turn();
    first_ = left_;
  }

  /// @brief Whether iterate() is to be called with H·search().
  bool goes_on() const noexcept {
    return !ended_ && left_ > 0 && lengths_.size() != most_pairs() &&
           left_ > reduction * reduction * first_;
  }
  std::span<double const> search() const noexcept { return search_; }
  /// @brief √⟨q, Dq⟩ of the search.
  double search_length() const noexcept { return std::sqrt(scaled_square(search_.data())); }

  /// @brief Moves along the search direction q. @param image Hq
  LOCALSGD_ONE_COPY void iterate(std::vector<double> const& image) {
    double const bend = dot(search_.data(), image.data(), d_);
    double const length = dot(residual_.data(), search_.data(), d_) / bend;
    if (!(bend > 0) || !std::isfinite(bend) || !std::isfinite(length)) {
      ended_ = true;
      return;
    }
    for (std::size_t j = 0; j != d_; ++j) residual_[j] -= length * image[j];
    lengths_.push_back(length);
    append(searches_, search_);
    append(images_, image);
    curvatures_.push_back(bend);
    turn();
  }

  /// @brief p, damped by ν: the component along each search direction is divided by 1 + νs,
  ///        s = ⟨q, Dq⟩/⟨q, Hq⟩. That solves (H + νD)p = −g if the directions are also conjugate in
  ///        D, and approximately otherwise.
  /// @return −⟨g, p⟩ − ½⟨p, Hp⟩: the decrease of the second-order model; 0 without a direction
  LOCALSGD_ONE_COPY double solve(double damping, std::span<double> direction) const {
    std::fill_n(direction.data(), d_, 0.0);
    double fall = 0;
    for (std::size_t i = 0; i != lengths_.size(); ++i) {
      std::size_t const at = known_ + i;
      double length = lengths_[i];
      if (damping > 0) length /= 1 + damping * scaled_square(searches_.data() + at * d_) / curvatures_[at];
      add_scaled(length, searches_.data() + at * d_, direction.data(), d_);
      fall += curvatures_[at] * length * (lengths_[i] - length / 2);
    }
    return fall;
  }

  template <class Archive>
  void state(Archive& archive) {
    archive(scale_, searches_, images_, curvatures_);
  }

 private:
  static constexpr double reduction = 0.1;

  // q ← Pr, made conjugate to the search directions of this system; left_ ← ⟨r, Pr⟩.
  LOCALSGD_ONE_COPY void turn() {
    std::copy_n(residual_.data(), d_, search_.data());
    std::vector<double> share(known_);
    for (std::size_t i = known_; i-- != 0;) {
      share[i] = product(searches_, i, search_) / curvatures_[i];
      add(-share[i], images_, i);
    }
    for (std::size_t j = 0; j != d_; ++j) search_[j] /= scale_[j];
    for (std::size_t i = 0; i != known_; ++i)
      add(share[i] - product(images_, i, search_) / curvatures_[i], searches_, i);
    left_ = dot(residual_.data(), search_.data(), d_);
    for (std::size_t i = known_; i != curvatures_.size(); ++i)
      add(-product(images_, i, search_) / curvatures_[i], searches_, i);
  }

  // The limit for pairs of earlier systems, and for iterations of a new one: 2²⁰ numbers, or 8.
  std::size_t most_pairs() const noexcept {
    return std::clamp<std::size_t>((std::size_t{1} << 20U) / d_, 8, 200);
  }
  static void forget(std::vector<double>& oldest_first, std::size_t left) {
    std::size_t const forgotten = oldest_first.size() - left;
    if (forgotten != 0)
      for (std::size_t i = 0; i != left; ++i) oldest_first[i] = oldest_first[forgotten + i];
    oldest_first.resize(left);
  }
  static void append(std::vector<double>& all, std::vector<double> const& v) {
    std::size_t const before = all.size();
    all.resize(before + v.size());
    std::copy_n(v.data(), v.size(), all.data() + before);
  }
  double scaled_square(double const* q) const noexcept {  // ⟨q, Dq⟩
    double square = 0;
    for (std::size_t j = 0; j != d_; ++j) square += scale_[j] * q[j] * q[j];
    return square;
  }
  double product(std::vector<double> const& all, std::size_t i,
                 std::vector<double> const& v) const noexcept {
    return dot(all.data() + i * d_, v.data(), d_);
  }
  void add(double factor, std::vector<double> const& all, std::size_t i) noexcept {
    add_scaled(factor, all.data() + i * d_, search_.data(), d_);
  }

  std::size_t d_ = 0;
  std::vector<double> scale_;  // D

  // Pairs q_i and Hq_i, the oldest first, with ⟨q_i, Hq_i⟩; the first known_ belong to P.
  std::vector<double> searches_, images_, curvatures_;
  std::size_t known_ = 0;

  std::vector<double> residual_, search_, lengths_;  // of the current system
  double first_ = 0, left_ = 0;
  bool ended_ = false;
};

}  // namespace localsgd::detail
