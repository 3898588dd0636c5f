// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE compiled
#include "localsgd/compiled.hpp"

#include "localsgd/synchronizer/serial.hpp"

#include <boost/test/unit_test.hpp>

#include "test/support/problems.hpp"
#include "test/support/runs.hpp"

// The program is linked with compiled/squared.cpp, and compiled.sh looks for runs of it in this file.

using namespace localsgd;
using support::problem;

namespace {

void has_the_bits_of_a_run_compiled_here(auto const& rows, std::vector<double> const& targets) {
  linear_objective const f(rows, targets, squared{}, l2{0.01});
  settings const s{.workers = 4, .tolerance = 1e-6};
  auto const r = minimize(f, s);
  BOOST_TEST((r.reason == stop_reason::tolerance_reached));
  BOOST_TEST(support::bits(r) == support::bits(minimize(f, s, serial{})));
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_compiled_run_has_the_bits_of_one_that_the_program_compiles) {
  problem const data(200, 11);
  has_the_bits_of_a_run_compiled_here(data.dense, data.reals);
  has_the_bits_of_a_run_compiled_here(data.sparse, data.reals);
}
