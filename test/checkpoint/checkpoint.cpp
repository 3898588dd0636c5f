// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE checkpoint_checkpoint
#include "localsgd/checkpoint/checkpoint.hpp"

#include "test/support/problems.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <limits>
#include <stop_token>

using namespace localsgd;

BOOST_AUTO_TEST_CASE(options_out_of_range_are_refused_by_name) {
  for (double const seconds : {-1.0, support::not_a_number, support::infinity}) {
    checkpoint_options options;
    options.seconds = seconds;
    auto const e =
        support::error_of<invalid_settings>([&] { checkpoint const c("a", options); });
    BOOST_TEST(e.field == "checkpoint_options.seconds");
  }
  for (char const* const path : {"", "a/", "/"}) {
    auto const e = support::error_of<invalid_settings>([&] { checkpoint const c(path); });
    BOOST_TEST(e.field == "checkpoint.path");
  }
}

BOOST_AUTO_TEST_CASE(it_keeps_its_path_and_its_options) {
  checkpoint const plain("folder/run.checkpoint");
  BOOST_TEST(plain.path() == std::filesystem::path("folder/run.checkpoint"));
  BOOST_TEST(plain.options().seconds == 60);
  BOOST_TEST(plain.options().rounds == 0);
  BOOST_TEST(plain.options().signals);
  std::stop_source source;
  checkpoint const other("run", {.rounds = 3, .seconds = 0, .signals = false,
                                 .stop = source.get_token()});
  source.request_stop();
  BOOST_TEST(other.options().stop.stop_requested());
  BOOST_TEST(other.options().rounds == 3);
}
