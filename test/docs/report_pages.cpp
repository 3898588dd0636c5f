// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// usage: report_pages FOLDER
// Writes the reports that report.py opens: single.html, of one run, and several.html, of runs that
// have everything that a report can show.

#include "localsgd/html_report/write_report.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

namespace {

/// A run whose gap falls by `factor` in each of its 30 evaluations.
template <class Scalar = double>
localsgd::result<Scalar> falling(double factor, std::uint64_t local_steps, bool certified = true) {
  localsgd::result<Scalar> r;
  r.x = localsgd::vector<Scalar>({100}, Scalar(1));
  double gap = 0.4;
  for (std::uint64_t i = 0; i != 31; ++i, gap *= factor) {
    localsgd::evaluation e;
    e.steps = i * 640;
    e.rounds = e.exchanges = e.steps / local_steps;
    e.gradients = e.steps * 8;
    e.bytes = e.exchanges * 2 * 7 * 100 * sizeof(Scalar);
    e.seconds = static_cast<double>(i) * 0.01 * (1 + 4 / static_cast<double>(local_steps));
    e.objective = 0.25 + gap;
    if (certified) e.certificate = 3 * gap;
    if (i != 0) e.drift = 1e-3 * gap * static_cast<double>(local_steps);
    r.history.push_back(e);
  }
  localsgd::evaluation const& last = r.history.back();
  r.steps = last.steps;
  r.rounds = last.rounds;
  r.gradients = last.gradients;
  r.exchanges = last.exchanges;
  r.bytes = last.bytes;
  r.seconds = last.seconds;
  r.objective = last.objective;
  r.certificate = last.certificate;
  return r;
}

localsgd::simulation_report timeline() {
  localsgd::simulation_report s;
  s.seconds = 1;
  using activity = localsgd::time_span::activity;
  for (std::size_t round = 0; round != 5; ++round) {
    double const start = static_cast<double>(round) * 0.2;
    for (std::size_t k = 0; k != 4; ++k)
      s.timeline.push_back(
          {activity::computing, k, start, start + 0.1 + 0.01 * static_cast<double>(k)});
    s.timeline.push_back({activity::averaging, 4, start + 0.13, start + 0.2});
  }
  s.computing = {0.5, 0.55, 0.6, 0.65};
  return s;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace localsgd;
  std::filesystem::path const folder = argc > 1 ? argv[1] : ".";
  auto done = falling(0.5, 16);
  done.reason = stop_reason::tolerance_reached;
  write_report(done, folder / "single.html");

  auto diverged = falling(1.5, 1, false);
  diverged.reason = stop_reason::diverged;
  diverged.objective = diverged.history.back().objective = std::numeric_limits<double>::infinity();
  std::vector<report_run> runs{
      {"H = 16", done, settings{.workers = 8, .local_steps = 16, .tolerance = 1e-8},
       "A description."},
      {"H = 1, float", falling<float>(0.7, 1), settings{.workers = 8, .local_steps = 1}},
      {"</script><script>window.broken = 1</script><b>\"'&", diverged},
      {"a long name without spaces: " + std::string(60, 'x'), falling(0.8, 64)}};
  for (auto& run : runs) run.samples = 5000;
  runs[1].step_size = [](std::uint64_t t) { return 1 / (10 + std::sqrt(static_cast<double>(t))); };
  runs[0].simulation = timeline();
  write_report(runs, folder / "several.html", {.title = "Runs & </title> names"});
}
