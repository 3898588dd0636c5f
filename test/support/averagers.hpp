// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/averager/concept.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

/// @file
/// @brief Averagers as a user would write them.

namespace support {

/// @brief An outer optimiser with momentum: does not keep the mean, has a memory, and says what it
///        remembers.
///
/// v ← v/2 + (x̄ − x), x ← x + v, coordinate by coordinate, with plain weights.
struct outer_momentum {
  template <class Scalar>
  struct bound {
    static constexpr bool keeps_mean = false;
    std::size_t workers = 1;
    std::vector<Scalar> velocity, next;  ///< next counts once the round is accepted

    double weight(std::size_t) const { return 1 / static_cast<double>(workers); }
    void begin_round(localsgd::round_info const&) { next = velocity; }
    void apply(std::size_t first, std::span<Scalar const> previous, std::span<Scalar> mean) {
      for (std::size_t i = 0; i != mean.size(); ++i) {
        Scalar& v = next[first + i];
        v = velocity[first + i] / 2 + (mean[i] - previous[i]);
        mean[i] = previous[i] + v;
      }
    }
    void commit() { std::swap(velocity, next); }
    void rollback() {}
    void reset(std::span<Scalar const>) {}  // a velocity is one anywhere
    template <class Archive>
    void state(Archive& archive) {
      archive(velocity);
    }
  };

  template <class Scalar>
  bound<Scalar> bind(localsgd::plan const& p, std::span<std::size_t const> shard_sizes) const {
    return {shard_sizes.size(), std::vector<Scalar>(p.dimension), {}};
  }
  static std::string identity() { return "outer_momentum"; }
};
static_assert(localsgd::Averager<outer_momentum> && localsgd::Averager<outer_momentum, float>);

/// @brief The largest number of every coordinate.
struct coordinate_maximum {
  template <class Scalar>
  struct bound : localsgd::memoryless_average<Scalar> {
    std::size_t workers = 1;
    double weight(std::size_t) const { return 1 / static_cast<double>(workers); }
    static void combine(std::span<std::span<Scalar> const> rows, std::size_t first,
                        std::size_t last, std::span<Scalar> out) {
      for (std::size_t i = first; i != last; ++i) {
        out[i] = rows[0][i];
        for (auto const& row : rows) out[i] = std::max(out[i], row[i]);
      }
    }
  };
  template <class Scalar>
  bound<Scalar> bind(localsgd::plan const&, std::span<std::size_t const> sizes) const {
    return {{}, sizes.size()};
  }
  static std::string identity() { return "coordinate_maximum"; }
};
static_assert(localsgd::Averager<coordinate_maximum>);

/// @brief What `averager` makes of K points.
template <class Averager>
std::vector<double> combined(Averager const& averager, std::vector<std::vector<double>> points) {
  std::vector<std::size_t> const sizes(points.size(), 1);
  auto const state = averager.template bind<double>(localsgd::plan{}, sizes);
  std::vector<std::span<double>> const rows(points.begin(), points.end());
  std::vector<double> out(points[0].size(), -1);
  state.combine(rows, 0, out.size(), out);
  return out;
}

/// @brief Σ (x − target)²/2n in one dimension: its minimum is the mean of the targets.
struct centre {
  using scalar = double;
  std::vector<double> targets;
  std::size_t dimension() const { return 1; }
  std::size_t samples() const { return targets.size(); }
  double gradient(std::span<double const> x, std::span<std::size_t const> batch,
                  std::span<double> g) const {
    double loss = 0;
    g[0] = 0;
    for (std::size_t const i : batch) {
      g[0] += (x[0] - targets[i]) / static_cast<double>(batch.size());
      loss += (x[0] - targets[i]) * (x[0] - targets[i]) / 2 / static_cast<double>(batch.size());
    }
    return loss;
  }
};

}  // namespace support
