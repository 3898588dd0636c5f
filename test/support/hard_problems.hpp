// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/random.hpp"
#include "localsgd/data/csr_matrix.hpp"
#include "localsgd/loss/gamma.hpp"
#include "localsgd/loss/huber.hpp"
#include "localsgd/loss/logistic.hpp"
#include "localsgd/loss/poisson.hpp"
#include "localsgd/loss/smoothed_hinge.hpp"
#include "localsgd/loss/smoothed_quantile.hpp"
#include "localsgd/loss/squared.hpp"
#include "localsgd/loss/squared_hinge.hpp"
#include "localsgd/objective/linear.hpp"
#include "test/support/any_loss.hpp"
#include "test/support/problems.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <span>
#include <string>
#include <vector>

/// @file
/// @brief Random problems with unusual shapes and scales, and their objectives in long double.

namespace hard {

using real = long double;
using point = std::vector<double>;
using support::any_loss;
using support::infinity;

/// @brief How many problems a program draws: LOCALSGD_PROBLEMS over all families, or the default.
inline std::uint64_t problems(std::uint64_t by_default) {
  char const* const wanted = std::getenv("LOCALSGD_PROBLEMS");
  return wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : by_default;
}
/// @brief The first seed, from LOCALSGD_FIRST_PROBLEM: a failure can be repeated alone.
inline std::uint64_t first_problem() {
  char const* const wanted = std::getenv("LOCALSGD_FIRST_PROBLEM");
  return wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : 1;
}

/// @brief Random numbers as a function of (seed, count).
class draws {
 public:
  explicit draws(std::uint64_t seed) : seed_(seed) {}
  std::size_t below(std::size_t n) {
    return static_cast<std::size_t>(localsgd::index_below(n, word()));
  }
  double between(double low, double high) {
    return low + (high - low) * localsgd::unit_interval(word());
  }
  bool one_in(std::size_t n) { return below(n) == 0; }
  template <class T, std::size_t N>
  T one_of(T const (&values)[N]) {
    return values[below(N)];
  }

 private:
  std::uint64_t word() {
    return localsgd::random_words(seed_, localsgd::random_stream::noise, 0, count_++)[0];
  }
  std::uint64_t seed_, count_ = 0;
};

enum class family {
  logistic,
  squared,
  squared_hinge,
  smoothed_hinge,
  huber,
  quantile,
  poisson,
  gamma,
  count
};
inline char const* name_of(family which) {
  constexpr char const* names[] = {"logistic",       "squared", "squared_hinge",
                                   "smoothed_hinge", "huber",   "smoothed_quantile",
                                   "poisson",        "gamma"};
  return names[static_cast<int>(which)];
}

/// @brief A loss with its parameters, in long double: φ, φ' and φ''.
struct exact_loss {
  family which = family::logistic;
  real p = 1, tau = 0.3L;  // δ, γ, ρ or κ

  any_loss make() const {
    double const q = static_cast<double>(p);
    switch (which) {
      case family::logistic:
        return any_loss::of(localsgd::logistic{});
      case family::squared:
        return any_loss::of(localsgd::squared{});
      case family::squared_hinge:
        return any_loss::of(localsgd::squared_hinge{});
      case family::smoothed_hinge:
        return any_loss::of(localsgd::smoothed_hinge{q});
      case family::huber:
        return any_loss::of(localsgd::huber{q});
      case family::quantile:
        return any_loss::of(localsgd::smoothed_quantile{static_cast<double>(tau), q});
      case family::poisson:
        return any_loss::of(localsgd::poisson{q});
      default:
        return any_loss::of(localsgd::gamma_loss{q});
    }
  }

