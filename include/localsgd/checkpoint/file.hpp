// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/checksum.hpp"
#include "localsgd/core/error.hpp"
#include "localsgd/io/mapped_file.hpp"
#include "localsgd/io/replacing_file.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

/// @file
/// @brief A checkpoint as a file: a header, the identity of its run, and its state.

namespace localsgd::detail {

/// @brief The first 64 bytes, in the machine's byte order. The payload follows.
struct checkpoint_header {
  static constexpr std::array<char, 8> right_magic{'\x89', 'L', 'S', 'G', 'C', '\r', '\n', '\x1a'};
  static constexpr std::uint32_t this_order = 0x01020304, other_order = 0x04030201,
                                 this_version = 3;

  std::array<char, 8> magic = right_magic;
  std::uint32_t byte_order = this_order;
  std::uint32_t version = this_version;
  std::uint64_t identity_bytes = 0;  ///< Length of the run's identity, the start of the payload.
  std::uint64_t payload_bytes = 0;
  std::uint64_t payload_checksum = 0;
  std::array<std::uint64_t, 2> zeros{};
  std::uint64_t own_checksum = 0;  ///< Checksum of the 56 bytes before it.

  std::uint64_t right_checksum() const noexcept {
    return checksum(this, offsetof(checkpoint_header, own_checksum));
  }
};
static_assert(sizeof(checkpoint_header) == 64 && std::is_trivially_copyable_v<checkpoint_header>);

/// @brief Replaces the checkpoint at `path` atomically.
/// @throws std::filesystem::filesystem_error with path and reason
inline void write_checkpoint(std::filesystem::path const& path, std::string_view identity,
                             std::span<std::byte const> state) {
  std::vector<std::byte> payload(identity.size() + state.size());
  auto const owner = std::as_bytes(std::span(identity.data(), identity.size()));
  std::ranges::copy(state, std::ranges::copy(owner, payload.begin()).out);
  checkpoint_header header;
  header.identity_bytes = identity.size();
  header.payload_bytes = payload.size();
  header.payload_checksum = checksum(payload.data(), payload.size());
  header.own_checksum = header.right_checksum();
  replacing_file file(path);
  file.write(&header, sizeof header);
  file.write(payload.data(), payload.size());
  file.commit();
}

/// @brief From each of two different texts, the first line in which they differ.
inline std::array<std::string, 2> first_difference(std::string_view a, std::string_view b) {
  auto const line = [](std::string_view& text) {
    if (text.empty()) return std::string_view("no further entry");
    auto const taken = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), taken.size() + 1));
    return taken;
  };
  for (;;) {
    bool const over = a.empty() || b.empty();
    std::string_view const of_a = line(a), of_b = line(b);
    if (over || of_a != of_b) return {std::string(of_a), std::string(of_b)};
  }
}

/// @brief A checkpoint that fits this run.
class checkpoint_file {
 public:
  /// @throws invalid_data if there is no file at `path`, or it is damaged or belongs to another run
  checkpoint_file(std::filesystem::path const& path, std::string_view identity) : file_(path) {
    std::string_view const bytes = file_.bytes();
    auto const refuse = [&](std::string const& found, std::string const& expected) {
      throw invalid_data(path.string(), found,
                         expected + "; to start a new run, remove the file or choose another path");
    };
    auto const number = [](std::uint64_t n) { return std::to_string(n); };
    checkpoint_header header;
    std::string_view const magic(header.magic.data(), header.magic.size());
    if (bytes.substr(0, magic.size()) != magic)
      refuse(bytes.empty() ? "an empty file" : "a file in another format", "a checkpoint");
    if (bytes.size() < sizeof header)
      refuse(number(bytes.size()) + " bytes (truncated)", "a header of 64 bytes");
    std::memcpy(&header, bytes.data(), sizeof header);
    if (header.byte_order == checkpoint_header::other_order)
      refuse("another byte order", "the byte order of this machine");
    if (header.version > checkpoint_header::this_version)
      refuse("format version " + number(header.version) + " (newer)",
             "version " + number(checkpoint_header::this_version));
    if (header.own_checksum != header.right_checksum() ||
        header.byte_order != checkpoint_header::this_order || header.version == 0)
      refuse("a damaged header (checksum mismatch)", "an intact header");
    if (header.version != checkpoint_header::this_version)
      refuse("format version " + number(header.version) + " (older)",
             "version " + number(checkpoint_header::this_version));
    if (bytes.size() - sizeof header != header.payload_bytes ||
        header.identity_bytes > header.payload_bytes)
      refuse(number(bytes.size()) + " bytes",
             number(header.payload_bytes + sizeof header) + " bytes, the size in its header");
    std::string_view const payload = bytes.substr(sizeof header);
    if (checksum(payload.data(), payload.size()) != header.payload_checksum)
      refuse("a damaged state (checksum mismatch)", "an intact state");
    std::string_view const owner = payload.substr(0, header.identity_bytes);
    if (owner != identity) {
      auto const [theirs, ours] = first_difference(owner, identity);
      refuse("the checkpoint of a run with " + printable(theirs, 200), ours + ", as in this run");
    }
    state_ = payload.substr(header.identity_bytes);
  }

  std::span<std::byte const> state() const noexcept {
    return std::as_bytes(std::span(state_.data(), state_.size()));
  }

 private:
  mapped_file file_;
  std::string_view state_;
};

}  // namespace localsgd::detail
