// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE synchronizer_processes
#include "examples/forked_communicator.hpp"
#include "test/support/forked_session.hpp"
#include "test/synchronizer/backends.hpp"

#include "localsgd/synchronizer/basic_ranks.hpp"
#if defined(LOCALSGD_TEST_GLOO)
#include "localsgd/gloo.hpp"
#endif

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <tuple>

// Every synchronizer of processes that no launcher started: those of Gloo, and of a communicator that
// a user wrote.

using support::forked_session;
BOOST_TEST_GLOBAL_FIXTURE(forked_session);

namespace {

template <class S>
struct on_forks {
  static constexpr bool processes = true;
  static std::unique_ptr<S> make(std::size_t threads) {
    return std::make_unique<S>(localsgd::rank_options{.threads = threads},
                               forked_session::shared<forked_memory>(), forked_session::rank(),
                               forked_session::size());
  }
};
using forked_ones = std::tuple<on_forks<localsgd::on_ranks<forked_communicator>>,
                               on_forks<localsgd::overlapped_on_ranks<forked_communicator>>,
                               on_forks<localsgd::asynchronous_on_ranks<forked_communicator>>>;

#if defined(LOCALSGD_TEST_GLOO)
template <class S>
struct on_gloo {
  static constexpr bool processes = true;
  static std::unique_ptr<S> make(std::size_t threads) {
    static std::size_t number = 0;  // all ranks make the same calls
    localsgd::gloo_options const where{
        .folder = std::filesystem::temp_directory_path(),
        .run = "test" + std::to_string(forked_session::parent()) + "-" + std::to_string(++number),
        .rank = forked_session::rank(),
        .size = forked_session::size(),
        .deadline = 20};
    return std::make_unique<S>(where, localsgd::rank_options{.threads = threads});
  }
};
using all = decltype(std::tuple_cat(
    forked_ones{},
    std::tuple<on_gloo<localsgd::gloo_ranks>, on_gloo<localsgd::overlapped_gloo_ranks>>{}));
#else
using all = forked_ones;
#endif

}  // namespace

LOCALSGD_BACKEND_CASES(all)
