// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/compressor/concept.hpp"
#include "localsgd/core/cache_aligned.hpp"
#include "localsgd/core/error.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <string>
#include <vector>

/// @file
/// @brief Only the largest changes travel; what is left out is added to the next one.

namespace localsgd {

/// @brief The ⌈fraction·d⌉ coordinates of Δ_k + e_k that are largest in absolute value; the others
///        stay in the worker's error memory e_k \cite stich2018sparsified.
///
/// a ← e + Δ; the message is the largest entries of a, of equal ones those of lower index; e ← a
/// without them. e = 0 at the start, and whenever the consensus jumps. A message takes
/// 8 + m·(4 + sizeof(Scalar)) bytes for m entries. Memory: two vectors of length d a worker, one a
/// process. An encoding costs O(d).
struct top_k {
  double fraction = 0.01;  ///< In (0, 1]: the share of the d coordinates that travels.

  template <class Scalar>
  class bound {
   public:
    bound(std::size_t entries, std::size_t dimension)
        : entries_(entries), error_(dimension), order_(dimension) {}

    void encode(std::span<Scalar const> change, std::vector<std::byte>& message) {
      for (std::size_t i = 0; i != change.size(); ++i) {
        error_[i] += change[i];
        order_[i] = std::abs(error_[i]);
      }
      auto const last = order_.begin() + static_cast<std::ptrdiff_t>(entries_ - 1);
      std::nth_element(order_.begin(), last, order_.end(), std::greater<>());
      Scalar const least = *last;
      // All that are larger travel, and of those that equal the least one the first.
      auto const larger = static_cast<std::size_t>(std::count_if(
          order_.begin(), last, [&](Scalar each) { return each > least; }));
      std::size_t equal = entries_ - larger, made = 0;
      message.resize(sizeof(std::uint64_t) + entries_ * (sizeof(std::uint32_t) + sizeof(Scalar)));
      std::uint64_t const count = entries_;
      std::memcpy(message.data(), &count, sizeof count);
      for (std::size_t i = 0; i != change.size(); ++i) {
        Scalar const size = std::abs(error_[i]);
        if (!(size > least) && (size != least || equal == 0)) continue;
        if (size == least) --equal;
        auto const index = static_cast<std::uint32_t>(i);
        std::memcpy(index_at(message, made), &index, sizeof index);
        std::memcpy(value_at(message, made, entries_), &error_[i], sizeof(Scalar));
        error_[i] = 0;
        ++made;
      }
    }

    void decode(std::span<std::byte const> message, double weight, std::size_t first,
                std::span<double> add_to) const {
      std::uint64_t count = 0;
      std::memcpy(&count, message.data(), sizeof count);
      auto const n = static_cast<std::size_t>(count);
      auto const index = [&](std::size_t j) {
        std::uint32_t i = 0;
        std::memcpy(&i, index_at(message, j), sizeof i);
        return std::size_t{i};
      };
      // Indices ascend: those before `first` are passed over by halves.
      std::size_t begin = 0;
      for (std::size_t length = n; length != 0;) {
        std::size_t const half = length / 2;
        if (index(begin + half) < first) {
          begin += half + 1;
          length -= half + 1;
        } else {
          length = half;
        }
      }
      for (std::size_t j = begin; j != n && index(j) < first + add_to.size(); ++j) {
        Scalar value = 0;
        std::memcpy(&value, value_at(message, j, n), sizeof value);
        add_to[index(j) - first] += weight * static_cast<double>(value);
      }
    }

    void reset() noexcept { std::fill(error_.begin(), error_.end(), Scalar{0}); }
    template <class Archive>
    void state(Archive& archive) {
      archive(error_);
    }

   private:
    template <class Bytes>
    static auto* index_at(Bytes& message, std::size_t j) noexcept {
      return message.data() + sizeof(std::uint64_t) + j * sizeof(std::uint32_t);
    }
    template <class Bytes>
    static auto* value_at(Bytes& message, std::size_t j, std::size_t n) noexcept {
      return index_at(message, n) + j * sizeof(Scalar);
    }

    std::size_t entries_;
    detail::aligned_vector<Scalar> error_;  // e
    std::vector<Scalar> order_;         // room
  };

  /// @throws invalid_settings
  template <class Scalar>
  bound<Scalar> bind(plan const& p, std::size_t /*worker*/) const {
    detail::require(fraction > 0 && fraction <= 1, "top_k.fraction", fraction, "in (0, 1]");
    detail::require(p.dimension <= 0xffffffff, "objective.dimension()", p.dimension,
                    "at most 2^32 - 1 with top_k");
    double const entries = std::ceil(fraction * static_cast<double>(p.dimension));
    return {std::clamp<std::size_t>(static_cast<std::size_t>(entries), 1, p.dimension),
            p.dimension};
  }
  std::string identity() const { return "top_k{fraction = " + detail::shown(fraction) + "}"; }
};
static_assert(Compressor<top_k, double> && Compressor<top_k, float>);

}  // namespace localsgd
