// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE data_npy
#include "localsgd/data/npy.hpp"

#include "test/support/problems.hpp"
#include "test/support/temporary_path.hpp"

#include <bit>
#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

namespace {

using localsgd::dense_matrix;
using localsgd::invalid_data;
using localsgd::parse_npy;

std::string dictionary(std::string const& type, std::string const& shape, bool fortran = false) {
  return "{'descr': '" + type + "', 'fortran_order': " + (fortran ? "True" : "False") +
         ", 'shape': " + shape + ", }\n";
}

std::string with_header(std::string const& text, int version = 1) {
  std::string bytes = "\x93NUMPY";
  bytes += static_cast<char>(version);
  bytes += '\0';
  for (unsigned i = 0; i != (version == 1 ? 2U : 4U); ++i)
    bytes += static_cast<char>(text.size() >> (8 * i) & 255U);
  return bytes + text;
}

// The bytes of the elements, in the given order.
template <class Number>
std::string elements(std::vector<Number> const& numbers, bool big = false) {
  using bits = std::conditional_t<
      sizeof(Number) == 8, std::uint64_t,
      std::conditional_t<sizeof(Number) == 4, std::uint32_t,
                         std::conditional_t<sizeof(Number) == 2, std::uint16_t, std::uint8_t>>>;
  std::string bytes;
  for (Number const each : numbers)
    for (unsigned i = 0; i != sizeof(Number); ++i) {
      std::size_t const byte = big ? sizeof(Number) - 1 - i : i;
      bytes += static_cast<char>(std::uint64_t{std::bit_cast<bits>(each)} >> (8 * byte) & 255U);
    }
  return bytes;
}

template <class Value = float>
void check(std::string const& bytes, std::string const& found, std::string const& expected) {
  auto const e = support::error_of<invalid_data>([&] { parse_npy<Value>(bytes, "some.npy"); });
  BOOST_TEST(e.file == "some.npy");
  BOOST_TEST(e.found == found);
  BOOST_TEST(e.expected == expected);
}

template <class Number>
void check_type(std::string const& type, std::vector<Number> const& numbers) {
  for (bool const big : {false, true}) {
    auto const m = parse_npy<double>(
        with_header(dictionary((big ? ">" : "<") + type, "(2,)")) + elements(numbers, big), "t");
    BOOST_TEST((m == dense_matrix<double>{{static_cast<double>(numbers[0])},
                                          {static_cast<double>(numbers[1])}}));
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(elements_of_all_types_and_byte_orders_are_read) {
  check_type<float>("f4", {-1.5F, std::numeric_limits<float>::max()});
  check_type<double>("f8", {0.1, -std::numeric_limits<double>::max()});
  check_type<std::int8_t>("i1", {-128, 127});
  check_type<std::int16_t>("i2", {-32768, 258});
  check_type<std::int32_t>("i4", {std::numeric_limits<std::int32_t>::min(), 65539});
  check_type<std::int64_t>("i8", {std::numeric_limits<std::int64_t>::min(), 4294967298});
  check_type<std::uint8_t>("u1", {255, 1});
  check_type<std::uint8_t>("b1", {0, 1});
  check_type<std::uint16_t>("u2", {65535, 258});
  check_type<std::uint32_t>("u4", {4294967295U, 65539});
  check_type<std::uint64_t>("u8", {std::uint64_t{1} << 63U, 4294967298U});
}

BOOST_AUTO_TEST_CASE(one_byte_types_have_no_byte_order) {
  auto const m = parse_npy(with_header(dictionary("|u1", "(1, 2)")) + "\x07\xff", "t");
  BOOST_TEST((m == dense_matrix<float>{{7, 255}}));
}

BOOST_AUTO_TEST_CASE(both_orders_of_elements_give_the_same_matrix) {
  dense_matrix<float> const expected{{1, 2, 3}, {4, 5, 6}};
  auto const c = with_header(dictionary("<f4", "(2, 3)")) + elements<float>({1, 2, 3, 4, 5, 6});
  auto const f = with_header(dictionary("<f4", "(2, 3)", true)) + elements<float>({1, 4, 2, 5, 3, 6});
  BOOST_TEST((parse_npy(c, "t") == expected));
  BOOST_TEST((parse_npy(f, "t") == expected));
}

BOOST_AUTO_TEST_CASE(further_dimensions_are_columns_in_both_orders) {
  // a[i][j][k] = 100 i + 10 j + k, 2 x 2 x 3.
  std::vector<std::int16_t> c, f;
  for (int i = 0; i != 2; ++i)
    for (int j = 0; j != 2; ++j)
      for (int k = 0; k != 3; ++k) c.push_back(static_cast<std::int16_t>(100 * i + 10 * j + k));
  for (int k = 0; k != 3; ++k)
    for (int j = 0; j != 2; ++j)
      for (int i = 0; i != 2; ++i) f.push_back(static_cast<std::int16_t>(100 * i + 10 * j + k));
  dense_matrix<float> const expected{{0, 1, 2, 10, 11, 12}, {100, 101, 102, 110, 111, 112}};
  BOOST_TEST((parse_npy(with_header(dictionary("<i2", "(2, 2, 3)")) + elements(c), "t") == expected));
  BOOST_TEST(
      (parse_npy(with_header(dictionary("<i2", "(2, 2, 3)", true)) + elements(f), "t") == expected));
}

BOOST_AUTO_TEST_CASE(versions_1_to_3_are_read) {
  for (int version = 1; version != 4; ++version)
    BOOST_TEST((parse_npy(with_header(dictionary("|i1", "(1,)"), version) + "\x05", "t") ==
                dense_matrix<float>{{5}}));
  check(with_header(dictionary("|i1", "(1,)"), 4) + "\x05", "format version 4",
        "version 1, 2 or 3");
}

BOOST_AUTO_TEST_CASE(keys_may_be_in_any_order_and_quotes_double) {
  std::string const text = R"({"shape":(1,1),"descr":"|i1","fortran_order":False})";
  BOOST_TEST((parse_npy(with_header(text) + "\x05", "t") == dense_matrix<float>{{5}}));
}

BOOST_AUTO_TEST_CASE(sizes_that_disagree_with_the_file_are_errors) {
  std::string const header = with_header(dictionary("<f4", "(3,)"));
  std::string const all = std::to_string(header.size() + 12) + " bytes, the size in its header";
  check(header + std::string(11, '\0'), std::to_string(header.size() + 11) + " bytes (truncated)", all);
  check(header + std::string(13, '\0'), std::to_string(header.size() + 13) + " bytes (too long)", all);
  check(with_header(dictionary("<f4", "(0,)")), "size 0 in dimension 1", "at least 1");
  check(with_header(dictionary("<f4", "()")), "a single number", "an array of samples");
  for (std::string const shape : {"(18446744073709551615, 2)", "(4294967296, 4294967296)"})
    check(with_header(dictionary("<f8", shape)), "dimensions whose product overflows",
          "dimensions whose product fits in memory");
  // Nothing is allocated for what a short file claims.
  check(with_header(dictionary("|u1", "(1000000000000, 1000)")),
        std::to_string(with_header(dictionary("|u1", "(1000000000000, 1000)")).size()) +
            " bytes (truncated)",
        std::to_string(with_header(dictionary("|u1", "(1000000000000, 1000)")).size() +
                       1000000000000000U) +
            " bytes, the size in its header");
}

BOOST_AUTO_TEST_CASE(invalid_headers_are_errors_that_name_the_rule) {
  check("PK\x03\x04", "a zip file", "uncompressed data; decompress the file first");
  check("NUMPY", "a different magic number", "a .npy file, which starts with \\x93NUMPY");
  check("\x93NUMPY", "6 bytes (truncated)", "the whole header of a .npy file");
  check(with_header("{ }").substr(0, 12), "12 bytes (truncated)", "the whole header of a .npy file");
  check(with_header("{}  "), "a header without one of its keys", "descr, fortran_order and shape");
  check(with_header("{'descr': '<f4'}"), "a header without one of its keys",
        "descr, fortran_order and shape");
  check(with_header("{'more': 1}"), "the key more in the header", "descr, fortran_order or shape");
  check(with_header("{'descr': '<f4', 'descr': '<f4'}"), "the key descr twice", "each key once");
  check(with_header("[1, 2]"), "[1, 2] in the header", "the character {");
  check(with_header("{'descr' '<f4'}"), "'<f4'} in the header", "the character :");
  check(with_header("{'descr': <f4}"), "<f4} in the header", "a string");
  check(with_header("{'descr': '<f4}"), "'<f4} in the header", "a closing quote");
  check(with_header("{'fortran_order': 1}"), "1} in the header", "True or False");
  check(with_header("{'shape': (x)}"), "x)} in the header", "a size of the array below 2^64");
  check(with_header("{'shape': (99999999999999999999,)}"), "99999999999999999999... in the header",
        "a size of the array below 2^64");
  check(with_header("{'shape': (1"), "the end of the header", "the character ,");
  check(with_header(dictionary("|u1", "(1,)") + "x") + "1", "x in the header",
        "the end of the header");
}

BOOST_AUTO_TEST_CASE(other_types_of_elements_are_errors) {
  std::string const remedy = "f4, f8, an integer or bool; convert the array with .astype(float)";
  for (std::string const type : {"f2", "c8", "U5", "O", ""})
    check(with_header(dictionary("<" + type, "(1,)")) + "12345678", "element type " + type, remedy);
  check(with_header("{'descr': [('a', '<f4')]}"), "a structured array",
        "an array of numbers; save its columns as a two-dimensional array");
  check(with_header(dictionary("f8", "(1,)")), "element type f8",
        "a byte order and a type, such as <f8");
}

BOOST_AUTO_TEST_CASE(numbers_must_be_finite_and_in_range) {
  std::string const header = with_header(dictionary("<f8", "(2,)"));
  std::string const place = " at byte " + std::to_string(header.size() + 8);
  check<double>(header + elements<double>({1, std::numeric_limits<double>::quiet_NaN()}), "nan" + place,
                "a finite number in the range of double");
  check<float>(header + elements<double>({1, 1e300}), "1e+300" + place,
               "a finite number in the range of float");
  BOOST_TEST((parse_npy<double>(header + elements<double>({1, 1e300}), "t") ==
              dense_matrix<double>{{1}, {1e300}}));
}

BOOST_AUTO_TEST_CASE(files_are_read) {
  support::temporary_path const file(with_header(dictionary("|i1", "(2, 1)")) + "\x01\x02");
  BOOST_TEST((localsgd::read_npy(file()) == dense_matrix<float>{{1}, {2}}));
  BOOST_CHECK_THROW(localsgd::read_npy(file().string() + ".missing"), invalid_data);
}
