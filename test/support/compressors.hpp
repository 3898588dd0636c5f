// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/compressor/concept.hpp"

#include <concepts>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <vector>

/// @file
/// @brief Compressors as a user would write them.

namespace support {

/// @brief Sends each worker's whole change as doubles, and remembers the last one.
struct as_it_is {
  struct bound {
    std::vector<double> seen;
    void encode(std::span<double const> change, std::vector<std::byte>& message) {
      seen.assign(change.begin(), change.end());
      message.resize(change.size_bytes());
      std::memcpy(message.data(), change.data(), change.size_bytes());
    }
    void decode(std::span<std::byte const> message, double weight, std::size_t first,
                std::span<double> add_to) const {
      for (std::size_t i = 0; i != add_to.size(); ++i) {
        double value = 0;
        std::memcpy(&value, message.data() + (first + i) * sizeof value, sizeof value);
        add_to[i] += weight * value;
      }
    }
    void reset() { seen.clear(); }
    template <class Archive>
    void state(Archive& archive) {
      archive(seen);
    }
  };
  template <class Scalar>
    requires std::same_as<Scalar, double>
  bound bind(localsgd::plan const&, std::size_t) const {
    return {};
  }
  static std::string identity() { return "as_it_is"; }
};
static_assert(localsgd::Compressor<as_it_is>);

}  // namespace support
