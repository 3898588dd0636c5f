// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE data_idx
#include "localsgd/data/idx.hpp"

#include <bit>
#include "test/support/problems.hpp"
#include "test/support/temporary_path.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <limits>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <vector>

namespace {

using support::temporary_path;

using localsgd::dense_matrix;
using localsgd::invalid_data;
using localsgd::parse_idx;
using localsgd::read_idx;
using value_types = std::tuple<float, double>;
namespace fs = std::filesystem;

// The low `width` bytes of x, most significant first.
std::string big_endian(std::uint64_t x, unsigned width) {
  std::string bytes;
  for (unsigned i = width; i != 0; --i) bytes += static_cast<char>(x >> (8 * (i - 1)) & 0xffU);
  return bytes;
}

std::string header(unsigned type, std::vector<std::uint32_t> const& sizes) {
  std::string bytes = big_endian(type, 3) + big_endian(sizes.size(), 1);
  for (std::uint32_t const size : sizes) bytes += big_endian(size, 4);
  return bytes;
}

std::string element(float x) { return big_endian(std::bit_cast<std::uint32_t>(x), 4); }
std::string element(double x) { return big_endian(std::bit_cast<std::uint64_t>(x), 8); }

template <class Value = float>
void check(std::string const& bytes, std::string const& found, std::string const& expected) {
  auto const e = support::error_of<invalid_data>([&] { parse_idx<Value>(bytes, "some.idx"); });
  BOOST_TEST(e.file == "some.idx");
  BOOST_TEST(e.line == 0U);
  BOOST_TEST(e.found == found);
  BOOST_TEST(e.expected == expected);
}

}  // namespace

// --- valid input ----------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE_TEMPLATE(the_first_dimension_is_rows_and_the_others_are_columns, Value,
                              value_types) {
  // Two images of 2 x 3 pixels.
  auto const m = parse_idx<Value>(
      header(8, {2, 2, 3}) + std::string("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x7f\x80\xff", 12),
      "t");
  static_assert(std::is_same_v<decltype(m), dense_matrix<Value> const>);
  BOOST_TEST((m == dense_matrix<Value>{{0, 1, 2, 3, 4, 5}, {6, 7, 8, 127, 128, 255}}));
}

