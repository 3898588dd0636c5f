// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE synchronizer_gloo
#include "localsgd/synchronizer/gloo.hpp"

#include "test/support/processes.hpp"
#include "test/support/runs.hpp"
#include "test/support/temporary_path.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace localsgd;
using support::on_processes;
using support::problem;

namespace {

/// A folder for the rendezvous, removed with all that is left in it.
struct folder {
  std::filesystem::path path;
  explicit folder(std::string const& name)
      : path(std::filesystem::temp_directory_path() /
             ("localsgd-" + name + "-" + std::to_string(getpid()))) {
    std::filesystem::create_directories(path);
  }
  ~folder() { std::filesystem::remove_all(path); }
  bool empty() const { return std::filesystem::is_empty(path); }
};

gloo_options at(folder const& where, std::size_t rank, std::size_t size, double deadline = 20) {
  return {.folder = where.path, .run = "test", .rank = rank, .size = size, .deadline = deadline};
}

bool all(std::vector<bool> const& good) {
  return std::ranges::all_of(good, [](bool each) { return each; });
}

/// Whether `work()` throws an Error that `is_right` accepts.
template <class Error, class Work, class Right>
bool throws(Work const& work, Right const& is_right) {
  try {
    work();
  } catch (Error const& e) {
    return is_right(e);
  }
  return false;
}

struct small_run {
  problem data{200, 37, 0.3};
  linear_objective<csr_matrix<float>, logistic> f{data.sparse, data.labels, logistic{}, l2{0.002}};
  settings s{.workers = 8, .local_steps = 5, .epochs = 3, .evaluations = 3};
};

/// A gradient that does something at its n-th call on one rank.
struct interrupted : support::custom {
  int* calls;
  std::function<void()> what;
  double gradient(std::span<double const> x, std::span<std::size_t const> batch,
                  std::span<double> g) const {
    if (batch.size() == 1 && --*calls == 0) what();
    return custom::gradient(x, batch, g);
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(runs_have_the_bits_of_one_process_on_any_number_of_them) {
  small_run const run;
  auto without_bytes = [](auto r) {
    r.bytes = 0;
    for (auto& e : r.history) e.bytes = 0;
    return support::bits(r);
  };
  auto const expected = without_bytes(minimize(run.f, run.s, serial{}));
  auto const reduced = without_bytes(minimize(run.f, {.tolerance = 1e-7}, serial{}));
  auto const overlapping = without_bytes(minimize(run.f, run.s, overlapped(1)));
  auto const sent = without_bytes(minimize(run.f, run.s, serial{}, top_k{0.2}));
  for (std::size_t const n : {1u, 2u, 3u, 4u}) {
    folder const where("gloo-bits");
    BOOST_TEST(all(on_processes(n, [&](std::size_t rank) {
      gloo_ranks ranks(at(where, rank, n), {.threads = n == 2 ? 2u : 1u});
      bool good = without_bytes(minimize(run.f, run.s, ranks)) == expected;
      good = good && without_bytes(minimize(run.f, {.tolerance = 1e-7}, ranks)) == reduced;
      return good && without_bytes(minimize(run.f, run.s, ranks, top_k{0.2})) == sent;
    })));
    BOOST_TEST(all(on_processes(n, [&](std::size_t rank) {
      overlapped_gloo_ranks ranks(at(where, rank, n), {.threads = 1});
      return without_bytes(minimize(run.f, run.s, ranks)) == overlapping;
    })));
    BOOST_TEST(where.empty());
  }
}

BOOST_AUTO_TEST_CASE(the_bytes_of_a_result_are_those_that_were_sent) {
  folder const where("gloo-bytes");
  problem const data(20, 5003);
  BOOST_TEST(all(on_processes(2, [&](std::size_t rank) {
    gloo_ranks ranks(at(where, rank, 2), {.threads = 1});
    support::custom const f{&data.dense, &data.reals};
    auto const sent = [&](std::uint64_t steps) {
      std::uint64_t const before = ranks.bytes_sent();
      auto const r = minimize(f, {.workers = 4, .local_steps = 1, .steps = steps}, ranks);
      return std::pair(ranks.bytes_sent() - before, r.bytes);
    };
    auto const few = sent(10), many = sent(30);
    // Slices of 2504 and 2499 numbers: of two workers to the other rank, and of the outcome.
    std::uint64_t const mine = 20 * 8 * (rank == 0 ? 2 * 2499 + 2504 : 2 * 2504 + 2499);
    return many.second - few.second == 20 * 8 * 3 * 5003 && many.first - few.first == mine;
  })));
}

BOOST_AUTO_TEST_CASE(an_exception_on_one_rank_ends_the_run_on_all_and_the_next_run_is_good) {
  small_run const run;
  for (std::size_t const n : {2u, 3u}) {
    folder const where("gloo-exception");
    BOOST_TEST(all(on_processes(n, [&](std::size_t rank) {
      gloo_ranks ranks(at(where, rank, n), {.threads = 1});
      bool good = true;
      for (int again = 0; again != 2; ++again) {
        int calls = 40;
        interrupted const f{{&run.data.dense, &run.data.reals}, &calls, [&] {
          if (rank == 1) throw std::domain_error("no more samples");
        }};
        auto const attempt = [&] {
          minimize(f, {.workers = 6, .local_steps = 2, .steps = 100}, ranks, constant_step{0.01});
        };
        if (rank == 1)
          good = good && throws<std::domain_error>(attempt, [](auto const&) { return true; });
        else
          good = good && throws<rank_failed>(attempt, [](rank_failed const& e) {
            return e.rank == 1 && e.round >= 1 && e.reason == "no more samples";
          });
        good = good && minimize(run.f, run.s, ranks).usable();
      }
      return good;
    })));
    BOOST_TEST(where.empty());
  }
}

BOOST_AUTO_TEST_CASE(ranks_that_differ_in_a_parameter_get_the_error_that_names_it) {
  small_run const run;
  folder const where("gloo-differ");
  BOOST_TEST(all(on_processes(3, [&](std::size_t rank) {
    gloo_ranks ranks(at(where, rank, 3), {.threads = 1});
    auto const refused = [&](std::string const& name, auto const& attempt) {
      return throws<invalid_settings>(
          attempt, [&](invalid_settings const& e) { return e.field == name + " on rank 2"; });
    };
    bool const odd = rank == 2;
    bool good = refused("averager", [&] {
      minimize(run.f, run.s, ranks, server_momentum{.beta = odd ? 0.5 : 0.9});
    });
    good = good && refused("compressor", [&] {
      minimize(run.f, run.s, ranks, top_k{odd ? 0.5 : 0.9});
    });
    settings other = run.s;
    other.seed = odd ? 1 : 0;
    good = good && refused("seed", [&] { minimize(run.f, other, ranks); });
    return good && minimize(run.f, run.s, ranks).usable();
  })));
}

BOOST_AUTO_TEST_CASE(a_rank_that_is_killed_or_frozen_is_an_error_on_every_survivor_in_time) {
  problem const data(200, 37);
  for (int const signal : {SIGKILL, SIGSTOP}) {
    folder const where("gloo-lost");
    double const deadline = 2;
    auto const good = on_processes(3, [&](std::size_t rank) {
      gloo_ranks ranks(at(where, rank, 3, deadline), {.threads = 1});
      int calls = 60;
      interrupted const f{{&data.dense, &data.reals}, &calls, [&] {
        if (rank == 2) raise(signal);
      }};
      auto const begin = std::chrono::steady_clock::now();
      bool const told = throws<rank_failed>(
          [&] {
            minimize(f, {.workers = 3, .local_steps = 2, .steps = 100}, ranks,
                     constant_step{0.01});
          },
          [](rank_failed const& e) { return e.rank == 2 && e.round >= 1; });
      std::chrono::duration<double> const took = std::chrono::steady_clock::now() - begin;
      // And the communicator says so from then on.
      return told && took.count() < deadline + 10 && throws<rank_failed>([&] {
               minimize(f, {.workers = 3, .steps = 1}, ranks);
             }, [](auto const&) { return true; });
    });
    BOOST_TEST(good[0]);
    BOOST_TEST(good[1]);
  }
}

BOOST_AUTO_TEST_CASE(a_rank_that_never_comes_is_an_error_in_time) {
  folder const where("gloo-missing");
  auto const names = [](std::exception const& e) {
    return std::string(e.what()).find("rank 2 did not connect") != std::string::npos;
  };
  BOOST_TEST(all(on_processes(2, [&](std::size_t rank) {
    return throws<std::exception>([&] { gloo_ranks(at(where, rank, 3, 1)); }, names);
  })));
  BOOST_TEST(where.empty());
}

BOOST_AUTO_TEST_CASE(a_rank_that_is_there_twice_is_refused) {
  folder const where("gloo-twice");
  auto const good = on_processes(3, [&](std::size_t process) {
    std::size_t const rank = process == 0 ? 0 : 1;
    return throws<std::exception>([&] { gloo_ranks(at(where, rank, 3, 2)); },
                                  [&](std::exception const& e) {
                                    return process == 0 ||
                                           std::string(e.what()).find("rank") != std::string::npos;
                                  });
  });
  BOOST_TEST(all(good));
}

BOOST_AUTO_TEST_CASE(a_folder_that_does_not_exist_is_an_error_at_once) {
  BOOST_CHECK_EXCEPTION(
      gloo_ranks({.folder = "/no/such/folder", .size = 2}), std::runtime_error,
      [](std::runtime_error const& e) {
        return std::string(e.what()).find("/no/such/folder") != std::string::npos;
      });
}

BOOST_AUTO_TEST_CASE(options_out_of_range_are_refused_by_name) {
  auto const refused = [](gloo_options where, rank_options how, std::string const& field) {
    BOOST_CHECK_EXCEPTION(gloo_ranks(where, how), invalid_settings,
                          [&](invalid_settings const& e) { return e.field == field; });
  };
  std::string const here = ".";
  refused({.folder = here, .size = 0}, {}, "gloo_options.size");
  refused({.folder = here, .rank = 2, .size = 2}, {}, "gloo_options.rank");
  refused({.folder = here, .deadline = 0}, {}, "gloo_options.deadline");
  refused({.folder = here, .run = "a/b"}, {}, "gloo_options.run");
  refused({.folder = here}, {.threads = 5000}, "threads");
  refused({.folder = here}, {.averaging = averaging::fast}, "averaging");
  refused({.folder = here}, {.max_staleness = 3}, "max_staleness");
}
