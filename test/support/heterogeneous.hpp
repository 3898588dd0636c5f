// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/objective/concept.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

/// @file
/// @brief Samples that disagree: full gradients of workers that see different functions.

namespace support {

/// @brief f_i(x) = ½ Σ_j a_ij (x_j − c_ij)², i < n. With n workers, `sharded` and b = 1, worker i sees
///        only f_i, and its gradients have no noise.
struct heterogeneous {
  using scalar = double;
  std::vector<std::vector<double>> curvature, centre;  // a and c, n × d

  std::size_t dimension() const noexcept { return centre[0].size(); }
  std::size_t samples() const noexcept { return centre.size(); }
  double gradient(std::span<double const> x, std::span<std::size_t const> batch,
                  std::span<double> g) const {
    std::fill(g.begin(), g.end(), 0.0);
    double loss = 0;
    double const share = 1 / static_cast<double>(batch.size());
    for (std::size_t const i : batch)
      for (std::size_t j = 0; j != x.size(); ++j) {
        double const apart = x[j] - centre[i][j];
        g[j] += share * curvature[i][j] * apart;
        loss += share * curvature[i][j] * apart * apart / 2;
      }
    return loss;
  }

  double mean_curvature(std::size_t j) const noexcept {
    double sum = 0;
    for (auto const& each : curvature) sum += each[j] / static_cast<double>(samples());
    return sum;
  }
  double strong_convexity() const noexcept {
    double least = mean_curvature(0);
    for (std::size_t j = 1; j != dimension(); ++j) least = std::min(least, mean_curvature(j));
    return least;
  }
  double stable_step(std::size_t /*batch_size*/) const noexcept {
    double largest = 0;
    for (auto const& each : curvature)
      for (double const a : each) largest = std::max(largest, a);
    return 1 / (4 * largest);
  }
  /// @brief x*_j = Σ_i a_ij c_ij / Σ_i a_ij
  std::vector<double> minimiser() const {
    std::vector<double> x(dimension());
    for (std::size_t j = 0; j != x.size(); ++j) {
      for (std::size_t i = 0; i != samples(); ++i) x[j] += curvature[i][j] * centre[i][j];
      x[j] /= mean_curvature(j) * static_cast<double>(samples());
    }
    return x;
  }
  double value(std::vector<double> const& x) const {
    std::vector<double> g(x.size());
    std::vector<std::size_t> all(samples());
    for (std::size_t i = 0; i != all.size(); ++i) all[i] = i;
    return gradient(x, all, g);
  }
};
static_assert(localsgd::Objective<heterogeneous>);

/// @brief Three samples in two dimensions, of curvatures from 0.5 to 4.
inline heterogeneous three_quadratics() {
  return {{{1, 4}, {2, 1}, {0.5, 1}}, {{1, -2}, {-3, 1}, {8, 5}}};
}

}  // namespace support
