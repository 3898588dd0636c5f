// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE core_count
#include "localsgd/core/count.hpp"

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <random>
#include <string>
#include <string_view>

using localsgd::detail::count_both;
using counts = std::array<std::size_t, 2>;

namespace {

counts one_by_one(std::string_view text, char a, char b) {
  return {static_cast<std::size_t>(std::ranges::count(text, a)),
          static_cast<std::size_t>(std::ranges::count(text, b))};
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_length_around_whole_words_is_counted_in_full) {
  for (std::size_t n = 0; n != 40; ++n) {
    BOOST_TEST((count_both(std::string(n, 'a'), 'a', 'b') == counts{n, 0}));
    BOOST_TEST((count_both(std::string(n, 'b'), 'a', 'b') == counts{0, n}));
    BOOST_TEST((count_both(std::string(n, 'c'), 'a', 'b') == counts{0, 0}));
  }
}

BOOST_AUTO_TEST_CASE(no_place_of_a_byte_overflows_in_long_texts) {
  // A byte of a sum holds at most 255 matches: the words of a text of matches come to just that.
  for (std::size_t const words : {254U, 255U, 256U, 510U, 511U, 1000U})
    for (std::size_t const rest : {0U, 1U, 7U}) {
      std::size_t const n = 8 * words + rest;
      BOOST_TEST((count_both(std::string(n, '\n'), '\n', ':') == counts{n, 0}));
    }
}

BOOST_AUTO_TEST_CASE(the_same_character_twice_counts_twice) {
  BOOST_TEST((count_both("banana and more bananas", 'a', 'a') == counts{7, 7}));
}

BOOST_AUTO_TEST_CASE(all_bytes_are_told_apart) {
  // Neighbours of a byte, and bytes with the high bit, must not borrow from one another.
  std::string all;
  for (int c = 0; c != 256; ++c)
    all += std::string(static_cast<std::size_t>(c % 3 + 1), static_cast<char>(c));
  for (int a = 0; a != 256; ++a) {
    char const x = static_cast<char>(a), y = static_cast<char>((a + 1) % 256);
    BOOST_TEST((count_both(all, x, y) == one_by_one(all, x, y)));
  }
}

BOOST_AUTO_TEST_CASE(random_texts_at_any_address_are_counted_right) {
  std::mt19937_64 random(1);
  std::string text(3000, ' ');
  for (char& c : text) c = ":\n1 \xba\x8a"[random() % 6];
  for (std::size_t from = 0; from != 20; ++from) {
    auto const part = std::string_view(text).substr(from, 100 + 97 * from);
    BOOST_TEST((count_both(part, ':', '\n') == one_by_one(part, ':', '\n')));
  }
}
