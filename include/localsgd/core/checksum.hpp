// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

/// @file
/// @brief A fast check for damaged bytes.

namespace localsgd::detail {

/// @brief A 64-bit checksum of `size` bytes, filled up with zeros to whole blocks of 64 bytes.
///
/// Word i of each block, 8 bytes in the machine's own order, goes into lane i of eight:
/// lane_i ← mix(lane_i, word_i) with mix(h, w) = p·rotl(h + q·w, 31), where lane_i starts as
/// p·(i+1). Finally h, which starts as the number of blocks, takes lanes 0 … 7 in the same
/// way, and h ← h ⊕ (h >> 32), h ← h·q, h ← h ⊕ (h >> 29). All arithmetic is modulo 2^64. The
/// streams do not wait for each other, so that memory, not arithmetic, sets the pace.
///
/// For fixed h, mix is one-to-one in w, for fixed w in h: so a change within one aligned word never
/// goes undetected. Any other accident does with a probability of about 2^−64. Both factors are
/// needed: with one alone, a flip of a high bit could be undone by a flip in the next block. It
/// does not protect against attacks: an attacker who forges bytes can forge the checksum.
inline std::uint64_t checksum(void const* bytes, std::size_t size) noexcept {
  constexpr std::uint64_t p = 0x9e3779b97f4a7c15, q = 0xbf58476d1ce4e5b9;  // odd
  constexpr std::size_t block = 64;
  auto const mix = [](std::uint64_t h, std::uint64_t w) { return p * std::rotl(h + q * w, 31); };
  std::uint64_t streams[8] = {p, 2 * p, 3 * p, 4 * p, 5 * p, 6 * p, 7 * p, 8 * p};
  auto const take = [&](unsigned char const* from) {
    auto const word = [from](std::size_t i) {
      std::uint64_t w;
      std::memcpy(&w, from + 8 * i, 8);
      return w;
    };
    [&]<std::size_t... i>(std::index_sequence<i...>) {  // keeps the streams in registers
      ((streams[i] = mix(streams[i], word(i))), ...);
    }
    (std::make_index_sequence<8>());
  };

  auto const* at = static_cast<unsigned char const*>(bytes);
  for (std::size_t n = size / block; n != 0; --n, at += block) take(at);
  if (std::size_t const rest = size % block; rest != 0) {
    unsigned char last[block] = {};
    std::memcpy(last, at, rest);
    take(last);
  }

  std::uint64_t h = (size + block - 1) / block;
  for (std::uint64_t const lane : streams) h = mix(h, lane);
  h ^= h >> 32U;
  h *= q;
  return h ^ h >> 29U;
}

}  // namespace localsgd::detail
