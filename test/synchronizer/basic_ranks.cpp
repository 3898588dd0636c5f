// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE synchronizer_basic_ranks
#include "localsgd/synchronizer/basic_ranks.hpp"

#include "test/support/averagers.hpp"
#include "test/support/compressors.hpp"
#include "test/support/mailbox_communicator.hpp"
#include "test/support/runs.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

// Ranks that are threads of this process. Checks are made by the main thread.

using namespace localsgd;
using support::bits_without_bytes;
using support::mailbox;
using support::one_sided_mailbox;
using support::problem;

namespace {

using bits = std::vector<std::uint64_t>;

/// The bits of a run on every rank. Rank r has `threads + r % 2` threads.
template <class Ranks, class Make>
std::vector<bits> on_every_rank(std::size_t ranks, std::size_t threads, Make const& make) {
  std::vector<bits> all(ranks);
  support::on_mailboxes(ranks, [&](support::post_office& office, std::size_t r) {
    Ranks synchronizer({.threads = threads + r % 2}, office, r);
    all[r] = bits_without_bytes(make(synchronizer));
  });
  return all;
}

template <class Ranks, class Make>
void gives_the_same_bits(bits const& expected, std::size_t workers, Make const& make) {
  for (std::size_t ranks = 1; ranks <= 4; ++ranks)
    for (std::size_t const threads : {1U, 2U})
      BOOST_TEST_CONTEXT(ranks << " ranks, " << threads << " threads, K = " << workers) {
        for (auto const& each : on_every_rank<Ranks>(ranks, threads, make))
          BOOST_TEST((each == expected));
      }
}

/// What each rank throws: nothing, "rank_failed", or the message of another exception.
template <class Ranks, class F>
std::vector<std::string> errors(std::size_t ranks, F const& run) {
  std::vector<std::string> all(ranks);
  support::on_mailboxes(ranks, [&](support::post_office& office, std::size_t r) {
    Ranks synchronizer({.threads = 2}, office, r);
    try {
      run(synchronizer, r);
    } catch (rank_failed const& e) {
      all[r] = "rank_failed: " + e.reason;
    } catch (std::exception const& e) {
      all[r] = e.what();
    }
  });
  return all;
}

}  // namespace

BOOST_AUTO_TEST_CASE(any_number_of_ranks_has_the_bits_of_serial) {
  problem const data(60, 37), wide(60, 5001, 0.01);  // short vectors, and long ones
  support::custom const f{&data.dense, &data.reals}, g{&wide.dense, &wide.reals};
  linear_objective const touched(wide.sparse, wide.labels, logistic{}, l2{0.01},
                                 {.intercept = 1, .regularize_intercept = true});
  for (std::size_t const k : {4U, 7U}) {
    settings const s{.workers = k, .local_steps = 3, .steps = 20, .evaluations = 2};
    auto const check = [&](auto const& objective, auto const&... components) {
      gives_the_same_bits<on_ranks<mailbox>>(
          bits_without_bytes(minimize(objective, s, serial{}, components...)), k,
          [&](auto& synchronizer) { return minimize(objective, s, synchronizer, components...); });
    };
    check(f, constant_step{0.05});
    check(g, constant_step{0.01});
    check(touched);
    check(f, constant_step{0.05}, support::outer_momentum{});
    check(g, constant_step{0.01}, support::outer_momentum{});
    check(g, constant_step{0.01}, support::coordinate_maximum{});
    check(f, constant_step{0.05}, support::as_it_is{});
    check(g, constant_step{0.01}, quantized{3});
  }
}

BOOST_AUTO_TEST_CASE(compressed_variance_reduced_runs_have_the_bits_of_serial) {
  // Of 60 rows of 50 features each part of a gradient has at most half of the 5001 coordinates.
  problem const data(60, 5001, 0.01);
  linear_objective const f(data.sparse, data.labels, logistic{}, l2{0.01});
  settings const s{.workers = 5, .local_steps = 3, .epochs = 12, .evaluations = 2};
  auto const check = [&](auto const& compressor) {
    auto const expected = minimize(f, s, serial{}, svrg{}, compressor);
    gives_the_same_bits<on_ranks<mailbox>>(
        bits_without_bytes(expected), 5,
        [&](auto& synchronizer) { return minimize(f, s, synchronizer, svrg{}, compressor); });
    BOOST_TEST(2 * expected.bytes < minimize(f, s, serial{}, svrg{}).bytes);
  };
  check(top_k{0.02});
  check(random_k{0.02});
}

