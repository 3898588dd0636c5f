// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/averager/concept.hpp"
#include "localsgd/compressor/concept.hpp"
#include "localsgd/core/cache_aligned.hpp"
#include "localsgd/core/compiler.hpp"
#include "localsgd/kernels/combine.hpp"
#include "localsgd/protocol/iterates.hpp"
#include "localsgd/run/sequences.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <span>
#include <vector>

/// @file
/// @brief Exchanges of the workers' changes as encoded by a Compressor.

namespace localsgd::detail {

/// @brief The encoders of the workers of this process, and the messages of all workers.
template <class State, class Scalar>
class encoders {
 public:
  static constexpr bool compress = true;

  template <class Bind>
  encoders(index_range carried, Bind const& bind, std::size_t workers, std::size_t dimension)
      : of_(carried, bind), messages_(workers), sums_(dimension) {
    if constexpr (compresses_mean<State>) {
      if (workers < 3) return;
      means_.resize(workers);
      if (carried.first == 0) of_mean_.emplace(bind(workers));
    }
  }

  State& operator[](std::size_t worker) noexcept { return of_[worker]; }

  /// @brief Passes the state of a worker to an archive; the state of the mean is stored with worker
  ///        0.
  template <class Archive>
  void archive_state(Archive& archive, std::size_t worker) {
    archive(of_[worker]);
    if (of_mean_ && worker == 0) archive(*of_mean_);
  }

  /// @brief Collective: x̄ ← x̄ + p + Σ_k w_k C(x_k − x̄ − p), or + p + C(Σ_k …) if the mean is
  ///        also encoded, followed by the averager. Does nothing if a change is not finite: an
  ///        empty message reports this to all ranks.
  /// @param expects `expects(p)`: whether all workers are expected to have moved by the same p,
  ///                which it writes; equal on all ranks. Otherwise p = 0.
  template <class Protocol, class A, class Expects>
  void exchange(Protocol& team, iterates<Scalar>& x, A& averager, round_info const& info,
                Expects const& expects) {
    std::span<Scalar const> const consensus = team.settle(x);
    std::vector<Scalar> change(consensus.size()), expected(consensus.size());
    if (!expects(std::span<Scalar>(expected))) expected.clear();
    index_range const mine = team.workers();
    for (std::size_t k = mine.first; k != mine.last; ++k) {
      subtract(x.local[k], consensus, expected, change);
      messages_[k].clear();
      if (all_finite(std::span<Scalar const>(change))) of_[k].encode(change, messages_[k]);
    }
    bool const by_mean = !means_.empty();
    if (by_mean)
      encode_mean(team, std::span<double const>(x.weights));
    else
      team.all_gather_v(std::span(messages_.data(), messages_.size()));
    bool const finite = by_mean ? !means_[0].empty() : all_encoded();
    State const& decoder = of_[mine.first];
    team.exchange_made(x, averager, info, [&](std::size_t first, std::span<Scalar> out) {
      auto const sums = std::span(sums_.data(), sums_.size()).subspan(first, out.size());
      std::fill(sums.begin(), sums.end(), 0.0);
      if (finite && by_mean) decoder.decode(means_[0], 1, first, sums);
      for (std::size_t k = 0; finite && !by_mean && k != messages_.size(); ++k)
        decoder.decode(messages_[k], x.weights[k], first, sums);
      for (std::size_t i = 0; i != out.size(); ++i) {
        if (!expected.empty()) sums[i] += static_cast<double>(expected[first + i]);
        out[i] = static_cast<Scalar>(static_cast<double>(consensus[first + i]) + sums[i]);
      }
      return finite;
    });
  }

  /// @brief For the workers of one thread: the consensus has changed.
  void reset(index_range workers) {
    for (std::size_t k = workers.first; k != workers.last; ++k) of_[k].reset();
    if (of_mean_ && workers.first == 0) of_mean_->reset();
  }

 private:
  // change ← x − x̄ − p, or 0 if that is only rounding.
  LOCALSGD_ONE_COPY static void subtract(std::span<Scalar const> x,
                                         std::span<Scalar const> consensus,
                                         std::span<Scalar const> expected,
                                         std::span<Scalar> change) {
    for (std::size_t i = 0; i != change.size(); ++i) change[i] = x[i] - consensus[i];
    if (expected.empty()) return;
    constexpr Scalar rounding = 8 * std::numeric_limits<Scalar>::epsilon();
    for (std::size_t i = 0; i != change.size(); ++i) {
      Scalar const rest = change[i] - expected[i];
      Scalar const most = rounding * (std::abs(consensus[i]) + std::abs(expected[i]));
      change[i] = std::abs(rest) <= most ? Scalar{0} : rest;
    }
  }

  bool all_encoded() const noexcept {
    return std::none_of(messages_.begin(), messages_.end(),
                        [](auto const& message) { return message.empty(); });
  }

  // Collective: the first process decodes all messages and encodes their mean, which all processes
  // receive as means_[0]: empty if a change is not finite.
  template <class Protocol>
  void encode_mean(Protocol& team, std::span<double const> weights) {
    team.gather_v(std::span(messages_.data(), messages_.size()));
    bool const here = of_mean_.has_value() && all_encoded();
    team.template split<double>(here ? sums_.size() : 0, [&](std::size_t first, std::size_t last) {
      auto const sums = std::span(sums_.data(), sums_.size()).subspan(first, last - first);
      std::fill(sums.begin(), sums.end(), 0.0);
      for (std::size_t k = 0; here && k != messages_.size(); ++k)
        of_[0].decode(messages_[k], weights[k], first, sums);
      return true;
    });
    if (of_mean_ && team.leads()) {
      means_[0].clear();
      std::vector<Scalar> const mean(sums_.begin(), sums_.end());
      if (here && all_finite(std::span<Scalar const>(mean))) of_mean_->encode(mean, means_[0]);
    }
    team.all_gather_v(std::span(means_.data(), means_.size()));
  }

  sequences<State> of_;
  std::optional<State> of_mean_;  // in the process of worker 0, if the mean is encoded
  std::vector<std::vector<std::byte>> messages_;  // of all workers
  std::vector<std::vector<std::byte>> means_;     // the first is sent; empty if not encoded
  aligned_vector<double> sums_;
};

/// @brief Without a Compressor there are no encoders.
struct no_encoders {
  static constexpr bool compress = false;
  static void reset(index_range) noexcept {}
};

}  // namespace localsgd::detail
