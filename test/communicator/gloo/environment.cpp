// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE communicator_gloo_environment
#include "localsgd/communicator/gloo/environment.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <string>

using localsgd::gloo_options_from_environment;

namespace {

/// The environment of rank 2 of 4.
struct rank_2 {
  rank_2() {
    setenv("LOCALSGD_FOLDER", "/shared/rendezvous", 1);
    setenv("LOCALSGD_RUN", "restart-7-0", 1);
    setenv("LOCALSGD_RANK", "2", 1);
    setenv("LOCALSGD_RANKS", "4", 1);
    unsetenv("LOCALSGD_INTERFACE");
  }
};

void is_refused(std::string const& name) {
  BOOST_CHECK_EXCEPTION(gloo_options_from_environment(), localsgd::invalid_settings,
                        [&](localsgd::invalid_settings const& e) { return e.field == name; });
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(of_rank_2, rank_2)

BOOST_AUTO_TEST_CASE(the_options_are_those_of_the_environment) {
  auto const options = gloo_options_from_environment();
  BOOST_TEST(options.folder == "/shared/rendezvous");
  BOOST_TEST(options.run == "restart-7-0");
  BOOST_TEST(options.rank == 2u);
  BOOST_TEST(options.size == 4u);
  BOOST_TEST(options.interface == localsgd::gloo_options{}.interface);
  setenv("LOCALSGD_INTERFACE", "eth0", 1);
  BOOST_TEST(gloo_options_from_environment().interface == "eth0");
}

BOOST_AUTO_TEST_CASE(a_missing_or_empty_variable_is_an_error_that_names_it) {
  for (char const* const name :
       {"LOCALSGD_FOLDER", "LOCALSGD_RUN", "LOCALSGD_RANK", "LOCALSGD_RANKS"}) {
    rank_2 const again;
    unsetenv(name);
    is_refused(name);
    setenv(name, "", 1);
    is_refused(name);
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_number_is_an_error_that_names_the_variable) {
  for (char const* const name : {"LOCALSGD_RANK", "LOCALSGD_RANKS"})
    for (char const* const text : {"two", "-1", "1.5", " 1", "1 ", "99999999999999999999999"}) {
      rank_2 const again;
      setenv(name, text, 1);
      is_refused(name);
    }
}

BOOST_AUTO_TEST_SUITE_END()
