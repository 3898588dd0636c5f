// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/minimize.hpp"
#include "localsgd/settings.hpp"

#include <algorithm>

/// @file
/// @brief Baselines for Local SGD, at equal gradients and at equal rounds.

namespace localsgd {

/// @brief A run of Local SGD and its three baselines, all with exactly the same number of
///        gradients.
///
/// | settings      | workers | gap | batch | steps | gradients | rounds |
/// |---------------|---------|-----|-------|-------|-----------|--------|
/// | `local_sgd`   | K       | H   | b     | T     | K·b·T     | T/H    |
/// | `mini_batch`  | K       | 1   | b     | T     | K·b·T     | T      |
/// | `large_batch` | K       | 1   | b·H   | T/H   | K·b·T     | T/H    |
/// | `one_shot`    | K       | T   | b     | T     | K·b·T     | 1      |
///
/// `large_batch` also has as many rounds as Local SGD: mini-batch SGD with equal gradients and
/// equal rounds is the relevant baseline \cite woodworth2020local. H is at most T; T is that of the
/// given settings, rounded up to a multiple of H (down if it would otherwise exceed 2⁵³).
///
/// The counts hold for plain steps with the schedule of the settings, as long as neither a
/// tolerance nor an observer ends the run. Each of the four should have its own step size: a batch
/// H times as large allows a larger one.
/// H times as large allows a larger one.
struct baselines {
  settings local_sgd, mini_batch, large_batch, one_shot;
};

/// @brief The baselines of a run with these settings, with every 0 resolved as in `minimize`.
/// @throws invalid_settings if one of the four runs is not possible: b·H must be at most n
template <Objective F>
baselines baselines_of(F const& f, settings s) {
  plan const p = detail::make_plan(f, s, false);
  std::uint64_t const h = std::min(p.local_steps, std::max<std::uint64_t>(p.steps, 1));
  std::uint64_t rounds = (p.steps + h - 1) / h;  // ⌈T/H⌉
  if (rounds * h > settings::max_steps) --rounds;
  detail::require(h <= f.samples() / s.batch_size, "local_steps", h,
                  "at most n/b, " + std::to_string(f.samples() / s.batch_size) +
                      ", because the large-batch run has batches of b*H samples");
  auto const of = [&](std::uint64_t gap, std::uint64_t batch, std::uint64_t steps) {
    settings each = s;
    each.local_steps = static_cast<std::size_t>(gap);
    each.batch_size = static_cast<std::size_t>(batch);
    each.steps = steps;
    if (steps == 0) each.epochs = 0;
    return each;
  };
  std::uint64_t const steps = rounds * h, b = s.batch_size;
  return {of(h, b, steps), of(1, b, steps), of(1, b * h, rounds),
          of(std::max<std::uint64_t>(steps, 1), b, steps)};
}

}  // namespace localsgd
