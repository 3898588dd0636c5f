// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/certificate/dual_passes.hpp"
#include "localsgd/objective/regularized.hpp"
#include "localsgd/objective/sharded_concept.hpp"

#include <limits>
#include <type_traits>

/// @file
/// @brief A lower bound on f that needs no evaluation.

namespace localsgd::detail {

/// @brief Losses that declare that φ ≥ 0.
template <class L>
concept nonnegative_loss = requires { requires bool(std::remove_cvref_t<L>::nonnegative); };

template <class F>
concept has_nonnegative_loss = bool(has_class_probabilities<F> || requires(F const& f) {
  requires nonnegative_loss<decltype(f.loss())>;
});

/// @brief inf f ≥ this: 0 if neither the losses nor an L2 penalty can be negative, otherwise −∞.
///
/// f − 0 is often the tightest bound on f − f* if the model fits all samples: 0 is the dual value
/// at θ = 0. Nonsmooth regularizers do not need it, because detail::scaled_dual tries multiples of
/// θ down to 0.
template <class F>
constexpr double least_value() noexcept {
  using one = stepped_objective<F>;
  return has_ridge<one> && has_nonnegative_loss<one> ? 0.0
                                                     : -std::numeric_limits<double>::infinity();
}

}  // namespace localsgd::detail
