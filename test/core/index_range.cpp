// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE core_index_range
#include "localsgd/core/index_range.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <limits>
#include <tuple>

namespace {

using localsgd::index_range;
using localsgd::detail::coordinates_of;
using localsgd::detail::even_split;
using scalars = std::tuple<float, double>;

}  // namespace

BOOST_AUTO_TEST_CASE(an_even_split_covers_everything_once_in_order) {
  for (std::size_t const n : {0U, 1U, 5U, 64U, 1000U, 1001U})
    for (std::size_t const parts : {1U, 2U, 3U, 7U, 64U}) {
      std::size_t next = 0;
      for (std::size_t i = 0; i != parts; ++i) {
        index_range const r = even_split(n, parts, i);
        BOOST_TEST(r.first == next);
        BOOST_TEST(r.size() >= n / parts);
        BOOST_TEST(r.size() <= (n + parts - 1) / parts);
        next = r.last;
      }
      BOOST_TEST(next == n);
    }
}

BOOST_AUTO_TEST_CASE(an_even_split_of_many_items_does_not_overflow) {
  std::size_t const all = std::numeric_limits<std::size_t>::max();
  BOOST_TEST(even_split(all, 4096, 4095).last == all);
  BOOST_TEST(even_split(all, 4096, 0).last == all / 4096);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(coordinates_are_split_at_cache_lines, Scalar, scalars) {
  for (std::size_t const d : {1U, 7U, 16U, 17U, 300U, 1024U})
    for (std::size_t const members : {1U, 2U, 3U, 8U, 64U}) {
      std::size_t next = 0;
      for (std::size_t i = 0; i != members; ++i) {
        index_range const r = coordinates_of<Scalar>(d, members, i);
        BOOST_TEST(r.first == next);
        BOOST_TEST(r.last >= r.first);
        BOOST_TEST((r.first * sizeof(Scalar) % 64 == 0 || r.first == d));
        next = r.last;
      }
      BOOST_TEST(next == d);
    }
}
