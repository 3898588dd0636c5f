// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/communicator/concept.hpp"
#include "localsgd/communicator/ranks/layout.hpp"

#include <cstddef>
#include <cstdint>

/// @file
/// @brief How vectors on many ranks are combined: in slices or whole, through messages or a board.

namespace localsgd::detail {

/// @brief Whether ranks post data, `bytes(r)` bytes on rank r, instead of sending them. The answer
///        is the same on all ranks.
template <class C, class Bytes>
bool fits_board([[maybe_unused]] C& communicator, [[maybe_unused]] std::size_t ranks,
                [[maybe_unused]] Bytes const& bytes) {
  if constexpr (has_board<C>) {
    if (communicator.board() == nullptr) return false;
    for (std::size_t r = 0; r != ranks; ++r)
      if (bytes(r) > communicator.board()->side) return false;
    return true;
  } else {
    return false;
  }
}

/// @brief How n vectors are combined. The same on all ranks.
struct message_route {
  bool direct = false;  ///< Every rank receives all of each vector, not only its slice.
  bool posted = false;  ///< Through shared memory.

  /// Sending a message takes about as long as sending some thousand bytes.
  static constexpr std::size_t worth_a_message = 4096;

  template <class C>
  static message_route of(C& communicator, rank_layout const& layout, std::size_t n,
                          std::size_t vector_bytes) {
    message_route by;
    by.direct = direct_bytes(layout, n, vector_bytes) <=
                slice_bytes(layout, n, vector_bytes) + worth_a_message * layout.ranks();
    by.posted = fits_board(communicator, layout.ranks(), [&](std::size_t r) {
      return layout.rows_of(r, n).size() * vector_bytes;
    });
    return by;
  }

  /// @brief The bytes that all ranks together send if each vector goes to every rank.
  static std::uint64_t direct_bytes(rank_layout const& layout, std::size_t n,
                                    std::size_t vector_bytes) noexcept {
    return std::uint64_t{layout.ranks() - 1} * n * vector_bytes;
  }
  /// @brief The same if only slices are sent, and then the results.
  static std::uint64_t slice_bytes(rank_layout const& layout, std::size_t n,
                                   std::size_t vector_bytes) noexcept {
    std::size_t const ranks = layout.ranks();
    std::uint64_t sum = std::uint64_t{ranks - 1} * vector_bytes;
    for (std::size_t r = 0; r != ranks; ++r) {
      index_range const slice = coordinates_of<std::byte>(vector_bytes, ranks, r);
      sum += std::uint64_t{layout.rows_of(r, n).size()} * (vector_bytes - slice.size());
    }
    return sum;
  }
};

}  // namespace localsgd::detail
