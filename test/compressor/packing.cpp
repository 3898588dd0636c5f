// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE compressor_packing
#include "localsgd/compressor/packing.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

using namespace localsgd::detail;

BOOST_AUTO_TEST_CASE(short_floats_keep_seven_bits_of_the_fraction) {
  for (double const each : {0.0, 1.0, -1.0, 0.5, 1.0078125, -384.0, 0x1p-126, 0x1.fep127})
    BOOST_TEST(short_float::nearest(each).value() == each);
  // The nearest of 1 and 1 + 2⁻⁷; at the midpoint the even one.
  BOOST_TEST(short_float::nearest(1 + 0x1.1p-8).value() == 1 + 0x1p-7);
  BOOST_TEST(short_float::nearest(1 + 0x0.fp-8).value() == 1);
  BOOST_TEST(short_float::nearest(1 + 0x1p-8).value() == 1);
  BOOST_TEST(short_float::nearest(1 + 0x3p-8).value() == 1 + 0x1p-6);
}

BOOST_AUTO_TEST_CASE(their_relative_error_is_at_most_one_part_in_256) {
  for (double each = 1e-37; each < 1e38; each *= 1.2345)
    for (double const sign : {-1.0, 1.0})
      BOOST_TEST(std::abs(short_float::nearest(sign * each).value() - sign * each) <= each / 256);
}

BOOST_AUTO_TEST_CASE(large_numbers_become_the_largest_one) {
  BOOST_TEST(short_float::nearest(1e300).value() == 0x1.fep127);
  BOOST_TEST(short_float::nearest(-1e300).value() == -0x1.fep127);
  BOOST_TEST(short_float::nearest(std::nextafter(0x1.fep127, 1e39)).value() == 0x1.fep127);
  BOOST_TEST(short_float::above(1e300).value() == 0x1.fep127);
}

BOOST_AUTO_TEST_CASE(above_is_never_below) {
  for (double each = 1e-45; each < 1e38; each *= 1.37) {
    double const up = short_float::above(each).value();
    BOOST_TEST(up >= each);
    if (each > 1e-37) BOOST_TEST(up <= each * (1 + 1.0 / 128));
  }
  BOOST_TEST(short_float::above(0).value() == 0);
  BOOST_TEST(short_float::above(1).value() == 1);
  BOOST_TEST(short_float::above(1e-300).value() > 0);
}

BOOST_AUTO_TEST_CASE(varints_take_a_byte_for_every_seven_bits) {
  std::vector<std::byte> message;
  std::vector<std::uint64_t> const numbers{0, 127, 128, 16383, 16384,
                                           std::numeric_limits<std::uint64_t>::max()};
  std::vector<std::size_t> const bytes{1, 1, 2, 2, 3, 10};
  std::size_t size = 0;
  for (std::size_t i = 0; i != numbers.size(); ++i) {
    put_varint(message, numbers[i]);
    size += bytes[i];
    BOOST_TEST(message.size() == size);
  }
  std::size_t at = 0;
  for (std::uint64_t const number : numbers) BOOST_TEST(get_varint(message, at) == number);
  BOOST_TEST(at == message.size());
}

BOOST_AUTO_TEST_CASE(a_varint_that_does_not_end_is_refused) {
  std::vector<std::byte> message(2, std::byte{255});  // both say that more bytes follow
  std::size_t at = 0;
  BOOST_CHECK_THROW(get_varint(message, at), localsgd::invalid_data);
  at = 2;
  BOOST_CHECK_THROW(get_varint(message, at), localsgd::invalid_data);
  message.assign(20, std::byte{255});  // more than 64 bits
  message.back() = std::byte{0};
  at = 0;
  BOOST_CHECK_THROW(get_varint(message, at), localsgd::invalid_data);
}

BOOST_AUTO_TEST_CASE(numbers_of_a_few_bits_come_back) {
  for (unsigned bits = 2; bits <= 16; ++bits)
    for (std::size_t const n : {1u, 5u, 8u, 17u}) {
      std::uint32_t const mask = (1u << bits) - 1;
      auto const number = [&](std::size_t i) {
        return static_cast<std::uint32_t>(i * 2654435761u) >> 7 & mask;
      };
      std::vector<std::byte> message;
      bit_writer writer(message);
      for (std::size_t i = 0; i != n; ++i) writer.put(number(i), bits);
      writer.finish();
      BOOST_TEST(message.size() == packed_bytes(n, bits));
      bit_reader reader(message);
      for (std::size_t i = 0; i != n; ++i) BOOST_TEST(reader.get(bits) == number(i));
    }
}

BOOST_AUTO_TEST_CASE(numbers_stand_in_messages_as_they_are_in_memory) {
  std::vector<std::byte> message;
  put(message, std::uint16_t{7});
  put(message, std::uint32_t{70000});
  BOOST_TEST(message.size() == 6);
  BOOST_TEST(get<std::uint16_t>(message, 0) == 7);
  BOOST_TEST(get<std::uint32_t>(message, 2) == 70000);
}
