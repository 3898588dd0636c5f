// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE reliability_ranks_with_faults
#include "test/support/rank_faults.hpp"

#include "test/support/any_communicator.hpp"
#include "test/support/mailbox_communicator.hpp"

#include "localsgd/synchronizer/basic_ranks.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <thread>
#include <utility>
#include <vector>

// Every component fails for every worker in every round, on ranks that are threads of this process.

using namespace localsgd;
namespace faults = support::faults;

namespace {

using ranks = on_ranks<support::any_communicator>;

void survives(std::size_t count, std::size_t threads, support::problem const& data,
              std::size_t one_of) {
  std::vector<faults::subject> on(count);
  std::vector<std::vector<faults::trial>> trials(count);
  std::vector<std::vector<faults::outcome>> seen(count);
  std::thread([] {}).join();  // with the first thread ThreadSanitizer starts one of its own
  std::ptrdiff_t const before = support::threads();
  support::on_mailboxes(count, [&](support::post_office& office, std::size_t r) {
    ranks synchronizer({.threads = threads}, std::in_place_type<support::mailbox>, office, r);
    on[r] = faults::subject_on(synchronizer);
    trials[r] = faults::trials_of(on[r], one_of);
    seen[r] = faults::outcomes(on[r], trials[r], [&](faults::script& s) {
      return faults::run(synchronizer, data, s, faults::evaluations_of(on[r]));
    });
  });
  BOOST_TEST(support::threads_are(before));
  for (std::size_t r = 0; r != count; ++r) faults::check(on[r], trials[r], seen[r]);
}

}  // namespace

BOOST_AUTO_TEST_CASE(ranks_survive_all_faults) {
  for (std::size_t const n : {1U, 2U, 3U, 5U})
    survives(n, 1, faults::short_points(), n == 3 ? 1 : 7);
  survives(2, 2, faults::short_points(), 7);
  survives(3, 1, faults::long_points(), 7);
}
