// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

/// @file
/// @brief Messages of Compressors, without a run.

namespace support {

/// @brief The encoder of a worker, for d coordinates.
auto encoder_of(auto const& compressor, std::size_t d, std::size_t worker = 0,
                std::uint64_t seed = 0) {
  localsgd::plan p;
  p.dimension = d;
  p.seed = seed;
  p.workers = 8;
  return compressor.template bind<double>(p, worker);
}

std::vector<std::byte> encoded(auto& state, std::vector<double> const& change) {
  std::vector<std::byte> message(3);  // is overwritten
  state.encode(change, message);
  return message;
}

/// @brief What a message says of all d coordinates, decoded in ranges of `step`.
std::vector<double> decoded(auto const& state, std::vector<std::byte> const& message, std::size_t d,
                            std::size_t step, double weight = 1) {
  std::vector<double> all(d);
  for (std::size_t first = 0; first < d; first += step)
    state.decode(message, weight, first, std::span(all).subspan(first, std::min(step, d - first)));
  return all;
}

/// @brief A change of d numbers of many sizes, most of them small, some of them 0.
inline std::vector<double> uneven_change(std::size_t d, std::size_t shift = 0) {
  std::vector<double> change(d);
  for (std::size_t i = 0; i != d; ++i)
    change[i] = (i % 7 == 0 ? -1.0 : 1.0) * static_cast<double>((i + shift) % 5) /
                static_cast<double>((i + shift) % 97 + 1);
  return change;
}

}  // namespace support
