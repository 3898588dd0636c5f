// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <atomic>
#include <csignal>
#include <cstddef>
#include <mutex>

/// @file
/// @brief Treats SIGINT and SIGTERM as requests to stop.

namespace localsgd::detail {

/// @brief While an object of this class exists, SIGINT and SIGTERM are only recorded. When the last
/// one is destroyed, the previous handlers are restored, and an unhandled signal is raised again.
///
/// Signals that were ignored before stay ignored. Thread safe.
class stop_signals {
 public:
  explicit stop_signals(bool wanted) : wanted_(wanted) {
    if (!wanted_) return;
    std::lock_guard const lock(mutex());
    if (users()++ != 0) return;
    for (std::size_t i = 0; i != numbers.size(); ++i) {
      seen(i) = false;
      install(i);
    }
  }
  stop_signals(stop_signals const&) = delete;
  stop_signals& operator=(stop_signals const&) = delete;
  ~stop_signals() {
    if (!wanted_) return;
    std::array<bool, numbers.size()> unheard{};
    {
      std::lock_guard const lock(mutex());
      if (--users() != 0) return;
      for (std::size_t i = 0; i != numbers.size(); ++i) {
        restore(i);
        unheard[i] = seen(i);
      }
    }
    for (std::size_t i = 0; i != numbers.size(); ++i)
      if (unheard[i]) std::raise(numbers[i]);
  }

  /// @brief Whether a signal is pending.
  bool requested() const noexcept { return wanted_ && (seen(0) || seen(1)); }

  /// @brief Marks all pending signals as handled.
  void heard() noexcept {
    if (wanted_) seen(0) = seen(1) = false;
  }

 private:
  static constexpr std::array<int, 2> numbers{SIGINT, SIGTERM};

  static std::atomic<bool>& seen(std::size_t i) noexcept {
    static_assert(std::atomic<bool>::is_always_lock_free);  // otherwise a handler must not use it
    static constinit std::array<std::atomic<bool>, numbers.size()> values{};
    return values[i];
  }
  static std::mutex& mutex() noexcept {
    static std::mutex value;
    return value;
  }
  static int& users() noexcept {
    static int value = 0;
    return value;
  }
  static void note(int number) {
    seen(number == numbers[0] ? 0 : 1) = true;
#if !defined(SA_RESTART)
    std::signal(number, note);  // Windows restores the default before it calls a handler
#endif
  }

#if defined(SA_RESTART)
  // Unlike std::signal, this restores the complete handler: its kind, mask and flags.
  static struct sigaction& before(std::size_t i) noexcept {
    static std::array<struct sigaction, numbers.size()> values{};
    return values[i];
  }
  static void install(std::size_t i) noexcept {
    struct sigaction ours {};
    ours.sa_handler = note;
    ours.sa_flags = SA_RESTART;
    ::sigaction(numbers[i], nullptr, &before(i));
    if (!is_ignored(i)) ::sigaction(numbers[i], &ours, nullptr);
  }
  static bool is_ignored(std::size_t i) noexcept {
    return (before(i).sa_flags & SA_SIGINFO) == 0 && before(i).sa_handler == SIG_IGN;
  }
  static void restore(std::size_t i) noexcept {
    if (!is_ignored(i)) ::sigaction(numbers[i], &before(i), nullptr);
  }
#else
  using handler = void (*)(int);
  static handler& before(std::size_t i) noexcept {
    static std::array<handler, numbers.size()> values{};
    return values[i];
  }
  static void install(std::size_t i) noexcept {
    before(i) = std::signal(numbers[i], note);
    if (before(i) == SIG_IGN) std::signal(numbers[i], SIG_IGN);
  }
  static void restore(std::size_t i) noexcept {
    if (before(i) != SIG_ERR) std::signal(numbers[i], before(i));
  }
#endif

  bool wanted_;
};

}  // namespace localsgd::detail
