// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE checkpoint_signals
#include "localsgd/checkpoint/signals.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <optional>

using localsgd::detail::stop_signals;

namespace {

volatile std::sig_atomic_t mine = 0;
void count_mine(int) { mine = mine + 1; }

/// While there is one, SIGINT and SIGTERM count in `mine`.
struct handlers_of_mine {
  handlers_of_mine()
      : interrupt(std::signal(SIGINT, count_mine)), term(std::signal(SIGTERM, count_mine)) {
    mine = 0;
  }
  ~handlers_of_mine() {
    std::signal(SIGINT, interrupt);
    std::signal(SIGTERM, term);
  }
  void (*interrupt)(int);
  void (*term)(int);
};

}  // namespace

BOOST_AUTO_TEST_CASE(signals_are_recorded_and_the_previous_handlers_are_restored) {
  handlers_of_mine const handlers;
  for (int const number : {SIGINT, SIGTERM}) {
    {
      stop_signals signals(true);
      BOOST_TEST(!signals.requested());
      std::raise(number);
      std::raise(number);
      BOOST_TEST(signals.requested());
      signals.heard();
      BOOST_TEST(!signals.requested());
    }
    BOOST_TEST(mine == 0);
    std::raise(number);
    BOOST_TEST(mine == 1);
    mine = 0;
  }
}

BOOST_AUTO_TEST_CASE(a_signal_that_no_run_handled_is_passed_on) {
  handlers_of_mine const handlers;
  {
    stop_signals const signals(true);
    std::raise(SIGTERM);
    BOOST_TEST(mine == 0);
  }
  BOOST_TEST(mine == 1);
}

BOOST_AUTO_TEST_CASE(without_the_option_signals_keep_their_handlers) {
  handlers_of_mine const handlers;
  stop_signals const signals(false);
  std::raise(SIGINT);
  BOOST_TEST(mine == 1);
  BOOST_TEST(!signals.requested());
}

BOOST_AUTO_TEST_CASE(signals_that_are_ignored_stay_ignored) {
  handlers_of_mine const handlers;
  std::signal(SIGINT, SIG_IGN);
  {
    stop_signals const signals(true);
    std::raise(SIGINT);
    BOOST_TEST(!signals.requested());
  }
  BOOST_TEST((std::signal(SIGINT, count_mine) == SIG_IGN));
}

BOOST_AUTO_TEST_CASE(the_last_run_restores_the_handlers) {
  handlers_of_mine const handlers;
  std::optional<stop_signals> first(std::in_place, true), second(std::in_place, true);
  first.reset();
  std::raise(SIGTERM);
  BOOST_TEST(second->requested());
  second->heard();
  second.reset();
  BOOST_TEST(mine == 0);
  stop_signals const another(true);
  BOOST_TEST(!another.requested());  // what came before is not for it
}

#if defined(SA_SIGINFO)
BOOST_AUTO_TEST_CASE(handlers_with_information_get_it_again) {
  handlers_of_mine const handlers;
  static volatile std::sig_atomic_t told = 0;
  struct sigaction with_information {};
  with_information.sa_flags = SA_SIGINFO;
  with_information.sa_sigaction = [](int number, siginfo_t* info, void*) {
    told = info != nullptr && info->si_signo == number ? 1 : 2;
  };
  ::sigaction(SIGTERM, &with_information, nullptr);
  { stop_signals const signals(true); }
  struct sigaction now {};
  ::sigaction(SIGTERM, nullptr, &now);
  BOOST_TEST((now.sa_flags & SA_SIGINFO) != 0);
  std::raise(SIGTERM);
  BOOST_TEST(told == 1);
}
#endif
