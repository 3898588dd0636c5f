// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/protocol/synchronous.hpp"
#include "localsgd/synchronizer/basic_threads.hpp"

/// @file
/// @brief All workers on the calling thread: the reference implementation.

namespace localsgd {

/// @brief Algorithm 1 with all K workers on the calling thread.
///
/// Starts no thread and takes no lock. Every synchronous backend produces the same bits.
class serial : public basic_threads<detail::synchronous_protocol, detail::calling_thread> {
 public:
  serial() {}  // not an aggregate
};
static_assert(Synchronizer<serial>);

}  // namespace localsgd