  struct terms {
    real value, slope, bend;
  };
  terms operator()(real z, real y) const {
    switch (which) {
      case family::logistic: {
        real const m = y * z, e = std::exp(-std::abs(m)), s = (m > 0 ? e : 1) / (1 + e);
        return {std::log1p(e) + std::max<real>(0, -m), -y * s, e / ((1 + e) * (1 + e))};
      }
      case family::squared:
        return {(z - y) * (z - y) / 2, z - y, 1};
      case family::squared_hinge: {
        real const gap = std::max<real>(0, 1 - y * z);
        return {gap * gap, -2 * y * gap, gap > 0 ? 2.0L : 0};
      }
      case family::smoothed_hinge: {
        real const gap = 1 - y * z;
        if (gap <= 0) return {0, 0, 0};
        if (gap < p) return {gap * gap / (2 * p), -y * gap / p, 1 / p};
        return {gap - p / 2, -y, 0};
      }
      case family::huber: {
        real const r = z - y, size = std::abs(r);
        if (size <= p) return {r * r / 2, r, 1};
        return {p * (size - p / 2), std::copysign(p, r), 0};
      }
      case family::quantile: {
        real const r = z - y, t = static_cast<double>(tau), upper = 1 - static_cast<double>(tau);
        real const slope = std::clamp(r / p, -t, upper);
        return {slope * r - p / 2 * slope * slope, slope, r / p > -t && r / p < upper ? 1 / p : 0};
      }
      case family::poisson: {
        real const u = z - std::log(static_cast<double>(p));
        if (u <= 0) return {std::exp(z) - y * z, std::exp(z) - y, std::exp(z)};
        return {p * (1 + u + u * u / 2) - y * z, p * (1 + u) - y, p};
      }
      default: {
        real const ratio = y * std::exp(-z);
        if (ratio <= p) return {z + ratio, 1 - ratio, ratio};
        real const u = std::log(y) - z - std::log(static_cast<double>(p));
        return {z + p * (1 + u + u * u / 2), 1 - p * (1 + u), p};
      }
    }
  }
};

/// @brief A random problem: n × d features, of any scale, with rows and columns that are equal,
///        constant or zero.
struct problem {
  std::uint64_t seed;
  draws random;
  std::size_t n, d, workers;
  double feature_scale = 1, target_scale = 1;
  localsgd::dense_matrix<double> rows;
  point targets, weights, offsets;
  std::vector<int> labels;
  exact_loss loss;
  double intercept = 0, lambda = 0;
  bool free = false;

  explicit problem(std::uint64_t number, bool extreme = true) : seed(number), random(number) {
    n = random.one_in(8) ? 1 : random.one_in(3) ? 2 + random.below(5) : 6 + random.below(25);
    d = random.one_in(6) ? 1 : 2 + random.below(8);
    workers =
        random.one_in(6) ? n + 1 + random.below(5) : 1 + random.below(std::min<std::size_t>(n, 4));
    constexpr double exponents[] = {-150, -100, -30, -8, -3, 3, 8, 30, 100, 150};
    if (extreme && random.one_in(3)) feature_scale = std::pow(10.0, random.one_of(exponents));
    if (extreme && random.one_in(3)) target_scale = std::pow(10.0, random.one_of(exponents));
    rows = localsgd::dense_matrix<double>(std::array<std::size_t, 2>{n, d}, 0.0);
    double const density = random.between(0.3, 1), shift = random.one_in(3) ? 0.5 : 0;
    for (std::size_t i = 0; i != n; ++i)
      for (std::size_t j = 0; j != d; ++j)
        if (random.between(0, 1) < density) rows(i, j) = random.between(-1, 1) + shift;
    change_columns(extreme);
    change_rows();
    for (double& a : rows) a *= feature_scale;
    loss.which = static_cast<family>(random.below(static_cast<std::size_t>(family::count)));
    set_targets();
    if (random.one_in(3)) {
      for (std::size_t i = 0; i != n; ++i)
        weights.push_back(random.one_in(3) ? 0 : random.between(0, 2));
      weights[random.below(n)] = 1;
    }
    if (random.one_in(4))
      for (std::size_t i = 0; i != n; ++i)
        offsets.push_back(random.between(-1, 1) * (is_regression() ? target_scale : 1));
    constexpr double constants[] = {0, 1, 1, 0.5, 30};
    intercept = random.one_of(constants);
    free = random.one_in(2);
    lambda = std::pow(10.0, random.between(-9, 2));
    if (random.one_in(2)) lambda *= std::min(feature_scale * feature_scale, 1e200);
    if (random.one_in(12)) lambda = 0;
  }

  bool is_regression() const {
    return loss.which == family::squared || loss.which == family::huber ||
           loss.which == family::quantile;
  }
  std::size_t dimension() const { return d + (intercept != 0 ? 1 : 0); }
  std::size_t penalized() const { return intercept != 0 && free ? d : dimension(); }
  localsgd::linear_options options() const {
    return {.intercept = intercept,
            .weights = weights,
            .offset = offsets,
            .regularize_intercept = !free};
  }

