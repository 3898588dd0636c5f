// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/core/local_steps.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

/// @file
/// @brief The user's choices (settings), and the resolved form that a run uses (plan).

namespace localsgd {

/// @brief The parameters of a run that are not components.
struct settings {
  /// K, the number of sequences that step independently. It affects the result, so it never depends
  /// on the machine; the synchronizer decides how many threads run the workers.
  std::size_t workers = 8;

  /// H, the number of local steps between two averages. 1 is mini-batch SGD with batches of K·b; 0
  /// lets the library choose from T, K, b, d and the length of a row. A Schedule overrides it.
  std::size_t local_steps = 0;

  /// b, the number of samples per gradient, 1 … n.
  std::size_t batch_size = 1;

  /// K·b·T/n, the budget of the run in units of n gradients. 0 only evaluates the starting point.
  /// Without a tolerance, minimize() uses variance-reduced steps for linear models from 8 epochs
  /// on: half of the epochs are local steps, and the anchors cost about as many gradients. If these
  /// steps are used because of a tolerance, the default value does not limit them: they may take up
  /// to 10000 epochs. An explicit 10 is the same as the default; `steps` is always a limit. On
  /// small problems, Newton steps may take 1000 epochs, or 2²⁶ multiply-adds if that is less.
  double epochs = 10;

  /// T, the number of local steps of each worker, at most 2⁵³; 0 = from `epochs`, rounded up.
  /// Without a tolerance these are plain SGD steps, unless a LocalWorker is passed.
  std::uint64_t steps = 0;

  /// Stop when f(x) − f* is certified to be at most this, in the units of f; 0 = never.
  double tolerance = 0;

  /// The seed: every random number is a function of (seed, worker, step).
  std::uint64_t seed = 0;

  /// The number of points of `result::history` besides the start and the end, spread evenly over
  /// the run and moved to the next sync time. With a tolerance, 0 lets the library choose.
  std::size_t evaluations = 0;

  /// @throws invalid_settings naming the field, its value and the violated rule.
  void validate() const {
    detail::require(workers >= 1, "workers", workers, ">= 1");
    detail::require(workers <= max_workers, "workers", workers, "<= 1048576");
    detail::require(batch_size >= 1, "batch_size", batch_size, ">= 1");
    detail::require_nonnegative("epochs", epochs);
    detail::require(steps <= max_steps, "steps", steps, "<= 2^53");
    detail::require_nonnegative("tolerance", tolerance);
  }

  static constexpr std::size_t max_workers = std::size_t{1} << 20;
  static constexpr std::uint64_t max_steps = std::uint64_t{1} << 53;
};

/// @brief The settings of a run with every automatic value (0) resolved. Constant once created;
///        components read it.
struct plan {
  std::size_t samples = 0;          ///< n
  std::size_t dimension = 0;        ///< d, not counting features that the run omits because they
                                    ///< are empty in all samples: see minimize()
  std::size_t scalar_bytes = 8;     ///< size of one coordinate of x
  std::size_t workers = 0;          ///< K
  std::size_t batch_size = 0;       ///< b
  std::uint64_t steps = 0;          ///< T, local steps per worker
  std::uint64_t local_steps = 0;    ///< H
  std::uint64_t seed = 0;           ///< seeds all random numbers
  double tolerance = 0;             ///< on the certificate; 0 = none
  std::size_t evaluations = 0;      ///< points of the history besides the start and the end
  double flops_per_sample = 0;      ///< multiply-adds of one component gradient; 0 if unknown
  std::uint64_t start = 0;          ///< a checksum of the starting point; 0 if that is x = 0
  std::uint32_t lane = 0;           ///< separates the random numbers of shards; 0 without shards
};

namespace detail {

/// The value of `settings::epochs` if it is left at its default and a tolerance is to end the run.
inline constexpr double patient_epochs = 10000;

/// @brief T = ⌈epochs·n/(K·b)⌉, unless `steps` is set. @throws invalid_settings if above 2⁵³.
inline std::uint64_t steps_of(settings const& s, std::size_t samples) {
  if (s.steps != 0) return s.steps;
  double const per_step = static_cast<double>(s.workers) * static_cast<double>(s.batch_size);
  double const steps = std::ceil(s.epochs * static_cast<double>(samples) / per_step);
  require(steps <= static_cast<double>(settings::max_steps), "epochs", s.epochs,
          "small enough for at most 2^53 steps");
  return static_cast<std::uint64_t>(steps);
}

/// @brief K·b·T/n, the epochs that a run may take.
inline double epochs_of(plan const& p) noexcept {
  return static_cast<double>(p.steps) * static_cast<double>(p.workers * p.batch_size) /
         static_cast<double>(p.samples);
}

/// @brief The largest number of samples of a worker, if they are divided evenly.
inline std::size_t samples_per_worker(plan const& p) noexcept {
  return (p.samples + p.workers - 1) / p.workers;
}

/// @brief The default H: a function of operation counts, never of measured times, so that the same
///        call gives the same bits on any machine.
///
/// balanced_local_steps() for T steps and r, the cost of a round relative to that of a local step,
/// both in multiply-adds. A step costs b·(`flops_per_sample` + 13): 13 for the loss and for
/// accessing the row. A round costs 4d + 500: 4 for reading, summing and writing back vectors
/// outside the inner caches, and 500 for the synchronisation. The cost of drift is unknown here, so
/// H is at most ½√(T/(Kb)), half of the order up to which the paper's rate is not affected
/// \cite stich2019local. If rounds would then cost more than steps, the cap is raised to r, with at
/// least `least_rounds` rounds per epoch: if all workers see all samples, the number of rounds need
/// not grow with T at all \cite khaled2020tighter.
/// @param least_rounds     8 for plain steps; variance-reduced steps drift less and need 1
/// @param flops_per_sample multiply-adds of one component gradient: the nonzeros of a row, or d.
inline std::uint64_t default_local_steps(std::uint64_t steps, std::size_t samples,
                                         std::size_t workers, std::size_t batch_size,
                                         std::size_t dimension, double flops_per_sample,
                                         double least_rounds = 8) {
  if (workers == 1)  // nothing to average, but each epoch should have a sync time
    return std::max<std::uint64_t>(
        1, std::min(std::min<std::uint64_t>(steps, 1024), std::uint64_t{samples / batch_size}));
  constexpr double rendezvous = 500, overhead = 13;
  double const k = static_cast<double>(workers), b = static_cast<double>(batch_size);
  double const t = static_cast<double>(steps);
  double const round = (4 * static_cast<double>(dimension) + rendezvous) /
                       (b * (flops_per_sample + overhead));
  double const longest = static_cast<double>(samples) / (least_rounds * k * b);
  double const cap = std::max(std::sqrt(t / (k * b)) / 2, std::min(round, longest));
  return static_cast<std::uint64_t>(
      std::max(1.0, std::min(std::ceil(balanced_local_steps(round, t)), cap)));
}

}  // namespace detail

}  // namespace localsgd
