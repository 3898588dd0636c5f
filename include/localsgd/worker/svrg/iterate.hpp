// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/cache_aligned.hpp"
#include "localsgd/core/compiler.hpp"
#include "localsgd/kernels/rows.hpp"
#include "localsgd/kernels/simd.hpp"

#include <cstddef>
#include <span>
#include <utility>

/// @file
/// @brief An iterate that moves by the same vector in every step, and its weighted average; the
///        cost of a step is proportional to the coordinates it touches.

namespace localsgd::detail {

/// @brief x = v − τh after τ common steps h; and A = Σ_t w_t x_t = u + β·v − ζ·h.
///
/// A step v ← v + δ does not change A if it is combined with u ← u − β·δ. For sparse rows v and u
/// are interleaved in memory, as are h and η in the table of detail::svrg_steps, which may change
/// only directly after an assign().
template <class Steps>
class variance_reduced_iterate {
 public:
  static constexpr bool sparse = Steps::sparse;
  static constexpr bool ends_with_prox = false;

  variance_reduced_iterate(Steps const& steps, std::size_t dimension)
      : variance_reduced_iterate(steps, aligned_vector<double>(2 * dimension)) {}
  /// @brief Uses memory of 2d numbers. @pre they are 0, or restart() follows
  variance_reduced_iterate(Steps const& steps, aligned_vector<double> memory) noexcept
      : steps_(&steps), d_(memory.size() / 2), vu_(std::move(memory)) {}

  std::size_t size() const noexcept { return d_; }
  double x(std::size_t j) const noexcept { return vu_[v_at(j)] - tau_ * h(j); }

  /// @brief The parts of x = v − τh and A = u + βv − ζh, for a caller that adds the change of x to
  ///        v, and −β times that to u.
  std::span<double> v() noexcept
    requires(!sparse)
  {
    return {vu_.data(), d_};
  }
  std::span<double> u() noexcept
    requires(!sparse)
  {
    return {vu_.data() + d_, d_};
  }
  double tau() const noexcept { return tau_; }
  double beta() const noexcept { return beta_; }

  /// @brief ⟨a, x⟩. Prefetches the dense row `soon` as well.
  template <class Row>
  double dot(Row const& a, [[maybe_unused]] Row const& soon) const noexcept {
    double const* const vu = vu_.data();
    double const* const table = steps_->table();
    double const tau = tau_;
    if constexpr (sparse) {
      auto const* const index = a.indices.data();
      auto const* const value = a.values.data();
      auto const term = [&](std::size_t j) {
        std::size_t const at = 2 * std::size_t{index[j]};
        return static_cast<double>(value[j]) * (vu[at] - tau * table[at]);
      };
      double even = 0, odd = 0;  // two sums, so that the additions overlap
      std::size_t const n = a.indices.size();
      std::size_t j = 0;
      for (; j + 2 <= n; j += 2) {
        even += term(j);
        odd += term(j + 1);
      }
      if (j != n) even += term(j);
      return even + odd;
    } else {
      lanes sum0(0.0), sum1(0.0);
      lanes const minus_tau(-tau);
      constexpr std::size_t w = lanes::size, line = 64 / sizeof(a[0]);
      auto const x_at = [&](std::size_t j) {
        return multiply_add(minus_tau, load(table + j), load(vu + j));
      };
      std::size_t j = 0;
      for (; j + 2 * w <= a.size(); j += 2 * w) {
        for (std::size_t k = j; k < j + 2 * w; k += line) LOCALSGD_PREFETCH(&soon[k]);
        sum0 = multiply_add(load(&a[j]), x_at(j), sum0);
        sum1 = multiply_add(load(&a[j + w]), x_at(j + w), sum1);
      }
      double sum = sum_of(sum0 + sum1);
      for (; j != a.size(); ++j) sum += static_cast<double>(a[j]) * (vu[j] - tau * table[j]);
      return sum;
    }
  }
  template <class Row>
  double dot(Row const& a) const noexcept {
    return dot(a, a);
  }

