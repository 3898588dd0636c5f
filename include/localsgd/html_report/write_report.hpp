// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/html_report/escape.hpp"
#include "localsgd/html_report/machine.hpp"
#include "localsgd/html_report/report_data.hpp"
#include "localsgd/html_report/report_run.hpp"
#include "localsgd/html_report/script.hpp"
#include "localsgd/html_report/style.hpp"
#include "localsgd/html_report/uplot.hpp"
#include "localsgd/io/replacing_file.hpp"
#include "localsgd/report.hpp"
#include "localsgd/result.hpp"
#include "localsgd/settings.hpp"

#include <cmath>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

/// @file
/// @brief Reports of runs as HTML pages with charts.

namespace localsgd {

/// @brief The choices of a report that concern all of its runs.
struct report_options {
  std::string title = "Local SGD";  ///< The heading of the page.

  /// f*, if it is known: gaps are then f(x) − f*. By default they are f(x) minus the lowest
  /// objective of the page, so all runs should minimise the same f.
  std::optional<double> minimum = std::nullopt;
};

namespace detail {

using figure_rows = std::vector<std::pair<std::string, std::string>>;

inline figure_rows settings_figures(settings const& s) {
  figure_rows rows{
      {"workers, K", reported_count(s.workers)},
      {"local steps, H", s.local_steps == 0 ? "the default" : reported_count(s.local_steps)},
      {"batch size, b", reported_count(s.batch_size)}};
  if (s.steps != 0)
    rows.emplace_back("steps, T", reported_count(s.steps));
  else if (s.tolerance == 0 || s.epochs != settings{}.epochs)  // else the default does not bind
    rows.emplace_back("epochs", reported(s.epochs, 10));
  rows.emplace_back("tolerance", s.tolerance == 0 ? "none" : reported(s.tolerance, 10));
  rows.emplace_back("seed", std::to_string(s.seed));
  rows.emplace_back("evaluations",
                    s.evaluations == 0 ? "the default" : reported_count(s.evaluations));
  return rows;
}

inline void append_figures(std::string& out, std::string_view title, figure_rows const& rows) {
  out += "<div>";
  if (!title.empty()) out.append("<h3>").append(title).append("</h3>");
  out += "<table>";
  for (auto const& [label, value] : rows)
    out.append("<tr><th>" + html_escaped(label) + "</th><td>" + html_escaped(value) + "</td></tr>");
  out += "</table></div>\n";
}

/// @brief The name of run i after the colour that it has in the charts.
inline std::string swatch_and_name(std::vector<report_run> const& runs, std::size_t i) {
  return "<span class=\"swatch\" data-run=\"" + std::to_string(i) + "\"></span>" +
         html_escaped(runs[i].name);
}

/// @brief Why each run ended, and what to do next.
inline void append_summary(std::string& out, std::vector<report_run> const& runs) {
  out += "<div class=\"cards\">\n";
  for (std::size_t i = 0; i != runs.size(); ++i) {
    report_run const& run = runs[i];
    out.append("<div class=\"card\"><h3>" + swatch_and_name(runs, i) + "</h3>\n");
    if (!run.description.empty()) out.append("<p>" + html_escaped(run.description) + "</p>\n");
    out.append("<p><strong>").append(to_string(run.reason)).append("</strong>: ");
    out.append(html_escaped(reported_reason(run.reason))).append(".</p>\n");
    out.append("<p>Next: " + html_escaped(run.next) + "</p></div>\n");
  }
  out += "</div>\n";
}

/// @brief A table with a line for each run.
inline void append_comparison(std::string& out, std::vector<report_run> const& runs) {
  out +=
      "<h2>Comparison</h2>\n<div class=\"scroll\"><table class=\"numbers\"><tr><th>run</th>"
      "<th>objective</th><th>f(x) &minus; f* &le;</th><th>gradients</th><th>exchanges</th>"
      "<th>data</th><th>time</th></tr>\n";
  for (std::size_t i = 0; i != runs.size(); ++i) {
    report_run const& run = runs[i];
    evaluation const& last = run.history.back();
    bool const certified = std::isfinite(run.certificate);
    out += "<tr><th>" + swatch_and_name(runs, i) + "</th>";
    for (std::string const& text :
         {reported(run.objective, 8),
          certified ? reported_bound(run.certificate) : std::string("not known"),
          reported_count(last.gradients), reported_count(last.exchanges),
          reported_bytes(last.bytes), reported_time(last.seconds)})
      out.append("<td>").append(text).append("</td>");
    out += "</tr>\n";
  }
  out += "</table></div>\n";
}

inline void append_details(std::string& out, std::vector<report_run> const& runs) {
  for (std::size_t i = 0; i != runs.size(); ++i) {
    report_run const& run = runs[i];
    out.append("<h2>" + swatch_and_name(runs, i) + "</h2>\n<div class=\"columns\">\n");
    for (report_figures const& each : run.figures) append_figures(out, each.title, each.rows);
    if (run.settings) append_figures(out, "Settings", settings_figures(*run.settings));
    out += "</div>\n<details data-run=\"" + std::to_string(i) +
           "\"><summary>All evaluations</summary></details>\n";
  }
}

inline void check_runs(std::vector<report_run> const& runs, report_options const& options) {
  require(!runs.empty(), "runs.size()", runs.size(), ">= 1: pass at least one result");
  for (std::size_t i = 0; i != runs.size(); ++i)
    require(!runs[i].history.empty(), "runs[" + std::to_string(i) + "].history", "empty",
            "that of a run: pass a result that minimize() returned");
  if (options.minimum)
    require(std::isfinite(*options.minimum), "minimum", *options.minimum,
            "finite; leave it out if it is not known");
}

}  // namespace detail

/// @brief The text of the page that write_report() writes, in UTF-8 if the names are. Thread safe.
/// @throws what write_report() throws for runs and options
inline std::string report_html(std::vector<report_run> const& runs,
                               report_options const& options = {}) {
  detail::check_runs(runs, options);
  std::string const title = detail::html_escaped(options.title);
  std::string out =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; "
      "script-src 'unsafe-inline'; style-src 'unsafe-inline'\">\n<link rel=\"icon\" "
      "href=\"data:,\">\n";
  out.append("<title>" + title + "</title>\n<style>\n/*! uPlot ");
  out.append(detail::uplot_version).append("\n\n").append(detail::uplot_licence).append("\n*/\n");
  out.append(detail::uplot_style).append(detail::report_style);
  out.append("</style>\n</head>\n<body>\n<main>\n<h1>" + title + "</h1>\n");
  detail::append_summary(out, runs);
  if (runs.size() > 1) detail::append_comparison(out, runs);
  out +=
      "<h2>Charts</h2>\n<div class=\"controls\" hidden><label>Horizontal axis: <select "
      "id=\"x-axis\">"
      "</select></label> <label><input type=\"checkbox\" id=\"x-log\"> logarithmic</label> "
      "<span class=\"quiet\">Drag to zoom, double-click to reset, click a name to hide its "
      "curve.</span></div>\n<noscript><p>The charts need JavaScript.</p></noscript>\n"
      "<div id=\"charts\" class=\"charts\"></div>\n";
  detail::append_details(out, runs);
  out +=
      "<h2>Machine</h2>\n<p class=\"quiet\">The program that wrote this page.</p>\n"
      "<div class=\"columns\">";
  detail::append_figures(out, "", detail::machine_figures());
  out += "</div>\n";
  out.append("<footer>Written by localsgd " + detail::version_name() + ". Charts by uPlot ");
  out.append(detail::uplot_version)
      .append(" (MIT licence, in the source of this page).</footer>\n");
  out += "</main>\n<script type=\"application/json\" id=\"report-data\">\n";
  out += detail::report_data(runs, options.minimum);
  out.append("\n</script>\n<script>\n").append(detail::uplot_script);
  out.append("\n</script>\n<script>").append(detail::report_script).append("</script>\n");
  return out += "</body>\n</html>\n";
}

/// @brief Writes one or more runs as one HTML page that needs no other file and no network.
///
/// The page says why each run ended and what to do next, in the words of to_string(result). Its
/// charts show the objective gap, the certificate, the drift and the local steps per round against
/// seconds, epochs, gradients, exchanges, bytes or rounds, at the points of `result::history`: set
/// `settings::evaluations` for more of them. Names and descriptions may contain any characters.
///
///     write_report({{"H = 1", a}, {"H = 16", b}}, "runs.html");
///
/// A file at `path` is replaced atomically. With several ranks, one of them should call it.
/// @throws invalid_settings if there is no run, a history is empty, or the folder does not exist
/// @throws std::filesystem::filesystem_error with path and reason if the file cannot be written
inline void write_report(std::vector<report_run> const& runs, std::filesystem::path const& path,
                         report_options const& options = {}) {
  std::error_code ignored;
  std::string const name = path.string();
  detail::require(!path.filename().empty() && !std::filesystem::is_directory(path, ignored), "path",
                  name.empty() ? std::string("\"\"") : name,
                  "the name of a file, such as run.html");
  auto const folder = path.parent_path();
  detail::require(folder.empty() || std::filesystem::is_directory(folder, ignored), "path", name,
                  "in a folder that exists: create the folder first");
  std::string const page = report_html(runs, options);
  detail::replacing_file file(path);
  file.write(page.data(), page.size());
  file.commit();
}

/// @brief A report of one run: see the other overload. To add the settings of the run, pass
///        `{{"name", r, settings}}` instead of r.
template <class Scalar>
void write_report(result<Scalar> const& r, std::filesystem::path const& path,
                  report_options const& options = {}) {
  detail::require(!r.history.empty(), "result.history", "empty",
                  "that of a run: pass a result that minimize() returned");
  write_report(std::vector<report_run>{report_run("run", r)}, path, options);
}

}  // namespace localsgd
