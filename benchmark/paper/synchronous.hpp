// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "benchmark/paper/stretch.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

/// @file
/// @brief Algorithm 1, for many step sizes at once, on one thread.

namespace paper {

/// @brief A run between two of its sync times. A copy is a point to come back to.
///
/// All workers of a round start from the consensus c, so one point v serves them in turn: of each
/// only what it moved is kept, Σ_k (v_k − c), and at the end of the round x ← s (c + Σ/K). The sums
/// of the iterates of all workers are one.
template <std::size_t W>
class synchronous_run {
 public:
  static constexpr std::size_t width = W;

  synchronous_run(samples const& data, setting const& s, std::vector<step_rule> rules)
      : data_(&data),
        setting_(s),
        rules_(std::move(rules)),
        consensus_(data.features.columns()),
        v_(consensus_.size()),
        moved_(consensus_.size()),
        sums_(consensus_.size()),
        slopes_(s.batch) {
    for (auto* points : {&consensus_, &v_, &moved_})
      for (auto& x : *points) x.fill(lanes(0.0));
    for (auto& sum : sums_)
      for (auto& s_m : sum) s_m.fill(lanes(0.0));
    plan_.samples = data.features.rows();
    plan_.batch_size = s.batch;
    plan_.workers = s.workers;
    plan_.seed = s.seed;
  }

  std::size_t dimension() const { return data_->features.columns(); }
  std::uint64_t time() const { return t_; }
  /// Where sync times lie: with one worker every time is one.
  std::uint64_t period() const { return setting_.workers == 1 ? 1 : setting_.local_steps; }
  std::uint64_t rounds() const { return t_ / setting_.local_steps; }

  /// @pre `to` is a sync time
  void advance(std::uint64_t to) {
    // One worker has nothing to average: its rounds are as long as is fast.
    std::uint64_t const gap = setting_.workers == 1 ? 64 : setting_.local_steps;
    while (t_ != to) {
      std::uint64_t const end = std::min(t_ + gap, to);
      numbers_.prepare(rules_, *data_, t_, end, setting_.batch);
      if (end - t_ == 1)
        one_step();
      else
        for (std::size_t k = 0; k != setting_.workers; ++k) stretch_of(k);
      average();
      t_ = end;
    }
  }

  /// @brief The consensus, one pack for each coordinate.
  pack<W> const* last() const { return consensus_.data(); }

  /// @brief out ← average m
  void average(std::size_t m, std::span<pack<W>> out) const {
    lanes const share(1 / (weights_[m] * static_cast<double>(setting_.workers)));
    for (std::size_t i = 0; i != out.size(); ++i)
      for (std::size_t p = 0; p != W; ++p) out[i][p] = share * sums_[i][m][p];
  }

 private:
  void draw(std::size_t k) {
    draws_.resize(numbers_.steps.size() * setting_.batch);
    localsgd::with_replacement{}.draw(plan_, k, t_, draws_);
  }

  void stretch_of(std::size_t k) {
    draw(k);
    walk<W>(*data_, numbers_, setting_.batch, draws_, slopes_, v_.data(), sums_.data());
    // A coordinate that is met again has nothing more to add.
    auto const take = [&](std::size_t i) {
      for (std::size_t p = 0; p != W; ++p) {
        moved_[i][p] += v_[i][p] - consensus_[i][p];
        v_[i][p] = consensus_[i][p];
      }
    };
    double const touched = localsgd::detail::entries_per_row(data_->features);
    if (touched * static_cast<double>(draws_.size()) > static_cast<double>(v_.size()))
      for (std::size_t i = 0; i != v_.size(); ++i) take(i);
    else
      for (std::size_t const sample : draws_)
        for (std::size_t const i : data_->features.row(sample).indices) take(i);
  }

  // All gradients are taken at the consensus: a mini-batch of K·b samples.
  void one_step() {
    auto const& now = numbers_.steps.front();
    for (std::size_t k = 0; k != setting_.workers; ++k) {
      draw(k);
      for (std::size_t const i : draws_) {
        auto const a = data_->features.row(i);
        auto by = descent<W>(product<W>(a, consensus_.data()), data_->targets.data()[i], now.scale,
                             now.rate);
        for (std::size_t p = 0; p != W; ++p) by[p] *= now.inverse[p];
        for (std::size_t j = 0; j != a.indices.size(); ++j) {
          lanes const value(static_cast<double>(a.values[j]));
          auto& at = moved_[a.indices[j]];
          for (std::size_t p = 0; p != W; ++p) at[p] = multiply_add(value, by[p], at[p]);
        }
      }
    }
  }

  void average() {
    double const workers = static_cast<double>(setting_.workers);
    // The sums lack β_m Σ_k v_k; with one step a round, what v_k moved does not count yet.
    lanes const late(numbers_.steps.size() == 1 ? 0.0 : 1.0);
    for (std::size_t i = 0; i != consensus_.size(); ++i) {
      for (std::size_t p = 0; p != W; ++p) {
        lanes const start = consensus_[i][p];
        lanes const all = multiply_add(lanes(workers), start, late * moved_[i][p]);
        for (std::size_t m = 0; m != averages; ++m)
          sums_[i][m][p] = multiply_add(numbers_.beta[m][p], all, sums_[i][m][p]);
        consensus_[i][p] = numbers_.scale[p] * (start + moved_[i][p] / lanes(workers));
        v_[i][p] = consensus_[i][p];
        moved_[i][p] = lanes(0.0);
      }
    }
    for (std::size_t m = 0; m != averages; ++m) weights_[m] += numbers_.weights[m];
  }

  samples const* data_;
  setting setting_;
  localsgd::plan plan_;
  std::vector<step_rule> rules_;
  std::uint64_t t_ = 0;
  std::vector<pack<W>> consensus_, v_, moved_;
  std::vector<std::array<pack<W>, averages>> sums_;  // over all workers and t, of w_t x_t^k
  std::array<double, averages> weights_{};
  // Within one round only:
  stretch_numbers<W> numbers_;
  std::vector<pack<W>> slopes_;
  std::vector<std::size_t> draws_;
};

}  // namespace paper
