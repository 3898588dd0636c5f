// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE core_checksum
#include "localsgd/core/checksum.hpp"

#include <bit>
#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <set>
#include <string>

using localsgd::detail::checksum;

namespace {

std::uint64_t of(std::string const& bytes) { return checksum(bytes.data(), bytes.size()); }

// Word by word, as its description reads.
std::uint64_t by_the_book(std::string bytes) {
  bytes.resize((bytes.size() + 63) / 64 * 64);
  std::uint64_t const p = 0x9e3779b97f4a7c15, q = 0xbf58476d1ce4e5b9;
  auto const mix = [&](std::uint64_t h, std::uint64_t w) { return p * std::rotl(h + q * w, 31); };
  std::uint64_t h = bytes.size() / 64;
  for (std::size_t lane = 0; lane != 8; ++lane) {
    std::uint64_t l = p * (lane + 1);
    for (std::size_t at = 8 * lane; at < bytes.size(); at += 64) {
      std::uint64_t word = 0;
      std::memcpy(&word, bytes.data() + at, 8);
      l = mix(l, word);
    }
    h = mix(h, l);
  }
  h = (h ^ h >> 32U) * q;
  return h ^ h >> 29U;
}

std::string random_bytes(std::size_t n, std::mt19937_64& random) {
  std::string bytes(n, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

}  // namespace

BOOST_AUTO_TEST_CASE(it_is_what_its_description_says) {
  std::mt19937_64 random(1);
  for (std::size_t n = 0; n != 300; ++n) {
    auto const bytes = random_bytes(n, random);
    BOOST_TEST(of(bytes) == by_the_book(bytes));
  }
}

BOOST_AUTO_TEST_CASE(zeros_fill_up_blocks_and_blocks_count) {
  BOOST_TEST(of("abc") == of(std::string("abc") + std::string(61, '\0')));
  std::set<std::uint64_t> different;
  for (std::size_t blocks = 0; blocks != 100; ++blocks)
    different.insert(of(std::string(64 * blocks, '\0')));
  BOOST_TEST(different.size() == 100U);
}

BOOST_AUTO_TEST_CASE(a_change_within_a_word_never_goes_unnoticed) {
  std::mt19937_64 random(2);
  auto const good = random_bytes(512, random);
  auto const right = of(good);
  std::size_t unnoticed = 0;
  for (std::size_t word = 0; word != 64; ++word)
    for (int i = 0; i != 500; ++i) {
      auto bad = good;
      std::uint64_t change = random() >> random() % 64;
      if (change == 0) change = 1;
      std::uint64_t x = 0;
      std::memcpy(&x, bad.data() + 8 * word, 8);
      x ^= change;
      std::memcpy(bad.data() + 8 * word, &x, 8);
      if (of(bad) == right) ++unnoticed;
    }
  BOOST_TEST(unnoticed == 0U);
}

BOOST_AUTO_TEST_CASE(flips_of_two_bits_are_noticed) {
  std::string const good(128, '\0');
  auto const right = of(good);
  std::size_t unnoticed = 0;
  for (std::size_t i = 0; i != 1024; ++i)
    for (std::size_t j = 0; j != i; ++j) {
      auto bad = good;
      for (std::size_t const bit : {i, j})
        bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));
      if (of(bad) == right) ++unnoticed;
    }
  BOOST_TEST(unnoticed == 0U);
}

BOOST_AUTO_TEST_CASE(one_bit_changes_half_of_the_checksum) {
  // The mean over 512 bits of the bits that change; each is near 32 of 64, a mean nearer still.
  std::mt19937_64 random(3);
  auto const good = random_bytes(64, random);
  auto const right = of(good);
  double sum = 0;
  for (std::size_t bit = 0; bit != 512; ++bit) {
    auto bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));
    sum += std::popcount(of(bad) ^ right);
  }
  BOOST_TEST(sum / 512 > 24);
  BOOST_TEST(sum / 512 < 40);
}
