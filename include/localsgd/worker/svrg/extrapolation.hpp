// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/cache_aligned.hpp"
#include "localsgd/core/compiler.hpp"
#include "localsgd/kernels/cholesky.hpp"
#include "localsgd/kernels/simd.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <span>

/// @file
/// @brief Anderson acceleration: the fixed point of a map, guessed from its last few values.

namespace localsgd::detail {

/// @brief From pairs (x_i, T(x_i)) of a map T, an estimate of its fixed point: Σ c_i T(x_i) with
///        Σ c_i = 1, where residuals Σ c_i (T(x_i) − x_i) are least \cite anderson1965iterative.
///
/// Keeps the last 5 pairs, ten vectors of length d in all. Not thread safe.
class extrapolation {
 public:

  /// @brief Forgets all pairs.
  void clear() noexcept { size_ = 0; }

  /// @brief Adds the pair (start, end) and overwrites `out` with the estimate, or with `end`.
  /// @param steps > 0: residuals count 1/steps_j in their norm; empty: they all count alike
  /// @return Whether `out` is an estimate. @pre all have length d
  template <class Scalar>
  bool operator()(std::span<Scalar const> start, std::span<Scalar const> end,
                  std::span<double const> steps, std::span<Scalar> out) {
    std::ranges::copy(end, out.begin());
    if (size_ == most) {  // the newest replaces the oldest
      std::rotate(pairs_.begin(), pairs_.begin() + 1, pairs_.end());
      --size_;
    }
    pair& last = pairs_[size_++];
    last.end.resize(end.size());
    last.residual.resize(end.size());
    for (std::size_t j = 0; j != end.size(); ++j) {
      last.end[j] = static_cast<double>(end[j]);
      last.residual[j] = static_cast<double>(end[j]) - static_cast<double>(start[j]);
    }
    small_system<most> s;
    switch (size_) {
      case 2: add_up<1>(steps, s); break;
      case 3: add_up<2>(steps, s); break;
      case 4: add_up<3>(steps, s); break;
      case 5: add_up<4>(steps, s); break;
      default: return false;
    }
    if (!s.solve(1e-6)) return false;
    for (std::size_t j = 0; j != end.size(); ++j) {
      double at = last.end[j];
      for (std::size_t i = 0; i != s.size; ++i) at += s.b[i] * (pairs_[i].end[j] - last.end[j]);
      out[j] = static_cast<Scalar>(at);
    }
    return true;
  }

  template <class Archive>
  void state(Archive& archive) {
    archive(size_);
    for (pair& each : pairs_) archive(each.end, each.residual);
  }

 private:
  static constexpr std::size_t most = 5;

  struct pair {
    aligned_vector<double> end, residual;
  };

  // The normal equations of the least residual, of N pairs and the last one.
  template <std::size_t N>
  LOCALSGD_ONE_COPY void add_up(std::span<double const> steps, small_system<most>& s) const {
    std::size_t const d = pairs_[N].residual.size();
    lanes b[N], a[N * (N + 1) / 2], difference[N];
    for (lanes& each : b) each = lanes(0.0);
    for (lanes& each : a) each = lanes(0.0);
    auto const add = [&](lanes const& step, auto const& at) {
      lanes const own = at(pairs_[N]);
      for (std::size_t i = 0; i != N; ++i) {
        difference[i] = at(pairs_[i]) - own;
        lanes const weighted = difference[i] / step;
        b[i] = multiply_add(weighted, own, b[i]);
        for (std::size_t k = 0; k <= i; ++k) {
          lanes& sum = a[i * (i + 1) / 2 + k];
          sum = multiply_add(weighted, difference[k], sum);
        }
      }
    };
    std::size_t j = 0;
    for (; j + lanes::size <= d; j += lanes::size)
      add(steps.empty() ? lanes(1.0) : load(steps.data() + j),
          [j](pair const& p) { return load(p.residual.data() + j); });
    if (std::size_t const rest = d - j; rest != 0) {
      alignas(lanes) double last[lanes::size];
      std::fill(std::begin(last), std::end(last), 1.0);
      if (!steps.empty()) std::copy_n(steps.begin() + static_cast<std::ptrdiff_t>(j), rest, last);
      add(lanes::load_aligned(last),
          [j, rest](pair const& p) { return load_first(p.residual.data() + j, rest); });
    }
    s.size = N;
    for (std::size_t i = 0; i != N; ++i) {
      s.b[i] = -sum_of(b[i]);
      for (std::size_t k = 0; k <= i; ++k) s.a[i][k] = sum_of(a[i * (i + 1) / 2 + k]);
    }
  }

  std::size_t size_ = 0;
  std::array<pair, most> pairs_;
};

}  // namespace localsgd::detail
