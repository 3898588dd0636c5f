// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE communicator_concept
#include "localsgd/communicator/concept.hpp"

#include "test/support/mailbox_communicator.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

using localsgd::rank_status;
using support::mailbox;
using support::one_sided_mailbox;

namespace {

struct sums : mailbox {
  template <class Scalar>
  void start_all_reduce(std::span<Scalar>) {}
};
struct shares : mailbox {
  struct memory {
    void post();
  };
  memory* board() const;
};

// Sends `length(from, to)` bytes from everybody to everybody.
template <class C, class Length>
std::vector<std::vector<std::byte>> exchanged(C& ranks, Length const& length) {
  std::size_t const n = ranks.size(), me = ranks.rank();
  std::vector<std::vector<std::byte>> out(n), in(n);
  std::vector<std::span<std::byte const>> send;
  std::vector<std::span<std::byte>> receive;
  for (std::size_t r = 0; r != n; ++r) {
    out[r].assign(static_cast<std::size_t>(length(me, r)), static_cast<std::byte>(10 * me + r));
    in[r].resize(static_cast<std::size_t>(length(r, me)));
    send.emplace_back(out[r]);
    receive.emplace_back(in[r]);
  }
  ranks.start_all_to_all_v(send, receive);
  ranks.finish_all_to_all_v();
  return in;
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_is_optional_is_recognised) {
  using namespace localsgd::detail;
  static_assert(localsgd::Communicator<mailbox> && !one_sided<mailbox> &&
                !sums_in_any_order<mailbox> && !has_board<mailbox>);
  static_assert(one_sided<one_sided_mailbox> && localsgd::Communicator<one_sided_mailbox>);
  static_assert(sums_in_any_order<sums> && has_board<shares>);
  static_assert(!localsgd::Communicator<int>);
}

BOOST_AUTO_TEST_CASE(a_status_has_failed_if_it_names_a_rank) {
  BOOST_TEST(!rank_status{}.failed());
  BOOST_TEST((rank_status{0, 3, "why"}).failed());
}

BOOST_AUTO_TEST_CASE(messages_of_different_lengths_arrive_in_their_order) {
  std::vector<char> right(3);
  support::on_mailboxes(3, [&](support::post_office& office, std::size_t me) {
    mailbox ranks(office, me);
    ranks.open();
    bool good = true;
    for (std::size_t i = 0; i != 5; ++i) {
      auto const in = exchanged(ranks, [&](std::size_t from, std::size_t to) {
        return from == 1 ? 0 : from + to + i;  // some are empty
      });
      for (std::size_t r = 0; r != 3; ++r)
        for (std::byte const b : in[r])
          good = good && (r == me || b == static_cast<std::byte>(10 * r + me));
    }
    right[me] = good && !ranks.close({}).failed() ? 1 : 0;
  });
  BOOST_TEST((right == std::vector<char>(3, 1)));
}

BOOST_AUTO_TEST_CASE(a_failure_cancels_the_waits_of_all_and_the_next_run_begins_anew) {
  std::vector<std::string> reasons(3);
  std::vector<char> went_on(3);
  support::on_mailboxes(3, [&](support::post_office& office, std::size_t me) {
    mailbox ranks(office, me);
    ranks.open();
    rank_status mine;
    try {
      if (me == 1) throw 7;
      exchanged(ranks, [](std::size_t, std::size_t) { return 4; });
      exchanged(ranks, [](std::size_t, std::size_t) { return 4; });
    } catch (int) {
      mine = {1, 0, "seven"};
    } catch (localsgd::cancelled const&) {
    }
    rank_status const failed = ranks.close(mine);
    reasons[me] = std::to_string(failed.rank) + failed.reason;
    ranks.open();  // what was left of the last run is not taken for a message of this one
    auto const in = exchanged(ranks, [](std::size_t, std::size_t) { return 3; });
    went_on[me] = in[(me + 1) % 3].size() == 3 && !ranks.close({}).failed() ? 1 : 0;
  });
  BOOST_TEST((reasons == std::vector<std::string>(3, "1seven")));
  BOOST_TEST((went_on == std::vector<char>(3, 1)));
}