BOOST_AUTO_TEST_CASE(variance_reduced_runs_have_the_bits_of_serial) {
  problem const data(60, 37, 0.3);
  linear_objective const f(data.sparse, data.labels, logistic{}, l2{0.01});
  settings const s{.workers = 5, .tolerance = 1e-6};
  auto const expected = minimize(f, s, serial{});
  BOOST_TEST((expected.reason == stop_reason::tolerance_reached));
  gives_the_same_bits<on_ranks<mailbox>>(
      bits_without_bytes(expected), 5,
      [&](auto& synchronizer) { return minimize(f, s, synchronizer); });
}

BOOST_AUTO_TEST_CASE(overlapped_ranks_have_the_bits_of_overlapped_threads) {
  problem const data(60, 37), wide(60, 5001, 0.01);
  support::custom const f{&data.dense, &data.reals}, g{&wide.dense, &wide.reals};
  settings const s{.workers = 5, .local_steps = 3, .steps = 20, .evaluations = 2};
  constant_step const eta{0.01};
  for (auto const* each : {&f, &g})
    gives_the_same_bits<overlapped_on_ranks<mailbox>>(
        bits_without_bytes(minimize(*each, s, overlapped{2}, eta)), 5,
        [&](auto& synchronizer) { return minimize(*each, s, synchronizer, eta); });
}

BOOST_AUTO_TEST_CASE(asynchronous_ranks_agree_on_their_result) {
  problem const data(60, 7);
  support::custom const f{&data.dense, &data.reals};
  for (std::size_t ranks = 1; ranks <= 4; ++ranks) {
    std::vector<result<double>> all(ranks);
    support::on_mailboxes(ranks, [&](support::post_office& office, std::size_t r) {
      asynchronous_on_ranks<one_sided_mailbox> synchronizer({.max_staleness = 8}, office, r);
      all[r] = minimize(f, {.workers = 4, .local_steps = 4, .steps = 400, .evaluations = 2},
                        synchronizer, constant_step{0.05});
    });
    for (auto const& each : all) BOOST_TEST((support::bits(each) == support::bits(all[0])));
    BOOST_TEST(all[0].steps == 400U);
    BOOST_TEST(all[0].delay >= 4U);
    BOOST_TEST(all[0].delay <= 8U);
    BOOST_TEST(all[0].usable());
  }
}

BOOST_AUTO_TEST_CASE(bytes_of_a_result_are_those_that_were_sent) {
  for (std::size_t const d : {83U, 5003U}) {
    problem const data(20, d);
    support::custom const f{&data.dense, &data.reals};
    std::vector<std::uint64_t> sent(2), counted(2);
    for (std::size_t const i : {0U, 1U})
      support::on_mailboxes(2, [&](support::post_office& office, std::size_t r) {
        on_ranks<mailbox> synchronizer({.threads = 1}, office, r);
        auto const done = minimize(f, {.workers = 4, .local_steps = 1, .steps = 10 + 20 * i},
                                   synchronizer, constant_step{1e-4});
        if (r != 0) return;
        counted[i] = done.bytes;
        sent[i] = office.sent[0] + office.sent[1];
      });
    // What begins and ends a run is sent, too, but is no part of training.
    BOOST_TEST(counted[1] - counted[0] == 20 * counted[0] / 10);
    std::uint64_t const vector = d * sizeof(double);
    // Short: each point goes to the other rank. Long: 2 workers send one slice, 2 the other, and each
    // rank its slice of the mean.
    BOOST_TEST(counted[0] == 10 * (d == 83 ? 4 * vector : 2 * vector + vector));
    BOOST_TEST(sent[1] - sent[0] >= counted[1] - counted[0]);
  }
}

