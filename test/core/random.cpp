// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE core_random
#include "localsgd/core/random.hpp"

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <vector>

namespace {

using localsgd::index_below;
using localsgd::philox4x32;
using localsgd::random_permutation;
using localsgd::random_stream;
using localsgd::random_words;
using words = std::array<std::uint32_t, 4>;

std::uint64_t const largest_word = ~std::uint64_t{0};

std::uint64_t word(std::uint64_t position, std::uint64_t seed = 1) {
  return random_words(seed, random_stream::samples, 0, position)[0];
}

// Σ (observed − expected)²/expected. For uniform counts its mean is cells − 1 and its standard
// deviation √(2(cells − 1)).
double chi_square(std::vector<std::size_t> const& counts) {
  double all = 0;
  for (std::size_t const c : counts) all += static_cast<double>(c);
  double const expected = all / static_cast<double>(counts.size());
  double sum = 0;
  for (std::size_t const c : counts) sum += std::pow(static_cast<double>(c) - expected, 2);
  return sum / expected;
}
bool looks_uniform(std::vector<std::size_t> const& counts) {
  double const freedom = static_cast<double>(counts.size()) - 1;
  return chi_square(counts) <= freedom + 6 * std::sqrt(2 * freedom);
}

std::vector<std::uint64_t> all_of(random_permutation const& order, std::uint64_t n) {
  std::vector<std::uint64_t> image(n);
  for (std::uint64_t i = 0; i != n; ++i) image[i] = order(i);
  return image;
}
bool is_bijection(random_permutation const& order, std::uint64_t n) {
  std::vector<bool> hit(n);
  for (std::uint64_t i = 0; i != n; ++i) {
    std::uint64_t const to = order(i);
    if (to >= n || hit[to]) return false;
    hit[to] = true;
  }
  return true;
}

}  // namespace

