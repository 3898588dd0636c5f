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
  /// on the machine: the synchronizer decides how many threads run the workers.
  std::size_t workers = 8;

  /// H, local steps between two averages. 1 is mini-batch SGD of batch K·b; 0 = the library chooses
  /// from T, K, b, d and the size of a row. Ignored if a Schedule is passed.
  std::size_t local_steps = 0;

  /// b, samples per gradient: 1 … n.
  std::size_t batch_size = 1;

  /// K·b·T/n: the budget of the run in units of n gradients. 0 = only evaluate the start. Without a
  /// tolerance, 8 or more make minimize() choose variance-reduced steps for linear models: half of
  /// the epochs are local steps, and their anchors cost about as many gradients. If a tolerance
  /// makes it choose them, the default is not binding: they take as many as they need, up to 10000.
  /// A 10 that is set cannot be told from the default; `steps` always limits. Newton steps may
  /// exceed the budget on small problems, of up to 2²⁶ multiply-adds for 1000 epochs.
  double epochs = 10;

  /// T, local steps of each worker; 0 = from `epochs`, rounded up. At most 2⁵³. Without a tolerance
  /// they are plain steps, unless a LocalWorker is given.
  std::uint64_t steps = 0;

  /// Stop when f(x) − f* is certified to be at most this, in the units of f; 0 = never.
  double tolerance = 0;

  /// The random numbers are a function of (seed, worker, step).
  std::uint64_t seed = 0;

  /// Points of `result::history` besides the start and the end, spread evenly over the run; each is
  /// evaluated at the first sync time that is due. With a tolerance, 0 lets the library choose.
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

/// @brief The settings of a run with every "0 = …" resolved. Constant once created; components read
///        it.
struct plan {
  std::size_t samples = 0;          ///< n
  std::size_t dimension = 0;        ///< d, without features that a run leaves out because no sample
                                    ///< has them: see minimize()
  std::size_t scalar_bytes = 8;     ///< of one coordinate of x
  std::size_t workers = 0;          ///< K
  std::size_t batch_size = 0;       ///< b
  std::uint64_t steps = 0;          ///< T, local steps per worker
  std::uint64_t local_steps = 0;    ///< H
  std::uint64_t seed = 0;           ///< of all random numbers
  double tolerance = 0;             ///< on the certificate; 0 = none
  std::size_t evaluations = 0;      ///< points of history besides the start and the end
  double flops_per_sample = 0;      ///< multiply-adds of one component gradient; 0 = not known
  std::uint64_t start = 0;          ///< a checksum of the starting point; 0 if it is 0
  std::uint32_t lane = 0;           ///< separates the random numbers of shards; 0 without shards
};

namespace detail {

/// The value of `settings::epochs` if a tolerance ends the run.
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

/// @brief The default H: a function of counted work, never of a measured time, so that the same
///        call gives the same bits on any machine.
///
/// balanced_local_steps() for T steps and the length r of a round in local steps, counted in
/// multiply-adds. A step is b·(`flops_per_sample` + 13), with 13 for the loss and the access to the
/// row. A round is 4d + 500, with 4 for reading, summing and writing back vectors outside the inner
/// caches, and 500 for the synchronisation. The cost of drift is not known here: H is at most
/// ½√(T/(Kb)), half of the paper's order, up to which the rate is not affected
/// \cite stich2019local. If rounds would then cost more than steps, the cap is raised to r, with at
/// least `least_rounds` rounds an epoch: for samples that all workers can see, the number of rounds
/// need not grow with T at all \cite khaled2020tighter.
/// @param least_rounds     8 for plain steps; variance-reduced ones, which drift less, need 1
/// @param flops_per_sample multiply-adds of one component gradient: the nonzeros of a row, or d.
inline std::uint64_t default_local_steps(std::uint64_t steps, std::size_t samples,
                                         std::size_t workers, std::size_t batch_size,
                                         std::size_t dimension, double flops_per_sample,
                                         double least_rounds = 8) {
  if (workers == 1)  // nothing to average, but an epoch should have a sync time
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
