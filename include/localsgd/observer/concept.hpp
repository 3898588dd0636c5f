// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/result.hpp"
#include "localsgd/settings.hpp"

#include <concepts>

/// @file
/// @brief The Observer component: looks after each evaluation, may stop the run.

namespace localsgd {

/// @brief An observer's answer. An enum, so that no bool, int or count is taken for one.
enum class proceed { yes, no };

namespace detail {
template <class O>
concept has_after_evaluation_returning_proceed =
    requires(O& o, evaluation const& e, plan const& p) {
      { o.after_evaluation(e, p) } -> std::same_as<proceed>;
    };
}  // namespace detail

/// @brief Sees every point of the history as it is made.
///
/// | expression                | type      | meaning                                             |
/// |---------------------------|-----------|-----------------------------------------------------|
/// | `o.after_evaluation(e,p)` | `proceed` | e: the evaluation just made; p: the plan of the run |
///
/// What no compiler can check:
/// - it is called by one thread at a time, which need not be the caller's, while all workers wait:
///   the time it takes is excluded from `seconds`;
/// - it is called at the evaluations only: `settings::evaluations` says how many there are;
/// - `proceed::no` ends the run on all members with `stop_reason::observer_request`;
/// - what it throws ends the run and reaches the caller of `minimize`.
template <class O>
concept Observer = detail::has_after_evaluation_returning_proceed<O>;

/// @brief Sees nothing, stops nothing: the default.
struct no_observer {
  static constexpr proceed after_evaluation(evaluation const&, plan const&) noexcept {
    return proceed::yes;
  }
};
static_assert(Observer<no_observer>);

}  // namespace localsgd