 private:
  void change_columns(bool extreme) {
    for (std::size_t j = 0; j != d; ++j) {
      std::size_t const what = random.below(12);
      double const size = extreme && what == 0 ? std::pow(10.0, random.between(-6, 6)) : 1;
      for (std::size_t i = 0; i != n; ++i) {
        if (what == 1) rows(i, j) = 0;
        if (what == 2) rows(i, j) = 1;
        if (what == 3 && j > 0) rows(i, j) = rows(i, j - 1);
        rows(i, j) *= size;
      }
    }
  }
  void change_rows() {
    bool const changes = random.one_in(3);
    for (std::size_t i = 1; changes && i != n; ++i) {
      std::size_t const what = random.below(4), from = random.below(i);
      for (std::size_t j = 0; j != d; ++j)
        if (what < 2) rows(i, j) = what == 0 ? 0 : rows(from, j);
    }
  }
  void set_targets() {
    point slope(d);
    for (double& each : slope) each = random.between(-2, 2);
    double const noise = random.one_in(3) ? 0 : random.between(0, 2);
    bool const one_class = random.one_in(8);
    constexpr double parameters[] = {0.01, 0.3, 1, 5};
    loss.p = random.one_of(parameters);
    if (loss.which == family::huber || loss.which == family::quantile)
      loss.p = static_cast<double>(loss.p) * target_scale;
    if (loss.which == family::poisson) loss.p = 30;
    if (loss.which == family::gamma) loss.p = 20;
    for (std::size_t i = 0; i != n; ++i) {
      double z = random.between(-1, 1) * noise;
      for (std::size_t j = 0; j != d; ++j)
        z += slope[j] * std::clamp(rows(i, j) / feature_scale, -1.0, 1.0);
      labels.push_back(one_class ? 1 : z < -0.5 ? 0 : z < 0.5 ? 1 : 2);
      double const bounded = std::exp(std::clamp(z, -2.0, 2.0));
      if (is_regression())
        targets.push_back(z * target_scale);
      else if (loss.which == family::poisson)
        targets.push_back(std::floor(bounded));
      else if (loss.which == family::gamma)
        targets.push_back(bounded * target_scale);
      else
        targets.push_back(z > 0 || one_class ? 1 : -1);
    }
  }
};

/// @brief r(x) = Σ_j λ1_j |x_j| + λ2_j x_j²/2 on lower ≤ x_j ≤ upper, for the first coordinates.
struct exact_penalty {
  point l1, l2;
  double lower = -infinity, upper = infinity;

  real value(std::span<double const> x) const {
    real sum = 0;
    for (std::size_t j = 0; j != l1.size(); ++j)
      sum += l1[j] * std::abs(real{x[j]}) + real{l2[j]} * x[j] * x[j] / 2;
    return sum;
  }
};

/// @brief F of a linear model in long double, with a bound on the rounding of its evaluation.
class exact_objective {
 public:
  exact_objective(problem const& p, exact_penalty penalty)
      : p_(&p), r_(std::move(penalty)), loss_(p.loss.make()) {
    for (std::size_t i = 0; i != p.n; ++i) total_ += weight(i);
  }

  real operator()(std::span<double const> x) const {
    return value(std::vector<real>(x.begin(), x.end()));
  }

  /// @brief The rounding of F(x) as a sum in double: 4(n + d + 16) u of the sizes of all terms, and
  ///        the effect of the rounding of ⟨a_i, x⟩.
  double rounding(std::span<double const> x) const {
    std::vector<real> const v(x.begin(), x.end());
    real sum = 0, bent = 0;
    for (std::size_t i = 0; i != p_->n; ++i) {
      real size = p_->offsets.empty() ? 0 : std::abs(p_->offsets[i]);
      for (std::size_t j = 0; j != p_->d; ++j) size += std::abs(real{p_->rows(i, j)} * v[j]);
      if (p_->intercept != 0) size += std::abs(p_->intercept * v[p_->d]);
      real const z = product(i, v);
      auto const at = p_->loss(z, p_->targets[i]);
      real const moved = static_cast<real>(p_->d + 4) * 0x1p-53L * size;
      sum +=
          weight(i) * (std::abs(at.value) + std::abs(at.slope) * (size + std::abs(p_->targets[i])));
      bent += weight(i) * loss_.curvature() * moved * moved;
    }
    sum = sum / total_ + r_.value(x);
    real underflow = 4;  // x_j² is a multiple of 2⁻¹⁰⁷⁴
    for (double const l2 : r_.l2) underflow += l2;
    return static_cast<double>(4 * static_cast<real>(p_->n + p_->d + 16) * 0x1p-53L * sum +
                               bent / total_ + underflow * 0x1p-1074L) +
           std::numeric_limits<double>::min();
  }

  /// @brief The least F that Newton and coordinate steps find from x.
  real polished(std::span<double const> start) const {
    std::vector<real> x(start.begin(), start.end());
    real best = value(x);
    for (int round = 0; round != 12; ++round) {
      real const before = best;
      newton(x, best);
      coordinates(x, best);
      if (!(best < before)) break;
    }
    return best;
  }

 private:
  real weight(std::size_t i) const { return p_->weights.empty() ? 1 : p_->weights[i]; }
  real constant(std::size_t i, std::size_t j) const {
    return j < p_->d ? p_->rows(i, j) : p_->intercept;
  }
  real product(std::size_t i, std::vector<real> const& x) const {
    real z = p_->offsets.empty() ? 0 : p_->offsets[i];
    for (std::size_t j = 0; j != x.size(); ++j) z += constant(i, j) * x[j];
    return z;
  }
  real value(std::vector<real> const& x) const {
    real sum = 0, penalty = 0;
    for (std::size_t i = 0; i != p_->n; ++i)
      if (weight(i) > 0) sum += weight(i) * p_->loss(product(i, x), p_->targets[i]).value;
    for (std::size_t j = 0; j != r_.l1.size(); ++j) {
      if (x[j] < r_.lower || x[j] > r_.upper) return std::numeric_limits<real>::infinity();
      penalty += r_.l1[j] * std::abs(x[j]) + r_.l2[j] * x[j] * x[j] / 2;
    }
    return sum / total_ + penalty;
  }
  bool has_penalty(std::size_t j) const { return j < r_.l1.size(); }

