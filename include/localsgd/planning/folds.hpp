// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/core/random.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <numeric>
#include <span>
#include <string>
#include <vector>

/// @file
/// @brief Splits of the samples into folds, for cross-validation.

namespace localsgd {

namespace detail {

inline void check_folds(std::size_t samples, std::size_t folds) {
  require(folds >= 2, "folds", folds, ">= 2");
  require(folds <= samples, "folds", folds,
          "at most the number of samples, " + std::to_string(samples));
}

/// @brief Distributes the samples of one class to the folds, in a random order.
/// @param dealt the number of samples distributed so far, which is increased
inline void deal(std::span<std::size_t const> samples, std::size_t folds, std::uint64_t seed,
                 std::uint32_t lane, std::size_t& dealt, std::span<std::size_t> fold_of) {
  constexpr std::uint64_t epoch = std::uint64_t{1} << 60;  // larger than any epoch of a sampler
  random_permutation const order(samples.size(), seed, lane, epoch);
  for (std::size_t i = 0; i != samples.size(); ++i)
    fold_of[samples[order(i)]] = dealt++ % folds;
}

}  // namespace detail

/// @brief The fold of each of n samples, 0 … folds−1: a random split into parts whose sizes differ
///        by at most one.
///
/// A pure function: the same arguments give the same folds on all platforms.
/// @throws invalid_settings naming `folds` unless 2 ≤ folds ≤ samples
inline std::vector<std::size_t> random_folds(std::size_t samples, std::size_t folds,
                                             std::uint64_t seed = 0) {
  detail::check_folds(samples, folds);
  std::vector<std::size_t> all(samples), fold_of(samples);
  std::iota(all.begin(), all.end(), std::size_t{0});
  std::size_t dealt = 0;
  detail::deal(all, folds, seed, 0, dealt, fold_of);
  return fold_of;
}

/// @brief The same, stratified: for each class, the number of samples also differs by at most one
///        between folds.
///
/// The sizes of the folds still differ by at most one. If a class has fewer samples than there are
/// folds, some folds have none of them.
/// @param targets the class of each sample, any numbers
/// @throws invalid_settings naming `folds` unless 2 ≤ folds ≤ samples
inline std::vector<std::size_t> stratified_folds(std::span<double const> targets, std::size_t folds,
                                                 std::uint64_t seed = 0) {
  detail::check_folds(targets.size(), folds);
  std::map<double, std::vector<std::size_t>> classes;
  for (std::size_t i = 0; i != targets.size(); ++i) classes[targets[i]].push_back(i);
  std::vector<std::size_t> fold_of(targets.size());
  std::size_t dealt = 0;
  std::uint32_t lane = 0;
  for (auto const& [target, samples] : classes)
    detail::deal(samples, folds, seed, lane++ % (1U << 29U), dealt, fold_of);
  return fold_of;
}

/// @brief Whether the targets are probably classes: at most two values, or integers.
inline bool are_classes(std::span<double const> targets) {
  double const* const first = targets.data();
  double const* const last = first + targets.size();
  if (std::all_of(first, last, [](double y) { return y == std::floor(y); })) return true;
  double const* const other = std::find_if(first, last, [&](double y) { return y != *first; });
  return std::all_of(other, last, [&](double y) { return y == *first || y == *other; });
}

}  // namespace localsgd
