// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "benchmark/paper/stretch.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

/// @file
/// @brief Algorithm 2 with a delay, for many step sizes at once: a simulation, so that it is
///        reproducible.

namespace paper {

/// @brief A run of workers that come at different times, and whose writes are late.
///
/// All make one step per unit of time. The sync times of worker k are H − ⌊kH/K⌋ and every H later:
/// as far apart as can be. At a sync time s it hands in 1/K of its change since it last read, which
/// enters the aggregate at s + τ; then it reads what has entered by s and goes on from there. Its
/// iterates enter the averages as it hands in. With H = 1 and τ = 0 this is Algorithm 1.
///
/// What a worker does between two sync times depends on what it read only, so it is done as it
/// reads, and put where its time will come.
template <std::size_t W>
class asynchronous_run {
 public:
  static constexpr std::size_t width = W;

  asynchronous_run(samples const& data, setting const& s, std::uint64_t delay,
                   std::vector<step_rule> rules)
      : data_(&data),
        setting_(s),
        delay_(delay),
        rules_(std::move(rules)),
        aggregate_(zeros()),
        v_(zeros()),
        sums_(no_sums()),
        writes_(s.local_steps + delay + 1, zeros()),
        iterates_(s.local_steps + 1, no_sums()),
        weights_due_(s.local_steps + 1),
        slopes_(s.batch) {
    plan_.samples = data.features.rows();
    plan_.batch_size = s.batch;
    plan_.workers = s.workers;
    plan_.seed = s.seed;
    for (std::size_t k = 0; k != s.workers; ++k) go_on(k, s.local_steps - phase(k));
  }

  std::size_t dimension() const { return data_->features.columns(); }
  std::uint64_t time() const { return t_; }
  std::uint64_t period() const { return setting_.local_steps; }
  /// How often each worker has handed in.
  std::uint64_t rounds() const { return t_ / setting_.local_steps; }

  void advance(std::uint64_t to) {
    while (t_ != to) {
      ++t_;
      prepared_ = 0;
      enter();
      for (std::size_t k = 0; k != setting_.workers; ++k)
        if ((t_ + phase(k)) % setting_.local_steps == 0) go_on(k, setting_.local_steps);
    }
  }

  /// @brief The aggregate, one pack for each coordinate.
  pack<W> const* last() const { return aggregate_.data(); }

  /// @brief out ← average m. @pre every worker has handed in
  void average(std::size_t m, std::span<pack<W>> out) const {
    lanes const share(1 / weights_[m]);
    for (std::size_t i = 0; i != out.size(); ++i)
      for (std::size_t p = 0; p != W; ++p) out[i][p] = share * sums_[i][m][p];
  }

 private:
  using point = std::vector<pack<W>>;
  using sums = std::vector<std::array<pack<W>, averages>>;

  point zeros() const {
    pack<W> zero;
    zero.fill(lanes(0.0));
    return point(data_->features.columns(), zero);
  }
  sums no_sums() const {
    std::array<pack<W>, averages> none;
    for (auto& sum : none) sum.fill(lanes(0.0));
    return sums(data_->features.columns(), none);
  }
  std::uint64_t phase(std::size_t k) const { return k * setting_.local_steps / setting_.workers; }

  // What is due now.
  void enter() {
    auto& write = writes_[t_ % writes_.size()];
    auto& done = iterates_[t_ % iterates_.size()];
    auto& weight = weights_due_[t_ % weights_due_.size()];
    for (std::size_t i = 0; i != aggregate_.size(); ++i) {
      for (std::size_t p = 0; p != W; ++p) {
        aggregate_[i][p] += write[i][p];
        write[i][p] = lanes(0.0);
        if (weight[0] == 0) continue;
        for (std::size_t m = 0; m != averages; ++m) {
          sums_[i][m][p] += done[i][m][p];
          done[i][m][p] = lanes(0.0);
        }
      }
    }
    for (std::size_t m = 0; m != averages; ++m) weights_[m] += std::exchange(weight[m], 0);
  }

  // Worker k reads, and makes its steps until it comes again.
  void go_on(std::size_t k, std::uint64_t steps) {
    if (prepared_ != steps) numbers_.prepare(rules_, *data_, t_, t_ + steps, setting_.batch);
    prepared_ = steps;
    draws_.resize(steps * setting_.batch);
    localsgd::with_replacement{}.draw(plan_, k, t_, draws_);
    v_ = aggregate_;
    auto& done = iterates_[(t_ + steps) % iterates_.size()];
    walk<W>(*data_, numbers_, setting_.batch, draws_, slopes_, v_.data(), done.data());
    auto& write = writes_[(t_ + steps + delay_) % writes_.size()];
    lanes const share(1 / static_cast<double>(setting_.workers));
    for (std::size_t i = 0; i != v_.size(); ++i) {
      for (std::size_t p = 0; p != W; ++p) {
        for (std::size_t m = 0; m != averages; ++m)
          done[i][m][p] = multiply_add(numbers_.beta[m][p], v_[i][p], done[i][m][p]);
        write[i][p] += share * (numbers_.scale[p] * v_[i][p] - aggregate_[i][p]);
      }
    }
    auto& weight = weights_due_[(t_ + steps) % weights_due_.size()];
    for (std::size_t m = 0; m != averages; ++m) weight[m] += numbers_.weights[m];
  }

  samples const* data_;
  setting setting_;
  std::uint64_t delay_;
  localsgd::plan plan_;
  std::vector<step_rule> rules_;
  std::uint64_t t_ = 0;
  std::uint64_t prepared_ = 0;  // the steps that numbers_ is for, from t_
  point aggregate_, v_;
  sums sums_;
  std::array<double, averages> weights_{};
  // By the time at which they are due, modulo the length:
  std::vector<point> writes_;
  std::vector<sums> iterates_;
  std::vector<std::array<double, averages>> weights_due_;
  stretch_numbers<W> numbers_;
  std::vector<pack<W>> slopes_;
  std::vector<std::size_t> draws_;
};

}  // namespace paper
