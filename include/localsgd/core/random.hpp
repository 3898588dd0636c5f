// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/compiler.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>

/// @file
/// @brief Counter-based random numbers: every number is a pure function of a key and a counter.

namespace localsgd {

/// @brief Philox 4×32 with 10 rounds: a bijection of 128-bit counters, one for each 64-bit key.
///
/// The numbers of C++26's `std::philox4x32`. \cite salmon2011parallel
/// @return Four independent uniform 32-bit words. Thread safe: a pure function.
constexpr std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                                  std::array<std::uint32_t, 2> key) noexcept {
  for (int round = 0; round != 10; ++round) {
    std::uint64_t const p0 = std::uint64_t{0xD2511F53u} * counter[0];
    std::uint64_t const p1 = std::uint64_t{0xCD9E8D57u} * counter[2];
    counter = {static_cast<std::uint32_t>(p1 >> 32) ^ counter[1] ^ key[0],
               static_cast<std::uint32_t>(p1),
               static_cast<std::uint32_t>(p0 >> 32) ^ counter[3] ^ key[1],
               static_cast<std::uint32_t>(p0)};
    key[0] += 0x9E3779B9u;
    key[1] += 0xBB67AE85u;
  }
  return counter;
}

/// @brief The purpose of random numbers: each has a separate stream under one seed.
enum class random_stream : std::uint32_t {
  samples = 0, permutation = 1, estimate = 2, noise = 3, times = 4, compression = 5, gaps = 6,
  renewals = 7
};

/// @brief Two uniform 64-bit words, a function of (seed, stream, lane, position).
///
/// @param lane     Below 2²⁹: a worker's number, for instance.
/// @param position The index of the pair of words in that lane.
constexpr std::array<std::uint64_t, 2> random_words(std::uint64_t seed, random_stream stream,
                                                    std::uint32_t lane,
                                                    std::uint64_t position) noexcept {
  auto const w = philox4x32(
      {static_cast<std::uint32_t>(position), static_cast<std::uint32_t>(position >> 32), lane,
       static_cast<std::uint32_t>(stream)},
      {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
  return {std::uint64_t{w[1]} << 32 | w[0], std::uint64_t{w[3]} << 32 | w[2]};
}

/// @brief Maps a uniform 64-bit word to 0 … n−1, n ≥ 1, by the high half of word·n.
///
/// Probabilities differ by at most n/2⁶⁴. std::uniform_int_distribution is not used, because it
/// differs between standard libraries.
constexpr std::uint64_t index_below(std::uint64_t n, std::uint64_t word) noexcept {
  __extension__ using wide = unsigned __int128;
  return static_cast<std::uint64_t>((static_cast<wide>(word) * n) >> 64);
}

/// @brief A uniform number in (0, 1), never 0 or 1.
constexpr double unit_interval(std::uint64_t word) noexcept {
  return (static_cast<double>(word >> 12) + 0.5) * 0x1p-52;
}

/// @brief A standard normal number from two uniform words (Box and Muller).
inline double standard_normal(std::array<std::uint64_t, 2> const& words) noexcept {
  return std::sqrt(-2.0 * std::log(unit_interval(words[0]))) *
         std::cos(2.0 * std::numbers::pi * unit_interval(words[1]));
}

/// @brief How often a coin is tossed until it shows heads: 1 + ⌊ln u / ln(1 − p)⌋, geometric, at
///        most 2⁶². @param probability p of heads, in (0, 1]
inline std::uint64_t tosses_until_heads(double probability, std::uint64_t word) noexcept {
  if (probability == 1) return 1;
  double const tails = std::log(unit_interval(word)) / std::log1p(-probability);
  return 1 + static_cast<std::uint64_t>(std::min(tails, 0x1p62 - 1024));
}

/// @brief A keyed permutation of 0 … n−1, computed element by element in O(1) memory.
///
/// An alternating Feistel network on the smallest power of two that holds n (at least 16), walked
/// along its cycle until it falls below n: two evaluations on average at worst, for n ≥ 16.
class random_permutation {
 public:
  /// @param n    ≥ 1
  /// @param seed, epoch The key: each pair gives a different permutation.
  LOCALSGD_ONE_COPY constexpr random_permutation(std::uint64_t n, std::uint64_t seed,
                                                 std::uint32_t lane, std::uint64_t epoch) noexcept
      : n_(n),
        low_bits_(bits_for(n) / 2),
        high_bits_(bits_for(n) - low_bits_) {
    for (std::size_t pair = 0; pair != rounds / 2; ++pair) {
      auto const words =
          random_words(seed, random_stream::permutation, lane, epoch * (rounds / 2) + pair);
      keys_[2 * pair] = words[0];
      keys_[2 * pair + 1] = words[1];
    }
  }

  /// @brief Where `i` goes. @pre i < n
  constexpr std::uint64_t operator()(std::uint64_t i) const noexcept {
    do i = scramble(i);
    while (i >= n_);
    return i;
  }

 private:
  static constexpr std::size_t rounds = 8;

  static constexpr unsigned bits_for(std::uint64_t n) noexcept {
    return std::max(4u, static_cast<unsigned>(std::bit_width(n - 1)));
  }
  static constexpr std::uint64_t mix(std::uint64_t half, std::uint64_t key) noexcept {
    std::uint64_t h = (half ^ key) * 0x9E3779B97F4A7C15u;
    return (h ^ (h >> 32)) * 0xD6E8FEB86659FD93u >> 32;
  }
  constexpr std::uint64_t scramble(std::uint64_t i) const noexcept {
    std::uint64_t const low_mask = (std::uint64_t{1} << low_bits_) - 1;
    std::uint64_t const high_mask = (std::uint64_t{1} << high_bits_) - 1;
    std::uint64_t low = i & low_mask, high = i >> low_bits_;
    for (std::size_t r = 0; r != rounds; r += 2) {
      high ^= mix(low, keys_[r]) & high_mask;
      low ^= mix(high, keys_[r + 1]) & low_mask;
    }
    return high << low_bits_ | low;
  }

  std::uint64_t n_;
  unsigned low_bits_, high_bits_;
  std::array<std::uint64_t, rounds> keys_{};
};

}  // namespace localsgd
