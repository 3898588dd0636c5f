// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE schedule_concept
#include "localsgd/schedule/concept.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdint>

namespace {

using localsgd::progress;
using localsgd::Schedule;
using namespace localsgd::detail;

struct minimal {
  std::uint64_t next(std::uint64_t t) const { return t + 1; }
};
static_assert(Schedule<minimal>);
static_assert(!looks_at_progress<minimal> && !needs_evaluations<minimal>());

struct looking : minimal {
  using minimal::next;
  std::uint64_t next(std::uint64_t t, progress const& seen) const {
    return t + 2 * seen.local_steps + 1;
  }
};
static_assert(Schedule<looking> && looks_at_progress<looking> && !needs_evaluations<looking>());
struct depending : looking {
  static constexpr bool needs_evaluations = true;
};
static_assert(Schedule<depending> && needs_evaluations<depending>());
struct independent : looking {
  static constexpr bool needs_evaluations = false;
};
static_assert(!needs_evaluations<independent>());

struct mutable_next {
  std::uint64_t next(std::uint64_t);
};
static_assert(!Schedule<mutable_next>);
struct signed_next {
  std::int64_t next(std::uint64_t) const;
};
static_assert(!Schedule<signed_next>);
struct without_t {
  std::uint64_t next() const;
};
static_assert(!Schedule<without_t>);
struct not_copyable : minimal {
  not_copyable(not_copyable const&) = delete;
};
static_assert(!Schedule<not_copyable>);

// An optional member that cannot be used is a mistake, and not a member to ignore.
struct mutable_look : minimal {
  using minimal::next;
  std::uint64_t next(std::uint64_t, progress const&);
};
static_assert(!looks_at_progress<mutable_look> && !Schedule<mutable_look>);
struct look_without_answer : minimal {
  using minimal::next;
  void next(std::uint64_t, progress const&) const;
};
static_assert(!Schedule<look_without_answer>);
// It only looks: every run also asks for next(t) alone.
struct look_alone {
  std::uint64_t next(std::uint64_t, progress const&) const;
};
static_assert(looks_at_progress<look_alone> && !Schedule<look_alone>);

}  // namespace

BOOST_AUTO_TEST_CASE(a_schedule_that_looks_can_be_asked_both_ways) {
  BOOST_TEST(looking{}.next(4) == 5U);
  BOOST_TEST(looking{}.next(4, {.local_steps = 3}) == 11U);
}
