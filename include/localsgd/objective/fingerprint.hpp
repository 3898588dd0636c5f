// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/checksum.hpp"
#include "localsgd/objective/concept.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

/// @file
/// @brief Distinguishes objectives by their values.

namespace localsgd::detail {

/// @brief The loss and the gradients of an objective at one point, over all samples.
struct objective_fingerprint {
  double loss = 0;              ///< f at one point, x ≠ 0
  std::uint64_t gradients = 0;  ///< a checksum of the gradients at that point
};

/// @brief Differs, with high probability, if the data, losses or penalties differ. Takes one pass
///        over all samples, on this thread, unless f provides it.
template <Objective F>
objective_fingerprint fingerprint_of(F const& f) {
  if constexpr (requires { f.fingerprint(); }) {
    return f.fingerprint();
  } else {
    using scalar = typename F::scalar;
    std::size_t const n = f.samples(), d = f.dimension();
    std::vector<scalar> x(d), g(d);
    for (std::size_t j = 0; j != d; ++j) x[j] = static_cast<scalar>(1 + j % 7) / scalar{4096};
    std::vector<std::size_t> batch;
    objective_fingerprint all;
    for (std::size_t i = 0; i < n; i += batch.size()) {
      batch.resize(std::min<std::size_t>(n - i, 65536));
      std::iota(batch.begin(), batch.end(), i);
      double const loss = f.gradient(std::span<scalar const>(x),
                                     std::span<std::size_t const>(batch), std::span<scalar>(g));
      all.loss += loss * (static_cast<double>(batch.size()) / static_cast<double>(n));
      std::uint64_t const chain[] = {all.gradients, checksum(g.data(), d * sizeof(scalar))};
      all.gradients = checksum(chain, sizeof chain);
    }
    return all;
  }
}

}  // namespace localsgd::detail
