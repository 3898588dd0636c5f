// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/communicator/rank_failed.hpp"
#include "localsgd/localsgd.hpp"
#include "test/support/averagers.hpp"
#include "test/support/compressors.hpp"
#include "test/support/runs.hpp"
#include "test/support/temporary_path.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <future>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>
#include <version>
#if defined(__cpp_lib_jthread)
#include <stop_token>
#endif

/// @file
/// @brief What every synchronizer must do. A communication backend of your own should pass it, too.
///
/// The cases are templates over *traits*, one type for each synchronizer:
///
/// | member                    | meaning                                                          |
/// |---------------------------|------------------------------------------------------------------|
/// | `T::make(threads)`        | a `std::unique_ptr` to it, with so many threads; collective      |
/// | `T::processes`            | whether the workers are on several ranks: every case is then     |
/// |                           | executed by all of them                                          |
///
/// `LOCALSGD_BACKEND_CASES(list)` registers all cases for a `std::tuple` of traits. All ranks make the
/// same calls, so a check that fails on one rank does not make another one wait. Few types of runs
/// are used, for each takes a second to compile.

namespace backends {

using namespace localsgd;
using support::as_it_is;
using support::bits_without_bytes;
using support::coordinate_maximum;
using support::problem;

template <class T>
using synchronizer_of = typename decltype(T::make(std::size_t{1}))::element_type;
template <class T>
using protocol_of = typename synchronizer_of<T>::protocol;

template <class T>
constexpr bool asynchronous_runs = protocol_of<T>::never_waits;
template <class T>
constexpr bool overlapped_runs = protocol_of<T>::averages_travel;
/// Algorithm 1, whose bits are those of `serial`.
template <class T>
constexpr bool synchronous_runs = !asynchronous_runs<T> && !overlapped_runs<T>;

/// This rank, and how many there are.
template <class T, class S>
std::size_t rank_of(S const& synchronizer) {
  if constexpr (T::processes)
    return static_cast<std::size_t>(synchronizer.rank());
  else
    return 0;
}
template <class T, class S>
std::size_t ranks_of(S const& synchronizer) {
  if constexpr (T::processes)
    return static_cast<std::size_t>(synchronizer.ranks());
  else
    return 1;
}

template <template <class> class Protocol>
struct on_this_thread : basic_threads<Protocol, detail::calling_thread> {
  on_this_thread() {}  // not an aggregate
};

/// Threads that a backend is asked for: asynchronous ranks have one.
template <class T>
std::vector<std::size_t> thread_counts() {
  if (T::processes && asynchronous_runs<T>) return {1};
  if (T::processes) return {1, 2};
  return {1, 2, 3};
}
template <class T>
std::size_t some_threads() {
  return thread_counts<T>().size() > 1 ? 2 : 1;
}

/// Whose bits a reproducible backend has.
template <class T>
auto reference_of() {
  if constexpr (overlapped_runs<T>)
    return on_this_thread<detail::overlapped_protocol>{};
  else
    return serial{};
}

/// Draws with replacement; or worker k always uses sample k; or all of them sample 0.
struct chosen {
  enum class from { all, own, first } samples = from::all;
  void draw(plan const& p, std::size_t worker, std::uint64_t t, std::span<std::size_t> out) const {
    if (samples == from::all) return with_replacement{}.draw(p, worker, t, out);
    for (std::size_t& i : out) i = samples == from::own ? worker : 0;
  }
  std::size_t shard_size(plan const& p, std::size_t) const { return p.samples; }
};

/// Least squares, where samples whose number is in `bad` cannot be used: by local steps, of one sample
/// each and not from 0; or by the evaluation at 0, where a run begins.
struct subject : support::custom {
  std::vector<bool> bad;
  bool bad_at_start = false;

