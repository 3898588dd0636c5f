// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/communicator/simulated/report.hpp"
#include "localsgd/core/error.hpp"
#include "localsgd/core/random.hpp"
#include "localsgd/theory/cost_model.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

/// @file
/// @brief A hypothetical cluster that determines the times of simulated runs.

namespace localsgd {

/// @brief How the time of the same work varies around its mean from round to round.
enum class time_noise {
  none,         ///< Always the mean.
  exponential,  ///< The mean times an exponential random number with mean 1.
  log_normal,   ///< The mean times exp(σz − σ²/2) with z normal, so also mean 1. σ is
                ///< cluster::spread.
};

/// @brief Machines in groups with fast internal links, such as racks or sites. Each group averages,
///        then the groups average over the links of cost_model, and the result is sent back.
struct grouped_machines {
  std::size_t groups = 1;        ///< G ≥ 1, at most the number of machines.
  double latency_seconds = 0;    ///< Latency of a message within a group, > 0.
  double bytes_per_second = 0;   ///< Bandwidth of a link within a group, > 0.
};

/// @brief Machines and the network between them.
///
/// Worker k needs g·c_k·ξ seconds for a component gradient, where g = costs.gradient_seconds, c_k
/// is its factor, times slow_factor if it is one of the ⌊slow_share·K + ½⌋ slow workers, and ξ ≥ 0
/// has mean 1 and is drawn for each round. Random numbers are a function of (settings::seed,
/// worker, round). The M machines of costs.members run their workers one after another; 0 gives
/// every worker its own machine.
struct cluster {
  cost_model costs = {};                      ///< Gradients, links and machines: see cost_model.
  time_noise noise = time_noise::none;        ///< The distribution of ξ.
  double spread = 0.5;                        ///< σ of log_normal, ≥ 0.
  double slow_share = 0;                      ///< 0 … 1; which workers are slow is drawn once.
  double slow_factor = 1;                     ///< ≥ 1
  std::vector<double> factors = {};           ///< c_k > 0 of every worker; empty: all 1.
  std::optional<grouped_machines> groups = std::nullopt;  ///< Unset: all machines are equally far.

  /// B ≥ 0: after a pause, a link transfers this many bytes at once, like a token bucket, and
  /// accumulates them again at its bandwidth. If averages are rare enough, they wait only
  /// for the bytes beyond B. Not supported in asynchronous runs.
  double burst_bytes = 0;

  /// D, for asynchronous runs: no worker begins steps that would put it more than D local steps
  /// ahead of the slowest worker, unless it is the slowest: delays are at most max(D, H). Unset: no
  /// limit.
  std::optional<std::uint64_t> max_staleness = std::nullopt;

  std::size_t trace_events = 0;               ///< Length of the timeline: the first spans.

  /// @throws invalid_settings with the member, its value and the violated rule.
  void validate() const {
    costs.validate();
    detail::require_nonnegative("cluster.spread", spread);
    detail::require(slow_share >= 0 && slow_share <= 1, "cluster.slow_share", slow_share,
                    "in [0, 1]");
    detail::require(std::isfinite(slow_factor) && slow_factor >= 1, "cluster.slow_factor",
                    slow_factor, "finite and >= 1");
    for (std::size_t k = 0; k != factors.size(); ++k)
      detail::require_positive("cluster.factors[" + std::to_string(k) + "]", factors[k]);
    detail::require_nonnegative("cluster.burst_bytes", burst_bytes);
    if (groups) {
      detail::require(groups->groups >= 1, "cluster.groups.groups", groups->groups, ">= 1");
      detail::require_positive("cluster.groups.latency_seconds", groups->latency_seconds);
      detail::require_positive("cluster.groups.bytes_per_second", groups->bytes_per_second);
      detail::require(costs.network.has_value(), "cluster.costs.network", "none",
                      "a topology, because cluster.groups is set");
    }
    constexpr std::size_t most = 100'000'000;
    detail::require(trace_events <= most, "cluster.trace_events", trace_events, "<= 100000000");
  }

  /// @brief Also checks that it fits K workers. @throws invalid_settings
  void validate(std::size_t workers) const {
    validate();
    detail::require(factors.empty() || factors.size() == workers, "cluster.factors.size()",
                    factors.size(), "0 or the number of workers, " + std::to_string(workers));
    if (groups)
      detail::require(groups->groups <= costs.members_for(workers), "cluster.groups.groups",
                      groups->groups, "at most the number of machines,",
                      costs.members_for(workers));
  }

