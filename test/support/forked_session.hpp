// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/framework.hpp>
#include <boost/test/tree/test_unit.hpp>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

/// @file
/// @brief Test programs whose ranks are processes without a launcher.

namespace support {

/// @brief A global fixture: executes all cases in n processes, n from the command line: `program -- n`.
///        The program fails if any of them does.
class forked_session {
 public:
  forked_session() {
    auto const& program = boost::unit_test::framework::master_test_suite();
    size_ = program.argc < 2 ? 1 : std::stoul(program.argv[1]);
    parent_ = getpid();
    void* const memory = mmap(nullptr, shared_bytes, PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    memory_ = memory;
    std::fflush(nullptr);
    for (std::size_t r = 1; r < size_; ++r) {
      pid_t const child = fork();
      if (child == 0) {
        rank_ = r;
        others_.clear();
        alarm(120);  // no rank outlives the test
        return;
      }
      others_.push_back(child);
    }
  }
  ~forked_session() {
    bool good = true;
    for (pid_t const child : others_) {
      int status = 1;
      waitpid(child, &status, 0);
      good = good && status == 0;
    }
    if (good) return;
    std::fprintf(stderr, "A check failed on another rank than 0\n");
    std::_Exit(1);
  }
  forked_session(forked_session const&) = delete;
  forked_session& operator=(forked_session const&) = delete;

  static std::size_t rank() { return rank_; }
  static std::size_t size() { return size_; }
  /// @brief The process of rank 0.
  static pid_t parent() { return parent_; }
  /// @brief Memory of all processes, zero at first, as a T.
  template <class T>
  static T& shared() {
    static_assert(sizeof(T) <= shared_bytes);
    return *static_cast<T*>(memory_);
  }

 private:
  static constexpr std::size_t shared_bytes = std::size_t{1} << 22;
  static inline std::size_t rank_ = 0, size_ = 1;
  static inline pid_t parent_ = 0;
  static inline void* memory_ = nullptr;
  std::vector<pid_t> others_;
};

}  // namespace support
