// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/tensor.hpp"
#include "localsgd/fwd.hpp"

#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

/// @file
/// @brief The result of a run: the answer, why the run ended, and its history.

namespace localsgd {

/// @brief Why a run ended. `result::x` is finite in all cases.
enum class stop_reason {
  steps_done,         ///< All T local steps are done. x is usable.
  tolerance_reached,  ///< The certificate is at most `settings::tolerance`. x is usable.
  precision_reached,  ///< f has stopped decreasing, and the certificate is within the rounding
                      ///< error of f: above the tolerance, but as small as it can get. x is usable.
  stalled,  ///< f and ‖∇f‖ have stopped decreasing, but the certificate does not show that
            ///< x is near the minimum. x is the best point found and may be far from it:
            ///< scale the features to similar ranges.
  interrupted,  ///< A stop request or a signal arrived, and the checkpoint was written. x is
                ///< usable; the same call continues from there.
  observer_request,  ///< The observer returned `proceed::no`. x is the point it received; usable.
  diverged,          ///< An average was not finite. x is the last finite consensus (the last
                     ///< evaluated one if rounds exchange only touched coordinates), for
                     ///< inspection only. Use a smaller step size or scale the features.
  no_minimum,        ///< A tolerance is set, but f has no minimum: without a penalty it keeps
                     ///< decreasing as x grows, because x separates the classes. x is usable, but
                     ///< its norm depends on the length of the run: add a penalty.
};

/// @brief The name of a stop reason, as spelled in the code.
constexpr std::string_view to_string(stop_reason reason) noexcept {
  switch (reason) {
    case stop_reason::steps_done: return "steps_done";
    case stop_reason::tolerance_reached: return "tolerance_reached";
    case stop_reason::precision_reached: return "precision_reached";
    case stop_reason::stalled: return "stalled";
    case stop_reason::interrupted: return "interrupted";
    case stop_reason::observer_request: return "observer_request";
    case stop_reason::diverged: return "diverged";
    case stop_reason::no_minimum: return "no_minimum";
  }
  return "unknown";
}

/// @brief The state of a run at one sync time.
struct evaluation {
  std::uint64_t steps = 0;      ///< Local steps done by each worker.
  std::uint64_t rounds = 0;     ///< Averages computed.
  std::uint64_t gradients = 0;  ///< Component gradients so far: see result::gradients.
  std::uint64_t exchanges = 0;  ///< So far: see result::exchanges.
  std::uint64_t bytes = 0;      ///< So far: see result::bytes.
  double seconds = 0;           ///< Training time, evaluations excluded.
  double objective = 0;         ///< f at the better of the weighted average and the consensus.
  double certificate = std::numeric_limits<double>::infinity();  ///< Bound on f − f* at that point.
  double drift = 0;  ///< (1/K) Σ_k ‖x_k − x̄‖² just before the last average.
};

/// @brief The answer of `minimize`, and the statistics of the run.
/// @tparam Scalar `float` or `double`: the type of x.
template <class Scalar>  // the default is double: see fwd.hpp
struct result {
  using scalar = Scalar;

  /// x̂_T = 1/(K S_T) Σ_k Σ_t w_t x_t^k, the weighted average of all iterates of all workers, t = 0
  /// … T−1. If the run diverged, the last consensus.
  vector<Scalar> average;
  /// The last consensus (asynchronous runs: the final aggregate). With variance-reduced steps, the
  /// last anchor if the steps after it increased f.
  vector<Scalar> last;
  vector<Scalar> x;     ///< The answer: whichever of the two has the smaller objective.
  double objective = 0; ///< f(x); infinity if it overflows.

  /// A proven upper bound on f(x) − f*: ‖∇f(x)‖²/(2μ), or a tighter one from a dual point of a
  /// linear model or softmax regression, from an earlier evaluation, or f(x) itself if f ≥ 0.
  /// Infinity if none is known: other objectives have a bound only if μ > 0.
  double certificate = std::numeric_limits<double>::infinity();

  stop_reason reason = stop_reason::steps_done;  ///< Why the run ended.

  /// @return false if the run diverged.
  [[nodiscard]] constexpr bool usable() const noexcept { return reason != stop_reason::diverged; }

  std::uint64_t steps = 0;      ///< Local steps done by each worker.
  std::uint64_t rounds = 0;     ///< Averages computed.

  /// The number of component gradients: K·b·steps. Variance-reduced steps add n per anchor and,
  /// unless the gradients at the anchor are stored, as for linear models, one more per sample of a
  /// step. Dual ascent adds n per epoch and per evaluation; Newton steps add n per evaluation and
  /// the work of their Hessians, converted to gradients.
  std::uint64_t gradients = 0;

  /// The number of vectors of length d averaged or summed over all workers: averages, full
  /// gradients and line searches. Evaluations are not counted, nor are the one-time measurements of
  /// variance-reduced steps.
  std::uint64_t exchanges = 0;

  /// Bytes sent by these exchanges, summed over all processes and counted by the sender. Compressed
  /// and sparse messages count with their actual size, as do data that ranks of one machine
  /// exchange through shared memory. A single process sends nothing and reports what K ranks of one
  /// worker each would send: 2(K−1)·d·sizeof(Scalar) for an average, 12 instead of sizeof(Scalar)
  /// per coordinate of a sparse average if that is less, and K−1 copies of a compressed message.
  std::uint64_t bytes = 0;
  double seconds = 0;                ///< Training only: set-up included, evaluations excluded.
  /// From the start to the end. Several evaluations have steps = 0 if the run begins with Newton
  /// steps or dual coordinate ascent.
  std::vector<evaluation> history;

  /// For asynchronous runs, the largest observed delay τ in local steps: the difference between the
  /// reader's step count and the oldest contribution that it read. 0 for synchronous runs.
  std::uint64_t delay = 0;
};

}  // namespace localsgd
