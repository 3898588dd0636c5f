// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE communicator_rank_failed
#include "localsgd/communicator/rank_failed.hpp"

#include <boost/test/unit_test.hpp>
#include <stdexcept>
#include <string>
#include <type_traits>

using localsgd::rank_failed;

BOOST_AUTO_TEST_CASE(it_says_which_rank_failed_when_and_why) {
  rank_failed const e(2, 17, "no more samples");
  BOOST_TEST(e.rank == 2);
  BOOST_TEST(e.round == 17);
  BOOST_TEST(e.reason == "no more samples");
  std::string const text = e.what();
  BOOST_TEST(text.starts_with("localsgd: rank 2 failed in round 17"));
  BOOST_TEST(text.ends_with(": no more samples"));
  static_assert(std::is_base_of_v<std::runtime_error, rank_failed>);
}
