// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/index_range.hpp"

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

}  // namespace localsgd::detail
