// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE communicator_mpi_board
#include "localsgd/communicator/mpi/board.hpp"

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <random>
#include <thread>
#include <vector>

// It needs no MPI: the ranks are threads here, each with a mapping of its own.

using localsgd::detail::mpi_board;

namespace {

std::vector<std::unique_ptr<mpi_board>> boards_of(std::size_t ranks) {
  std::vector<std::unique_ptr<mpi_board>> all(ranks);
  all[0] = mpi_board::make(ranks);
  BOOST_TEST_REQUIRE(bool{all[0]});
  for (std::size_t r = 1; r != ranks; ++r) {
    all[r] = mpi_board::open(all[0]->invite(), r);
    BOOST_TEST_REQUIRE(bool{all[r]});
  }
  all[0]->withdraw();
  for (auto& each : all) each->begin(1);
  return all;
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_each_rank_posts_all_others_read) {
  // Each rank posts numbers that depend on the rank and the post, after a pause that nobody knows.
  constexpr std::size_t ranks = 3, posts = 2000;
  auto const all = boards_of(ranks);
  std::array<std::size_t, ranks> wrong{};
  std::vector<std::thread> threads;
  for (std::size_t rank = 0; rank != ranks; ++rank)
    threads.emplace_back([&, rank] {
      mpi_board& mine = *all[rank];
      std::mt19937 random(static_cast<unsigned>(rank));
      auto const pause = [&] {
        if (random() % 8 == 0) std::this_thread::yield();
      };
      for (std::size_t post = 0; post != posts; ++post) {
        std::fill_n(mine.mine(), 1000, static_cast<std::byte>(post * ranks + rank));
        pause();
        mine.post();
        for (std::size_t r = 0; r != ranks; ++r) {
          if (r == rank) continue;
          while (!mine.has_posted(r)) std::this_thread::yield();
          pause();
          auto const expected = static_cast<std::byte>(post * ranks + r);
          if (std::count(mine.of(r), mine.of(r) + 1000, expected) != 1000) ++wrong[rank];
        }
      }
    });
  for (auto& thread : threads) thread.join();
  for (std::size_t const n : wrong) BOOST_TEST(n == 0);
}

BOOST_AUTO_TEST_CASE(a_post_is_there_once_it_is_made) {
  auto const all = boards_of(2);
  all[0]->post();
  all[1]->post();
  all[1]->post();
  BOOST_TEST(all[0]->has_posted(1));
  BOOST_TEST(!all[1]->has_posted(0));  // its second one
  all[0]->post();
  BOOST_TEST(all[1]->has_posted(0));
}

BOOST_AUTO_TEST_CASE(posts_of_another_run_do_not_count) {
  auto const all = boards_of(2);
  for (int i = 0; i != 5; ++i) all[1]->post();  // of a run in which rank 0 failed at its first
  all[0]->begin(2);
  all[0]->post();
  BOOST_TEST(!all[0]->has_posted(1));
  all[1]->begin(2);
  all[1]->post();
  BOOST_TEST(all[0]->has_posted(1));
  BOOST_TEST(all[1]->has_posted(0));
}

BOOST_AUTO_TEST_CASE(the_last_byte_of_a_side_belongs_to_nobody_else) {
  auto const all = boards_of(2);
  for (int post = 0; post != 2; ++post) {
    for (auto const& each : all) std::fill_n(each->mine(), mpi_board::side, std::byte{0x55});
    for (auto const& each : all) each->post();
  }
  BOOST_TEST(all[0]->has_posted(1));
  BOOST_TEST(all[1]->has_posted(0));
  for (auto const& each : all)
    for (std::size_t r = 0; r != 2; ++r)
      BOOST_TEST(std::count(each->of(r), each->of(r) + mpi_board::side, std::byte{0x55}) ==
                 static_cast<std::ptrdiff_t>(mpi_board::side));
}

BOOST_AUTO_TEST_CASE(an_invitation_that_leads_elsewhere_leads_nowhere) {
  auto const host = mpi_board::make(2);
  BOOST_TEST_REQUIRE(bool{host});
  BOOST_TEST(bool{mpi_board::open(host->invite(), 1)});
  BOOST_TEST(!mpi_board::open({}, 1));
  auto other = host->invite();
  other.token += 2;  // the same name, as on another machine
  BOOST_TEST(!mpi_board::open(other, 1));
  BOOST_TEST(!mpi_board::open(host->invite(), 2));  // there are two boards
  host->withdraw();
  BOOST_TEST(!mpi_board::open(host->invite(), 1));
}

#if defined(__linux__)
BOOST_AUTO_TEST_CASE(only_processes_of_the_same_user_may_open_it) {
  namespace fs = std::filesystem;
  auto const host = mpi_board::make(2);
  BOOST_TEST_REQUIRE(bool{host});
  auto const file = fs::path("/dev/shm") / host->invite().name.data();
  BOOST_TEST((fs::status(file).permissions() == (fs::perms::owner_read | fs::perms::owner_write)));
  host->withdraw();
  BOOST_TEST(!fs::exists(file));
}
#endif
