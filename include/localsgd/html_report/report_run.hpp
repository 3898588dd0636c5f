// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/communicator/simulated/report.hpp"
#include "localsgd/report.hpp"
#include "localsgd/result.hpp"
#include "localsgd/settings.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// @file
/// @brief A run as a part of an HTML report.

namespace localsgd {

/// @brief A titled group of figures, such as the cost of a run.
struct report_figures {
  std::string title;
  std::vector<std::pair<std::string, std::string>> rows;  ///< Labels and values.
};

/// @brief A named result for write_report(), with what the result itself does not contain.
///
/// Copies the history and the figures of the result, but not its vectors. The members from
/// `samples` on are optional.
struct report_run {
  /// @param run_name any text; it should be different for each run of a report
  /// @param r        the result of minimize()
  /// @param chosen   the settings of the run, listed in the report
  /// @param words    a description, shown below the name
  template <class Scalar>
  report_run(std::string run_name, result<Scalar> const& r,
             std::optional<localsgd::settings> chosen = std::nullopt, std::string words = {})
      : name(std::move(run_name)),
        description(std::move(words)),
        settings(chosen),
        history(r.history),
        reason(r.reason),
        objective(r.objective),
        certificate(r.certificate),
        next(detail::advised(r)) {
    detail::reported_figures(
        r,
        [&](std::string_view title) {
          figures.push_back({std::string(title), {}});
        },
        [&](std::string_view label, std::string const& value) {
          figures.back().rows.emplace_back(label, value);
        });
  }

  std::string name;                            ///< Shown in the legends.
  std::string description;                     ///< Shown below the name.
  std::optional<localsgd::settings> settings;  ///< Listed with the figures.

  std::size_t samples = 0;  ///< n. If all runs have it, charts can have an axis of epochs.

  /// η_t for t = 0, 1, …: any StepSize of plain local steps. Drawn at the evaluations.
  /// Variance-reduced steps choose their own, which a result does not contain.
  std::function<double(std::uint64_t)> step_size = {};

  /// The report of a simulated synchronizer. Its timeline is drawn if cluster::trace_events is set.
  std::optional<simulation_report> simulation = std::nullopt;

  std::vector<evaluation> history;      ///< result::history
  stop_reason reason;                   ///< result::reason
  double objective;                     ///< result::objective
  double certificate;                   ///< result::certificate
  std::string next;                     ///< The recommendations of to_string(result).
  std::vector<report_figures> figures;  ///< The figures of to_string(result).
};

}  // namespace localsgd
