// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE checkpoint_file
#include "localsgd/checkpoint/file.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "test/support/problems.hpp"
#include "test/support/temporary_path.hpp"

namespace fs = std::filesystem;
using localsgd::invalid_data;
using localsgd::detail::checkpoint_file;
using localsgd::detail::checkpoint_header;
using localsgd::detail::first_difference;
using localsgd::detail::write_checkpoint;

namespace {

constexpr std::string_view identity = "workers = 8\nseed = 1\n";

std::vector<std::byte> some_state(std::size_t n = 400) {
  support::numbers random(1);
  std::vector<std::byte> state(n);
  for (std::byte& b : state) b = static_cast<std::byte>(random.below(256));
  return state;
}

std::string bytes_of(fs::path const& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// The bytes of a good one.
std::string good() {
  support::temporary_path const path;
  write_checkpoint(path(), identity, some_state());
  return bytes_of(path());
}

/// What opening a file of these bytes throws.
invalid_data refusal(std::string const& bytes) {
  support::temporary_path const path(bytes);
  auto const e =
      support::error_of<invalid_data>([&] { checkpoint_file const file(path(), identity); });
  BOOST_TEST(e.file == path().string());
  BOOST_TEST(e.expected.find("to start a new run, remove the file") != std::string::npos);
  return e;
}
bool says(invalid_data const& e, std::string_view what) {
  return e.found.find(what) != std::string::npos;
}

/// A good one with another header, whose checksum is right again.
template <class Change>
std::string with_header(Change const& change) {
  std::string bytes = good();
  checkpoint_header header;
  std::memcpy(&header, bytes.data(), sizeof header);
  change(header);
  header.own_checksum = header.right_checksum();
  std::memcpy(bytes.data(), &header, sizeof header);
  return bytes;
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_was_written_is_read) {
  for (std::size_t const n : {std::size_t{0}, std::size_t{1}, std::size_t{400}}) {
    support::temporary_path const path;
    auto const state = some_state(n);
    write_checkpoint(path(), identity, state);
    checkpoint_file const file(path(), identity);
    BOOST_TEST(std::ranges::equal(file.state(), state));
    BOOST_TEST(fs::file_size(path()) == 64 + identity.size() + n);
  }
}

BOOST_AUTO_TEST_CASE(nothing_is_a_state_as_any_other) {
  support::temporary_path const path;
  write_checkpoint(path(), {}, {});  // null pointers
  BOOST_TEST(checkpoint_file(path(), "").state().empty());
  BOOST_TEST(fs::file_size(path()) == 64u);
}

BOOST_AUTO_TEST_CASE(a_new_one_takes_the_place_of_the_old_one) {
  support::temporary_path const folder;
  fs::create_directory(folder());
  fs::path const path = folder() / "run.checkpoint";
  write_checkpoint(path, "another", some_state(1000));
  write_checkpoint(path, identity, some_state(10));
  BOOST_TEST(checkpoint_file(path, identity).state().size() == 10u);
  BOOST_TEST(std::distance(fs::directory_iterator(folder()), {}) == 1);
}

BOOST_AUTO_TEST_CASE(one_that_cannot_be_written_leaves_the_old_one) {
  support::temporary_path const path;
  BOOST_CHECK_THROW(write_checkpoint(path() / "missing" / "it", identity, some_state()),
                    fs::filesystem_error);
  fs::create_directories(path() / "taken" / "by a folder");
  BOOST_CHECK_THROW(write_checkpoint(path() / "taken", identity, some_state()),
                    fs::filesystem_error);
  BOOST_TEST(std::distance(fs::directory_iterator(path()), {}) == 1);  // and nothing half made
  BOOST_TEST(fs::is_directory(path() / "taken" / "by a folder"));
}

BOOST_AUTO_TEST_CASE(a_file_cut_at_any_length_is_refused) {
  std::string const whole = good();
  for (std::size_t n = 0; n != whole.size(); ++n) {
    auto const e = refusal(whole.substr(0, n));
    BOOST_TEST(says(e, n == 0 ? "an empty file" : n < 8 ? "another format" : "bytes"));
  }
  BOOST_TEST(says(refusal(whole + '\0'), std::to_string(whole.size() + 1) + " bytes"));
}

BOOST_AUTO_TEST_CASE(every_flip_of_one_bit_is_detected) {
  std::string const whole = good();
  support::temporary_path const path(whole);
  support::numbers random(2);
  std::fstream file(path(), std::ios::binary | std::ios::in | std::ios::out);
  auto const put = [&](std::size_t at, int c) {
    file.seekp(static_cast<std::streamoff>(at)).put(static_cast<char>(c)).flush();
  };
  std::size_t missed = 0, bits = 8 * whole.size();
  for (std::size_t i = 0; i != 10'000; ++i) {
    std::size_t const bit = i < bits ? i : random.below(bits);  // all of them, then some again
    put(bit / 8, whole[bit / 8] ^ (1 << bit % 8));
    try {
      checkpoint_file const read(path(), identity);
      ++missed;
    } catch (invalid_data const&) {
    }
    put(bit / 8, whole[bit / 8]);
  }
  BOOST_TEST(bits < 10'000u);
  BOOST_TEST(missed == 0u);
  BOOST_TEST(checkpoint_file(path(), identity).state().size() == 400u);  // it is whole again
}

BOOST_AUTO_TEST_CASE(a_file_in_another_format_is_refused) {
  BOOST_TEST(says(refusal("1 3:0.5 7:1\n"), "another format"));
  BOOST_TEST(says(refusal(std::string(1000, '\0')), "another format"));
  std::string const cache = "\x89LSGD\r\n\x1a" + std::string(1000, '\0');
  BOOST_TEST(says(refusal(cache), "another format"));
}

BOOST_AUTO_TEST_CASE(other_versions_and_byte_orders_are_refused_by_name) {
  std::string const next = std::to_string(checkpoint_header::this_version + 1),
                    before = std::to_string(checkpoint_header::this_version - 1);
  auto const newer = [](checkpoint_header& h) { ++h.version; };
  BOOST_TEST(says(refusal(with_header(newer)), "format version " + next + " (newer)"));
  auto const older = [](checkpoint_header& h) { --h.version; };
  BOOST_TEST(says(refusal(with_header(older)), "format version " + before + " (older)"));
  auto const never = [](checkpoint_header& h) { h.version = 0; };
  BOOST_TEST(says(refusal(with_header(never)), "damaged header"));  // there was no version 0
  auto const swapped = [](checkpoint_header& h) { h.byte_order = 0x04030201; };
  BOOST_TEST(says(refusal(with_header(swapped)), "byte order"));
  auto const neither = [](checkpoint_header& h) { h.byte_order = 0x01030204; };
  BOOST_TEST(says(refusal(with_header(neither)), "damaged header"));
}

BOOST_AUTO_TEST_CASE(lengths_that_do_not_fit_are_refused_whatever_the_checksum) {
  auto const longer = [](checkpoint_header& h) { h.payload_bytes += 1; };
  BOOST_TEST(says(refusal(with_header(longer)), "bytes"));
  auto const beyond = [](checkpoint_header& h) { h.identity_bytes = h.payload_bytes + 1; };
  BOOST_TEST(says(refusal(with_header(beyond)), "bytes"));
  auto const huge = [](checkpoint_header& h) { h.identity_bytes = ~std::uint64_t{0}; };
  BOOST_TEST(says(refusal(with_header(huge)), "bytes"));
}

BOOST_AUTO_TEST_CASE(another_run_is_refused_by_the_line_that_differs) {
  support::temporary_path const path;
  write_checkpoint(path(), identity, some_state());
  auto const e = support::error_of<invalid_data>(
      [&] { checkpoint_file const file(path(), "workers = 8\nseed = 2\n"); });
  BOOST_TEST(e.found == "the checkpoint of a run with seed = 1");
  BOOST_TEST(e.expected.find("seed = 2") == 0u);

  write_checkpoint(path(), "seed = \x1b[2J\xff" + std::string(1000, '1'), some_state());
  std::string const found = support::error_of<invalid_data>([&] {
    checkpoint_file const file(path(), identity);
  }).found;
  BOOST_TEST(found.starts_with("the checkpoint of a run with seed = ?[2J\\xff111"));
  BOOST_TEST(found.size() < 300u);
}

BOOST_AUTO_TEST_CASE(the_first_line_that_differs_is_found) {
  using both = std::array<std::string, 2>;
  BOOST_TEST((first_difference("a\nb\nc\n", "a\nx\ny\n") == both{"b", "x"}));
  BOOST_TEST((first_difference("a\n", "a\nb\n") == both{"no further entry", "b"}));
  BOOST_TEST((first_difference("a\nb\n", "a\n") == both{"b", "no further entry"}));
  BOOST_TEST((first_difference("", "a") == both{"no further entry", "a"}));
  BOOST_TEST((first_difference("a", "ab") == both{"a", "ab"}));
}
