// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/communicator/simulated/report.hpp"
#include "localsgd/html_report/escape.hpp"
#include "localsgd/html_report/report_run.hpp"
#include "localsgd/report.hpp"
#include "localsgd/result.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// @file
/// @brief The numbers of an HTML report as JSON, from which the page draws its charts.

namespace localsgd::detail {

/// The workers, and the spans of time, that a timeline shows at most.
inline constexpr std::size_t timeline_rows = 32, timeline_spans = 20'000;

/// @brief Appends `,"name":[…]` with one member of each evaluation.
template <class Number>
void append_history(std::string& out, std::string_view name, std::vector<evaluation> const& history,
                    Number evaluation::*member) {
  out += out.back() == '{' ? "" : ",";
  append_json(out, name);
  out += ':';
  append_json_array(out, history, [&](evaluation const& e) { append_json(out, e.*member); });
}

/// @brief What a timeline shows, in words.
inline std::string timeline_note(simulation_report const& s, std::size_t spans) {
  std::size_t const workers = s.computing.size();
  std::string note =
      "The workers computed " + reported(100 * s.utilisation(), 3) + " % of the time.";
  std::uint64_t const all = s.timeline.size() + s.left_out;
  if (workers > timeline_rows)
    note += " The first " + std::to_string(timeline_rows) + " of " + reported_count(workers) +
            " workers.";
  if (spans < all)
    note += ' ' + reported_count(spans) + " of " + reported_count(all) + " spans, the first ones.";
  return note;
}

/// @brief Appends the timeline of a simulated run: the names of the rows, and the spans of time
///        [row, activity, begin, end].
inline void append_simulation(std::string& out, simulation_report const& s) {
  std::size_t const workers = s.computing.size(), rows = std::min(workers, timeline_rows);
  std::string spans;
  std::size_t count = 0;
  bool network = false;
  for (time_span const& each : s.timeline) {
    if (count == timeline_spans) break;
    if (each.worker >= rows && each.worker < workers) continue;
    network = network || each.worker >= workers;
    spans += count++ == 0 ? "[" : ",[";
    append_json(spans, std::uint64_t{std::min(each.worker, rows)});
    spans += ',';
    append_json(spans, static_cast<std::uint64_t>(each.what));
    spans += ',';
    append_json(spans, each.begin);
    spans += ',';
    append_json(spans, each.end);
    spans += ']';
  }
  std::vector<std::string> names;
  for (std::size_t k = 0; k != rows; ++k) names.push_back("worker " + std::to_string(k));
  if (network) names.emplace_back("network");
  out += "{\"note\":";
  append_json(out, timeline_note(s, count));
  out += ",\"rows\":";
  append_json_array(out, names, [&](std::string const& name) { append_json(out, name); });
  out.append(",\"spans\":[").append(spans) += "]}";
}

inline void append_run(std::string& out, report_run const& run) {
  out += "{\"name\":";
  append_json(out, run.name);
  out += ",\"samples\":";
  append_json(out, std::uint64_t{run.samples});
  out += ",\"history\":{";
  append_history(out, "steps", run.history, &evaluation::steps);
  append_history(out, "rounds", run.history, &evaluation::rounds);
  append_history(out, "gradients", run.history, &evaluation::gradients);
  append_history(out, "exchanges", run.history, &evaluation::exchanges);
  append_history(out, "bytes", run.history, &evaluation::bytes);
  append_history(out, "seconds", run.history, &evaluation::seconds);
  append_history(out, "objective", run.history, &evaluation::objective);
  append_history(out, "certificate", run.history, &evaluation::certificate);
  append_history(out, "drift", run.history, &evaluation::drift);
  out += "},\"step_size\":";
  if (run.step_size)
    append_json_array(out, run.history,
                      [&](evaluation const& e) { append_json(out, run.step_size(e.steps)); });
  else
    out += "null";
  out += ",\"simulation\":";
  if (run.simulation)
    append_simulation(out, *run.simulation);
  else
    out += "null";
  out += '}';
}

/// @brief The runs as a JSON object. Numbers are read back with the same bits; those that are not
///        finite are null.
inline std::string report_data(std::vector<report_run> const& runs, std::optional<double> minimum) {
  std::string out = "{\"minimum\":";
  if (minimum)
    append_json(out, *minimum);
  else
    out += "null";
  out += ",\"runs\":";
  append_json_array(out, runs, [&](report_run const& run) {
    out += '\n';
    append_run(out, run);
  });
  return out += '}';
}

}  // namespace localsgd::detail
