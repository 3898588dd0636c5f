// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <localsgd/localsgd.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <deque>
#include <functional>
#include <span>
#include <utility>
#include <vector>

/// @file
/// @brief What `dane` is measured against: distributed L-BFGS, GIANT and DANE as published, counted in
///        exchanges of vectors of length d. One process plays all workers.

namespace exchanges {

using numbers = std::vector<double>;

inline double product(numbers const& a, numbers const& b) {
  double sum = 0;
  for (std::size_t j = 0; j != a.size(); ++j) sum += a[j] * b[j];
  return sum;
}
inline void add(double factor, numbers const& from, numbers& to) {
  for (std::size_t j = 0; j != to.size(); ++j) to[j] += factor * from[j];
}

/// @brief K workers, each with a shard, and the count of what they exchange.
///
/// `seen(exchanges, f)` is told of every point whose gradient has been summed: that sum is counted.
/// Values of f alone are numbers, and free, for all methods.
template <class F>
class cluster {
 public:
  cluster(std::vector<F> shards, std::function<bool(std::size_t, double)> seen)
      : shards_(std::move(shards)), seen_(std::move(seen)) {
    for (F const& each : shards_) {
      all_.emplace_back(each.samples());
      for (std::size_t i = 0; i != each.samples(); ++i) all_.back()[i] = i;
      samples_ += static_cast<double>(each.samples());
    }
  }

  std::size_t dimension() const { return shards_.front().dimension(); }
  std::size_t workers() const { return shards_.size(); }
  F const& shard(std::size_t k) const { return shards_[k]; }
  double weight(std::size_t k) const {
    return static_cast<double>(shards_[k].samples()) / samples_;
  }

  /// @brief f(x) without an exchange.
  double value(numbers const& x) const {
    numbers g(x.size());
    double sum = 0;
    for (std::size_t k = 0; k != workers(); ++k)
      sum += weight(k) * shards_[k].gradient(std::span<double const>(x), all_[k], g);
    return sum;
  }
  /// @brief f(x) and ∇f(x): an exchange. Sets `over()` where the run is good enough.
  double gradient(numbers const& x, numbers& g) {
    numbers part(x.size());
    g.assign(x.size(), 0.0);
    double sum = 0;
    for (std::size_t k = 0; k != workers(); ++k) {
      sum += weight(k) * shards_[k].gradient(std::span<double const>(x), all_[k], part);
      add(weight(k), part, g);
    }
    ++count_;
    over_ = !seen_(count_, sum);
    return sum;
  }
  /// @brief Σ_k w_k answer(k): an exchange.
  template <class Answer>
  numbers mean(Answer const& answer) {
    numbers sum(dimension());
    for (std::size_t k = 0; k != workers(); ++k) add(weight(k), answer(k), sum);
    ++count_;
    return sum;
  }
  bool over() const { return over_; }

 private:
  std::vector<F> shards_;
  std::vector<std::vector<std::size_t>> all_;
  std::function<bool(std::size_t, double)> seen_;
  double samples_ = 0;
  std::size_t count_ = 0;
  bool over_ = false;
};

/// @brief The first length 1, 1/2, 1/4, … at which f falls enough along p; 0: none.
/// @param c a cluster, or what has its dimension(), value(), gradient() and over()
template <class Cluster>
double backtrack(Cluster& c, numbers const& x, double f, double slope, numbers const& p) {
  for (double length = 1; length > 1e-10; length /= 2) {
    numbers y = x;
    add(length, p, y);
    if (c.value(y) <= f + 1e-4 * length * slope) return length;
  }
  return 0;
}

/// @brief L-BFGS: an exchange an iteration. @param c as for backtrack()
template <class Cluster>
void lbfgs(Cluster& c, std::size_t most_pairs) {
  numbers x(c.dimension()), g, next;
  std::deque<std::array<numbers, 2>> pairs;
  double f = c.gradient(x, g);
  while (!c.over()) {
    numbers p = g, share(pairs.size());
    for (std::size_t i = pairs.size(); i-- != 0;) {
      auto const& [s, y] = pairs[i];
      share[i] = product(s, p) / product(s, y);
      add(-share[i], y, p);
    }
    double scale = 1 / std::max(1.0, std::sqrt(product(g, g)));
    if (!pairs.empty())
      scale = product(pairs.back()[0], pairs.back()[1]) / product(pairs.back()[1], pairs.back()[1]);
    for (double& each : p) each *= scale;
    for (std::size_t i = 0; i != pairs.size(); ++i) {
      auto const& [s, y] = pairs[i];
      add(share[i] - product(y, p) / product(s, y), s, p);
    }
    for (double& each : p) each = -each;
    double const length = backtrack(c, x, f, product(g, p), p);
    if (length == 0) return;
    numbers step = p;
    for (double& each : step) each *= length;
    add(1, step, x);
    f = c.gradient(x, next);
    numbers change = next;
    add(-1, g, change);
    if (product(step, change) > 0) pairs.push_back({step, change});
    if (pairs.size() > most_pairs) pairs.pop_front();
    g = next;
  }
}

/// @brief GIANT \cite wang2018giant: the mean of H_k⁻¹∇f, and a line search. Two exchanges an iteration.
template <class F>
void giant(cluster<F>& c) {
  std::size_t const d = c.dimension();
  numbers x(d), g;
  double f = c.gradient(x, g);
  while (!c.over()) {
    numbers const p = c.mean([&](std::size_t k) {
      localsgd::detail::surrogate<F> s(c.shard(k), {{0, c.shard(k).samples()}});
      localsgd::detail::aligned_vector<double> h(localsgd::detail::packed_size(d));
      s.center(std::span<double const>(x), {}, 0);
      s.hessian(x, h);
      localsgd::detail::factor_packed(h, d);
      numbers own = g;
      localsgd::detail::solve_packed(h, own);
      for (double& each : own) each = -each;
      return own;
    });
    double const length = backtrack(c, x, f, product(g, p), p);
    if (length == 0) return;
    add(length, p, x);
    f = c.gradient(x, g);
  }
}

/// @brief DANE \cite shamir2014communication with exact local solves, extrapolated over 5 rounds. Two
///        exchanges a round, and one more where the extrapolation raises f.
template <class F>
void exact_dane(cluster<F>& c, double mu) {
  numbers x(c.dimension()), g, next;
  localsgd::detail::extrapolation history;
  double f = c.gradient(x, g);
  while (!c.over()) {
    numbers const mean = c.mean([&](std::size_t k) {
      localsgd::detail::surrogate<F> s(c.shard(k), {{0, c.shard(k).samples()}});
      s.center(std::span<double const>(x), g, mu);
      numbers y = x;
      localsgd::detail::minimise_by_newton(s, {1e-8, 50}, y);
      return y;
    });
    numbers trial(x.size());
    bool const estimated = history(std::span<double const>(x), std::span<double const>(mean), {},
                                   std::span<double>(trial));
    double there = c.gradient(trial, next);
    if (!(there <= f) && estimated) {
      history.clear();
      trial = mean;
      there = c.gradient(trial, next);
    }
    for (int i = 0; !(there <= f) && i != 20; ++i) {
      for (std::size_t j = 0; j != x.size(); ++j) trial[j] = (trial[j] + x[j]) / 2;
      there = c.gradient(trial, next);
    }
    if (!(there <= f)) return;
    x = trial, f = there, g = next;
  }
}

}  // namespace exchanges
