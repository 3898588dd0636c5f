// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/compiler.hpp"

#include <cstddef>
#include <mutex>
#include <stdexcept>
#include <utility>

#if __has_include(<unistd.h>)
#include <unistd.h>
#endif

/// @file
/// @brief Detects deadlocks between gangs of threads that start gangs on other pools.

namespace localsgd::detail {

/// @brief The pools that the calling thread works for, and those that such threads wait for.
///
/// A gang holds its pool until all of its tasks are done. A task that requests another pool makes
/// all gangs that it is part of wait for the gang that holds that pool. A gang that would wait for
/// itself, directly or through others, throws instead of waiting forever. Thread safe.
/// itself, directly or through others, throws instead of waiting forever. Thread safe.
class nested_gangs {
 public:
  /// @brief One gang: the pool that it runs on, and the gang whose task has started it.
  class gang {
   public:
    /// Called by the thread that starts the gang and waits for its end.
    explicit gang(void const* pool) noexcept : pool_(pool), starter_(current()) {}

   private:
    friend nested_gangs;
    void const* pool_;
    gang const* starter_;
  };

  /// @brief During its lifetime, the calling thread runs a task of a gang.
  class task {
   public:
    explicit task(gang const& g) noexcept : before_(std::exchange(current(), &g)) {}
    task(task const&) = delete;
    task& operator=(task const&) = delete;
    ~task() { current() = before_; }

   private:
    gang const* before_;
  };

  /// @brief Locks the mutex of a pool. @throws std::logic_error if that would never succeed.
  static std::unique_lock<std::mutex> lock(std::mutex& busy, void const* pool) {
    gang const* const mine = current();
    if (mine == nullptr) return std::unique_lock(busy);  // no other gang waits for this thread
    if (works_for(mine, pool)) refuse();
    std::unique_lock turn(busy, std::try_to_lock);
    if (turn.owns_lock()) return turn;
    waiting const entry(mine, pool);
    turn.lock();
    return turn;
  }

 private:
  // A thread that waits for a pool, as an entry in the list of all such threads.
  class waiting {
   public:
    LOCALSGD_COLD waiting(gang const* by, void const* pool) : by_(by), pool_(pool) {
      std::lock_guard const guard(all().mutex);
      for (waiting* each = all().first; each != nullptr; each = each->next_)
        each->needed_ = each->looked_at_ = false;
      // Every pool that must become free before this one does.
      for (void const* needed = pool; needed != nullptr; needed = next_needed()) {
        if (works_for(by, needed)) refuse();
        for (waiting* each = all().first; each != nullptr; each = each->next_)
          each->needed_ = each->needed_ || works_for(each->by_, needed);
      }
      next_ = std::exchange(all().first, this);
    }
    waiting(waiting const&) = delete;
    waiting& operator=(waiting const&) = delete;
    ~waiting() {
      std::lock_guard const guard(all().mutex);
      waiting** at = &all().first;
      while (*at != this) at = &(*at)->next_;
      *at = next_;
    }

   private:
    // A pool that a needed pool waits for and that has not been examined yet, or null.
    static void const* next_needed() noexcept {
      for (waiting* each = all().first; each != nullptr; each = each->next_)
        if (each->needed_ && !std::exchange(each->looked_at_, true)) return each->pool_;
      return nullptr;
    }

    gang const* by_;
    void const* pool_;
    waiting* next_ = nullptr;
    bool needed_ = false, looked_at_ = false;
  };
  struct registry {
    std::mutex mutex;
    waiting* first = nullptr;
  };

  static bool works_for(gang const* g, void const* pool) noexcept {
    while (g != nullptr && g->pool_ != pool) g = g->starter_;
    return g != nullptr;
  }
  [[noreturn]] LOCALSGD_COLD static void refuse() {
    throw std::logic_error(
        "localsgd: minimize was called from a thread of the pool that it would run on, or of a "
        "pool that waits for that pool; use a separate pool or serial{} for the inner call");
  }
  static gang const*& current() noexcept {
    thread_local gang const* g = nullptr;
    return g;
  }
  static registry& all() {
    static registry r;
    return r;
  }
};

/// @brief Whether this process created the object, or is a child after fork(), in which the
///        threads of that object do not exist.
class process_mark {
 public:
  bool is_here() const noexcept { return process_ == current(); }

 private:
  static long current() noexcept {
#if __has_include(<unistd.h>)
    return static_cast<long>(::getpid());
#else
    return 0;
#endif
  }
  long process_ = current();
};

}  // namespace localsgd::detail
