// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE checkpoint_no_checkpoint
#include "localsgd/checkpoint/no_checkpoint.hpp"

#include <boost/test/unit_test.hpp>

#include <type_traits>

using namespace localsgd;

namespace {

struct some_round {};
struct recorder {};
struct record {};
using none = detail::checkpoints<no_checkpoint, some_round, recorder, record>;

template <class T>
concept complete = requires { sizeof(T); };

}  // namespace

BOOST_AUTO_TEST_CASE(a_run_without_checkpoints_stores_nothing_for_them) {
  BOOST_TEST(std::is_empty_v<none>);
  BOOST_TEST((std::is_empty_v<detail::checkpoint_record<no_checkpoint, double>>));
  BOOST_TEST(!(detail::checkpoint_record<no_checkpoint, double>::interrupted));
}

BOOST_AUTO_TEST_CASE(all_steps_of_a_checkpoint_do_nothing_and_do_not_throw) {
  some_round r;
  recorder s;
  record t;
  none checkpoints(r, s, t);
  checkpoints.resume();
  checkpoints.begin(1, 1);
  checkpoints.decide(1, 1);
  checkpoints.keep();
  checkpoints.end();
  BOOST_TEST((std::is_nothrow_constructible_v<none, some_round&, recorder&, record&>));
}

// A program that uses a checkpoint without its header must not lose its checkpoints silently.
BOOST_AUTO_TEST_CASE(a_checkpoint_needs_its_own_header) {
  BOOST_TEST(!complete<checkpoint>);
  BOOST_TEST(!(complete<detail::checkpoint_record<checkpoint, double>>));
}
