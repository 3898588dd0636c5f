// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// A synchronizer of one's own: the members of a run on threads of the standard library.

#include <localsgd/localsgd.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <latch>
#include <span>
#include <stdexcept>
#include <thread>
#include <vector>

//! [synchronizer]
/// Algorithm 1 on threads that live as long as the run. Member 0 is the calling thread.
class fresh_threads {
 public:
  using team = localsgd::thread_team;

  explicit fresh_threads(std::size_t threads) : threads_(threads) {}

  template <class Program>
  void run(std::size_t workers, Program&& program) {
    localsgd::run_team(workers, std::min(threads_, workers), start_all, program);
  }

 private:
  // Calls f(0) … f(members − 1), all at the same time. They wait for each other: if one thread
  // cannot be started, none may begin.
  static constexpr auto start_all = [](std::size_t members, auto const& f) {
    std::latch go(1);
    bool complete = false;
    std::vector<std::jthread> threads;  // joins when it goes out of scope
    try {
      for (std::size_t i = 1; i != members; ++i)
        threads.emplace_back([&, i] {
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
  };

  std::size_t threads_;
};
static_assert(localsgd::Synchronizer<fresh_threads>);
//! [synchronizer]

namespace {

bool same_bits(localsgd::result<double> const& a, localsgd::result<double> const& b) {
  return std::ranges::equal(a.x, b.x) && std::ranges::equal(a.average, b.average) &&
         std::ranges::equal(a.last, b.last) && a.certificate == b.certificate;
}

/// Fails on the last worker, which is not on the calling thread.
struct breaks_down : localsgd::with_replacement {
  void draw(localsgd::plan const& p, std::size_t worker, std::uint64_t step,
            std::span<std::size_t> out) const {
    if (worker == 6 && step >= 20) throw std::runtime_error("no more samples");
    with_replacement::draw(p, worker, step, out);
  }
};

}  // namespace

int main() {
  //! [use]
  localsgd::quadratic const f({.spectrum = {1, 2, 4, 8, 16}, .samples = 100, .variance = 1});
  localsgd::settings const s{.workers = 7, .local_steps = 5, .epochs = 50, .evaluations = 4};
  auto const expected = localsgd::minimize(f, s, localsgd::serial{});
  for (std::size_t const threads : {1u, 2u, 3u, 8u}) {
    auto const r = localsgd::minimize(f, s, fresh_threads(threads));
    std::printf("%zu threads: f = %.17g\n", threads, r.objective);
    if (!same_bits(r, expected)) return 1;
  }
  //! [use]
  if (expected.objective > 0.1) return 2;

  // What fails on one member ends the run on all of them and arrives here.
  fresh_threads synchronizer(3);
  try {
    localsgd::minimize(f, s, synchronizer, breaks_down{});
    return 3;
  } catch (std::runtime_error const&) {
  }
  return same_bits(localsgd::minimize(f, s, synchronizer), expected) ? 0 : 4;
}
