// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/compiler.hpp"
#include "localsgd/kernels/krylov/dual_smoothing.hpp"
#include "localsgd/kernels/rows.hpp"
#include "localsgd/kernels/simd.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

/// @file
/// @brief Conjugate gradients for a sequence of similar systems.

namespace localsgd::detail {

/// @brief Solves Hp = −g by conjugate gradients \cite nocedal2006numerical, for a sequence of
///        symmetric positive definite H, each given by its products Hq only.
///
/// The preconditioner P starts as D⁻¹, a positive diagonal. From the second system on it is the
/// BFGS matrix of D⁻¹ and pairs (q, Hq) of earlier systems, which the next ones resemble
/// \cite morales2000automatic. Search directions q are kept conjugate to the last most_pairs
/// directions of their system; older ones are replaced by their contribution to p, which is
/// conjugate to them, too. The time of an iteration and the memory are most_pairs times that of a
/// vector.
///
/// The iterations end when the residual, in the norm of P, has decreased by a factor of 10, or when
/// dual_smoothing proves the gap of a duality_goal; with an exact goal only then. A goal that is
/// met from the beginning is replaced by a quarter of the gap then. They also end when the curvature ⟨q, Hq⟩ is not positive,
/// or after most_iterations(). Deterministic; for one thread.
class conjugate_gradients {
 public:
  /// @brief Of a system whose solution minimises f, or its second-order model.
  struct duality_goal {
    double gap = 0;      ///< proven for f(x + p); 0: no goal
    bool exact = false;  ///< f is its second-order model
    dual_metric metric;
    double known = std::numeric_limits<double>::infinity();  ///< f(x) − D at a known dual point
  };

  conjugate_gradients() = default;
  /// @param most_pairs at least 2
  conjugate_gradients(std::size_t dimension, std::size_t most_pairs)
      : d_(dimension), most_pairs_(most_pairs) {}

  /// @brief D_j > 0, to be set before begin().
  std::vector<double>& scale() noexcept { return scale_; }
  std::vector<double> const& scale() const noexcept { return scale_; }

  /// @brief Starts a new system. @pre D is set
  LOCALSGD_ONE_COPY void begin(std::span<double const> gradient, duality_goal const& goal) {
    while (order_.size() > most_pairs_) release(0);
    known_ = order_.size();
    lengths_.clear();
    iterations_ = 0;
    goal_ = goal.gap;
    exact_ = goal.exact;
    residual_.resize(d_);
    search_.assign(d_, 0.0);
    for (std::size_t j = 0; j != d_; ++j) residual_[j] = -gradient[j];
    ended_ = false;
    if (goal_ > 0) {
      smoothing_.begin(residual_, goal.metric, goal.known);
      if (smoothing_.gap() <= goal_) goal_ = smoothing_.gap() / 4;  // it was not enough
    }
    turn();
    first_ = left_;
  }

  /// @brief Whether iterate() is to be called with H·search().
  bool goes_on() const noexcept {
    if (ended_ || !(left_ > 0)) return false;
    if (goal_ > 0 && smoothing_.gap() <= goal_) return false;
    if (goal_ > 0 && exact_) return iterations_ != most_if_exact;
    return iterations_ != most_iterations() && left_ > reduction * reduction * first_;
  }
  std::span<double const> search() const noexcept { return search_; }
  /// @brief √⟨q, Dq⟩ of the search.
  double search_length() const noexcept { return std::sqrt(scaled_square(search_.data())); }

  /// @brief Moves along the search direction q. @param image Hq
  LOCALSGD_ONE_COPY void iterate(std::vector<double> const& image) {
    double const bend = dot(search_.data(), image.data(), d_);
    double const along = dot(residual_.data(), search_.data(), d_), length = along / bend;
    if (!(bend > 0) || !std::isfinite(bend) || !std::isfinite(length)) {
      ended_ = true;
      return;
    }
    for (std::size_t j = 0; j != d_; ++j) residual_[j] -= length * image[j];
    ++iterations_;
    if (goal_ > 0) smoothing_.add(length, search_, length * along / 2, residual_);
    if (lengths_.size() == most_pairs_) merge_oldest();
    keep(search_, image, bend);
    lengths_.push_back(length);
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
      std::size_t const at = order_[known_ + i];
      double length = lengths_[i];
      if (damping > 0)
        length /= 1 + damping * scaled_square(searches_.data() + at * d_) / curvatures_[at];
      add_scaled(length, searches_.data() + at * d_, direction.data(), d_);
      fall += curvatures_[at] * length * (lengths_[i] - length / 2);
    }
    return fall;
  }

