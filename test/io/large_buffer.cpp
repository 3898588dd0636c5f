// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE io_large_buffer
#include "localsgd/io/large_buffer.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <new>
#include <type_traits>

using localsgd::detail::large_buffer;

namespace {

template <class T>
std::uintptr_t address(T const* p) {
  return reinterpret_cast<std::uintptr_t>(p);
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_array_takes_whole_lines) {
  BOOST_TEST(large_buffer::room_for<char>(0) == 0U);
  BOOST_TEST(large_buffer::room_for<char>(1) == 64U);
  BOOST_TEST(large_buffer::room_for<char>(64) == 64U);
  BOOST_TEST(large_buffer::room_for<char>(65) == 128U);
  BOOST_TEST(large_buffer::room_for<double>(9) == 128U);
}

BOOST_AUTO_TEST_CASE(more_elements_than_there_can_be_are_refused) {
  constexpr std::size_t most = std::numeric_limits<std::size_t>::max();
  BOOST_CHECK_THROW(large_buffer::room_for<char>(most), std::bad_array_new_length);
  BOOST_CHECK_THROW(large_buffer::room_for<double>(most / 8), std::bad_array_new_length);
  BOOST_TEST(large_buffer::room_for<double>(most / 64) <= most / 8 + 64);
}

BOOST_AUTO_TEST_CASE(arrays_start_at_a_line_and_large_buffers_at_a_huge_page) {
  constexpr std::size_t huge = std::size_t{1} << 21U;
  for (std::size_t const bytes : {std::size_t{1}, std::size_t{64}, huge - 1}) {
    large_buffer b(bytes);
    BOOST_TEST(address(b.array<char>(0)) % large_buffer::alignment == 0U);
  }
  for (std::size_t const bytes : {huge, huge + 1}) {
    large_buffer b(bytes);
    BOOST_TEST(address(b.array<char>(0)) % huge == 0U);
  }
}

BOOST_AUTO_TEST_CASE(every_byte_can_be_written_and_read) {
  for (std::size_t const bytes : {std::size_t{64}, (std::size_t{1} << 21U) + 5}) {
    large_buffer b(bytes);
    std::memset(b.array<char>(0), 0x5a, bytes);
    BOOST_TEST(b.array<char>(0)[bytes - 1] == 0x5a);
    BOOST_TEST(address(b.array<double>(64)) - address(b.array<char>(0)) == 64U);
  }
}

BOOST_AUTO_TEST_CASE(an_empty_buffer_is_one) {
  large_buffer const b(0);
  static_assert(!std::is_copy_constructible_v<large_buffer>);
  static_assert(!std::is_move_constructible_v<large_buffer>);
}
