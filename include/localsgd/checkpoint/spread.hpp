// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/core/index_range.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

/// @file
/// @brief Bytes that travel between the processes of a team. Where all share one memory: nothing.

namespace localsgd::detail {

/// @brief Whether the members of a team do not all share one memory.
template <class T>
concept team_of_processes = requires(T& team, std::span<std::byte> bytes,
                                     index_range (*owned)(std::size_t)) {
  team.all_gather(bytes, owned);
};

/// @brief Collective: `bytes` in the process of thread `owner` become those of all processes.
///
/// Who leads a process reads and writes them; the owner's were there before the last collective
/// call.
template <class T>
void spread(T& team, std::vector<std::byte>& bytes, std::size_t owner) {
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

/// @brief Puts together the state of a part that is one thing for a team and an object for each
///        process, each of which changes a share of its own: an averager, whose coordinates are
///        divided among the processes.
class divided_state {
 public:
  /// @brief Who leads a process: its state while it is the same on all of them.
  void start(std::vector<std::byte> common) { common_ = std::move(common); }

  /// @brief Collective: in the process of thread 0, `state` becomes that of all; elsewhere it is
  ///        spent. Every byte is of the lowest process that has changed it since start().
  /// @param leaders whether a thread leads its process, for each of them
  /// @throws invalid_settings if the state does not keep its length
  template <class T>
  void merge(T& team, std::span<int const> leaders, std::vector<std::byte>& state) {
    bool const leader = team.leads(), first = team.thread() == 0;
    for (std::size_t m = 1; m != leaders.size(); ++m) {
      if (leaders[m] == 0) continue;
      if (leader) incoming_ = team.thread() == m ? state : std::vector<std::byte>();
      spread(team, incoming_, m);
      if (!first) continue;
      require(state.size() == common_.size() && incoming_.size() == common_.size(),
              "bytes of averager.state", incoming_.size(),
              std::to_string(common_.size()) + ", as after start(d): each rank changes a share");
      for (std::size_t i = 0; i != state.size(); ++i)
        if (state[i] == common_[i]) state[i] = incoming_[i];
    }
    if (leader) incoming_ = {};
  }

 private:
  std::vector<std::byte> common_, incoming_;
};

}  // namespace localsgd::detail
