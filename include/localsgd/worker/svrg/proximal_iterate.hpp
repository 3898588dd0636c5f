// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/cache_aligned.hpp"
#include "localsgd/core/compiler.hpp"
#include "localsgd/kernels/rows.hpp"
#include "localsgd/regularizer/concept.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

/// @file
/// @brief An iterate whose steps end with a proximal operator; the cost of a step is proportional
///        to the coordinates it touches.

namespace localsgd::detail {

/// @brief v after `count` steps v ← prox_at(j, v − step·slope, step), in closed form if the
///        regularizer provides one.
template <class R>
double proximal_steps(R const& r, std::size_t j, double v, double slope, double step,
                      std::uint64_t count) {
  if constexpr (regularizer_has_closed_form_steps<R>) {
    return r.steps_at(j, v, slope, step, count);
  } else {
    for (; count != 0; --count) {
      double const before = v;
      v = r.prox_at(j, v - step * slope, step);
      if (v == before) break;  // the following steps change nothing, either
    }
    return v;
  }
}

/// @brief x_j ← prox_{η_j r_j}(x_j + c_j − η_j g_j) in every step, where c_j is nonzero only for
///        the coordinates of a few rows and g is the same in all steps.
///
/// With sparse rows, a coordinate that no row touches is updated when it is next read: it is stored
/// with the number of its completed steps, and proximal_steps() makes the missing ones. The table
/// of detail::svrg_steps contains g and η.
///
/// The sum A of the average adds the iterate at the end of each stretch of steps, with the weights
/// of all its steps: Σ_t w_t x_t would require every iterate of every coordinate. Not thread safe.
template <class Steps, class R>
class proximal_iterate {
 public:
  static constexpr bool sparse = Steps::sparse;
  static constexpr bool ends_with_prox = true;

  /// @param memory    2d numbers. @pre they are 0, or restart() follows
  /// @param penalized number of leading coordinates on which r acts
  proximal_iterate(Steps const& steps, R const& r, std::size_t penalized,
                   aligned_vector<double> memory)
      : steps_(&steps),
        r_(&r),
        d_(memory.size() / 2),
        penalized_(penalized),
        memory_(std::move(memory)),
        sum_(d_) {}

  std::size_t size() const noexcept { return d_; }
  double x(std::size_t j) const {
    if constexpr (sparse)
      return up_to_date(j);
    else
      return memory_[j];
  }

  /// @brief ⟨a, x⟩; brings the coordinates of a sparse row up to date.
  template <class Row>
  double dot(Row const& a, [[maybe_unused]] Row const& soon) {
    if constexpr (sparse) {
      double sum = 0;
      for (std::size_t k = 0; k != a.indices.size(); ++k)
        sum += static_cast<double>(a.values[k]) * refresh(a.indices[k]);
      return sum;
    } else {
      return dot_ahead(a.data(), memory_.data(), a.size(), soon.data());
    }
  }

  /// @brief Adds the weight of one more step to A.
  void weigh(double weight) noexcept { weight_ += weight; }

  /// @brief x ← x + c·η∘a, the first part of a step. @pre sparse rows: dot(a, …) was called since
  ///        the last step
  template <class Row>
  void add(double c, Row const& a) {
    double const* const table = steps_->table();
    double* const memory = memory_.data();
    if constexpr (sparse) {
      for (std::size_t k = 0; k != a.indices.size(); ++k) {
        std::size_t const at = 2 * std::size_t{a.indices[k]};
        memory[at] += c * table[at + 1] * static_cast<double>(a.values[k]);
      }
    } else {
      double const* LOCALSGD_RESTRICT const eta = table + d_;
      for (std::size_t j = 0; j != a.size(); ++j)
        memory[j] += c * eta[j] * static_cast<double>(a[j]);
    }
  }
  /// @brief x_j ← x_j + c·η_j
  void add_at(double c, std::size_t j) {
    if constexpr (sparse) refresh(j);
    memory_[v_at(j)] += c * steps_->table()[steps_->eta_at(j)];
  }

  /// @brief x ← prox_{ηr}(x − η∘g), the second part of a step.
  void make_common_step() {
    if constexpr (sparse) {
      ++made_;
    } else {
      double const *const g = steps_->table(), *const eta = g + d_;
      for (std::size_t j = 0; j != penalized_; ++j)
        memory_[j] = r_->prox_at(j, memory_[j] - eta[j] * g[j], eta[j]);
      for (std::size_t j = penalized_; j != d_; ++j) memory_[j] -= eta[j] * g[j];
    }
  }

  /// @brief out ← x
  template <class Scalar>
  LOCALSGD_ONE_COPY void write(std::span<Scalar> out) const {
    for (std::size_t j = 0; j != d_; ++j) out[j] = static_cast<Scalar>(x(j));
  }

  /// @brief Adds x to A with the weights of the last steps; then x ← from.
  template <class Scalar>
  LOCALSGD_ONE_COPY void assign(std::span<Scalar const> from) {
    if (weight_ != 0)
      for (std::size_t j = 0; j != d_; ++j) sum_[j] += weight_ * x(j);
    place(from);
  }

  /// @brief A ← W·average, and x ← average.
  template <class Scalar>
  void restart(double weights, std::span<Scalar const> average) noexcept {
    for (std::size_t j = 0; j != d_; ++j) sum_[j] = weights * static_cast<double>(average[j]);
    place(average);
  }

  /// @brief out ← A/W
  template <class Scalar>
  LOCALSGD_ONE_COPY void write_average(double weights, std::span<Scalar> out) const {
    for (std::size_t j = 0; j != d_; ++j)
      out[j] = static_cast<Scalar>((sum_[j] + weight_ * x(j)) / weights);
  }

  template <class Archive>
  void state(Archive& archive) {
    archive(memory_, sum_, made_, weight_);
  }

 private:
  std::size_t v_at(std::size_t j) const noexcept { return sparse ? 2 * j : j; }

  double up_to_date(std::size_t j) const {
    double const v = memory_[2 * j];
    std::uint64_t const due = made_ - static_cast<std::uint64_t>(memory_[2 * j + 1]);
    if (due == 0) return v;
    double const *const entry = steps_->table() + 2 * j, slope = entry[0], eta = entry[1];
    if (j < penalized_) return proximal_steps(*r_, j, v, slope, eta, due);
    return v - static_cast<double>(due) * (eta * slope);
  }
  double refresh(std::size_t j) {
    memory_[2 * j] = up_to_date(j);
    memory_[2 * j + 1] = static_cast<double>(made_);
    return memory_[2 * j];
  }
  template <class Scalar>
  void place(std::span<Scalar const> from) noexcept {
    for (std::size_t j = 0; j != d_; ++j) {
      memory_[v_at(j)] = static_cast<double>(from[j]);
      if constexpr (sparse) memory_[2 * j + 1] = 0;
    }
    made_ = 0;
    weight_ = 0;
  }

  Steps const* steps_;
  R const* r_;
  std::size_t d_, penalized_;
  // Sparse rows: v_j, and the number of its completed steps, interleaved.
  aligned_vector<double> memory_;
  aligned_vector<double> sum_;
  std::uint64_t made_ = 0;
  double weight_ = 0;
};

}  // namespace localsgd::detail
