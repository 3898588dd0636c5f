// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE evaluation_sparse_sum
#include "localsgd/evaluation/sparse_sum.hpp"

#include "test/support/rank_teams.hpp"
#include "test/support/teams.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

using namespace localsgd;

namespace {

constexpr std::size_t parts = 3, length = 2500;

// Part p is expected to be p·i/7, and differs from that at every `stride`-th entry.
void expect(std::size_t p, std::size_t first, std::span<double> out) {
  for (std::size_t i = 0; i != out.size(); ++i)
    out[i] = static_cast<double>(p * (first + i)) / 7;
}
std::vector<double> part_of(std::size_t p, std::size_t stride) {
  std::vector<double> v(length);
  expect(p, 0, v);
  for (std::size_t i = p; i < length; i += stride) v[i] = 1 / static_cast<double>(i + p + 1);
  return v;
}
std::vector<double> sum_of(std::size_t stride) {
  std::vector<double> sum(length, 0.0);
  for (std::size_t p = 0; p != parts; ++p) {
    auto const v = part_of(p, stride);
    for (std::size_t i = 0; i != length; ++i) sum[i] += v[i];
  }
  return sum;
}

// On each thread of a team: its own parts, the sum, whether it was made, and the bytes sent.
template <class T>
void check(T& team, std::size_t stride, bool sparse, std::vector<std::vector<double>>& rows,
           std::vector<double>& total, detail::sparse_sum<>& sum, std::atomic<std::uint64_t>& bytes) {
  index_range const mine = detail::even_split(parts, team.threads(), team.thread());
  for (std::size_t p = mine.first; p != mine.last; ++p) rows[p] = part_of(p, stride);
  bool const made = sum(team, rows, std::span<double>(total), expect);
  if (team.leads()) {
    bytes += team.sent().bytes;
    BOOST_TEST(made == sparse);
    if (made) BOOST_TEST(total == sum_of(stride), boost::test_tools::per_element());
  }
  team.barrier();
}

}  // namespace

BOOST_AUTO_TEST_CASE(few_entries_travel_and_the_sum_has_the_bits_of_whole_vectors) {
  for (std::size_t const threads : {1u, 2u, 3u}) {
    std::vector<std::vector<double>> rows(parts);
    std::vector<double> total(length);
    detail::sparse_sum<> sum(parts);
    std::atomic<std::uint64_t> bytes{0};
    support::with_team(parts, threads, [&](auto& team) {
      check(team, 100, true, rows, total, sum, bytes);
    });
    // 25 entries of 9 bytes in each part, to two others.
    BOOST_TEST(bytes == parts * 25 * 9 * (parts - 1));
  }
}

BOOST_AUTO_TEST_CASE(ranks_have_the_same_bits) {
  std::vector<std::vector<std::size_t>> const layouts{{1, 1}, {2, 1}, {1, 1, 1}};
  for (auto const& threads : layouts) {
    std::atomic<std::uint64_t> bytes{0};
    struct of_rank {
      std::vector<std::vector<double>> rows{parts};
      std::vector<double> total = std::vector<double>(length);
      detail::sparse_sum<> sum{parts};
    };
    std::vector<of_rank> ranks(threads.size());
    std::atomic<bool> equal{true};
    support::with_rank_teams(threads, parts, [&](auto& team) {
      auto& mine = ranks[team.state().rank];
      index_range const own = detail::even_split(parts, team.threads(), team.thread());
      for (std::size_t p = own.first; p != own.last; ++p) mine.rows[p] = part_of(p, 100);
      bool const made = mine.sum(team, mine.rows, std::span<double>(mine.total), expect);
      if (!made || mine.total != sum_of(100)) equal = false;
      team.barrier();
      if (team.leads()) bytes += team.sent().bytes;
    });
    BOOST_TEST(equal);
    BOOST_TEST(bytes < parts * 25 * 10 * (parts - 1) + 1000);  // and their lengths
  }
}

BOOST_AUTO_TEST_CASE(where_whole_vectors_take_fewer_bytes_nothing_is_made) {
  std::vector<std::vector<double>> rows(parts);
  std::vector<double> total(length);
  detail::sparse_sum<> sum(parts);
  std::atomic<std::uint64_t> bytes{0};
  support::with_team(parts, 2, [&](auto& team) {
    check(team, 1, false, rows, total, sum, bytes);  // all entries of three parts: 27 bytes a coordinate
  });
  BOOST_TEST(bytes == 0u);
}

namespace {

// The first of two threads, which receives a message from the other.
struct receiver {
  std::vector<std::byte> message;

  std::size_t thread() const { return 0; }
  std::size_t threads() const { return 2; }
  void barrier() {}
  template <class Owned>
  void all_gather(std::span<std::uint64_t> sizes, Owned const&) {
    sizes[1] = message.size();
  }
  void all_gather_v(std::span<std::vector<std::byte>> messages) { messages[1] = message; }
  template <class Scalar, class Work>
  bool split(std::size_t n, Work const& work) {
    return work(0, n);
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_damaged_message_is_refused) {
  std::vector<std::vector<double>> const rows(2, std::vector<double>(100));
  std::vector<double> total(100);
  auto const zeros = [](std::size_t, std::size_t, std::span<double> out) {
    std::fill(out.begin(), out.end(), 0.0);
  };
  receiver team;
  detail::put_varint(team.message, 5);
  detail::put(team.message, 1.5);  // v_5 = 1.5
  detail::sparse_sum<> sum(2);
  BOOST_TEST(sum(team, rows, std::span<double>(total), zeros));
  BOOST_TEST(total[5] == 1.5);
  while (team.message.size() != 1) {
    team.message.pop_back();
    BOOST_CHECK_THROW(sum(team, rows, std::span<double>(total), zeros), invalid_data);
  }
}

BOOST_AUTO_TEST_CASE(numbers_that_are_not_finite_travel) {
  std::vector<std::vector<double>> rows{std::vector<double>(40)};
  expect(0, 0, rows[0]);
  rows[0][39] = std::numeric_limits<double>::quiet_NaN();
  std::vector<double> total(40);
  detail::sparse_sum<> sum(1);
  support::with_team(1, 1, [&](auto& team) {
    BOOST_TEST(sum(team, rows, std::span<double>(total), expect));
  });
  BOOST_TEST(total[38] == 0);
  BOOST_TEST((total[39] != total[39]));
}