  explicit subject(problem const& data)
      : custom{&data.dense, &data.reals}, bad(data.reals.size()) {}
  double gradient(std::span<double const> x, std::span<std::size_t const> batch,
                  std::span<double> g) const {
    bool const at_start = x[0] == 0 && x[1] == 0;
    if (bad_at_start ? at_start : !at_start && batch.size() == 1)
      for (std::size_t const i : batch)
        if (bad[i]) throw std::domain_error("sample " + std::to_string(i));
    return custom::gradient(x, batch, g);
  }
};

/// Keeps what it sees; stops the run, or throws, at its how-manyth evaluation.
struct watcher {
  std::size_t stops_at = 0, throws_at = 0;
  std::vector<evaluation> seen = {};
  std::uint64_t steps = 0;

  proceed after_evaluation(evaluation const& e, plan const& p) {
    steps = p.steps;
    seen.push_back(e);
    if (seen.size() == throws_at) throw std::range_error("seen enough");
    return seen.size() == stops_at ? proceed::no : proceed::yes;
  }
};

/// What may differ between runs of one type.
struct how {
  settings s = {};
  double eta = 0.05;
  growing schedule = growing(4, 0);
  chosen sampler = {};
  watcher observer = {};
};
auto run(auto& synchronizer, subject const& f, how h, auto const&... components) {
  return minimize(f, h.s, synchronizer, constant_step{h.eta}, h.schedule, h.sampler, h.observer,
                  components...);
}
/// Runs the call and checks that it throws: `Error` on the rank that fails, rank_failed elsewhere.
template <class Error, class Call>
void throws(bool here, Call const& call) {
  if (here)
    BOOST_CHECK_THROW(call(), Error);
  else
    BOOST_CHECK_THROW(call(), rank_failed);
}

template <class T>
void it_has_the_bits_of_the_reference_on_any_number_of_threads() {
  if constexpr (!asynchronous_runs<T>) {
    problem const data(60, 37, 0.3), wide(60, 1501, 0.01);  // 37: no multiple of a cache line
    linear_objective const sparse(data.sparse, data.labels, logistic{}, l2{0.01});
    linear_objective const shifted(data.sparse, data.labels, logistic{}, l2{0.01}, {.intercept = 1});
    linear_objective const touched(wide.sparse, wide.labels, logistic{}, l2{0.01}, {.intercept = 1});
    linear_objective const selecting(data.sparse, data.labels, logistic{}, l1{0.02});
    softmax_objective const narrow(data.sparse, data.classes, 3, l2{0.01}, iterate_type<float>{});
    subject const f(data);
    auto one = reference_of<T>();
    for (std::size_t const threads : thread_counts<T>()) {
      auto const each = T::make(threads);
      for (std::size_t const k : {4U, 7U})
        BOOST_TEST_CONTEXT(threads << " threads, K = " << k) {
          auto const same = [&](how const& h, auto const&... components) {
            BOOST_TEST((bits_without_bytes(run(*each, f, h, components...)) ==
                        bits_without_bytes(run(one, f, h, components...))));
          };
          how h{.s = {.workers = k, .steps = 24, .evaluations = 2}};
          same(h);
          same(h, support::outer_momentum{});
          same(h, coordinate_maximum{});
          if constexpr (synchronous_runs<T>) same(h, as_it_is{});
          if constexpr (synchronous_runs<T>) same(h, quantized{3});
          h.schedule = growing(1, 2);
          same(h);
          h.eta = 1e80;
          same(h);
          auto const same_objective = [&](auto const& g, settings const& s) {
            BOOST_TEST((bits_without_bytes(minimize(g, s, *each)) ==
                        bits_without_bytes(minimize(g, s, one))));
          };
          settings const s{.workers = k, .local_steps = 3, .steps = 15, .evaluations = 1};
          same_objective(narrow, s);
          same_objective(touched, s);
          same_objective(sparse, {.workers = k, .tolerance = 1e-3});
          same_objective(shifted, {.workers = k, .tolerance = 1e-6});
          same_objective(selecting, s);
          same_objective(selecting, {.workers = k, .tolerance = 1e-6});
        }
    }
  }
}

#if defined(__cpp_lib_jthread)
template <class T>
void a_run_that_is_cut_again_and_again_resumes_where_it_was() {
  problem const data(60, 37, 0.3);
  subject const f(data);
  how const h{.s = {.workers = 5, .steps = 40, .evaluations = 2}};  // 10 rounds of 4 steps
  auto one = reference_of<T>();
  auto const expected = run(one, f, h);
  // The first asynchronous meeting announces that the next round is the last.
  std::size_t const rounds = asynchronous_runs<T> ? 2 : 1;
  support::temporary_path const path;  // that of rank 0 counts
  std::stop_source now;
  now.request_stop();
  for (std::size_t calls = 0; calls != 11; ++calls) {
    auto const each = T::make(thread_counts<T>()[calls % thread_counts<T>().size()]);
    bool const asks = rank_of<T>(*each) + 1 == ranks_of<T>(*each);
    auto const r = run(*each, f, h,
                       checkpoint(path(), {.seconds = 0,
                                           .signals = false,
                                           .stop = asks ? now.get_token() : std::stop_token()}));
    if (r.reason == stop_reason::interrupted) {
      BOOST_TEST(r.rounds == rounds * (calls + 1));
      BOOST_TEST(std::filesystem::exists(path()) == (rank_of<T>(*each) == 0));
      continue;
    }
    BOOST_TEST(calls == 10 / rounds - 1);
    BOOST_TEST(!std::filesystem::exists(path()));
    BOOST_TEST((r.reason == expected.reason));
    if (asynchronous_runs<T>) {
      BOOST_TEST(r.rounds == expected.rounds);
      BOOST_TEST(r.steps == expected.steps);
      BOOST_TEST(r.gradients == expected.gradients);
      BOOST_TEST(r.exchanges == expected.exchanges);
      BOOST_TEST(r.history.size() == expected.history.size());
    } else {
      BOOST_TEST((bits_without_bytes(r) == bits_without_bytes(expected)));
    }
    return;
  }
  BOOST_ERROR("the run does not end");
}
#else
template <class T>
void a_run_that_is_cut_again_and_again_resumes_where_it_was() {}
#endif

template <class T>
void a_failing_worker_reaches_the_caller() {
  problem const data(8, 3);
  subject f(data);
  f.bad[5] = f.bad[3] = f.bad[7] = true;
  how const h{.s = {.workers = 8, .steps = 100}, .eta = 0.1, .sampler = {chosen::from::own}};
  for (std::size_t const threads : thread_counts<T>()) {
    auto const each = T::make(threads);
    index_range const mine = each->carries(8);
    std::size_t first_here = mine.last;
    for (std::size_t k = mine.last; k-- != mine.first;)
      if (f.bad[k]) first_here = k;
    for (int again = 0; again != 3; ++again) {
      try {
        run(*each, f, h);
        BOOST_ERROR("nothing was thrown");
      } catch (std::domain_error const& e) {  // of the lowest worker of this process
        BOOST_TEST(e.what() == "sample " + std::to_string(first_here));
      } catch (rank_failed const& e) {
        BOOST_TEST(T::processes);
        BOOST_TEST(first_here == mine.last);
        BOOST_TEST(e.reason.starts_with("sample "));
        BOOST_TEST(static_cast<std::size_t>(e.rank) != rank_of<T>(*each));
      }
    }
    // And the synchronizer can be used again.
    BOOST_TEST(run(*each, subject(data), h).usable());
  }
}

template <class T>
void a_failure_during_an_evaluation_reaches_the_caller() {
  problem const data(64, 3);
  subject f(data);
  f.bad_at_start = f.bad[63] = true;
  auto const each = T::make(some_threads<T>());
  // The last part of the samples is evaluated by the last rank.
  throws<std::domain_error>(rank_of<T>(*each) + 1 == ranks_of<T>(*each),
                            [&] { run(*each, f, {.s = {.workers = 4, .steps = 4}}); });
}

template <class T>
void a_failing_observer_reaches_the_caller() {
  problem const data(64, 3);
  subject const f(data);
  auto const each = T::make(some_threads<T>());
  throws<std::range_error>(rank_of<T>(*each) == 0, [&] {
    run(*each, f,
        {.s = {.workers = 4, .steps = 60, .evaluations = 5}, .observer = {.throws_at = 3}});
  });
}

template <class T>
void an_observer_sees_the_history_and_may_stop_the_run() {
  problem const data(60, 3);
  subject const f(data);
  auto const each = T::make(some_threads<T>());
  watcher third{.stops_at = 3};
  auto const r = minimize(f, {.workers = 4, .steps = 60, .evaluations = 5}, *each,
                          constant_step{0.05}, growing(2, 0), chosen{}, third);
  BOOST_TEST((r.reason == stop_reason::observer_request));
  BOOST_TEST(r.usable());
  BOOST_TEST(r.history.size() == 3U);
  BOOST_TEST(r.steps == 20U);
  if (rank_of<T>(*each) == 0) {
    BOOST_TEST(third.steps == 60U);
    BOOST_REQUIRE(third.seen.size() == 3U);
    BOOST_TEST(third.seen.back().objective == r.objective);
  } else {
    BOOST_TEST(third.seen.empty());
  }
}

template <class T>
void it_solves_the_problem() {
  problem const data(60, 37, 0.3);
  linear_objective const f(data.sparse, data.labels, logistic{}, l2{0.01});
  auto const least = minimize(f, {.workers = 1, .tolerance = 1e-10}, serial{}).objective;
  auto const each = T::make(some_threads<T>());
  auto const r = minimize(f, {.workers = 6, .epochs = 1000, .tolerance = 2e-3}, *each);
  BOOST_TEST((r.reason == stop_reason::tolerance_reached));
  BOOST_TEST(r.objective - least < 2e-3);
  BOOST_TEST(r.certificate >= r.objective - least);
  if constexpr (!asynchronous_runs<T>) {  // by variance-reduced steps
    auto const precise = minimize(f, {.workers = 4, .tolerance = 1e-8}, *each);
    BOOST_TEST((precise.reason == stop_reason::tolerance_reached));
    BOOST_TEST(precise.certificate <= 1e-8);
    BOOST_TEST(precise.exchanges > precise.rounds);  // full gradients are exchanges, too
  }
}

template <class T>
void one_worker_is_plain_sgd() {
  problem const data(100, 11);
  subject const f(data);
  auto const each = T::make(some_threads<T>());
  if (ranks_of<T>(*each) > 1) return;  // no rank is without a worker
  how const h{.s = {.workers = 1, .steps = 300}, .schedule = growing(7, 0)};
  serial one;
  auto const r = run(*each, f, h);
  BOOST_TEST((support::bits(r) == support::bits(run(one, f, h))));
  BOOST_TEST(r.delay == 0U);
  BOOST_TEST(r.bytes == 0U);
}

template <class T>
void it_is_used_again_and_from_many_threads() {
  problem const data(50, 5);
  subject const f(data);
  auto const each = T::make(some_threads<T>());
  auto const uses = [&] {
    bool good = true;
    for (int j = 0; j != 10; ++j)
      good = good && run(*each, f, {.s = {.workers = 4, .steps = 40}}).steps == 40;
    return good;
  };
  if constexpr (T::processes) {
    BOOST_TEST(uses());
  } else {
    std::vector<std::future<bool>> runs;
    for (int i = 0; i != 4; ++i) runs.push_back(std::async(std::launch::async, uses));
    for (auto& each_run : runs) BOOST_TEST(each_run.get());
  }
}

template <class T>
void divergence_is_a_result() {
  problem const data(60, 5);
  subject const f(data);
  auto const each = T::make(some_threads<T>());
  for (double const eta : {1e5, 1e80, 1e300}) {
    auto const r = run(*each, f,
                       {.s = {.workers = 4, .steps = 400, .evaluations = 3}, .eta = eta});
    BOOST_TEST((r.reason == stop_reason::diverged));
    BOOST_TEST(!r.usable());
    BOOST_TEST(r.steps < 400U);
    for (auto const* v : {&r.x, &r.average, &r.last})
      BOOST_TEST(std::ranges::all_of(*v, [](double e) { return std::isfinite(e); }));
  }
  BOOST_TEST(run(*each, f, {.s = {.workers = 4, .steps = 10}}).usable());
}

template <class T>
void averaging_equal_points_changes_nothing() {
  // All workers make the same steps: they use one sample.
  if constexpr (synchronous_runs<T>) {
    problem const data(10, 13);
    subject const f(data);
    auto const each = T::make(some_threads<T>());
    serial one;
    how h{.s = {.workers = 1, .steps = 30}, .eta = 0.1, .sampler = {chosen::from::first}};
    auto const alone = run(one, f, h);
    h.s.workers = 5;
    for (std::size_t const gap : {1U, 7U}) {
      h.schedule = growing(gap, 0);
      auto const r = run(*each, f, h);
      BOOST_TEST(std::ranges::equal(r.last, alone.last));
      BOOST_TEST(r.history.back().drift == 0);
    }
  }
}

template <class T>
void rounds_equal_the_number_of_sync_times() {
  problem const data(50, 4);
  subject const f(data);
  auto const each = T::make(some_threads<T>());
  auto const rounds = [&](growing const& schedule) {
    auto const r = run(*each, f, {.s = {.workers = 4, .steps = 60}, .schedule = schedule});
    BOOST_TEST(r.steps == 60U);
    BOOST_TEST(r.gradients == 4 * 60U);
    return r.rounds;
  };
  BOOST_TEST(rounds(growing(1, 0)) == 60U);
  BOOST_TEST(rounds(growing(7, 0)) == 9U);  // 8 of 7 steps, and the end
  BOOST_TEST(rounds(growing(60, 0)) == 1U);
  BOOST_TEST(rounds(growing(1, 1)) == 11U);  // 1 + 2 + … + 10 = 55, and the end
}

template <class T>
void each_round_is_one_exchange_and_its_bytes_are_counted() {
  problem const data(50, 4);
  subject const f(data);
  auto const each = T::make(some_threads<T>());
  auto const of = [&](std::uint64_t rounds, std::size_t evaluations, auto const&... components) {
    return run(*each, f,
               {.s = {.workers = 4, .steps = 4 * rounds, .evaluations = evaluations}},
               components...);
  };
  auto const ten = of(10, 0), twenty = of(20, 0), looked = of(20, 3);
  BOOST_TEST(ten.exchanges == 10U);
  BOOST_TEST(twenty.exchanges == 20U);
  BOOST_TEST(looked.exchanges == 20U);  // evaluations are no part of training
  BOOST_TEST(twenty.history.back().exchanges == 20U);
  BOOST_TEST(twenty.history.back().bytes == twenty.bytes);
  BOOST_TEST(twenty.bytes == 2 * ten.bytes);
  BOOST_TEST(looked.bytes == twenty.bytes);
  if constexpr (!T::processes) {
    BOOST_TEST(ten.bytes == 10 * 2 * (4 - 1) * 4 * sizeof(double));
    if constexpr (synchronous_runs<T>)  // a message goes to the three others
      BOOST_TEST(of(10, 0, as_it_is{}).bytes == 10 * 4 * (4 - 1) * 4 * sizeof(double));
  } else {
    BOOST_TEST((ten.bytes > 0) == (ranks_of<T>(*each) > 1));
  }
}

/// The field that a refusal names.
template <class Call>
std::string refused(Call const& call) {
  try {
    call();
  } catch (invalid_settings const& e) {
    return e.field;
  }
  return "nothing";
}

template <class T>
void what_it_cannot_do_is_refused_by_name() {
  problem const data(20, 4);
  subject const f(data);
  auto const each = T::make(some_threads<T>());
  how const h{.s = {.workers = 4, .steps = 8}};
  auto const field = [&](auto const&... components) {
    return refused([&] { run(*each, f, h, components...); });
  };
  BOOST_TEST(field() == "nothing");
  BOOST_TEST(field(support::outer_momentum{}) == (asynchronous_runs<T> ? "averager" : "nothing"));
  BOOST_TEST(field(coordinate_maximum{}) == (asynchronous_runs<T> ? "averager" : "nothing"));
  BOOST_TEST(field(as_it_is{}) == (synchronous_runs<T> ? "nothing" : "compressor"));
  if (ranks_of<T>(*each) > 1) {
    how few = h;
    few.s.workers = ranks_of<T>(*each) - 1;
    BOOST_TEST(refused([&] { run(*each, f, few); }) == "workers");
  }
  BOOST_TEST(field() == "nothing");  // and it can be used again
}

template <class T>
void a_run_begins_where_it_is_told() {
  problem const data(100, 11);
  subject const f(data);
  std::vector<double> const x(11, 0.3);
  auto const each = T::make(some_threads<T>());
  // Steps too short to be seen leave all points where they are.
  auto const r = run(*each, f, {.s = {.workers = 4, .steps = 6}, .eta = 1e-200}, warm_start(x));
  BOOST_TEST(std::ranges::equal(r.x, x));
}

template <class T>
void delays_are_reported() {
  problem const data(50, 4);
  subject const f(data);
  auto const each = T::make(some_threads<T>());
  auto const r = run(*each, f, {.s = {.workers = 4, .steps = 50}, .schedule = growing(5, 0)});
  if constexpr (synchronous_runs<T>)
    BOOST_TEST(r.delay == 0U);
  else if constexpr (overlapped_runs<T>)
    BOOST_TEST(r.delay == 5U);  // the steps of a round
  else
    BOOST_TEST((r.delay >= 5U && r.delay <= 50U));
}

}  // namespace backends

