// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/compressor/packing.hpp"
#include "localsgd/core/index_range.hpp"
#include "localsgd/kernels/combine.hpp"
#include "localsgd/worker/concept.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

/// @file
/// @brief Exchanges only the coordinates that the steps of a round touched.

namespace localsgd::detail {

/// @brief For sequences that do not report which coordinates they touch: no exchange of this kind.
template <class Workers>
class touched_exchange {};

/// @brief v_kj ← v̄_j = v_0j + Σ_{k≥1} w_k (v_kj − v_0j) on all workers, for all j that any of them
///        touched: see TouchingSequence. One object for each process.
template <class Workers>
  requires TouchingSequence<typename Workers::value_type>
class touched_exchange<Workers> {
 public:
  /// @brief Called by one thread, before the first round.
  void start(std::size_t dimension, std::size_t workers) {
    done_.assign(dimension, 0);
    messages_.resize(workers);
    rows_.resize(workers);
  }
  std::size_t dimension() const noexcept { return done_.size(); }

  /// @brief Collective. @return whether every v̄_j is finite
  template <class T>
  bool operator()(T& team, Workers& workers, std::span<double const> weights,
                  std::uint64_t round) {
    if constexpr (T::one_process)
      return in_memory(team, workers, weights, round);
    else
      return by_messages(team, workers, weights);
  }

 private:
  // 12 bytes for each touched coordinate: its index and its value.
  template <class T>
  bool in_memory(T& team, Workers& workers, std::span<double const> weights, std::uint64_t round) {
    auto const stamp = static_cast<std::uint32_t>(round % 0xffffffff + 1);
    bool const finite = team.template split<double>(
        dimension(), [&](std::size_t first, std::size_t last) {
          std::size_t touched = 0;
          bool const whole = average(workers, weights, stamp, first, last, touched);
          team.note_entries(touched);
          return whole;
        });
    team.count_entries(dimension());
    return finite;
  }

  // Several threads may call it for disjoint ranges.
  bool average(Workers& workers, std::span<double const> weights, std::uint32_t stamp,
               std::size_t first, std::size_t last, std::size_t& touched) {
    bool finite = true;
    for (auto const& worker : workers)
      worker.for_each_touched(first, last, [&](std::size_t j) {
        if (done_[j] == stamp) return;
        done_[j] = stamp;
        ++touched;
        double const base = workers[0].coordinate(j);
        double sum = 0;
        for (std::size_t k = 1; k != workers.size(); ++k)
          sum += weights[k] * (workers[k].coordinate(j) - base);
        double const mean = base + sum;
        finite = finite && mean - mean == 0;
        for (auto& each : workers) each.move(j, mean);
      });
    return finite;
  }

  // First the indices of the touched coordinates are exchanged, then the values at all of them.
  template <class T>
  bool by_messages(T& team, Workers& workers, std::span<double const> weights) {
    index_range const mine = team.workers();
    std::vector<std::uint32_t> own;
    for (std::size_t k = mine.first; k != mine.last; ++k) {
      own.clear();
      workers[k].for_each_touched(0, dimension(), [&](std::size_t j) {
        own.push_back(static_cast<std::uint32_t>(j));
      });
      order(own);
      messages_[k].resize(own.size() * sizeof(std::uint32_t));
      if (!own.empty()) std::memcpy(messages_[k].data(), own.data(), messages_[k].size());
    }
    team.all_gather_v(std::span(messages_.data(), messages_.size()));
    if (team.leads()) {
      touched_.clear();
      for (auto const& message : messages_) {
        std::size_t const before = touched_.size();
        require_message(message.size() % sizeof(std::uint32_t) == 0);
        touched_.resize(before + message.size() / sizeof(std::uint32_t));
        if (!message.empty()) std::memcpy(touched_.data() + before, message.data(), message.size());
      }
      order(touched_);
      require_message(touched_.empty() || touched_.back() < dimension());
      mean_.resize(touched_.size());
      for (auto const k : carried(workers)) rows_[k].resize(touched_.size());
    }
    team.barrier();
    for (std::size_t k = mine.first; k != mine.last; ++k)
      for (std::size_t i = 0; i != touched_.size(); ++i)
        rows_[k][i] = workers[k].coordinate(touched_[i]);
    std::vector<std::span<double>> const rows(rows_.begin(), rows_.end());
    std::span<std::span<double> const> const all(rows.data(), rows.size());
    team.template start_reduce<double>(all, touched_.size());
    bool const finite = team.finish_reduce(
        all, std::span<double>(mean_),
        [&](std::span<std::span<double> const> values, std::size_t first, std::size_t last,
            std::size_t, std::span<double> out) {
          for (std::size_t i = first; i != last; ++i) {
            double const base = values[0][i];
            double sum = 0;
            for (std::size_t k = 1; k != values.size(); ++k)
              sum += weights[k] * (values[k][i] - base);
            out[i] = base + sum;
          }
          return true;
        });
    for (std::size_t k = mine.first; k != mine.last; ++k)
      for (std::size_t i = 0; i != touched_.size(); ++i) workers[k].move(touched_[i], mean_[i]);
    return finite;
  }

  // A template, so that unused code is not compiled.
  template <class Numbers>
  static void order(Numbers& list) {
    std::sort(list.begin(), list.end());
    list.erase(std::unique(list.begin(), list.end()), list.end());
  }
  std::vector<std::size_t> carried(Workers const& workers) const {
    std::vector<std::size_t> all;
    for (std::size_t k = 0; k != rows_.size(); ++k)
      if (workers.holds(k)) all.push_back(k);
    return all;
  }

  std::vector<std::uint32_t> done_;  // the last round in which each coordinate was averaged
  std::vector<std::vector<std::byte>> messages_;
  std::vector<std::uint32_t> touched_;  // by any worker, ascending
  // The values at these coordinates, for the workers of this process.
  std::vector<std::vector<double>> rows_;
  std::vector<double> mean_;
};

}  // namespace localsgd::detail
