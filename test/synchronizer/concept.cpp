// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE synchronizer_concept
#include "localsgd/synchronizer/concept.hpp"

#include "localsgd/protocol/synchronous.hpp"
#include "localsgd/synchronizer/basic_threads.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <string>

using namespace localsgd;

namespace {

using stock = basic_threads<detail::synchronous_protocol, detail::calling_thread>;
struct carries_nobody : stock {
  void carries(std::size_t) const;
};
struct has_no_protocol : stock {
  struct protocol {};
};

}  // namespace

BOOST_AUTO_TEST_CASE(what_a_run_needs_is_required) {
  static_assert(Synchronizer<stock>);
  static_assert(!Synchronizer<carries_nobody> && !Synchronizer<has_no_protocol> &&
                !Synchronizer<int>);
}

BOOST_AUTO_TEST_CASE(a_program_is_run_once_on_all_threads) {
  int made = 0, bodies = 0;
  auto const identity = [] { return std::string("steps = 3\n"); };
  auto const run = [&](auto const& launch) {
    ++made;
    launch([&](auto& team) { bodies += team.leads() ? 1 : 100; });
    ++made;
  };
  detail::program<decltype(identity), decltype(run)> const program{identity, run};
  BOOST_TEST(program.identity() == "steps = 3\n");
  plan p;
  p.workers = 3;
  stock{}.run(p, program);
  BOOST_TEST(made == 2);
  BOOST_TEST(bodies == 1);
}
