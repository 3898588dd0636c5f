// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/compiler.hpp"
#include "localsgd/core/index_range.hpp"
#include "localsgd/evaluation/full_gradient.hpp"
#include "localsgd/loss/evaluate.hpp"
#include "localsgd/objective/linear_concept.hpp"
#include "localsgd/objective/regularized.hpp"
#include "localsgd/objective/sharded_concept.hpp"
#include "localsgd/settings.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

/// @file
/// @brief The minimum of a linear model between two points.

namespace localsgd::detail {

/// @brief The half width of the intervals over which a Hessian takes the means of φ''; 0: φ''
///        itself.
struct curvature_width {
  double width = 0;

  /// @brief Where the Hessian gives no direction: 8 times as wide, or f divided by its slope, about
  ///        the size of residuals.
  /// @return whether the next Hessian will differ
  bool widen(full_gradient::value const& now) noexcept {
    double const wide = now.objective / std::sqrt(now.squared_slopes);
    if (!(wide > width) || !std::isfinite(wide)) return false;
    width = width > 0 ? std::min(8 * width, wide) : wide;
    return true;
  }
  /// @brief After a line search: as wide as the predictions moved, but never suddenly narrower.
  void follow(double change) noexcept { width = std::max(change, 0.3 * width); }
  /// @brief After a step: narrower, if f decreased as predicted. @param ratio of the two decreases
  void shrink(double ratio) noexcept {
    if (ratio > 0.75) width /= ratio > 0.9 ? 8 : 3;
  }
};

/// @brief Only linear models have one.
template <Objective F>
class line_search {
 public:
  line_search(F const&, plan const&) noexcept {}
};

/// @brief The t > 0 that minimises ψ(t) = (1/n) Σ s_i φ(z_i + t v_i, y_i) + ρ(t), with the
///        predictions z_i at x and z_i + v_i at x + p.
///
/// With an L2 penalty ρ(t) = r(x + tp), and t ≤ 16. For a nonsmooth regularizer ρ is its upper
/// bound (1 − t) r(x) + t r(x + p), and t ≤ 1, so that x + tp stays in the domain of r.
///
/// ψ is convex, so the zero of ψ' is enclosed. The first of three passes over z and v computes ψ'
/// at 16 points in geometric sequence, the others at 16 points that divide the interval found. In
/// the last interval, 1/17² of the first, ψ' is interpolated; between two kinks of a piecewise
/// quadratic loss this is exact. While the minimum is below all points, up to 9 more passes follow
/// it. Needs two products with each row, and two numbers per sample.
///
/// The sums are computed in the order of the parts, so t has the same bits on any number of
/// threads.
template <Objective F>
  requires linear_with_sparse_steps<stepped_objective<F>>
class line_search<F> {
 public:
  using scalar = typename F::scalar;

  line_search(F const& f, plan p)
      : samples_(static_cast<double>(p.samples)), sums_(make_sums(f, p)) {
    z_.resize(sums_.parts());
    v_.resize(sums_.parts());
  }

  /// @brief Collective: end ← x + tp, by the leader.
  /// @param end x + p
  /// @return whether ψ decreases and all numbers are finite; otherwise `end` is unchanged
  template <class T>
  bool operator()(F const& f, std::span<scalar const> x, std::span<scalar> end, T& team) {
    bool const leader = team.leads();
    if (leader) begin(f, x, end);
    for (int pass = 0; team.broadcast(leader && goes_on(pass) ? 1 : 0) != 0; ++pass) {
      sums_.each_share(f, team, [&](auto const& share, index_range samples, std::span<double> sum,
                                    std::size_t part) {
        if (pass == 0) write_products(share, x, end, samples, z_[part], v_[part], sum);
        add_slopes(share, samples, z_[part], v_[part], sum);
      });
      if (leader) {
        if (pass == 0) change_ = std::sqrt(sums_.totals()[points] / samples_);
        narrow(pass == 0);
      }
    }
    return team.broadcast(leader && move(x, end) ? 1 : 0) != 0;
  }

  /// @brief Collective, after a search: whether most of Σ s_i φ'(z_i)² at its x is of samples at
  ///        which φ is affine: then ∇²f says little about f nearby.
  template <class T>
  bool mostly_affine(F const& f, T& team) {
    sums_.each_share(f, team,
                     [&](auto const& share, index_range samples, std::span<double> sum,
                         std::size_t part) { add_squared_slopes(share, samples, z_[part], sum); });
    return team.broadcast(team.leads() && 2 * sums_.totals()[0] > sums_.totals()[1] ? 1 : 0) != 0;
  }

  /// @brief Leader only: the root mean square of the changes t v_i of the predictions, weighted
  ///        with s_i.
  double change() const noexcept { return change_; }

 private:
  static constexpr std::size_t points = 16;
  static constexpr int passes = 3, most_passes = 12;

  struct point_on_line {
    double t, slope;
  };

  // Leader only.
  void begin(F const& f, std::span<scalar const> x, std::span<scalar const> end) {
    auto const from = penalized(f, x), to = penalized(f, end);
    double most = 1;
    if constexpr (proximal<stepped_objective<F>>) {
      at_0_ = f.regularizer().value(to) - f.regularizer().value(from), growth_ = 0;
    } else {
      double product = 0, square = 0;
      for (std::size_t j = 0; j != from.size(); ++j) {
        double const w = static_cast<double>(from[j]), p = static_cast<double>(to[j]) - w;
        product += w * p;
        square += p * p;
      }
      at_0_ = ridge_of(f) * product, growth_ = ridge_of(f) * square;
      most = 16;
    }
    low_ = {0, -1};
    high_ = {most, 0};
    for (std::size_t k = 0; k != points; ++k)
      t_[k] = std::ldexp(most, -static_cast<int>(points - 1 - k));
  }

