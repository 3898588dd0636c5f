// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/result.hpp"
#include "localsgd/settings.hpp"

#include <concepts>

/// @file
/// @brief The Observer component: monitors the run and may stop it.

namespace localsgd {

/// @brief An observer's answer. It is an enum so that a bool or an int does not compile.
enum class proceed { yes, no };

namespace detail {
template <class O>
concept has_after_evaluation_returning_proceed =
    requires(O& o, evaluation const& e, plan const& p) {
      { o.after_evaluation(e, p) } -> std::same_as<proceed>;
    };
}  // namespace detail

/// @brief Receives every point of the history when it is evaluated.
///
/// | expression                | type      | meaning                                             |
/// |---------------------------|-----------|-----------------------------------------------------|
/// | `o.after_evaluation(e,p)` | `proceed` | e is the new evaluation, p the plan of the run      |
///
/// Requirements that the compiler cannot check:
/// - it is called by one thread at a time, which need not be the caller's, while all workers wait;
///   the time it takes is not included in `seconds`;
/// - it is called only at evaluations; `settings::evaluations` sets their number;
/// - `proceed::no` ends the run on all threads and ranks with `stop_reason::observer_request`;
/// - an exception ends the run and is passed on to the caller of `minimize`.
template <class O>
concept Observer = detail::has_after_evaluation_returning_proceed<O>;

/// @brief Does nothing: the default.
struct no_observer {
  static constexpr proceed after_evaluation(evaluation const&, plan const&) noexcept {
    return proceed::yes;
  }
};
static_assert(Observer<no_observer>);

}  // namespace localsgd
