// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/schedule/concept.hpp"

#include <algorithm>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

/// @file
/// @brief Averages after given local steps.

namespace localsgd {

/// @brief Averages after exactly the listed local steps, and after the last step of the run.
///
/// The paper's set of sync times I_T, given explicitly: for gaps that follow a custom rule, or the
/// sync times of another run. Copies share the list.
class at_steps {
 public:
  /// @param sync_times t > 0, increasing; those after the end are ignored. @throws invalid_settings
  explicit at_steps(std::vector<std::uint64_t> sync_times) {
    std::uint64_t before = 0;
    for (std::size_t i = 0; i != sync_times.size(); before = sync_times[i++])
      detail::require(sync_times[i] > before, "at_steps.sync_times[" + std::to_string(i) + "]",
                      sync_times[i], "above the previous one, " + std::to_string(before));
    sync_times_ = std::make_shared<std::vector<std::uint64_t> const>(std::move(sync_times));
  }

  /// O(log(number of sync times)).
  std::uint64_t next(std::uint64_t t) const noexcept {
    auto const found = std::upper_bound(sync_times_->begin(), sync_times_->end(), t);
    return found == sync_times_->end() ? std::numeric_limits<std::uint64_t>::max() : *found;
  }

 private:
  std::shared_ptr<std::vector<std::uint64_t> const> sync_times_;
};
static_assert(Schedule<at_steps>);

}  // namespace localsgd
