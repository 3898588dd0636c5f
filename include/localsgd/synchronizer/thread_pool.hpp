// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/protocol/synchronous.hpp"
#include "localsgd/synchronizer/basic_threads.hpp"

#include <cstddef>

/// @file
/// @brief The workers on a pool of threads: the default.

namespace localsgd {

/// @brief Algorithm 1 on a `boost::asio::thread_pool`: the K workers are spread evenly over
///        min(threads, K) threads, each started once per run.
/// The result has the same bits as that of `serial`, for any number of threads. Thread safe: runs
/// from several threads take turns; a run on a thread of the pool throws
/// std::logic_error.
/// threads take turns; a run from inside one of the pool's threads throws `std::logic_error`.
class thread_pool : public basic_threads<detail::synchronous_protocol> {
 public:
  /// @param threads 1 … 4096; by default one for each available core. @throws invalid_settings
  explicit thread_pool(std::size_t threads = detail::asio_pool::hardware_threads())
      : basic_threads(threads) {}
};
static_assert(Synchronizer<thread_pool>);

}  // namespace localsgd
