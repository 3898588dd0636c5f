// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/observer/concept.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

#if defined(__unix__) || defined(__APPLE__)
#include <unistd.h>
#endif

/// @file
/// @brief Shows the progress of a run.

namespace localsgd {

/// @brief An Observer that prints each evaluation: as a bar on a terminal, as one line per
///        evaluation elsewhere.
///
/// Shows the fraction of steps done, the objective and, if known, the certificate. It is
/// called only at evaluations: set `settings::evaluations`. Never stops the run.
class progress_bar {
 public:
  enum class style { automatic, bar, lines };

  /// @param label printed before each line
  /// @param out   not owned; stderr by default, to keep it apart from the program's own output
  explicit progress_bar(std::string label = "", std::FILE* out = stderr,
                        style look = style::automatic)
      : label_(std::move(label)),
        out_(out),
        bar_(look == style::bar || (look == style::automatic && is_terminal(out))) {
    if (!label_.empty()) label_ += ' ';
  }

  progress_bar(progress_bar const&) = delete;
  progress_bar& operator=(progress_bar const&) = delete;

  /// Ends the line of the bar if the run ended before its last step.
  ~progress_bar() {
    if (open_) std::fputc('\n', out_);
  }

  proceed after_evaluation(evaluation const& e, plan const& p) {
    double const share =
        p.steps == 0 ? 1 : static_cast<double>(e.steps) / static_cast<double>(p.steps);
    std::string line = bar_ ? "\r" : "";
    line += label_;
    if (bar_) line += drawn(share);
    line += formatted("%3.0f%%", 100 * share) + formatted("  %.1f s", e.seconds) +
            formatted("  f = %.6g", e.objective);
    if (std::isfinite(e.certificate)) line += formatted("  f - f* <= %.2g", e.certificate);
    if (bar_) line += "\x1b[K";
    open_ = bar_ && e.steps != p.steps;
    if (!open_) line += '\n';
    std::fputs(line.c_str(), out_);
    std::fflush(out_);
    return proceed::yes;
  }

 private:
  static bool is_terminal(std::FILE* out) noexcept {
#if defined(__unix__) || defined(__APPLE__)
    return ::isatty(::fileno(out)) == 1;
#else
    static_cast<void>(out);
    return false;
#endif
  }
  static std::string drawn(double share) {
    constexpr std::size_t width = 30;
    auto const full = static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * width);
    std::string bar = "[";  // appended to: g++ 12 warns of "[" + std::string
    bar.append(full, '=').append(width - full, ' ').append("] ");
    return bar;
  }
  static std::string formatted(char const* format, double value) {
    char text[64];
    std::snprintf(text, sizeof text, format, value);
    return text;
  }

  std::string label_;
  std::FILE* out_;
  bool bar_;
  bool open_ = false;  // the last line has not been ended yet
};
static_assert(Observer<progress_bar>);

}  // namespace localsgd