#define LOCALSGD_BACKEND_CASE(list, name) \
  BOOST_AUTO_TEST_CASE_TEMPLATE(name, T, list) { backends::name<T>(); }

#define LOCALSGD_BACKEND_CASES(list)                                                              \
  LOCALSGD_BACKEND_CASE(list, it_has_the_bits_of_the_reference_on_any_number_of_threads)          \
  LOCALSGD_BACKEND_CASE(list, a_run_that_is_cut_again_and_again_resumes_where_it_was)             \
  LOCALSGD_BACKEND_CASE(list, a_failing_worker_reaches_the_caller)                                \
  LOCALSGD_BACKEND_CASE(list, a_failure_during_an_evaluation_reaches_the_caller)                  \
  LOCALSGD_BACKEND_CASE(list, a_failing_observer_reaches_the_caller)                              \
  LOCALSGD_BACKEND_CASE(list, an_observer_sees_the_history_and_may_stop_the_run)                  \
  LOCALSGD_BACKEND_CASE(list, it_solves_the_problem)                                              \
  LOCALSGD_BACKEND_CASE(list, one_worker_is_plain_sgd)                                            \
  LOCALSGD_BACKEND_CASE(list, it_is_used_again_and_from_many_threads)                             \
  LOCALSGD_BACKEND_CASE(list, divergence_is_a_result)                                             \
  LOCALSGD_BACKEND_CASE(list, averaging_equal_points_changes_nothing)                             \
  LOCALSGD_BACKEND_CASE(list, rounds_equal_the_number_of_sync_times)                              \
  LOCALSGD_BACKEND_CASE(list, each_round_is_one_exchange_and_its_bytes_are_counted)               \
  LOCALSGD_BACKEND_CASE(list, what_it_cannot_do_is_refused_by_name)                               \
  LOCALSGD_BACKEND_CASE(list, a_run_begins_where_it_is_told)                                      \
  LOCALSGD_BACKEND_CASE(list, delays_are_reported)
