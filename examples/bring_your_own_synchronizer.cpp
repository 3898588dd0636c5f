// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// A custom synchronizer: any protocol of the library on threads that you start.

#include <localsgd/localsgd.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <latch>
#include <thread>
#include <vector>

//! [synchronizer]
/// Starts threads of the standard library for each run.
struct fresh_threads {
  std::size_t count;
  std::size_t threads() const { return count; }

  // Calls f(0) … f(n − 1) at the same time. They wait for each other: if one thread cannot be
  // started, none may start.
  template <class F>
  void operator()(std::size_t n, F const& f) const {
    std::latch go(1);
    bool complete = false;
    std::vector<std::jthread> started;  // joins when it goes out of scope
    try {
      for (std::size_t i = 1; i != n; ++i)
        started.emplace_back([&, i] {
          go.wait();
          if (complete) f(i);
        });
    } catch (...) {
      go.count_down();
      throw;
    }
    complete = true;
    go.count_down();
    f(0);
  }
};

using synchronous_threads =
    localsgd::basic_threads<localsgd::detail::synchronous_protocol, fresh_threads>;
using overlapped_threads =
    localsgd::basic_threads<localsgd::detail::overlapped_protocol, fresh_threads>;
static_assert(localsgd::Synchronizer<synchronous_threads>);
//! [synchronizer]

int main() {
  //! [use]
  localsgd::quadratic const f({.spectrum = {1, 2, 4, 8, 16}, .samples = 100, .variance = 1});
  localsgd::settings const s{.workers = 7, .local_steps = 5, .epochs = 50, .evaluations = 4};
  auto const expected = localsgd::minimize(f, s, localsgd::serial{});
  for (std::size_t const threads : {1u, 2u, 3u, 8u}) {
    synchronous_threads synchronizer(fresh_threads{threads});
    auto const r = localsgd::minimize(f, s, synchronizer);
    std::printf("%zu threads: f = %.17g\n", threads, r.objective);
    if (!std::ranges::equal(r.last, expected.last)) return 1;
  }
  //! [use]
  overlapped_threads own(fresh_threads{3});
  auto const late = localsgd::minimize(f, s, own),
             same = localsgd::minimize(f, s, localsgd::overlapped(2));
  return std::ranges::equal(late.last, same.last) && expected.objective < 0.1 ? 0 : 1;
}
