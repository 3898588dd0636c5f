// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <concepts>
#include <version>

/// @file
/// @brief Numbers that one thread writes while others read them, with relaxed order.

namespace localsgd::detail {

/// @brief std::atomic_ref(x).load(std::memory_order_relaxed), which libc++ has since version 19.
template <std::floating_point Number>
Number relaxed_load(Number const& x) noexcept {
#if defined(__cpp_lib_atomic_ref)
  return std::atomic_ref(const_cast<Number&>(x)).load(std::memory_order_relaxed);
#else
  Number value;
  __atomic_load(&x, &value, __ATOMIC_RELAXED);
  return value;
#endif
}

/// @brief std::atomic_ref(x).store(value, std::memory_order_relaxed).
template <std::floating_point Number>
void relaxed_store(Number& x, Number value) noexcept {
#if defined(__cpp_lib_atomic_ref)
  std::atomic_ref(x).store(value, std::memory_order_relaxed);
#else
  __atomic_store(&x, &value, __ATOMIC_RELAXED);
#endif
}

}  // namespace localsgd::detail