BOOST_AUTO_TEST_CASE(an_exception_on_one_rank_ends_the_run_on_all_and_they_can_go_on) {
  problem const data(64, 5);
  struct fails_late : support::custom {
    bool bad;
    double gradient(std::span<double const> x, std::span<std::size_t const> batch,
                    std::span<double> g) const {
      if (bad && batch.size() == 1 && x[0] != 0) throw std::domain_error("late");
      return custom::gradient(x, batch, g);
    }
  };
  for (std::size_t const bad : {0U, 2U}) {
    std::vector<char> usable(3);
    auto const all = errors<on_ranks<mailbox>>(3, [&](auto& synchronizer, std::size_t r) {
      settings const s{.workers = 6, .local_steps = 2, .steps = 40};
      fails_late f{{&data.dense, &data.reals}, r == bad};
      try {
        minimize(f, s, synchronizer, constant_step{0.01});
      } catch (std::exception const&) {
        f.bad = false;
        usable[r] = minimize(f, s, synchronizer, constant_step{0.01}).usable() ? 1 : 0;
        throw;
      }
    });
    for (std::size_t r = 0; r != 3; ++r) {
      BOOST_TEST(all[r] == (r == bad ? "late" : "rank_failed: late"));
      BOOST_TEST(usable[r] == 1);
    }
  }
}

BOOST_AUTO_TEST_CASE(ranks_that_are_about_to_make_different_runs_are_refused) {
  problem const data(20, 5), other(20, 5, 0.5);
  auto const refused = [&](auto const& run) {
    std::string field;
    auto const all = errors<on_ranks<mailbox>>(3, [&](auto& synchronizer, std::size_t r) {
      try {
        run(synchronizer, r);
      } catch (invalid_settings const& e) {
        if (r == 1) field = e.field;
        throw;
      }
    });
    for (std::size_t r = 0; r != 3; ++r) BOOST_TEST(all[r] == all[0]);
    return field;
  };
  support::custom const f{&data.dense, &data.reals}, g{&other.dense, &other.reals};
  constant_step const eta{0.01};
  BOOST_TEST(refused([&](auto& s, std::size_t r) {
               minimize(f, {.workers = 4, .steps = 4 + r / 2}, s, eta);
             }) == "steps on rank 2");
  BOOST_TEST(refused([&](auto& s, std::size_t r) {
               minimize(r == 1 ? g : f, {.workers = 4, .steps = 4}, s, eta);
             }) == "loss at a point on rank 1");
  BOOST_TEST(refused([&](auto& s, std::size_t r) {
               if (r == 2)
                 minimize(f, {.workers = 4, .steps = 4}, s, eta, support::outer_momentum{});
               else
                 minimize(f, {.workers = 4, .steps = 4}, s, eta);
             }) == "averager on rank 2");
  BOOST_TEST(refused([&](auto& s, std::size_t) {
               minimize(f, {.workers = 2, .steps = 4}, s, eta);
             }) == "workers");
}

BOOST_AUTO_TEST_CASE(values_are_gathered_from_the_ranks_that_carry_their_workers) {
  std::vector<std::vector<int>> got(3, std::vector<int>(7, -1));
  support::on_mailboxes(3, [&](support::post_office& office, std::size_t r) {
    on_ranks<mailbox> synchronizer({.threads = 1}, office, r);
    index_range const mine = synchronizer.carries(7);
    synchronizer.all_gather(std::span(got[r]), [&] {
      for (std::size_t k = mine.first; k != mine.last; ++k) got[r][k] = static_cast<int>(k * k);
    });
    for (std::size_t k = mine.first; k != mine.last; ++k)
      if (synchronizer.rank_of(7, k) != r) got[r][k] = -2;
  });
  for (auto const& each : got) BOOST_TEST((each == std::vector<int>{0, 1, 4, 9, 16, 25, 36}));
}

BOOST_AUTO_TEST_CASE(options_that_a_backend_does_not_have_are_refused) {
  support::post_office office(1);
  auto const field = [&](auto const& make) {
    try {
      make();
    } catch (invalid_settings const& e) {
      return e.field;
    }
    return std::string("nothing");
  };
  using synchronous = on_ranks<mailbox>;
  using without_waiting = asynchronous_on_ranks<one_sided_mailbox>;
  BOOST_TEST(field([&] { synchronous({.threads = 4097}, office, std::size_t{0}); }) == "threads");
  BOOST_TEST(field([&] {
               synchronous({.averaging = averaging::fast}, office, std::size_t{0});
             }) == "averaging");
  BOOST_TEST(field([&] { synchronous({.max_staleness = 3}, office, std::size_t{0}); }) ==
             "max_staleness");
  BOOST_TEST(field([&] { without_waiting({.threads = 2}, office, std::size_t{0}); }) == "threads");
  BOOST_TEST(field([&] { without_waiting({.max_staleness = 3}, office, std::size_t{0}); }) ==
             "nothing");
}
