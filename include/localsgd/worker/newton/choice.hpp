// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/settings.hpp"
#include "localsgd/worker/decay_rate.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

/// @file
/// @brief The decision when Newton steps replace local steps.

namespace localsgd::detail {

/// @brief When Newton steps replace local steps.
///
/// The convergence rate of local steps depends on the condition number; four Newton steps usually
/// suffice for any, and one for least squares. Their cost, in epochs of local steps, depends on sizes
/// only (work_of_sample). They begin at once (newton_begins_at_once), or when local steps have cost an
/// eighth of it, half a Newton step, or the rate r of the last anchors, low at first, predicts that
/// they will: f − f* takes log(left/ε)/log(1/r) more epochs. If less than one seems left, local steps
/// continue until they have cost the full amount. After a failed Newton step the amount is four times
/// as large, and after four there are no more. Nor are there when their gradients exceed the budget of
/// the run.
class newton_choice {
 public:
  newton_choice() = default;
  explicit newton_choice(bool at_once) noexcept : at_once_(at_once) {}

  bool at_once() const noexcept { return at_once_; }
  bool one_step_suffices() const noexcept { return steps_ == 1; }
  void expect_one_step() noexcept { steps_ = 1; }

  /// @brief Records the decrease of f by local steps from one anchor to the next.
  void watch(double drop) noexcept { drops_.add(drop); }
  /// @brief A step has failed. @param goes_on whether another kind of step can follow
  void failed(bool goes_on) noexcept {
    pays_ = goes_on;
    if (!goes_on) ++failures_;
  }

  /// @brief Whether to make another step. Once steps have begun, they continue until one fails.
  /// @param gradients that steps have cost
  /// @param epochs    the cost of a step, in epochs of local steps
  /// @param share     of the whole cost that local steps have to reach first
  /// @param always    whether local steps cannot be better
  bool pays(plan const& p, std::uint64_t gradients, double epochs, double share,
            bool always) noexcept {
    if (!(p.tolerance > 0) || failures_ > most_failures) return false;
    if (static_cast<double>(gradients) > budget(p)) return false;
    if (pays_) return true;
    double const price = steps_ * epochs * std::exp2(2 * failures_);
    double const soon = share * price, anchors = static_cast<double>(drops_.count());
    double const left = drops_.steps(drops_.rest(), p.tolerance);
    bool const known = anchors >= 2;
    pays_ = always || (at_once_ && failures_ == 0) || anchors >= price ||
            (anchors >= soon && !(known && left < 1)) || (known && left > soon);
    return pays_;
  }

  template <class Archive>
  void state(Archive& archive) {
    archive(drops_, pays_, failures_, steps_);
  }

 private:
  static constexpr int most_failures = 3;

  // K·b·T, as the settings say, but at least 1,000 epochs or, if they are fewer, 2²⁶ operations.
  static double budget(plan const& p) noexcept {
    double const n = static_cast<double>(p.samples), each = std::max(1.0, p.flops_per_sample);
    return std::max(epochs_of(p) * n, std::min(1000 * n, 0x1p26 / each));
  }

  decay_rate drops_{0.01};  // of f from anchor to anchor
  double steps_ = 4;
  bool at_once_ = false, pays_ = false;
  int failures_ = 0;
};

}  // namespace localsgd::detail
