// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/io/replacing_file.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <numeric>
#include <string>
#include <vector>

/// @file
/// @brief How a simulated cluster spent its time.

namespace localsgd {

/// @brief The traffic of one kind of link.
struct link_traffic {
  std::string name;      ///< The kind of link.
  std::size_t count = 0; ///< How many there are.
  double bytes = 0;      ///< Over each of them, both ways; the mean, where they differ.
};

/// @brief One stretch of time of a worker, or of the network.
struct time_span {
  enum class activity : std::uint8_t {
    computing,   ///< A worker's local steps, or its part of a full gradient.
    exchanging,  ///< Asynchronous: from the end of its steps until the worker can continue.
    averaging,   ///< One average, on the network.
  };
  activity what = activity::computing;
  std::size_t worker = 0;  ///< The number of workers, for the network.
  double begin = 0, end = 0;  ///< Virtual seconds.
};

/// @brief The last run of a simulated cluster, in virtual time.
struct simulation_report {
  double seconds = 0;                 ///< The whole run: `result::seconds`.
  std::uint64_t averages = 0;         ///< Made, those of full gradients included; asynchronous: by
                                      ///< K, how often a worker came to the aggregate.
  std::vector<double> computing;      ///< Seconds that each worker computed.
  std::vector<std::uint64_t> steps;   ///< Local steps of each worker.
  std::vector<link_traffic> links;    ///< What the links carried.
  std::vector<time_span> timeline;    ///< The first cluster::trace_events spans.
  std::uint64_t left_out = 0;         ///< How many spans more there were.

  /// @brief The share of the run in which worker k computed. @pre k < K
  double utilisation(std::size_t k) const { return seconds > 0 ? computing[k] / seconds : 0; }
  /// @brief The mean of all workers'.
  double utilisation() const {
    if (computing.empty() || !(seconds > 0)) return 0;
    double const sum = std::accumulate(computing.begin(), computing.end(), 0.0);
    return sum / static_cast<double>(computing.size()) / seconds;
  }

  /// @brief Writes the timeline as JSON in Chrome's trace format, one row for each worker and one
  ///        for the network, for chrome://tracing or Perfetto. The file appears whole or not at
  ///        all.
  /// @throws std::filesystem::filesystem_error
  void write_trace(std::filesystem::path const& path) const {
    detail::replacing_file file(path);
    std::string text = "{\"displayTimeUnit\":\"ms\",\"otherData\":{\"left_out\":\"" +
                       std::to_string(left_out) + "\"},\n\"traceEvents\":[\n";
    text += "{\"name\":\"process_name\",\"ph\":\"M\",\"pid\":0,\"args\":{\"name\":\"" +
            std::to_string(computing.size()) + " workers\"}}";
    for (auto const& span : timeline) {
      text += ",\n{\"name\":\"" + std::string(name_of(span.what)) +
              "\",\"ph\":\"X\",\"pid\":0,\"tid\":" + std::to_string(span.worker) +
              ",\"ts\":" + detail::shown(span.begin * 1e6) +
              ",\"dur\":" + detail::shown((span.end - span.begin) * 1e6) + "}";
      if (text.size() > (std::size_t{1} << 20)) {
        file.write(text.data(), text.size());
        text.clear();
      }
    }
    text += "\n]}\n";
    file.write(text.data(), text.size());
    file.commit();
  }

 private:
  static char const* name_of(time_span::activity what) noexcept {
    switch (what) {
      case time_span::activity::exchanging: return "exchange";
      case time_span::activity::averaging: return "average";
      case time_span::activity::computing: break;
    }
    return "local steps";
  }
};

}  // namespace localsgd
