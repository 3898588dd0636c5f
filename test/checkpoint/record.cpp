// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE checkpoint_record
#include "localsgd/checkpoint/record.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>

namespace {

struct when {
  bool signals;
  bool ends_on_signals() const { return signals; }
};
struct wish {
  when of;
  when const& options() const { return of; }
};
using record = localsgd::detail::checkpoint_record<wish, double>;

}  // namespace

BOOST_AUTO_TEST_CASE(a_run_starts_with_an_empty_state_for_each_worker) {
  wish const no_signals{{false}};
  record r;
  r.start(no_signals, "seed = 3\n", 5);
  BOOST_TEST(r.wish == &no_signals);
  BOOST_TEST(r.identity == "seed = 3\n");
  BOOST_TEST(r.of.size() == 5u);
  for (auto const& each : r.of) BOOST_TEST(each.bytes.empty());
  BOOST_TEST(!r.interrupted);
}

BOOST_AUTO_TEST_CASE(a_record_handles_signals_if_and_only_if_the_options_say_so) {
  static volatile std::sig_atomic_t mine = 0;
  auto* const before = std::signal(SIGTERM, [](int) { mine = mine + 1; });
  for (bool const signals : {false, true}) {
    mine = 0;
    {
      wish const w{{signals}};
      record r;
      r.start(w, "", 1);
      std::raise(SIGTERM);
      BOOST_TEST(r.caught->requested() == signals);
      BOOST_TEST(mine == (signals ? 0 : 1));
      r.caught->heard();
    }
    std::raise(SIGTERM);  // the previous handler is restored
    BOOST_TEST(mine == (signals ? 1 : 2));
  }
  std::signal(SIGTERM, before);
}
