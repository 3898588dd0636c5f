// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/compiler.hpp"
#include "localsgd/core/index_range.hpp"
#include "localsgd/kernels/rows.hpp"
#include "localsgd/loss/concept.hpp"
#include "localsgd/loss/evaluate.hpp"
#include "localsgd/objective/linear_concept.hpp"
#include "localsgd/objective/regularized.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>

/// @file
/// @brief Passes over the samples of a linear model that compute a dual point from its slopes.

namespace localsgd::detail {

/// @brief Calls `visit(i, z_i, y_i, φ(z_i, y_i), θ_i)` for some samples. θ_i is the point of the
///        domain of φ* nearest to φ'(z_i + shift, y_i). φ is passed only if shift is 0.
template <LinearObjective F, class Visit>
void for_each_dual_slope(F const& f, std::span<double const> z, double shift, index_range samples,
                         Visit const& visit) {
  constexpr std::size_t block = 64;
  double at[block], y[block], value[block], slope[block];
  for (std::size_t i = samples.first; i < samples.last; i += block) {
    std::size_t const count = std::min(block, samples.last - i);
    double const* const here = z.data() + (i - samples.first);
    for (std::size_t j = 0; j != count; ++j) {
      at[j] = here[j] + shift;
      y[j] = f.target(i + j);
    }
    evaluate(f.loss(), at, y, count, value, slope);
    for (std::size_t j = 0; j != count; ++j)
      visit(i + j, here[j], y[j], value[j], f.loss().project_to_dual_domain(slope[j], y[j]));
  }
}

/// @brief The factors, at most 1, for the slopes above and below 0 that make Σ s_i θ_i = 0.
struct balance {
  double above = 1, below = 1;

  /// @param sum_above, sum_below Σ s_i |θ_i| over the slopes above and below 0
  static balance of(double sum_above, double sum_below) noexcept {
    return {sum_above > sum_below ? sum_below / sum_above : 1,
            sum_below > sum_above ? sum_above / sum_below : 1};
  }

  double operator()(double theta) const noexcept { return theta > 0 ? above : below; }
};

/// @brief Adds s_i (φ*(θ_i) − θ_i o_i) to the first element of `sum` and s_i (|φ*(θ_i)| + |θ_i
///        o_i|) to the second, θ_i the point of the domain of φ* nearest to θ, o_i the offset.
template <LinearObjective F>
void add_conjugate(F const& f, std::size_t i, double theta, std::span<double> sum) {
  auto const offsets = offsets_of(f);
  double const y = f.target(i), nearest = f.loss().project_to_dual_domain(theta, y);
  double const conjugate = f.loss().conjugate(nearest, y);
  double const of_offset = offsets.empty() ? 0 : nearest * offsets[i];
  sum[0] += f.scale(i) * (conjugate - of_offset);
  sum[1] += f.scale(i) * (std::abs(conjugate) + std::abs(of_offset));
}

/// @brief Sums of the magnitudes of numbers above and below 0, in short chains of additions, which
///        keep them accurate.
class sums_by_sign {
 public:
  explicit sums_by_sign(std::span<double> sum) noexcept : sum_(sum) {}
  sums_by_sign(sums_by_sign const&) = delete;
  sums_by_sign& operator=(sums_by_sign const&) = delete;
  ~sums_by_sign() { flush(); }

  void add(double value) noexcept {
    constexpr std::size_t block = 64;
    (value > 0 ? above_ : below_) += std::abs(value);
    if (++in_block_ == block) flush();
  }

 private:
  void flush() noexcept {
    sum_[0] += above_;
    sum_[1] += below_;
    above_ = below_ = 0;
    in_block_ = 0;
  }

