// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/index_range.hpp"
#include "localsgd/evaluation/full_gradient.hpp"

#include <cstddef>
#include <span>
#include <vector>

/// @file
/// @brief An estimate of f from a few samples.

namespace localsgd::detail {

/// @brief An estimate of Σ f_i(x) over the samples, from every `stride`-th sample; 0 without
///        samples.
template <class F>
double glance(F const& f, index_range samples, std::size_t stride,
              std::span<typename F::scalar const> x) {
  std::vector<std::size_t> batch;
  for (std::size_t i = samples.first; i < samples.last; i += stride) batch.push_back(i);
  if (batch.empty()) return 0;
  std::vector<typename F::scalar> g(x.size());
  return static_cast<double>(samples.size()) *
         static_cast<double>(f.gradient(x, std::span<std::size_t const>(batch),
                                        std::span<typename F::scalar>(g)));
}

/// @brief Collective: whether f is lower at x than at y, from about `most` of its samples. The
///        leader receives the answer, the other threads false.
/// @param pass sums over the samples
template <class F, class T>
bool seems_lower(F const& f, full_gradient& pass, T& team, std::size_t most,
                 std::span<typename F::scalar const> x, std::span<typename F::scalar const> y) {
  std::size_t const stride = (f.samples() + most - 1) / most;
  pass.each_share(f, team, [&](auto const& share, index_range samples, std::span<double> sum,
                               std::size_t) {
    sum[0] += glance(share, samples, stride, x);
    sum[1] += glance(share, samples, stride, y);
  });
  return team.leads() && pass.totals()[0] < pass.totals()[1];
}

}  // namespace localsgd::detail