  // A direction from a singular Hessian can be longer than the way to the minimum by any factor.
  bool goes_on(int pass) const noexcept {
    return pass < passes || (pass < most_passes && low_.t == 0 && std::isfinite(high_.slope));
  }

  static full_gradient make_sums(F const& f, plan& p) {
    p.dimension = points;
    p.flops_per_sample = 0;
    return full_gradient(f, p);
  }

  // z and v, and Σ s_i v_i² after the slopes.
  template <class Share>
  LOCALSGD_ONE_COPY static void write_products(Share const& f, std::span<scalar const> x,
                                               std::span<scalar const> end, index_range samples,
                                               std::vector<double>& z, std::vector<double>& v,
                                               std::span<double> sum) {
    z.resize(samples.size());
    v.resize(samples.size());
    write_predictions(f, x, samples, z.data());
    write_predictions(f, end, samples, v.data());
    double squares = 0;
    for (std::size_t i = 0; i != samples.size(); ++i) {
      v[i] -= z[i];
      squares += f.scale(samples.first + i) * v[i] * v[i];
    }
    sum[points] += squares;
  }

  // Adds Σ s_i φ'(z_i)² over the samples without curvature, and over all.
  template <class Share>
  LOCALSGD_ONE_COPY static void add_squared_slopes(Share const& f, index_range samples,
                                                   std::vector<double> const& at,
                                                   std::span<double> sum) {
    constexpr std::size_t block = 64;
    double z[block], y[block], value[block], below[block], above[block];
    for (std::size_t i = samples.first; i < samples.last; i += block) {
      std::size_t const count = std::min(block, samples.last - i);
      for (std::size_t j = 0; j != count; ++j) {
        y[j] = f.target(i + j);
        z[j] = at[i - samples.first + j];
        z[j] -= 1e-5 * (1 + std::abs(z[j]));
      }
      evaluate(f.loss(), z, y, count, value, below);
      for (std::size_t j = 0; j != count; ++j) z[j] += 2e-5 * (1 + std::abs(z[j]));
      evaluate(f.loss(), z, y, count, value, above);
      for (std::size_t j = 0; j != count; ++j) {
        double const square = f.scale(i + j) * below[j] * above[j];
        if (below[j] == above[j]) sum[0] += square;
        sum[1] += square;
      }
    }
  }

  template <class Share>
  LOCALSGD_ONE_COPY void add_slopes(Share const& f, index_range samples,
                                    std::vector<double> const& z, std::vector<double> const& v,
                                    std::span<double> sum) const {
    constexpr std::size_t block = 64;
    double at[block], y[block], value[block], slope[block], weight[block];
    for (std::size_t i = 0; i < samples.size(); i += block) {
      std::size_t const count = std::min(block, samples.size() - i);
      for (std::size_t j = 0; j != count; ++j) {
        y[j] = f.target(samples.first + i + j);
        weight[j] = f.scale(samples.first + i + j) * v[i + j];
      }
      for (std::size_t k = 0; k != points; ++k) {
        for (std::size_t j = 0; j != count; ++j) at[j] = z[i + j] + t_[k] * v[i + j];
        evaluate(f.loss(), at, y, count, value, slope);
        double some = 0;
        for (std::size_t j = 0; j != count; ++j) some += weight[j] * slope[j];
        sum[k] += some;
      }
    }
  }

  // Leader only: the interval between two points that encloses the zero of ψ', and new points in
  // it.
  void narrow(bool first) noexcept {
    for (std::size_t k = 0; k != points; ++k) {
      double const slope = sums_.totals()[k] / samples_ + at_0_ + t_[k] * growth_;
      if (!(slope < 0)) {
        high_ = {t_[k], slope};
        break;
      }
      low_ = {t_[k], slope};
    }
    if (first && low_.t == high_.t) high_.slope = 0;  // ψ decreases up to the last point
    for (std::size_t k = 0; k != points; ++k)
      t_[k] = low_.t == 0 ? std::ldexp(high_.t, -static_cast<int>(points - 1 - k))
                          : low_.t + (high_.t - low_.t) * static_cast<double>(k + 1) /
                                         static_cast<double>(points + 1);
  }

  // Leader only: end ← x + tp.
  bool move(std::span<scalar const> x, std::span<scalar> end) noexcept {
    if (low_.t == 0 || !std::isfinite(high_.slope) || !std::isfinite(low_.slope)) return false;
    double const rise = high_.slope - low_.slope;
    double const t = rise > 0 ? low_.t - low_.slope / rise * (high_.t - low_.t) : low_.t;
    change_ *= t;
    if (std::abs(t - 1) < 1e-9) return true;  // rounding would move it out of the domain of r
    for (std::size_t j = 0; j != x.size(); ++j) {
      double const from = static_cast<double>(x[j]);
      end[j] = static_cast<scalar>(from + t * (static_cast<double>(end[j]) - from));
    }
    return true;
  }

  double samples_;
  full_gradient sums_;
  std::vector<std::vector<double>> z_, v_;  // of the parts
  std::array<double, points> t_{};
  point_on_line low_{}, high_{};
  double at_0_ = 0, growth_ = 0, change_ = 0;  // ρ'(t) = at_0 + t·growth
};

}  // namespace localsgd::detail