  std::span<double> sum_;
  double above_ = 0, below_ = 0;
  std::size_t in_block_ = 0;
};

/// @brief Adds Σ s_i max(θ_i, 0) over some samples to the first element of `sum` and Σ s_i
///        max(−θ_i, 0) to the second. @param theta n numbers
template <LinearObjective F>
void add_by_sign(F const& f, std::span<double const> theta, index_range samples,
                 std::span<double> sum) {
  sums_by_sign sums(sum);
  for (std::size_t i = samples.first; i != samples.last; ++i) sums.add(f.scale(i) * theta[i]);
}

/// @brief Adds, with θ_i at z_i + shift, Σ s_i max(θ_i, 0) over some samples to the first element
///        of `sum` and Σ s_i max(−θ_i, 0) to the second; if shift is 0, adds Σ s_i (φ'(z_i + h) −
///        φ'(z_i))/h to the third.
/// @pre sum has length d+2, and d ≥ 2
template <LinearObjective F>
LOCALSGD_ONE_COPY void add_slopes_by_sign(F const& f, std::span<double const> z, double shift,
                                          index_range samples, std::span<double> sum) {
  sums_by_sign sums(sum);
  for_each_dual_slope(f, z, shift, samples,
                      [&](std::size_t i, double at, double y, double, double theta) {
                        sums.add(f.scale(i) * theta);
                        if (shift != 0) return;
                        double const h = 1e-5 * (1 + std::abs(at));
                        sum[2] += f.scale(i) * (f.loss().derivative(at + h, y) - theta) / h;
                      });
}

/// @brief Writes the balanced slopes at z_i + shift of some samples.
template <LinearObjective F>
void write_balanced_slopes(F const& f, std::span<double const> z, double shift,
                           balance const& factor, index_range samples, double* theta) {
  for_each_dual_slope(f, z, shift, samples,
                      [&](std::size_t k, double, double, double, double slope) {
                        theta[k - samples.first] = factor(slope) * slope;
                      });
}

/// @brief Adds sums over some samples with the dual point θ_i: n h(θ) = Σ s_i θ_i a_i to the first
///        elements of `sum`, one for each penalised coordinate; Σ s_i max(0, φ(z_i) + φ*(θ_i) − θ_i
///        z_i) to the one after d; Σ s_i (|φ(z_i)| + |φ*(θ_i)| + |θ_i z_i| + max(0, φ*(0))) to the
///        last. If the intercept is free, its element receives Σ s_i θ_i².
/// @param write `write(some, z, theta)` writes the θ_i of at most 64 samples
/// @pre sum has length d+2
template <LinearObjective F, class Write>
LOCALSGD_ONE_COPY void add_fenchel_gap(F const& f, std::span<double const> z, index_range samples,
                                       Write const& write, std::span<double> sum) {
  constexpr std::size_t block = 64;
  double theta[block];
  double gap = 0, size = 0, squares = 0, all = 0;
  for (std::size_t i = samples.first; i < samples.last; i += block) {
    index_range const some{i, std::min(i + block, samples.last)};
    auto const here = z.subspan(i - samples.first, some.size());
    write(some, here, static_cast<double*>(theta));
    for_each_dual_slope(
        f, here, 0, some, [&](std::size_t k, double at, double y, double value, double) {
          double const share = f.scale(k), own = theta[k - i];
          double const conjugate = f.loss().conjugate(own, y), product = own * at;
          double const none = f.loss().project_to_dual_domain(0, y);
          gap += share * std::max(0.0, value + conjugate - product);
          size += share * (std::abs(value) + std::abs(conjugate) + std::abs(product) +
                           std::max(0.0, f.loss().conjugate(none, y)));
          squares += share * own * own;
          all += share * own;
          add_scaled(share * own, row_of(f.features(), k), sum.data());
        });
  }
  std::size_t const d = sum.size() - 2;
  if (f.intercept() != 0) sum[d - 1] += has_free_intercept(f) ? squares : f.intercept() * all;
  sum[d] += gap;
  sum[d + 1] += size;
}

}  // namespace localsgd::detail
