// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE data_cache_header
#include "localsgd/data/cache_header.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>

#include "test/support/problems.hpp"

using localsgd::invalid_data;
using localsgd::detail::cache_header;
using localsgd::detail::read_cache_header;

namespace {

constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();

cache_header sparse(std::uint64_t rows, std::uint64_t columns, std::uint64_t entries) {
  cache_header h;
  h.layout = cache_header::csr;
  h.value_bits = h.index_bits = 32;
  h.start_bits = 64;
  h.rows = rows;
  h.columns = columns;
  h.entries = entries;
  return h;
}
cache_header dense(std::uint64_t rows, std::uint64_t columns) {
  cache_header h;
  h.layout = cache_header::dense;
  h.value_bits = 64;
  h.rows = rows;
  h.columns = columns;
  h.entries = rows * columns;
  return h;
}

// A file whose arrays are zeros, with correct checksums.
std::string file_of(cache_header h) {
  BOOST_REQUIRE(h.place_sections());
  std::string bytes(h.file_bytes, '\0');
  for (auto& s : h.sections)
    if (s.offset != 0)
      s.checksum = localsgd::detail::checksum(bytes.data() + s.offset, (s.bytes + 63) / 64 * 64);
  h.own_checksum = h.right_checksum();
  std::memcpy(bytes.data(), &h, sizeof h);
  return bytes;
}

std::string found(std::string const& bytes, cache_header const& wanted) {
  auto const e = support::error_of<invalid_data>([&] { read_cache_header(bytes, "c", wanted); });
  BOOST_TEST(e.file == "c");
  BOOST_TEST(e.expected.find("read the original file again") != std::string::npos);
  return e.found;
}

}  // namespace

BOOST_AUTO_TEST_CASE(sections_follow_one_another_at_multiples_of_64) {
  auto h = sparse(3, 10, 5);
  BOOST_REQUIRE(h.place_sections());
  // 4 row starts of 8 bytes, 5 indices of 4, 5 values of 4, 3 targets of 8.
  BOOST_TEST(h.sections[0].offset == 256U);
  BOOST_TEST(h.sections[0].bytes == 32U);
  BOOST_TEST(h.sections[1].offset == 320U);
  BOOST_TEST(h.sections[1].bytes == 20U);
  BOOST_TEST(h.sections[2].offset == 384U);
  BOOST_TEST(h.sections[2].bytes == 20U);
  BOOST_TEST(h.sections[3].offset == 448U);
  BOOST_TEST(h.sections[3].bytes == 24U);
  BOOST_TEST(h.file_bytes == 512U);
}

BOOST_AUTO_TEST_CASE(a_dense_matrix_has_neither_starts_nor_indices) {
  auto h = dense(3, 4);
  BOOST_REQUIRE(h.place_sections());
  BOOST_TEST(h.sections[0].offset == 0U);
  BOOST_TEST(h.sections[1].offset == 0U);
  BOOST_TEST(h.sections[2].offset == 256U);
  BOOST_TEST(h.sections[2].bytes == 96U);
  BOOST_TEST(h.sections[3].offset == 384U);
  BOOST_TEST(h.file_bytes == 448U);
}

BOOST_AUTO_TEST_CASE(shapes_whose_bytes_overflow_have_no_place) {
  for (std::uint64_t const huge : {most, most - 1, most / 2, most / 4, most / 8}) {
    BOOST_TEST(!sparse(huge, 1, 1).place_sections());
    BOOST_TEST(!sparse(1, 1, huge).place_sections());
    auto h = dense(huge, 1);
    h.entries = huge;
    BOOST_TEST(!h.place_sections());
  }
}

BOOST_AUTO_TEST_CASE(sections_do_not_exceed_the_available_space) {
  BOOST_TEST(sparse(3, 10, 5).place_sections(512));
  for (std::uint64_t room = 0; room != 512; ++room)
    BOOST_TEST(!sparse(3, 10, 5).place_sections(room));
}

BOOST_AUTO_TEST_CASE(a_file_that_is_right_is_read) {
  for (auto const& h : {sparse(3, 10, 5), sparse(0, 0, 0), dense(3, 4), dense(3, 0)}) {
    auto const read = read_cache_header(file_of(h), "c", h);
    BOOST_TEST(read.rows == h.rows);
    BOOST_TEST(read.columns == h.columns);
    BOOST_TEST(read.entries == h.entries);
  }
}

BOOST_AUTO_TEST_CASE(a_matrix_is_called_by_its_type) {
  BOOST_TEST(sparse(1, 1, 1).matrix() == "csr_matrix<float>");
  BOOST_TEST(dense(1, 1).matrix() == "dense_matrix<double>");
  BOOST_TEST(found(file_of(sparse(3, 10, 5)), dense(3, 10)) == "a cache of csr_matrix<float>");
}

BOOST_AUTO_TEST_CASE(every_cut_is_refused_with_what_it_is) {
  auto const whole = file_of(sparse(3, 10, 5));
  for (std::size_t n = 0; n != whole.size(); ++n) {
    auto const what = found(whole.substr(0, n), sparse(0, 0, 0));
    BOOST_TEST(what == (n == 0 ? "an empty file" : std::to_string(n) + " bytes (truncated)"));
  }
  BOOST_TEST(found(whole + "x", sparse(0, 0, 0)) == "513 bytes (too long)");
}

BOOST_AUTO_TEST_CASE(a_shape_that_contradicts_its_sections_is_refused_whatever_the_checksums) {
  auto const forged = [](auto change, cache_header h) {
    auto bytes = file_of(h);
    std::memcpy(&h, bytes.data(), sizeof h);
    change(h);
    h.own_checksum = h.right_checksum();
    std::memcpy(bytes.data(), &h, sizeof h);
    return found(bytes, h);
  };
  std::string const refused = "sections whose sizes do not match the shape";
  BOOST_TEST(forged([](auto& h) { h.rows = 4; }, sparse(3, 10, 5)) == refused);
  BOOST_TEST(forged([](auto& h) { h.rows = most; }, sparse(3, 10, 5)) == refused);
  BOOST_TEST(forged([](auto& h) { h.entries = 6; }, sparse(3, 10, 5)) == refused);
  BOOST_TEST(forged([](auto& h) { h.sections[1].offset += 64; }, sparse(3, 10, 5)) == refused);
  BOOST_TEST(forged([](auto& h) { h.columns = 5; }, dense(3, 4)) == refused);
  BOOST_TEST(forged([](auto& h) { h.columns = 0; }, dense(3, 4)) == refused);
}

BOOST_AUTO_TEST_CASE(damage_is_named_by_its_section) {
  auto const h = sparse(3, 10, 5);
  auto bytes = file_of(h);
  std::array<std::size_t, 4> const at{256, 320, 384, 448};
  for (std::size_t i = 0; i != 4; ++i) {
    bytes[at[i]] ^= 1;
    BOOST_TEST(found(bytes, h) ==
               "damaged " + std::string(cache_header::section_names[i]) + " (checksum mismatch)");
    bytes[at[i]] ^= 1;
  }
}
