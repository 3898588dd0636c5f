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
  std::size_t count = 0; ///< How many links of this kind there are.
  double bytes = 0;      ///< Bytes over each of them, both ways; the mean if they differ.
};

/// @brief A time span of a worker or of the network.
struct time_span {
  enum class activity : std::uint8_t {
    computing,   ///< A worker's local steps, or its part of a full gradient.
    exchanging,  ///< Asynchronous runs: from the end of its steps until the worker can continue.
    averaging,   ///< One average, on the network.
  };
  activity what = activity::computing;
  std::size_t worker = 0;  ///< For the network, the number of workers.
  double begin = 0, end = 0;  ///< Virtual seconds.
};

/// @brief The last run of a simulated cluster, in virtual time.
struct simulation_report {
  double seconds = 0;                 ///< The entire run: `result::seconds`.
  std::uint64_t averages = 0;         ///< Including those of full gradients; in asynchronous runs,
                                      ///< the number of visits of workers to the aggregate, over K.
  std::vector<double> computing;      ///< Seconds for which each worker computed.
  std::vector<std::uint64_t> steps;   ///< Local steps of each worker.
  std::vector<link_traffic> links;    ///< The traffic on the links.
  std::vector<time_span> timeline;    ///< The first cluster::trace_events spans.
  std::uint64_t left_out = 0;         ///< The number of further spans.

  /// @brief The fraction of the run for which worker k computed. @pre k < K
  double utilisation(std::size_t k) const { return seconds > 0 ? computing[k] / seconds : 0; }
  /// @brief The mean over all workers.
  double utilisation() const {
    if (computing.empty() || !(seconds > 0)) return 0;
    double const sum = std::accumulate(computing.begin(), computing.end(), 0.0);
    return sum / static_cast<double>(computing.size()) / seconds;
  }

  /// @brief Writes the timeline as JSON in Chrome's trace format, for chrome://tracing or Perfetto,
  ///        with one row for each worker and one for the network. The file is written completely or
  ///        not at all.
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
