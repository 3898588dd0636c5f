// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/cache_aligned.hpp"
#include "localsgd/core/compiler.hpp"
#include "localsgd/kernels/rows.hpp"

#include <cmath>
#include <cstddef>
#include <span>
#include <utility>

/// @file
/// @brief An iterate and its weighted average; the cost of a step is proportional to the
///        coordinates it touches.

namespace localsgd::detail {

/// @brief x = s·v, so that L2 shrinkage is one product; and A = Σ_t w_t x_t = u + β·v, so that
///        adding an iterate to the average is one sum.
///
/// A step v ← v + δ does not change A if it is combined with u ← u − β·δ. For sparse rows v and u
/// are interleaved in memory, since both are accessed together. All numbers are double; folding
/// (s = 1, β = 0) costs O(d) and takes place at an `assign`, and when s leaves its range.
/// @tparam Sparse whether the rows are sparse
template <bool Sparse>
class scaled_iterate {
 public:
  static constexpr bool sparse = Sparse;

  explicit scaled_iterate(std::size_t dimension) : d_(dimension), vu_(2 * dimension) {}

  std::size_t size() const noexcept { return d_; }
  /// @brief The memory of v and u, for reuse after this object: 2d numbers.
  aligned_vector<double> release() noexcept { return std::move(vu_); }
  double scale() const noexcept { return s_; }

  /// @brief ⟨a, v⟩: the product with x is scale() times it. Prefetches the dense row `soon` as
  ///        well.
  template <class Row>
  double dot(Row const& a, [[maybe_unused]] Row const& soon) const noexcept {
    if constexpr (Sparse) {
      double const* const vu = vu_.data();
      auto const* const index = a.indices.data();
      auto const* const value = a.values.data();
      double even = 0, odd = 0;  // two sums, so that the additions overlap
      std::size_t const n = a.indices.size();
      std::size_t j = 0;
      for (; j + 2 <= n; j += 2) {
        even += static_cast<double>(value[j]) * vu[2 * std::size_t{index[j]}];
        odd += static_cast<double>(value[j + 1]) * vu[2 * std::size_t{index[j + 1]}];
      }
      if (j != n) even += static_cast<double>(value[j]) * vu[2 * std::size_t{index[j]}];
      return even + odd;
    } else {
      return detail::dot_ahead(a.data(), vu_.data(), a.size(), soon.data());
    }
  }
  template <class Row>
  double dot(Row const& a) const noexcept {
    return dot(a, a);
  }
  double v(std::size_t i) const noexcept { return vu_[v_at(i)]; }

  /// @brief v, u and β, for steps made from outside: v ← v + δ and, later, u ← u − β·δ with the β
  ///        of that step. Pending updates of u must be added before the next fold.
  std::span<double> v() noexcept
    requires(!Sparse)
  {
    return {vu_.data(), d_};
  }
  std::span<double> u() noexcept
    requires(!Sparse)
  {
    return {vu_.data() + d_, d_};
  }
  double beta() const noexcept { return beta_; }

  /// @brief A ← A + w·x
  void weigh(double weight) noexcept { beta_ += weight * s_; }

  /// @brief x ← factor·x. O(1), unless the scale leaves its range.
  void shrink(double factor) noexcept {
    s_ *= factor;
    // v grows as s falls, and A = u + β·v cancels: every factor of 10 costs one digit of A.
    if (is_out_of_range(s_)) fold();
  }
  /// @brief x ← factor·x except for x_i.
  void shrink_all_but(std::size_t i, double factor) noexcept {
    double const kept = s_ * v(i);
    shrink(factor);
    move(i, kept / s_);
  }
  /// @brief Whether shrink(factor) costs O(d).
  bool folds_at(double factor) const noexcept { return is_out_of_range(s_ * factor); }

  /// @brief v ← v + c·a
  template <class Row>
  void add(double c, Row const& a) noexcept {
    double const e = -beta_ * c;
    if constexpr (Sparse) {
      double* const vu = vu_.data();
      for (std::size_t j = 0; j != a.indices.size(); ++j) {
        double* const at = vu + 2 * std::size_t{a.indices[j]};
        double const value = static_cast<double>(a.values[j]);
        at[0] += c * value;
        at[1] += e * value;
      }
    } else {
      add_scaled_to_both(c, e, a.data(), vu_.data(), vu_.data() + d_, a.size());
    }
  }
  /// @brief v ← v + c·a, and then ⟨b, v⟩: the bits of add() and dot(), in one pass over dense rows.
  ///        Prefetches the row `soon` as well.
  template <class Row>
  double add_and_dot(double c, Row const& a, Row const& b, Row const& soon) noexcept
    requires(!Sparse)
  {
    return add_scaled_to_both_and_dot(c, -beta_ * c, a.data(), vu_.data(), vu_.data() + d_,
                                      b.data(), a.size(), soon.data());
  }
  /// @brief v_i ← v_i + c
  void add_at(double c, std::size_t i) noexcept {
    vu_[v_at(i)] += c;
    vu_[u_at(i)] -= beta_ * c;
  }

  /// @brief v_i ← v; A does not change.
  void move(std::size_t i, double v) noexcept {
    vu_[u_at(i)] += beta_ * (vu_[v_at(i)] - v);
    vu_[v_at(i)] = v;
  }

  /// @brief out ← x, starting at its coordinate `first`.
  template <class Scalar>
  LOCALSGD_ONE_COPY void write(std::span<Scalar> out, std::size_t first = 0) const noexcept {
    for (std::size_t i = 0; i != out.size(); ++i)
      out[i] = static_cast<Scalar>(s_ * vu_[v_at(first + i)]);
  }

  /// @brief x ← from; A does not change.
  template <class Scalar>
  LOCALSGD_ONE_COPY void assign(std::span<Scalar const> from) noexcept {
    double* LOCALSGD_RESTRICT const vu = vu_.data();
    Scalar const* LOCALSGD_RESTRICT const x = from.data();
    double const beta = beta_;
    for (std::size_t i = 0; i != d_; ++i) {
      vu[u_at(i)] += beta * vu[v_at(i)];
      vu[v_at(i)] = static_cast<double>(x[i]);
    }
    s_ = 1;
    beta_ = 0;
  }

  /// @brief out ← A/W
  template <class Scalar>
  LOCALSGD_ONE_COPY void write_average(double weights, std::span<Scalar> out) const noexcept {
    for (std::size_t i = 0; i != d_; ++i)
      out[i] = static_cast<Scalar>((vu_[u_at(i)] + beta_ * vu_[v_at(i)]) / weights);
  }

  template <class Archive>
  void state(Archive& archive) {
    archive(vu_, s_, beta_);
  }

 private:
  static bool is_out_of_range(double scale) noexcept {
    double const size = std::abs(scale);
    return !(size > 1e-3 && size < 1e3);
  }
  std::size_t v_at(std::size_t i) const noexcept { return Sparse ? 2 * i : i; }
  std::size_t u_at(std::size_t i) const noexcept { return Sparse ? 2 * i + 1 : d_ + i; }

  LOCALSGD_ONE_COPY void fold() noexcept {
    for (std::size_t i = 0; i != d_; ++i) {
      vu_[u_at(i)] += beta_ * vu_[v_at(i)];
      vu_[v_at(i)] *= s_;
    }
    s_ = 1;
    beta_ = 0;
  }

  std::size_t d_;
  aligned_vector<double> vu_;
  double s_ = 1, beta_ = 0;
};

}  // namespace localsgd::detail
