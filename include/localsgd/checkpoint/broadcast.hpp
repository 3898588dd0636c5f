// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/index_range.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

/// @file
/// @brief Sends bytes between the processes of a team. Does nothing with a single process.

namespace localsgd::detail {

/// @brief Collective: copies `bytes` from the process of thread `owner` to all processes.
///
/// The leading thread of each process reads and writes them; the owner must have set them before
/// the last collective call.
template <class T>
void broadcast_bytes(T& team, std::vector<std::byte>& bytes, std::size_t owner) {
  if constexpr (!T::one_process) {
    auto const all_of_owner = [&](std::size_t size) {
      return [=](std::size_t m) { return index_range{m > owner ? size : 0, m < owner ? 0 : size}; };
    };
    bool const leader = team.leads();
    std::uint64_t size = leader ? bytes.size() : 0;
    team.all_gather(std::span(&size, 1), all_of_owner(1));
    if (leader) bytes.resize(static_cast<std::size_t>(size));
    team.all_gather(leader ? std::span(bytes) : std::span<std::byte>(),
                    all_of_owner(static_cast<std::size_t>(size)));
  }
}

}  // namespace localsgd::detail