// The known answers of Random123, published with the paper (kat_vectors, philox4x32 10).
BOOST_AUTO_TEST_CASE(philox_gives_the_published_answers) {
  static_assert(philox4x32({0, 0, 0, 0}, {0, 0}) ==
                words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  constexpr std::uint32_t f = 0xffffffff;
  static_assert(philox4x32({f, f, f, f}, {f, f}) ==
                words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  words const of_pi = philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},  // at run time
                                 {0xa4093822, 0x299f31d0});
  BOOST_TEST((of_pi == words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

// [rand.predef] of C++26: the 10000th number of a default-constructed std::philox4x32 is
// 1955073260. Its seed is 20111115, and its counter goes up by one every four numbers.
BOOST_AUTO_TEST_CASE(philox_is_the_philox_of_the_standard) {
  BOOST_TEST(philox4x32({9999 / 4, 0, 0, 0}, {20111115, 0})[9999 % 4] == 1955073260U);
}

BOOST_AUTO_TEST_CASE(random_words_are_philox_of_position_lane_and_stream) {
  auto const w = philox4x32({0x55667788, 0x11223344, 7, 1}, {0xddeeff00, 0x99aabbcc});
  auto const r =
      random_words(0x99aabbccddeeff00, random_stream::permutation, 7, 0x1122334455667788);
  BOOST_TEST(r[0] == (std::uint64_t{w[1]} << 32 | w[0]));
  BOOST_TEST(r[1] == (std::uint64_t{w[3]} << 32 | w[2]));
}

BOOST_AUTO_TEST_CASE(seeds_streams_lanes_and_positions_are_kept_apart) {
  std::set<std::uint64_t> seen;
  std::size_t count = 0;
  for (std::uint64_t const seed : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 32})
    for (auto const stream : {random_stream::samples, random_stream::permutation,
                              random_stream::estimate, random_stream::noise})
      for (std::uint32_t const lane : {0U, 1U, 2U})
        for (std::uint64_t const position : {std::uint64_t{0}, std::uint64_t{1} << 32})
          for (std::uint64_t const w : random_words(seed, stream, lane, position)) {
            seen.insert(w);
            ++count;
          }
  BOOST_TEST(seen.size() == count);
}

BOOST_AUTO_TEST_CASE(index_below_cuts_the_words_into_n_stretches_of_equal_length) {
  for (std::uint64_t const n : {1U, 2U, 3U, 7U, 64U, 1000U, 49749U}) {
    BOOST_TEST(index_below(n, 0) == 0U);
    BOOST_TEST(index_below(n, largest_word) == n - 1);
    for (std::uint64_t i = 1; i < n; i += 1 + n / 50) {
      // The first word of stretch i is ⌈i·2⁶⁴/n⌉.
      __extension__ using wide = unsigned __int128;
      auto const first = static_cast<std::uint64_t>(((static_cast<wide>(i) << 64) + n - 1) / n);
      BOOST_TEST(index_below(n, first) == i);
      BOOST_TEST(index_below(n, first - 1) == i - 1);
    }
  }
  BOOST_TEST(index_below(largest_word, largest_word) == largest_word - 1);
}

BOOST_AUTO_TEST_CASE(indices_are_uniform) {
  for (std::uint64_t const n : {2U, 10U, 1000U}) {
    std::vector<std::size_t> counts(n);
    for (std::uint64_t i = 0; i != 100 * n; ++i) ++counts[index_below(n, word(i))];
    BOOST_TEST(looks_uniform(counts));
  }
}

BOOST_AUTO_TEST_CASE(unit_interval_contains_neither_0_nor_1) {
  BOOST_TEST(localsgd::unit_interval(0) == 0x1p-53);
  BOOST_TEST(localsgd::unit_interval(largest_word) == 1 - 0x1p-53);
  BOOST_TEST(localsgd::unit_interval(std::uint64_t{1} << 63) == 0.5 + 0x1p-53);
}

// A fair coin shows tails n times in a row where u < 2^-n.
BOOST_AUTO_TEST_CASE(a_fair_coin_is_tossed_once_more_for_each_halving_of_the_word) {
  using localsgd::tosses_until_heads;
  for (unsigned n = 1; n != 52; ++n) {
    std::uint64_t const half = std::uint64_t{1} << (64 - n);  // u is about 2^-n
    BOOST_TEST(tosses_until_heads(0.5, half + half / 2) == n);
    BOOST_TEST(tosses_until_heads(0.5, half - half / 4) == n + 1);
  }
  BOOST_TEST(tosses_until_heads(1, 0) == 1u);
  BOOST_TEST(tosses_until_heads(1, largest_word) == 1u);
  BOOST_TEST(tosses_until_heads(1e-300, 0) <= std::uint64_t{1} << 62U);
}

BOOST_AUTO_TEST_CASE(standard_normal_numbers_have_the_moments_of_the_normal_distribution) {
  constexpr std::uint64_t n = 100000;
  double m1 = 0, m2 = 0, m3 = 0, m4 = 0;
  for (std::uint64_t i = 0; i != n; ++i) {
    double const z = localsgd::standard_normal(random_words(3, random_stream::noise, 0, i));
    m1 += z / n, m2 += z * z / n, m3 += z * z * z / n, m4 += z * z * z * z / n;
  }
  // E z = 0, 1, 0, 3; the variances of z, z², z³, z⁴ are 1, 2, 15, 96; six standard errors.
  double const error = 6 / std::sqrt(static_cast<double>(n));
  BOOST_TEST(std::abs(m1) <= error);
  BOOST_TEST(std::abs(m2 - 1) <= error * std::sqrt(2.0));
  BOOST_TEST(std::abs(m3) <= error * std::sqrt(15.0));
  BOOST_TEST(std::abs(m4 - 3) <= error * std::sqrt(96.0));
}

BOOST_AUTO_TEST_CASE(standard_normal_numbers_are_finite_for_all_words) {
  for (std::uint64_t const a : {std::uint64_t{0}, largest_word})
    for (std::uint64_t const b : {std::uint64_t{0}, largest_word})
      BOOST_TEST(std::isfinite(localsgd::standard_normal({a, b})));
}

BOOST_AUTO_TEST_CASE(a_random_permutation_hits_every_number_once) {
  for (std::uint64_t n = 1; n <= 600; ++n) BOOST_TEST(is_bijection({n, 5, 0, n % 3}, n));
  for (std::uint64_t const n : {1023U, 1024U, 1025U, 4097U, 49749U, 65536U, 65537U, 131071U})
    BOOST_TEST(is_bijection({n, 5, 0, 0}, n));
}

BOOST_AUTO_TEST_CASE(a_random_permutation_of_64_bits_stays_in_range) {
  std::uint64_t const n = largest_word - 5;
  random_permutation const order(n, 1, 0, 0);
  std::set<std::uint64_t> seen;
  for (std::uint64_t i = 0; i != 1000; ++i) {
    std::uint64_t const to = order(n - 1 - i);
    BOOST_TEST(to < n);
    seen.insert(to);
  }
  BOOST_TEST(seen.size() == 1000U);
}

BOOST_AUTO_TEST_CASE(seed_lane_and_epoch_each_give_another_permutation) {
  constexpr std::uint64_t n = 100;
  std::set<std::vector<std::uint64_t>> seen;
  for (std::uint64_t epoch = 0; epoch != 50; ++epoch)
    for (std::uint32_t lane = 0; lane != 3; ++lane)
      for (std::uint64_t seed = 0; seed != 3; ++seed)
        seen.insert(all_of({n, seed, lane, epoch}, n));
  BOOST_TEST(seen.size() == 50U * 3U * 3U);
}

BOOST_AUTO_TEST_CASE(all_6_permutations_of_3_are_equally_likely) {
  std::map<std::vector<std::uint64_t>, std::size_t> seen;
  for (std::uint64_t epoch = 0; epoch != 6000; ++epoch) ++seen[all_of({3, 9, 0, epoch}, 3)];
  BOOST_TEST(seen.size() == 6U);
  std::vector<std::size_t> counts;
  for (auto const& [order, count] : seen) counts.push_back(count);
  BOOST_TEST(looks_uniform(counts));
}

BOOST_AUTO_TEST_CASE(every_place_of_a_permutation_is_uniform) {
  constexpr std::uint64_t n = 20;
  for (std::uint64_t const place : {0U, 1U, 19U}) {
    std::vector<std::size_t> counts(n);
    for (std::uint64_t epoch = 0; epoch != 100 * n; ++epoch)
      ++counts[random_permutation(n, 2, 0, epoch)(place)];
    BOOST_TEST(looks_uniform(counts));
  }
}