  /// @brief The gap to be proven, or 0.
  double goal() const noexcept { return goal_; }
  /// @brief The bounds on f(x + p) − f* that approach the goal. @pre there is a goal
  dual_smoothing const& bounds() const noexcept { return smoothing_; }

  /// @brief The point of dual_smoothing, if only that proves the goal; otherwise empty.
  std::span<double const> dual_point() const noexcept {
    bool const proves = goal_ > 0 && smoothing_.gap() <= goal_ && smoothing_.needs_point();
    return proves ? smoothing_.point() : std::span<double const>();
  }

  template <class Archive>
  void state(Archive& archive) {
    archive(scale_, searches_, images_, curvatures_, order_, free_);
  }

 private:
  static constexpr double reduction = 0.1;
  static constexpr std::size_t most_if_exact = 1000;

  // If the model is only an approximation, more iterations rarely pay off.
  std::size_t most_iterations() const noexcept {
    return std::clamp<std::size_t>((std::size_t{1} << 20U) / d_, 8, 200);
  }

  // q ← Pr, made conjugate to the search directions of this system; left_ ← ⟨r, Pr⟩.
  LOCALSGD_ONE_COPY void turn() {
    std::copy_n(residual_.data(), d_, search_.data());
    std::vector<double> share(known_);
    for (std::size_t i = known_; i-- != 0;) {
      share[i] = product(searches_, i, search_) / curvatures_[order_[i]];
      add(-share[i], images_, i);
    }
    for (std::size_t j = 0; j != d_; ++j) search_[j] /= scale_[j];
    for (std::size_t i = 0; i != known_; ++i)
      add(share[i] - product(images_, i, search_) / curvatures_[order_[i]], searches_, i);
    left_ = dot(residual_.data(), search_.data(), d_);
    for (std::size_t i = known_; i != order_.size(); ++i)
      add(-product(images_, i, search_) / curvatures_[order_[i]], searches_, i);
  }

  // Appends a pair, in the place of one that was released, if there is any.
  void keep(std::vector<double> const& search, std::vector<double> const& image, double bend) {
    if (free_.empty()) {
      free_.push_back(curvatures_.size());
      curvatures_.push_back(0);
      searches_.resize(searches_.size() + d_);
      images_.resize(images_.size() + d_);
    }
    std::size_t const at = free_.back();
    free_.pop_back();
    order_.push_back(at);
    std::copy_n(search.data(), d_, searches_.data() + at * d_);
    std::copy_n(image.data(), d_, images_.data() + at * d_);
    curvatures_[at] = bend;
  }
  void release(std::size_t i) {
    free_.push_back(order_[i]);
    order_.erase(order_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  // The two oldest directions of this system become one, their contribution to p.
  void merge_oldest() {
    std::size_t const to = order_[known_], from = order_[known_ + 1];
    double const a = lengths_[0], b = lengths_[1];
    for (auto* const all : {&searches_, &images_})
      for (std::size_t j = 0; j != d_; ++j)
        (*all)[to * d_ + j] = a * (*all)[to * d_ + j] + b * (*all)[from * d_ + j];
    curvatures_[to] = a * a * curvatures_[to] + b * b * curvatures_[from];
    lengths_.erase(lengths_.begin());
    lengths_[0] = 1;
    release(known_ + 1);
  }

  double scaled_square(double const* q) const noexcept {  // ⟨q, Dq⟩
    double square = 0;
    for (std::size_t j = 0; j != d_; ++j) square += scale_[j] * q[j] * q[j];
    return square;
  }
  double product(std::vector<double> const& all, std::size_t i,
                 std::vector<double> const& v) const noexcept {
    return dot(all.data() + order_[i] * d_, v.data(), d_);
  }
  void add(double factor, std::vector<double> const& all, std::size_t i) noexcept {
    add_scaled(factor, all.data() + order_[i] * d_, search_.data(), d_);
  }

  std::size_t d_ = 0, most_pairs_ = 2;
  std::vector<double> scale_;  // D

  // Pairs q and Hq, with ⟨q, Hq⟩. order_: their places, the oldest first; the first known_ belong
  // to P.
  std::vector<double> searches_, images_, curvatures_;
  std::vector<std::size_t> order_, free_;
  std::size_t known_ = 0;

  // Of the current system.
  std::vector<double> residual_, search_, lengths_;
  double first_ = 0, left_ = 0, goal_ = 0;
  std::size_t iterations_ = 0;
  bool exact_ = false;
  dual_smoothing smoothing_;
  bool ended_ = false;
};

}  // namespace localsgd::detail
