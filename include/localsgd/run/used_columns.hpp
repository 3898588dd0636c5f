// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/averager/mean.hpp"
#include "localsgd/compressor/identity.hpp"
#include "localsgd/core/tensor.hpp"
#include "localsgd/data/used_columns.hpp"
#include "localsgd/result.hpp"
#include "localsgd/run/components.hpp"
#include "localsgd/run/record.hpp"
#include "localsgd/settings.hpp"
#include "localsgd/worker/dual/ascent.hpp"

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

/// @file
/// @brief Runs on hashed features, of which most may not occur.

namespace localsgd::detail {

/// @brief Whether a component may see the coordinates of x, and so must see all of them.
template <class C, class F>
concept sees_coordinates =
    bool(worker_kind::of<C, F> || std::same_as<C, warm_start> ||
         (averager_kind::of<C, F> && !std::same_as<C, mean>) ||
         (compressor_kind::of<C, F> && !std::same_as<C, identity>));

/// @brief Whether a run may leave out coordinates of features that no sample has: if it starts at
///        0, and the objective says which they are.
template <class F, class... Given>
inline constexpr bool may_leave_out_columns =
    requires(F const& f) { f.used_features(); } && !(sees_coordinates<Given, F> || ...);

/// @brief x with all coordinates, of which the ones left out are 0. What follows the features, the
///        intercept, stays behind them.
template <class Scalar>
vector<Scalar> with_all_columns(vector<Scalar> const& x, std::span<std::uint32_t const> original,
                                std::size_t columns) {
  std::size_t const used = original.size();
  vector<Scalar> all(std::array<std::size_t, 1>{columns + x.size() - used}, Scalar{0});
  for (std::size_t j = 0; j != used; ++j) all.data()[original[j]] = x.data()[j];
  std::copy(x.data() + used, x.data() + x.size(), all.data() + columns);
  return all;
}

/// @brief The share of empty columns from which a run leaves them out: most, if it is likely to end
///        with a few passes of dual coordinate ascent.
template <class... Given, class F>
double least_share_of_empty_columns([[maybe_unused]] F const& f, settings const& s) {
  if constexpr (count_of<step_size_kind, F, Given...> == 0)
    if (s.tolerance > 0 && dual_ascent<F>::suits(f)) return 0.875;
  return usual_share_of_empty_columns;
}

/// @brief run(f, 0); or, if many features of f do not occur, run(g, seconds) with g on the features
///        that do, after so many seconds, and its result as that of f.
template <class... Given, class F, class Run>
auto run_on_used_columns(F const& f, [[maybe_unused]] settings const& s, Run const& run) {
  if constexpr (may_leave_out_columns<F, Given...>) {
    stopwatch const watch;
    if (auto const used = f.used_features(least_share_of_empty_columns<Given...>(f, s))) {
      auto result = run(f.with_features(used->matrix), watch.total());
      for (auto* const x : {&result.x, &result.average, &result.last})
        *x = with_all_columns(*x, used->original, f.features().columns());
      return result;
    }
  }
  return run(f, 0);
}

}  // namespace localsgd::detail