  // ∇ of the smooth part, and a column of curvatures times features.
  void newton(std::vector<real>& x, real& best) const {
    std::size_t const d = x.size();
    std::vector<std::size_t> open;
    for (std::size_t j = 0; j != d; ++j)
      if (!has_penalty(j) || ((r_.l1[j] == 0 || x[j] != 0) && x[j] > r_.lower && x[j] < r_.upper))
        open.push_back(j);
    std::size_t const m = open.size();
    if (m == 0) return;
    std::vector<real> a(m * (m + 1), 0);
    for (std::size_t i = 0; i != p_->n; ++i) {
      if (!(weight(i) > 0)) continue;
      auto const at = p_->loss(product(i, x), p_->targets[i]);
      for (std::size_t j = 0; j != m; ++j) {
        real const share = weight(i) / total_ * constant(i, open[j]);
        for (std::size_t k = 0; k != m; ++k)
          a[j * (m + 1) + k] += share * at.bend * constant(i, open[k]);
        a[j * (m + 1) + m] -= share * at.slope;
      }
    }
    for (std::size_t j = 0; j != m; ++j) {
      real& diagonal = a[j * (m + 1) + j];
      if (has_penalty(open[j])) {
        diagonal += r_.l2[open[j]];
        a[j * (m + 1) + m] -= r_.l2[open[j]] * x[open[j]] + (x[open[j]] > 0   ? r_.l1[open[j]]
                                                             : x[open[j]] < 0 ? -r_.l1[open[j]]
                                                                              : 0);
      }
      diagonal *= 1 + 1e-17L;
      if (!(diagonal > 0)) diagonal = 1;
    }
    for (std::size_t j = 0; j != m; ++j)  // elimination without pivots: the matrix is positive
      for (std::size_t i = j + 1; i != m; ++i) {
        real const factor = a[i * (m + 1) + j] / a[j * (m + 1) + j];
        for (std::size_t k = j; k != m + 1; ++k) a[i * (m + 1) + k] -= factor * a[j * (m + 1) + k];
      }
    std::vector<real> step(m);
    for (std::size_t j = m; j-- != 0;) {
      real rest = a[j * (m + 1) + m];
      for (std::size_t k = j + 1; k != m; ++k) rest -= a[j * (m + 1) + k] * step[k];
      step[j] = rest / a[j * (m + 1) + j];
    }
    for (real t = 1; t > 1e-3L; t /= 4) {
      auto next = x;
      for (std::size_t j = 0; j != m; ++j)
        next[open[j]] = bounded(open[j], x[open[j]], x[open[j]] + t * step[j]);
      if (take(next, x, best)) return;
    }
  }
  void coordinates(std::vector<real>& x, real& best) const {
    for (std::size_t j = 0; j != x.size(); ++j) {
      real slope = 0, bend = 0;
      for (std::size_t i = 0; i != p_->n; ++i) {
        if (!(weight(i) > 0)) continue;
        auto const at = p_->loss(product(i, x), p_->targets[i]);
        slope += weight(i) / total_ * at.slope * constant(i, j);
        bend += weight(i) / total_ * at.bend * constant(i, j) * constant(i, j);
      }
      real l1 = 0;
      if (has_penalty(j)) l1 = r_.l1[j], slope += r_.l2[j] * x[j], bend += r_.l2[j];
      if (!(bend > 0)) continue;
      real v = x[j] - slope / bend;
      v = v > l1 / bend ? v - l1 / bend : v < -l1 / bend ? v + l1 / bend : 0;
      auto next = x;
      next[j] = has_penalty(j) ? std::clamp<real>(v, r_.lower, r_.upper) : v;
      take(next, x, best);
    }
  }
  real bounded(std::size_t j, real from, real to) const {
    if (!has_penalty(j)) return to;
    if (r_.l1[j] > 0 && from * to < 0) to = 0;
    return std::clamp<real>(to, r_.lower, r_.upper);
  }
  bool take(std::vector<real> const& next, std::vector<real>& x, real& best) const {
    real const there = value(next);
    if (!(there < best)) return false;
    best = there;
    x = next;
    return true;
  }

  problem const* p_;
  exact_penalty r_;
  any_loss loss_;
  real total_ = 0;
};

}  // namespace hard