BOOST_AUTO_TEST_CASE(one_dimension_gives_one_column) {
  auto const m = parse_idx(header(8, {3}) + "\x09\x02\x05", "t");
  BOOST_TEST((m == dense_matrix<float>{{9}, {2}, {5}}));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(signed_bytes_are_read, Value, value_types) {
  auto const m = parse_idx<Value>(header(9, {1, 3}) + "\x80\xff\x7f", "t");
  BOOST_TEST((m == dense_matrix<Value>{{-128, -1, 127}}));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(int16_is_read, Value, value_types) {
  // 0x0102 = 258, 0x8000 = -2^15, 0xfffe = -2
  auto const m =
      parse_idx<Value>(header(0x0b, {1, 3}) + std::string("\x01\x02\x80\x00\xff\xfe", 6), "t");
  BOOST_TEST((m == dense_matrix<Value>{{258, -32768, -2}}));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(int32_is_read, Value, value_types) {
  // 0x00010203 = 65536 + 2 * 256 + 3 = 66051, 0x80000000 = -2^31, a power of two: exact in float.
  auto const m = parse_idx<Value>(
      header(0x0c, {1, 3}) + std::string("\x00\x01\x02\x03\x80\x00\x00\x00\xff\xff\xff\xff", 12),
      "t");
  BOOST_TEST((m == dense_matrix<Value>{{66051, -2147483648., -1}}));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(float_is_read, Value, value_types) {
  // 0x3fc00000 = 1.5: sign 0, exponent 127 - 127 = 0, mantissa 1.1 in binary.
  auto const m = parse_idx<Value>(
      header(0x0d, {2}) + std::string("\x3f\xc0\x00\x00", 4) + element(-0.1F), "t");
  BOOST_TEST(m(0, 0) == Value{1.5});
  BOOST_TEST(m(1, 0) == static_cast<Value>(-0.1F));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(double_is_read, Value, value_types) {
  // 0xc004000000000000 = -2.5: sign 1, exponent 1024 - 1023 = 1, mantissa 1.01 in binary.
  auto const m = parse_idx<Value>(
      header(0x0e, {2}) + std::string("\xc0\x04\0\0\0\0\0\0", 8) + element(0.1), "t");
  BOOST_TEST(m(0, 0) == Value{-2.5});
  BOOST_TEST(m(1, 0) == static_cast<Value>(0.1));
}

BOOST_AUTO_TEST_CASE(the_largest_float_is_read_from_a_double) {
  constexpr float largest = std::numeric_limits<float>::max();
  BOOST_TEST(parse_idx<float>(header(0x0e, {1}) + element(double{largest}), "t")(0, 0) == largest);
}

BOOST_AUTO_TEST_CASE(a_file_is_read_like_its_bytes) {
  temporary_path const file;
  std::string bytes = header(8, {300, 28, 28});
  for (std::size_t i = 0; i != std::size_t{300} * 28 * 28; ++i) bytes += static_cast<char>(i % 251);
  std::ofstream(file(), std::ios::binary) << bytes;
  auto const m = read_idx(file());
  BOOST_TEST(m.shape(0) == 300U);
  BOOST_TEST(m.shape(1) == 784U);
  std::size_t wrong = 0;
  for (std::size_t i = 0; i != m.size(); ++i)
    if (m(i / 784, i % 784) != static_cast<float>(i % 251)) ++wrong;
  BOOST_TEST(wrong == 0U);
  BOOST_TEST((read_idx<double>(file()) == parse_idx<double>(bytes, "t")));
}

// --- invalid input --------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(compressed_data_is_recognised) {
  check("\x1f\x8b\x08 and so on", "a gzip file", "uncompressed data; decompress the file first");
  check("\x1f\x8b", "a gzip file", "uncompressed data; decompress the file first");
}

BOOST_AUTO_TEST_CASE(a_bad_magic_number_is_refused) {
  std::string const expected = "an IDX file, which starts with two zero bytes";
  check(std::string("\x01\x00\x08\x01\0\0\0\x01x", 9), "a different magic number", expected);
  check(std::string("\x00\x01\x08\x01\0\0\0\x01x", 9), "a different magic number", expected);
  check("-1 1:2 3:4\n", "a different magic number", expected);
}

BOOST_AUTO_TEST_CASE(an_unknown_type_is_refused) {
  for (unsigned const type : {0U, 7U, 10U, 15U, 255U})
    check(header(type, {1}) + "x", "element type " + std::to_string(type),
          "one of the types 8, 9, 11, 12, 13 and 14");
}

BOOST_AUTO_TEST_CASE(a_truncated_header_is_refused) {
  check("", "0 bytes", "at least 4 bytes");
  check(std::string("\0\0\x08", 3), "3 bytes", "at least 4 bytes");
  check(header(8, {1, 1}).substr(0, 11), "11 bytes (truncated)", "a header of 12 bytes");
  check(std::string("\0\0\x08\xff", 4), "4 bytes (truncated)", "a header of 1024 bytes");
}

BOOST_AUTO_TEST_CASE(truncated_elements_are_refused) {
  check(header(8, {2, 3}) + "12345", "17 bytes (truncated)", "18 bytes, the size in its header");
  check(header(0x0e, {2}) + std::string(15, '\0'), "23 bytes (truncated)",
        "24 bytes, the size in its header");
}

BOOST_AUTO_TEST_CASE(a_huge_size_without_elements_is_refused_before_memory_is_allocated) {
  // 2^32 - 1 rows of 2^16 bytes: 2^48 - 2^16 bytes, and 12 for the header.
  check(header(8, {0xffffffffU, 0x10000U}), "12 bytes (truncated)",
        "281474976645132 bytes, the size in its header");
}

BOOST_AUTO_TEST_CASE(trailing_bytes_are_refused) {
  check(header(8, {2, 3}) + "1234567", "19 bytes (too long)", "18 bytes, the size in its header");
}

BOOST_AUTO_TEST_CASE(no_dimensions_are_refused) {
  check(header(8, {}), "0 dimensions", "at least one dimension");
  check(header(8, {}) + "x", "0 dimensions", "at least one dimension");
}

BOOST_AUTO_TEST_CASE(a_dimension_of_size_0_is_refused) {
  check(header(8, {0, 3}), "size 0 in dimension 1", "at least 1");
  check(header(8, {3, 4, 0}), "size 0 in dimension 3", "at least 1");
}

BOOST_AUTO_TEST_CASE(dimensions_whose_product_overflows_are_refused) {
  // 2^16 * 2^16 * 2^16 * 2^16 = 2^64 is 0 in 64 bits, which would fit an empty file.
  std::string const found = "dimensions whose product overflows";
  std::string const expected = "dimensions whose product fits in memory";
  check(header(8, {0x10000U, 0x10000U, 0x10000U, 0x10000U}), found, expected);
  check(header(8, std::vector<std::uint32_t>(255, 0xffffffffU)), found, expected);
  // 2^61 elements of 8 bytes are 2^64 bytes.
  check(header(0x0e, {0x80000000U, 0x40000000U}), found, expected);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(numbers_that_are_not_finite_are_refused, Value, value_types) {
  std::string const expected = std::string("a finite number in the range of ") +
                               (std::is_same_v<Value, float> ? "float" : "double");
  constexpr double infinity = std::numeric_limits<double>::infinity();
  // The header takes 8 bytes and each number before it 4 or 8.
  check<Value>(header(0x0d, {2}) + element(1.0F) + element(static_cast<float>(infinity)),
               "inf at byte 12", expected);
  check<Value>(header(0x0d, {1}) + element(std::nanf("")), "nan at byte 8", expected);
  check<Value>(header(0x0e, {2}) + element(1.0) + element(-infinity), "-inf at byte 16", expected);
  check<Value>(header(0x0e, {1}) + element(std::nan("")), "nan at byte 8", expected);
}

BOOST_AUTO_TEST_CASE(a_double_too_large_for_float_is_refused_for_float_only) {
  // 2^200 = 1606938044258990275541962… is shown with 17 digits.
  std::string const bytes = header(0x0e, {1}) + element(std::ldexp(1.0, 200));
  check<float>(bytes, "1.6069380442589903e+60 at byte 8", "a finite number in the range of float");
  BOOST_TEST(parse_idx<double>(bytes, "t")(0, 0) == std::ldexp(1.0, 200));
}

BOOST_AUTO_TEST_CASE(a_missing_file_and_a_directory_are_errors) {
  temporary_path const path;
  auto const missing = support::error_of<invalid_data>([&] { read_idx(path()); });
  BOOST_TEST(missing.file == path().string());
  BOOST_TEST(missing.found == "no such file");
  fs::create_directory(path());
  BOOST_TEST(support::error_of<invalid_data>([&] { read_idx(path()); }).found == "a directory");
}

BOOST_AUTO_TEST_CASE(damaged_bytes_are_either_read_or_refused) {
  std::mt19937_64 random(4);
  std::size_t read = 0;
  std::size_t refused = 0;
  std::vector<unsigned> const types{8, 9, 0x0b, 0x0c, 0x0d, 0x0e};
  std::vector<std::size_t> const widths{1, 1, 2, 4, 4, 8};
  for (int i = 0; i != 20000; ++i) {
    std::size_t const type = random() % types.size();
    std::string bytes = header(types[type], {2, 3}) + std::string(6 * widths[type], '\x01');
    for (std::size_t n = random() % 3; n != 0; --n) {
      std::size_t const at = random() % bytes.size();
      switch (random() % 4) {
        case 0:
          bytes.erase(at, 1);
          break;
        case 1:
          bytes.insert(at, 1, static_cast<char>(random()));
          break;
        default:
          bytes[at] = static_cast<char>(random());
      }
    }
    // A heap buffer of exactly this size: a sanitizer detects every access beyond its end.
    std::vector<char> const buffer(bytes.begin(), bytes.end());
    try {
      auto const m = parse_idx(std::string_view(buffer.data(), buffer.size()), "t");
      ++read;
      BOOST_REQUIRE(m.shape(0) >= 1U);
      BOOST_REQUIRE(m.shape(1) >= 1U);
      for (float const x : m) BOOST_REQUIRE(std::isfinite(x));
    } catch (invalid_data const& e) {
      ++refused;
      BOOST_REQUIRE(e.file == "t");
    }
  }
  BOOST_TEST(read > 1000U);
  BOOST_TEST(refused > 1000U);
}
