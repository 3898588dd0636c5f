// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/compressor/packing.hpp"
#include "localsgd/core/compiler.hpp"
#include "localsgd/core/index_range.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

/// @file
/// @brief The sum of vectors most of whose entries are known to all processes.

namespace localsgd::detail {

/// @brief Σ_p v_p of parts v_p. For each part only the entries that differ from the expected ones
///        are sent, losslessly. The bits are those of `team.sum`. One object for each process.
///
/// An entry takes 8 bytes plus its distance from the previous one, at 7 bits a byte. A template, so
/// that only programs with a compressor compile it.
template <class = void>
class sparse_sum {
 public:
  explicit sparse_sum(std::size_t parts) : messages_(parts), bytes_(parts) {}

  /// @brief Collective: total ← Σ_p parts[p], in the order of p.
  /// @param expect `expect(p, first, out)` writes the expected entries `first`, `first`+1, … of
  ///               part p; equal on all ranks
  /// @return false if whole vectors take fewer bytes; then only the lengths have been sent
  template <class T, class Expect>
  bool operator()(T& team, std::span<std::vector<double> const> parts, std::span<double> total,
                  Expect const& expect) {
    auto const owned = [&](std::size_t thread) {
      return even_split(parts.size(), team.threads(), thread);
    };
    index_range const mine = owned(team.thread());
    for (std::size_t p = mine.first; p != mine.last; ++p) {
      pack(parts[p], messages_[p], [&](std::size_t first, std::span<double> out) {
        expect(p, first, out);
      });
      bytes_[p] = messages_[p].size();
    }
    team.barrier();
    team.all_gather(std::span(bytes_.data(), bytes_.size()), owned);
    // To each other process: the messages, or a slice of all parts and its sum.
    if (std::accumulate(bytes_.begin(), bytes_.end(), std::uint64_t{0}) >= 2 * total.size_bytes())
      return false;
    team.all_gather_v(std::span(messages_.data(), messages_.size()));
    team.template split<double>(total.size(), [&](std::size_t first, std::size_t last) {
      std::span<double> const out = total.subspan(first, last - first);
      std::vector<double> part(out.size());
      std::fill(out.begin(), out.end(), 0.0);
      for (std::size_t p = 0; p != messages_.size(); ++p) {
        expect(p, first, std::span<double>(part));
        add(messages_[p], first, part, out);
      }
      return true;
    });
    return true;
  }

 private:
  template <class Expect>
  static void pack(std::span<double const> part, std::vector<std::byte>& message,
                   Expect const& expect) {
    message.clear();
    std::array<double, 1024> expected;
    std::size_t next = 0;  // after the last entry
    for (std::size_t first = 0; first < part.size(); first += expected.size()) {
      auto const known =
          std::span(expected).first(std::min(expected.size(), part.size() - first));
      expect(first, known);
      for (std::size_t i = 0; i != known.size(); ++i) {
        double const value = part[first + i];
        if (value == known[i]) continue;
        put_varint(message, first + i - next);
        put(message, value);
        next = first + i + 1;
      }
    }
  }

  // out ← out + the entries from `first` on: those of the message and the expected others.
  LOCALSGD_ONE_COPY static void add(std::span<std::byte const> message, std::size_t first,
                                    std::span<double> expected, std::span<double> out) {
    std::size_t i = 0;
    for (std::size_t at = 0; at != message.size(); ++i, at += sizeof(double)) {
      i += static_cast<std::size_t>(get_varint(message, at));
      if (i >= first + out.size()) break;
      require_message(message.size() - at >= sizeof(double));
      if (i >= first) expected[i - first] = get<double>(message, at);
    }
    for (std::size_t j = 0; j != out.size(); ++j) out[j] += expected[j];
  }

  std::vector<std::vector<std::byte>> messages_;
  std::vector<std::uint64_t> bytes_;  // of all messages
};

}  // namespace localsgd::detail
