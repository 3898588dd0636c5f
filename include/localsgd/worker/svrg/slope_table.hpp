// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/objective/sharded_concept.hpp"

#include <cstddef>
#include <span>
#include <vector>

/// @file
/// @brief ∂φ/∂z of every sample of a linear model, stored if the steps need it.

namespace localsgd::detail {

/// @brief Other objectives store no slopes.
struct no_slopes {
  no_slopes() = default;
  template <class F>
  explicit no_slopes(F const&) noexcept {}
  static std::span<double> to_fill() noexcept { return {}; }
  static std::span<double const> all() noexcept { return {}; }
  static bool known() noexcept { return true; }
  static void now_known() noexcept {}
  template <class Archive>
  static void state(Archive&) noexcept {}
};

/// @brief n numbers, visible to all workers.
template <Objective F>
class slope_table {
 public:
  slope_table() = default;
  explicit slope_table(F const& f) : all_(f.samples()) {}

  /// @brief The storage that an evaluation fills.
  std::span<double> to_fill() noexcept { return all_; }
  /// @brief The slopes of all samples.
  std::span<double const> all() const noexcept { return all_; }
  /// @brief The slopes of the samples of a worker.
  double const* of(std::size_t /*worker*/) const noexcept { return all_.data(); }

  /// @brief Whether an evaluation at the anchor has filled it; otherwise another one is required.
  static bool known() noexcept { return true; }
  static void now_known() noexcept {}

  template <class Archive>
  void state(Archive& archive) {
    archive(all_);
  }

 private:
  std::vector<double> all_;
};

/// @brief n_k numbers for each worker of this process, private to the worker.
template <ShardedObjective F>
class slope_table<F> {
 public:
  slope_table() = default;
  explicit slope_table(F const& f) : of_(f.shards()) {
    for (std::size_t k = 0; k != of_.size(); ++k)
      if (f.is_here(k)) of_[k].resize(f.shard_size(k));
  }

  std::span<std::vector<double>> to_fill() noexcept { return of_; }
  static std::span<double const> all() noexcept { return {}; }
  double const* of(std::size_t worker) const noexcept { return of_[worker].data(); }

  bool known() const noexcept { return known_; }
  void now_known() noexcept { known_ = true; }

  // The slopes differ between processes, and only one process writes the checkpoint: a resumed run
  // recomputes them.
  template <class Archive>
  void state([[maybe_unused]] Archive& archive) {
    if constexpr (requires { archive.left(); }) known_ = false;
  }

 private:
  std::vector<std::vector<double>> of_;
  bool known_ = true;
};

}  // namespace localsgd::detail
