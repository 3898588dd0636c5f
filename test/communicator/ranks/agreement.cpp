// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE communicator_ranks_agreement
#include "localsgd/communicator/ranks/agreement.hpp"

#include "test/support/problems.hpp"

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

using localsgd::invalid_settings;
using localsgd::detail::require_same_run;
using texts = std::vector<std::string>;

namespace {

invalid_settings refusal(texts const& all) {
  return support::error_of<invalid_settings>([&] { require_same_run(all); });
}

}  // namespace

BOOST_AUTO_TEST_CASE(equal_texts_are_one_run) {
  require_same_run(texts{});
  require_same_run(texts{"steps = 3\n"});
  require_same_run(texts(4, "steps = 3\nseed = 1\n"));
}

BOOST_AUTO_TEST_CASE(the_first_line_that_differs_is_named_with_the_rank_and_both_values) {
  auto const e = refusal({"steps = 3\nseed = 1\n", "steps = 3\nseed = 1\n", "steps = 3\nseed = 2\n"});
  BOOST_TEST(e.field == "seed on rank 2");
  BOOST_TEST(e.value == "2");
  BOOST_TEST(e.rule.starts_with("1, as on rank 0"));
}

BOOST_AUTO_TEST_CASE(a_line_that_is_missing_is_nothing) {
  auto const more = refusal({"steps = 3\n", "steps = 3\nregularizer = l2\n"});
  BOOST_TEST(more.field == "regularizer on rank 1");
  BOOST_TEST(more.value == "l2");
  BOOST_TEST(more.rule.starts_with("nothing, as on rank 0"));
  auto const less = refusal({"steps = 3\nregularizer = l2\n", "steps = 3\n"});
  BOOST_TEST(less.field == "regularizer on rank 1");
  BOOST_TEST(less.value == "nothing");
}

BOOST_AUTO_TEST_CASE(checksums_are_not_shown) {
  auto const e = refusal({"checksum of the start = 17\n", "checksum of the start = 18\n"});
  BOOST_TEST(e.field == "checksum of the start on rank 1");
  BOOST_TEST(e.value == "different");
  BOOST_TEST(e.rule.starts_with("the same as on rank 0"));
  BOOST_TEST(std::string(e.what()).find("17") == std::string::npos);
}
