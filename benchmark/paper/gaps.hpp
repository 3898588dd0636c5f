// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "benchmark/paper/stretch.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

/// @file
/// @brief f at many points at once.

namespace paper {

/// @brief f over the distinct samples, each with its number.
///
/// Σ log(1 + e^−|m|) is the logarithm of a product of numbers in (1, 2]: one for many samples.
/// Constant, so safe to use from several threads.
class value_of {
 public:
  explicit value_of(samples const& data) : data_(&data) {
    std::map<std::pair<double, std::vector<std::pair<std::uint32_t, float>>>, std::size_t> place;
    for (std::size_t i = 0; i != data.features.rows(); ++i) {
      auto const a = data.features.row(i);
      std::vector<std::pair<std::uint32_t, float>> entries;
      for (std::size_t j = 0; j != a.indices.size(); ++j)
        entries.emplace_back(a.indices[j], a.values[j]);
      auto const [at, is_new] =
          place.try_emplace({data.targets.data()[i], std::move(entries)}, distinct_.size());
      if (is_new) distinct_.push_back({i, 0});
      distinct_[at->second].count += 1;
    }
    // Those that are there once come last, and need no logarithm of their own.
    auto const single = std::stable_partition(distinct_.begin(), distinct_.end(),
                                              [](sample const& d) { return d.count > 1; });
    many_ = static_cast<std::size_t>(single - distinct_.begin());
  }

  /// @param x [d]
  template <std::size_t W>
  pack<W> operator()(pack<W> const* x) const {
    pack<W> sum, product, squares;
    sum.fill(lanes(0.0)), product.fill(lanes(1.0)), squares.fill(lanes(0.0));
    auto const flush = [&] {
      for (std::size_t p = 0; p != W; ++p) {
        sum[p] += xsimd::log(product[p]);
        product[p] = lanes(1.0);
      }
    };
    for (std::size_t at = 0; at != distinct_.size(); ++at) {
      auto const [row, count] = distinct_[at];
      if (at >= many_ && (at - many_) % 512 == 511) flush();  // before 2^1024
      auto const z = paper::product<W>(data_->features.row(row), x);
      lanes const y(data_->targets.data()[row]), times(count);
      for (std::size_t p = 0; p != W; ++p) {
        lanes const margin = y * z[p];
        lanes const factor = lanes(1.0) + xsimd::exp(-xsimd::abs(margin));
        lanes const slack = xsimd::max(-margin, lanes(0.0));
        if (at < many_) {
          sum[p] += times * (slack + xsimd::log(factor));
        } else {
          sum[p] += slack;
          product[p] *= factor;
        }
      }
    }
    flush();
    std::size_t const d = data_->features.columns();
    for (std::size_t i = 0; i != d; ++i)
      for (std::size_t p = 0; p != W; ++p) squares[p] = multiply_add(x[i][p], x[i][p], squares[p]);
    double const n = static_cast<double>(data_->features.rows());
    pack<W> value;
    for (std::size_t p = 0; p != W; ++p)
      value[p] = sum[p] / lanes(n) + lanes(lambda_of(*data_) / 2) * squares[p];
    return value;
  }

 private:
  struct sample {
    std::size_t row;
    double count;
  };
  samples const* data_;
  std::vector<sample> distinct_;
  std::size_t many_ = 0;  // of those that are there more than once
};

/// @brief f − f* of all candidates of all step sizes, at one time.
template <std::size_t W>
using gap_table = std::array<std::array<double, W * lanes::size>, candidates>;

/// @brief What there is to a run now. @pre it has made a step
template <class Run>
auto gaps_of(Run const& run, value_of const& value, double optimum) {
  constexpr std::size_t W = Run::width;
  gap_table<W> gaps;
  auto const put = [&](std::size_t candidate, pack<W> const* x) {
    auto const f = value.template operator()<W>(x);
    for (std::size_t p = 0; p != W; ++p)
      (f[p] - lanes(optimum)).store_unaligned(gaps[candidate].data() + p * lanes::size);
  };
  put(0, run.last());
  std::vector<pack<W>> point(run.dimension());
  for (std::size_t m = 0; m != averages; ++m) {
    run.average(m, std::span(point));
    put(1 + m, point.data());
  }
  return gaps;
}

}  // namespace paper
