// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "benchmark/paper/problem.hpp"
#include "benchmark/paper/step_sizes.hpp"

#include <localsgd/kernels/rows.hpp>
#include <localsgd/kernels/simd.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

/// @file
/// @brief Local steps with many step sizes at once: they all take the same samples, so that one
///        look at a row and one draw of it serve them all, a step size to a lane.

namespace paper {

using localsgd::detail::lanes;
using localsgd::detail::multiply_add;

/// @brief How the iterates are weighted in an average: w_t = 1, t + 1, (t + 1)².
inline constexpr std::size_t averages = 3;

/// @brief What of a run is judged: the last consensus, and each average.
inline constexpr std::size_t candidates = 1 + averages;
inline constexpr std::array<char const*, candidates> candidate_names{"last", "uniform", "linear",
                                                                     "quadratic"};

/// @brief One number for each of W · lanes::size step sizes.
template <std::size_t W>
using pack = std::array<lanes, W>;

/// @brief As many lanes as step sizes are tried at once.
inline constexpr std::size_t all_lanes = 2 * half;
inline constexpr std::size_t packs = all_lanes / lanes::size;
static_assert(all_lanes % lanes::size == 0);

/// @brief What the run of one cell is made of.
struct setting {
  std::size_t workers = 1;        ///< K
  std::uint64_t local_steps = 1;  ///< H
  std::size_t batch = 1;          ///< b
  std::uint64_t seed = 0;
};

/// @brief The numbers of the local steps t … t + H − 1 that are the same on every worker.
///
/// A point is x = s·v: shrinking costs one product. The sums of iterates are A_m = u_m + β_m·v, so
/// that a step v ← v + δ leaves them alone if u_m ← u_m − β_m·δ goes with it. At t: s = 1, β = 0.
template <std::size_t W>
struct stretch_numbers {
  struct step {
    pack<W> rate;     ///< η/b
    pack<W> scale;    ///< s at the point where the gradient is taken
    pack<W> inverse;  ///< 1/s after the step
    std::array<pack<W>, averages> minus_beta;
  };
  std::vector<step> steps;
  pack<W> scale;                         ///< s at the end
  std::array<pack<W>, averages> beta;    ///< β at the end
  std::array<double, averages> weights;  ///< Σ w_t

  void prepare(std::vector<step_rule> const& rules, samples const& data, std::uint64_t from,
               std::uint64_t to, std::size_t batch) {
    double const lambda = lambda_of(data);
    std::size_t const n = data.features.rows();
    steps.resize(to - from);
    scale.fill(lanes(1.0));
    for (auto& b : beta) b.fill(lanes(0.0));
    weights.fill(0);
    alignas(lanes) std::array<double, W * lanes::size> eta;
    for (std::uint64_t t = from; t != to; ++t) {
      auto& now = steps[t - from];
      for (std::size_t i = 0; i != eta.size(); ++i) eta[i] = rules[i](t, n);
      double const w = static_cast<double>(t) + 1;
      std::array<double, averages> const weight{1, w, w * w};
      for (std::size_t p = 0; p != W; ++p) {
        auto const eta_now = lanes::load_aligned(eta.data() + p * lanes::size);
        now.scale[p] = scale[p];
        for (std::size_t m = 0; m != averages; ++m) {
          beta[m][p] += lanes(weight[m]) * scale[p];
          now.minus_beta[m][p] = -beta[m][p];
        }
        now.rate[p] = eta_now / lanes(static_cast<double>(batch));
        scale[p] *= lanes(1.0) - eta_now * lanes(lambda);
        now.inverse[p] = lanes(1.0) / scale[p];
      }
      for (std::size_t m = 0; m != averages; ++m) weights[m] += weight[m];
    }
  }
};

/// @brief ⟨a, v⟩ for all lanes; v is one pack for each coordinate.
template <std::size_t W, class Row>
pack<W> product(Row const& a, pack<W> const* v) {
  pack<W> z;
  z.fill(lanes(0.0));
  for (std::size_t j = 0; j != a.indices.size(); ++j) {
    lanes const value(static_cast<double>(a.values[j]));
    auto const& at = v[a.indices[j]];
    for (std::size_t p = 0; p != W; ++p) z[p] = multiply_add(value, at[p], z[p]);
  }
  return z;
}

/// @brief −(η/b) ∂φ/∂z for the logistic loss, at s·z.
template <std::size_t W>
pack<W> descent(pack<W> const& z, double y, pack<W> const& scale, pack<W> const& rate) {
  pack<W> out;
  for (std::size_t p = 0; p != W; ++p)
    out[p] = rate[p] * lanes(y) / (lanes(1.0) + xsimd::exp(lanes(y) * scale[p] * z[p]));
  return out;
}

/// @brief The local steps of one worker.
/// @param draws H·b samples
/// @param v     [d], the point to start from and the one arrived at
/// @param u     [d][averages], as above
template <std::size_t W>
void walk(samples const& data, stretch_numbers<W> const& numbers, std::size_t batch,
          std::vector<std::size_t> const& draws, std::vector<pack<W>>& slopes, pack<W>* v,
          std::array<pack<W>, averages>* u) {
  constexpr std::size_t ahead = 4;
  std::size_t const* sample = draws.data();
  std::size_t const* const last = sample + draws.size() - 1;
  for (auto const& now : numbers.steps) {
    for (std::size_t j = 0; j != batch; ++j) {
      localsgd::detail::prefetch_row(data.features, *std::min(sample + j + ahead, last));
      std::size_t const i = sample[j];
      slopes[j] = descent<W>(product<W>(data.features.row(i), v), data.targets.data()[i], now.scale,
                             now.rate);
    }
    for (std::size_t j = 0; j != batch; ++j) {
      auto const a = data.features.row(sample[j]);
      pack<W> by;
      for (std::size_t p = 0; p != W; ++p) by[p] = slopes[j][p] * now.inverse[p];
      for (std::size_t k = 0; k != a.indices.size(); ++k) {
        lanes const value(static_cast<double>(a.values[k]));
        auto& at_v = v[a.indices[k]];
        auto& at_u = u[a.indices[k]];
        for (std::size_t p = 0; p != W; ++p) {
          lanes const delta = value * by[p];
          at_v[p] += delta;
          for (std::size_t m = 0; m != averages; ++m)
            at_u[m][p] = multiply_add(now.minus_beta[m][p], delta, at_u[m][p]);
        }
      }
    }
    sample += batch;
  }
}

}  // namespace paper
