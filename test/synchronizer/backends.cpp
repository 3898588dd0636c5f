// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE synchronizer_backends
#include "test/synchronizer/backends.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <memory>
#include <tuple>

// Every synchronizer of one process.

namespace {

using namespace localsgd;

template <class S>
struct in_one_process {
  static constexpr bool processes = false;
  static std::unique_ptr<S> make(std::size_t threads) { return std::make_unique<S>(threads); }
};
struct on_the_calling_thread : in_one_process<serial> {
  static std::unique_ptr<serial> make(std::size_t) { return std::make_unique<serial>(); }
};
template <class S>
struct in_virtual_time : in_one_process<S> {
  static std::unique_ptr<S> make(std::size_t threads) {
    cluster const machines{.costs = {.gradient_seconds = 1e-3,
                                     .latency_seconds = 0.05,
                                     .bytes_per_second = 1e5,
                                     .network = topology::tree}};
    return std::make_unique<S>(machines, threads);
  }
};

using synchronous_ones = std::tuple<on_the_calling_thread, in_one_process<thread_pool>,
                                    in_virtual_time<simulated>>;
using others = std::tuple<in_one_process<overlapped>, in_one_process<asynchronous>,
                          in_virtual_time<simulated_overlapped>,
                          in_virtual_time<simulated_asynchronous>>;
using all = decltype(std::tuple_cat(synchronous_ones{}, others{}));

}  // namespace

LOCALSGD_BACKEND_CASES(all)
