// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE reliability_processes_with_faults
#include "examples/forked_communicator.hpp"
#include "test/support/any_communicator.hpp"
#include "test/support/forked_session.hpp"
#include "test/support/rank_faults.hpp"

#include "localsgd/synchronizer/basic_ranks.hpp"
#if defined(LOCALSGD_TEST_GLOO)
#include "localsgd/communicator/gloo/communicator.hpp"
#endif

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

// Every component fails for every worker in every round, on ranks that are processes.

using namespace localsgd;
using support::forked_session;
namespace faults = support::faults;
BOOST_TEST_GLOBAL_FIXTURE(forked_session);

namespace {

using ranks = on_ranks<support::any_communicator>;
using overlapped_ranks = overlapped_on_ranks<support::any_communicator>;

constexpr auto on_forks = []<class S>(std::type_identity<S>, std::size_t threads) {
  return std::make_unique<S>(rank_options{.threads = threads},
                             std::in_place_type<support::late<forked_communicator>>,
                             forked_session::shared<forked_memory>(), forked_session::rank(),
                             forked_session::size());
};

#if defined(LOCALSGD_TEST_GLOO)
/// A folder of all ranks, in which nothing is left at the end.
struct folder {
  std::filesystem::path const path =
      std::filesystem::temp_directory_path() /
      ("localsgd-faults-" + std::to_string(forked_session::parent()) + "-" +
       std::to_string(++number));  // others may begin the next test
  static inline int number = 0;

  folder() { std::filesystem::create_directories(path); }
  ~folder() {
    auto const all = on_forks(std::type_identity<ranks>{}, 1);
    std::vector<char> left(forked_session::size());
    all->all_gather(std::span(left), [] {});  // all ranks are here
    if (forked_session::rank() != 0) return;
    BOOST_TEST(std::filesystem::is_empty(path));
    std::filesystem::remove_all(path);
  }
};
std::optional<folder> folder_of_gloo;
constexpr auto on_gloo = []<class S>(std::type_identity<S>, std::size_t threads) {
  static std::size_t number = 0;  // all ranks make the same calls
  gloo_options const how{.folder = folder_of_gloo->path,
                         .run = "test" + std::to_string(++number),
                         .rank = forked_session::rank(),
                         .size = forked_session::size(),
                         .deadline = 20};
  return std::make_unique<S>(rank_options{.threads = threads},
                             std::in_place_type<support::late<gloo_communicator>>, how);
};
#endif

template <class S>
void survives(auto const& make, std::size_t threads, support::problem const& data,
              std::size_t one_of = 1, bool* late = nullptr) {
  std::ptrdiff_t const before = support::threads(), files = support::entries("/proc/self/fd");
  {
    auto const synchronizer = make(std::type_identity<S>{}, threads);
    faults::subject on = faults::subject_on(*synchronizer);
    on.late = late;
    on.travels = S::protocol::averages_travel;
    auto const trials = faults::trials_of(on, one_of);
    auto const seen = faults::outcomes(on, trials, [&](faults::script& s) {
      return faults::run(*synchronizer, data, s, faults::evaluations_of(on));
    });
    faults::check(on, trials, seen);
  }
  BOOST_TEST(support::threads_are(before));
  BOOST_TEST(support::entries("/proc/self/fd") == files);
}

}  // namespace

BOOST_AUTO_TEST_CASE(forked_processes_survive_all_faults) {
  survives<ranks>(on_forks, 1, faults::short_points());
  survives<ranks>(on_forks, 1, faults::long_points(), 3);
}

BOOST_AUTO_TEST_CASE(forked_processes_that_are_late_survive) {
  survives<ranks>(on_forks, 1, faults::short_points(), 1, &support::late<forked_communicator>::wanted);
}

BOOST_AUTO_TEST_CASE(overlapped_forked_processes_survive_all_faults) {
  survives<overlapped_ranks>(on_forks, 1, faults::short_points());
}

#if defined(LOCALSGD_TEST_GLOO)
BOOST_AUTO_TEST_CASE(processes_of_gloo_survive_all_faults) {
  folder_of_gloo.emplace();
  survives<ranks>(on_gloo, 1, faults::short_points(), 7);  // each connects again: 10 ms
  folder_of_gloo.reset();
}

BOOST_AUTO_TEST_CASE(processes_of_gloo_that_are_late_survive) {
  folder_of_gloo.emplace();
  survives<ranks>(on_gloo, 1, faults::short_points(), 1, &support::late<gloo_communicator>::wanted);
  folder_of_gloo.reset();
}
#endif
