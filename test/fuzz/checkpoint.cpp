// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// checkpoint_file on any bytes, and on bytes whose checksums are made right; state_reader on the
// state that it holds.

#include "fuzz/input.hpp"

#include "localsgd/checkpoint/archive.hpp"
#include "localsgd/checkpoint/file.hpp"
#include "localsgd/core/checksum.hpp"

#include <array>
#include <stdexcept>
#include <vector>

namespace {

using namespace localsgd;
using fuzz::expect;

struct part {
  std::vector<float> numbers;
  std::uint32_t count = 0;
  template <class Archive>
  void state(Archive& archive) {
    archive(numbers, count);
  }
};
struct whole {
  std::uint64_t steps = 0;
  std::vector<double> consensus;
  std::array<part, 2> workers;
  std::vector<std::byte> bytes;
  template <class Archive>
  void state(Archive& archive) {
    archive(steps, consensus, workers[0], workers[1], bytes);
  }
};

std::string mended(std::string bytes) {
  detail::checkpoint_header header;
  if (bytes.size() < sizeof header) return bytes;
  std::memcpy(&header, bytes.data(), sizeof header);
  header.magic = detail::checkpoint_header::right_magic;
  header.byte_order = detail::checkpoint_header::this_order;
  header.version = detail::checkpoint_header::this_version;
  header.payload_bytes = bytes.size() - sizeof header;
  header.payload_checksum =
      detail::checksum(bytes.data() + sizeof header, bytes.size() - sizeof header);
  header.own_checksum = header.right_checksum();
  std::memcpy(bytes.data(), &header, sizeof header);
  return bytes;
}

void check_state(std::span<std::byte const> bytes) {
  whole all;
  detail::state_reader in(bytes);
  try {
    in(all);
  } catch (std::length_error const&) {
    return;
  }
  detail::state_writer out;
  out(all);
  expect(fuzz::same_bits(out.bytes, bytes.first(bytes.size() - in.left())),
         "a state that is read is written with the same bytes");
}

void check_file(std::string const& bytes, std::string const& identity) {
  static fuzz::scratch_file const file, copy;
  file.write(bytes);
  try {
    detail::checkpoint_file const checkpoint(file.path(), identity);
    auto const state = checkpoint.state();
    detail::write_checkpoint(copy.path(), identity, state);
    detail::checkpoint_file const again(copy.path(), identity);
    expect(fuzz::same_bits(again.state(), state), "a checkpoint written is read");
    check_state(state);
  } catch (invalid_data const& e) {
    fuzz::expect_readable(e, file.name());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string const bytes(fuzz::text_of(data, size));
  std::string const forged = mended(bytes);
  check_file(bytes, "run = a\nseed = 1\n");
  check_file(forged, "run = a\nseed = 1\n");
  // With the identity that the file itself has, its state is read.
  detail::checkpoint_header header;
  if (forged.size() >= sizeof header) {
    std::memcpy(&header, forged.data(), sizeof header);
    check_file(forged, forged.substr(sizeof header, header.identity_bytes));
  }
  check_state(std::as_bytes(std::span(data, size)));
  return 0;
}
