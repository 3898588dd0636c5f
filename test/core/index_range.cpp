// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE core_index_range
#include "localsgd/core/index_range.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <limits>
#include <tuple>

using localsgd::index_range;
using localsgd::detail::coordinates_of;
using localsgd::detail::even_split;

namespace {

using scalars = std::tuple<float, double>;

// Parts are consecutive, begin at 0 and end at n.
template <class Part>
void check_cover(std::size_t n, std::size_t parts, Part const& part) {
  std::size_t at = 0;
  for (std::size_t i = 0; i != parts; ++i) {
    index_range const r = part(i);
    BOOST_TEST(r.first == at);
    BOOST_TEST(r.last >= r.first);
    at = r.last;
  }
  BOOST_TEST(at == n);
}

}  // namespace

BOOST_AUTO_TEST_CASE(parts_cover_all_items_once_and_differ_by_one_at_most) {
  for (std::size_t n = 0; n != 40; ++n)
    for (std::size_t parts = 1; parts != 20; ++parts) {
      check_cover(n, parts, [=](std::size_t i) { return even_split(n, parts, i); });
      for (std::size_t i = 0; i != parts; ++i) {
        BOOST_TEST(even_split(n, parts, i).size() >= n / parts);
        BOOST_TEST(even_split(n, parts, i).size() <= (n + parts - 1) / parts);
      }
    }
}

BOOST_AUTO_TEST_CASE(the_largest_numbers_do_not_overflow) {
  constexpr std::size_t most = std::numeric_limits<std::size_t>::max();
  for (std::size_t const parts : {1U, 3U, 1000U, 4096U})
    check_cover(most, parts, [=](std::size_t i) { return even_split(most, parts, i); });
}

BOOST_AUTO_TEST_CASE(a_split_is_known_at_compile_time) {
  static_assert(even_split(10, 3, 0).size() == 3);
  static_assert(even_split(10, 3, 2).last == 10);
  static_assert(index_range{}.size() == 0);
  static_assert(coordinates_of<double>(8, 2, 0).last == 0 ||
                coordinates_of<double>(8, 2, 0).last == 8);
  BOOST_TEST(index_range({3, 7}).size() == 4U);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(coordinates_are_split_between_cache_lines, Scalar, scalars) {
  constexpr std::size_t line = 64 / sizeof(Scalar);
  for (std::size_t const d : {1U, 7U, 8U, 15U, 16U, 17U, 100U, 1000U})
    for (std::size_t members = 1; members != 9; ++members) {
      check_cover(d, members, [=](std::size_t i) { return coordinates_of<Scalar>(d, members, i); });
      for (std::size_t i = 0; i != members; ++i) {
        index_range const r = coordinates_of<Scalar>(d, members, i);
        BOOST_TEST((r.first % line == 0 || r.first == d));
      }
    }
}
