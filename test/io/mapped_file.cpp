// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE io_mapped_file
#include "localsgd/io/mapped_file.hpp"

#include "test/support/problems.hpp"
#include "test/support/temporary_path.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <type_traits>
#include <utility>
#if defined(__unix__)
#include <sys/stat.h>

#include <thread>
#endif

namespace {

using localsgd::invalid_data;
using localsgd::detail::mapped_file;
using support::temporary_path;

// Bytes that repeat with a period that divides neither a page nor the length of a read.
std::string some_bytes(std::size_t n) {
  std::string bytes(n, '\0');
  for (std::size_t i = 0; i != n; ++i) bytes[i] = static_cast<char>(i % 251);
  return bytes;
}

void check_error(std::filesystem::path const& path, std::string const& found) {
  auto const e = support::error_of<invalid_data>([&] { mapped_file file(path); });
  BOOST_TEST(e.file == path.string());
  BOOST_TEST(e.line == 0U);
  BOOST_TEST(e.found == found);
  BOOST_TEST(e.expected == "a readable file");
}

bool is_aligned(mapped_file const& file) {
  return reinterpret_cast<std::uintptr_t>(file.bytes().data()) % mapped_file::alignment == 0;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_bytes_are_those_of_the_file_and_start_at_a_multiple_of_64) {
  for (std::size_t const n : {std::size_t{1}, std::size_t{4095}, std::size_t{4096},
                              std::size_t{4097}, std::size_t{1} << 20U}) {
    auto const bytes = some_bytes(n);
    temporary_path const path(bytes);
    mapped_file const file(path());
    BOOST_TEST((file.bytes() == bytes));
    BOOST_TEST(is_aligned(file));
  }
}

BOOST_AUTO_TEST_CASE(an_empty_file_has_no_bytes) {
  temporary_path const path("");
  mapped_file const file(path());
  BOOST_TEST(file.bytes().empty());
  BOOST_TEST(!file.mapped());
}

BOOST_AUTO_TEST_CASE(a_missing_file_a_directory_and_a_file_as_directory_are_errors) {
  temporary_path const path;
  check_error(path(), "no such file");
  std::filesystem::create_directory(path());
  check_error(path(), "a directory");
  temporary_path const file("1");
  check_error(file() / "below", "no such file");
}

BOOST_AUTO_TEST_CASE(a_file_without_read_permission_is_an_error) {
  temporary_path const path("1");
  std::filesystem::permissions(path(), std::filesystem::perms::none);
  if (std::ifstream(path()).is_open()) {
    BOOST_TEST_MESSAGE("skipped: this user may read every file");
    return;
  }
  check_error(path(), "a file that cannot be opened");
}

BOOST_AUTO_TEST_CASE(it_moves_and_the_bytes_stay_where_they_are) {
  static_assert(!std::is_copy_constructible_v<mapped_file>);
  static_assert(!std::is_copy_assignable_v<mapped_file>);
  static_assert(std::is_nothrow_move_constructible_v<mapped_file>);
  static_assert(std::is_nothrow_move_assignable_v<mapped_file>);
  auto const bytes = some_bytes(5000);
  temporary_path const path(bytes);
  mapped_file file(path());
  char const* const where = file.bytes().data();
  mapped_file moved(std::move(file));
  BOOST_TEST((moved.bytes().data() == where));
  BOOST_TEST(file.bytes().empty());  // NOLINT(bugprone-use-after-move): it says so

  temporary_path const other("other");
  mapped_file assigned(other());
  assigned = std::move(moved);
  BOOST_TEST((assigned.bytes().data() == where));
  BOOST_TEST((assigned.bytes() == bytes));
  assigned = mapped_file(other());
  BOOST_TEST((assigned.bytes() == "other"));
}

#if defined(__unix__)
BOOST_AUTO_TEST_CASE(a_regular_file_is_mapped_and_outlives_its_name) {
  auto const bytes = some_bytes(10000);
  temporary_path const path(bytes);
  mapped_file const file(path());
  BOOST_TEST(file.mapped());
  // Another file takes its name, then nothing has it.
  temporary_path const other("other");
  std::filesystem::rename(other(), path());
  BOOST_TEST((file.bytes() == bytes));
  std::filesystem::remove(path());
  BOOST_TEST((file.bytes() == bytes));
}

BOOST_AUTO_TEST_CASE(a_pipe_is_read_to_its_end) {
  // Around the length of the first piece, and more than a pipe holds.
  for (std::size_t const n :
       {std::size_t{0}, std::size_t{10}, (std::size_t{1} << 16U) - 1, std::size_t{1} << 16U,
        (std::size_t{1} << 16U) + 1, std::size_t{1000000}}) {
    auto const bytes = some_bytes(n);
    temporary_path const pipe;
    BOOST_REQUIRE(::mkfifo(pipe().c_str(), 0600) == 0);
    std::thread writer([&] { std::ofstream(pipe(), std::ios::binary) << bytes; });
    mapped_file const file(pipe());
    writer.join();
    BOOST_TEST(!file.mapped());
    BOOST_TEST((file.bytes() == bytes));
    BOOST_TEST((n == 0 || is_aligned(file)));
  }
}
#endif

#if defined(__linux__)
BOOST_AUTO_TEST_CASE(a_file_that_tells_no_size_is_read) {
  mapped_file const file("/proc/self/status");  // its size is 0, its bytes are made on the way
  BOOST_TEST(!file.mapped());
  BOOST_TEST((file.bytes().find("Pid:") != std::string_view::npos));
}
#endif