  /// @brief Calls `use(name, number)` for all members, and their members, that have a value.
  template <class Use>
  void for_each_member(Use const& use) const {
    use("cluster.costs.gradient_seconds", costs.gradient_seconds);
    use("cluster.costs.latency_seconds", costs.latency_seconds);
    use("cluster.costs.bytes_per_second", costs.bytes_per_second);
    if (costs.network) use("cluster.costs.network", static_cast<int>(*costs.network));
    use("cluster.costs.members", costs.members);
    use("cluster.noise", static_cast<int>(noise));
    use("cluster.spread", spread);
    use("cluster.slow_share", slow_share);
    use("cluster.slow_factor", slow_factor);
    for (std::size_t k = 0; k != factors.size(); ++k)
      use("cluster.factors[" + std::to_string(k) + "]", factors[k]);
    if (groups) {
      use("cluster.groups.groups", groups->groups);
      use("cluster.groups.latency_seconds", groups->latency_seconds);
      use("cluster.groups.bytes_per_second", groups->bytes_per_second);
    }
    use("cluster.burst_bytes", burst_bytes);
    if (max_staleness) use("cluster.max_staleness", *max_staleness);
    use("cluster.trace_events", trace_events);
  }

  /// @brief The seconds that one average of K vectors of this many bytes takes:
  ///        cost_model::seconds_per_round(); with groups, the time of the largest group plus that
  ///        of G machines. @throws invalid_settings
  double round_seconds(std::size_t workers, double bytes) const {
    validate(workers);
    if (!groups || workers == 1) return costs.seconds_per_round(workers, bytes);
    std::size_t const m = costs.members_for(workers), g = groups->groups;
    cost_model between = costs;
    between.members = 0;
    return group_seconds((m + g - 1) / g, bytes) + between.seconds_per_round(g, bytes);
  }

  /// @brief The seconds that one average of vectors of this many bytes takes within a group of
  ///        machines: over the links of `groups`, or those of `costs`. @throws invalid_settings
  double group_seconds(std::size_t machines, double bytes) const {
    cost_model within = costs;
    within.members = 0;
    if (groups) {
      within.latency_seconds = groups->latency_seconds;
      within.bytes_per_second = groups->bytes_per_second;
    }
    return within.seconds_per_round(machines, bytes);
  }

  /// @brief The bytes that a number of averages send over every kind of link.
  std::vector<link_traffic> traffic(std::size_t workers, double bytes, double averages) const {
    std::size_t const m = costs.members_for(workers);
    if (!costs.network || m == 1) return {};
    auto const links = [&](std::string const& where, std::size_t ends, std::size_t pieces) {
      bool const ring = *costs.network == topology::ring;
      // On every link, one vector each way, or (m − 1)/m of it twice one way.
      double const n = static_cast<double>(ends), vectors = ring ? 2 * (n - 1) / n : 2;
      return link_traffic{where, (ring ? ends : ends - 1) * pieces, averages * vectors * bytes};
    };
    if (!groups) return {links("between machines", m, 1)};
    std::vector<link_traffic> all;
    std::size_t const g = groups->groups, largest = (m + g - 1) / g;
    if (largest > 1) all.push_back(links("within groups", largest, g));
    if (g > 1) all.push_back(links("between groups", g, 1));
    return all;
  }

  /// @brief c_k of K workers, including slow_factor. Which workers are slow depends on the seed.
  std::vector<double> worker_factors(std::size_t workers, std::uint64_t seed) const {
    std::vector<double> all = factors;
    all.resize(workers, 1);
    auto const slow = static_cast<std::uint64_t>(
        std::floor(slow_share * static_cast<double>(workers) + 0.5));
    constexpr std::uint32_t own_lane = (std::uint32_t{1} << 29) - 1;  // not used by any worker
    random_permutation const place(workers, seed, own_lane,
                                   std::numeric_limits<std::uint32_t>::max());
    for (std::size_t k = 0; k != workers; ++k)
      if (place(k) < slow) all[k] *= slow_factor;
    return all;
  }

  /// @brief ξ of a worker for the given stretch of local steps. Thread safe: a pure function.
  double draw(std::uint64_t seed, std::size_t worker, std::uint64_t stretch) const noexcept {
    if (noise == time_noise::none) return 1;
    auto const words =
        random_words(seed, random_stream::times, static_cast<std::uint32_t>(worker), stretch);
    if (noise == time_noise::exponential) return -std::log(unit_interval(words[0]));
    return std::exp(spread * standard_normal(words) - spread * spread / 2);
  }
};

}  // namespace localsgd