  /// @brief A ← A + w·x
  void weigh(double weight) noexcept {
    beta_ += weight;
    zeta_ += weight * tau_;
  }

  /// @brief x ← x − h
  void make_common_step() noexcept { tau_ += 1; }

  /// @brief x ← x + c·η∘a
  template <class Row>
  void add(double c, Row const& a) noexcept {
    double const beta = beta_;
    if constexpr (sparse) {
      double* LOCALSGD_RESTRICT const vu = vu_.data();
      double const* LOCALSGD_RESTRICT const table = steps_->table();
      for (std::size_t j = 0; j != a.indices.size(); ++j) {
        std::size_t const at = 2 * std::size_t{a.indices[j]};
        double const change = c * table[at + 1] * static_cast<double>(a.values[j]);
        vu[at] += change;
        vu[at + 1] -= beta * change;
      }
    } else {
      double const* LOCALSGD_RESTRICT const eta = steps_->table() + d_;
      double* LOCALSGD_RESTRICT const v = vu_.data();
      double* LOCALSGD_RESTRICT const u = vu_.data() + d_;
      constexpr std::size_t w = lanes::size;
      std::size_t j = 0;
      for (; j + w <= a.size(); j += w) {
        lanes const change = lanes(c) * load(eta + j) * load(&a[j]);
        store(load(v + j) + change, v + j);
        store(multiply_add(lanes(-beta), change, load(u + j)), u + j);
      }
      for (; j != a.size(); ++j) {
        double const change = c * eta[j] * static_cast<double>(a[j]);
        v[j] += change;
        u[j] -= beta * change;
      }
    }
  }
  /// @brief x_j ← x_j + c·η_j
  void add_at(double c, std::size_t j) noexcept {
    double const change = c * steps_->table()[steps_->eta_at(j)];
    vu_[v_at(j)] += change;
    vu_[u_at(j)] -= beta_ * change;
  }

  /// @brief out ← x
  template <class Scalar>
  LOCALSGD_ONE_COPY void write(std::span<Scalar> out) const noexcept {
    for (std::size_t j = 0; j != d_; ++j) out[j] = static_cast<Scalar>(x(j));
  }

  /// @brief x ← from; A does not change.
  template <class Scalar>
  LOCALSGD_ONE_COPY void assign(std::span<Scalar const> from) noexcept {
    for (std::size_t j = 0; j != d_; ++j) {
      vu_[u_at(j)] += beta_ * vu_[v_at(j)] - zeta_ * h(j);
      vu_[v_at(j)] = static_cast<double>(from[j]);
    }
    tau_ = beta_ = zeta_ = 0;
  }

  /// @brief A ← W·average, and x ← average.
  template <class Scalar>
  void restart(double weights, std::span<Scalar const> average) noexcept {
    for (std::size_t j = 0; j != d_; ++j) {
      vu_[v_at(j)] = static_cast<double>(average[j]);
      vu_[u_at(j)] = weights * vu_[v_at(j)];
    }
    tau_ = beta_ = zeta_ = 0;
  }

  /// @brief out ← A/W
  template <class Scalar>
  LOCALSGD_ONE_COPY void write_average(double weights, std::span<Scalar> out) const noexcept {
    for (std::size_t j = 0; j != d_; ++j)
      out[j] = static_cast<Scalar>((vu_[u_at(j)] + beta_ * vu_[v_at(j)] - zeta_ * h(j)) / weights);
  }

  template <class Archive>
  void state(Archive& archive) {
    archive(vu_, tau_, beta_, zeta_);
  }

 private:
  std::size_t v_at(std::size_t j) const noexcept { return sparse ? 2 * j : j; }
  std::size_t u_at(std::size_t j) const noexcept { return sparse ? 2 * j + 1 : d_ + j; }
  double h(std::size_t j) const noexcept { return steps_->table()[steps_->common_step_at(j)]; }

  Steps const* steps_;
  std::size_t d_;
  aligned_vector<double> vu_;
  double tau_ = 0, beta_ = 0, zeta_ = 0;
};

}  // namespace localsgd::detail
