// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

/// @file
/// @brief What the library requires of the compiler beyond the language.

// Without infinities and NaN a diverging run cannot be detected, and the order of sums is not
// fixed.
#if defined(__FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__)
#error "localsgd needs IEEE arithmetic: compile without -ffast-math, -Ofast and -ffinite-math-only"
#endif

/// Code whose bits count is compiled once per type, not inlined into each caller: two copies of a
/// loop may contract a·b + c differently, and then the synchronizer would change the result. It
/// also saves the time to compile each copy of a function that is rarely called and from several
/// places.
#if defined(__clang__)
#define LOCALSGD_ONE_COPY [[gnu::noinline]]
#elif defined(__GNUC__)
#define LOCALSGD_ONE_COPY [[gnu::noinline, gnu::noclone]]
#else
#define LOCALSGD_ONE_COPY
#endif

/// A function that rarely runs, usually an error path: compiled for size and never inlined, which
/// also saves compile time. Only for calls that most runs do not make: g++ also treats a function
/// that always makes such a call as cold, and everything that only cold functions call.
#if defined(__GNUC__)
#define LOCALSGD_COLD [[gnu::noinline, gnu::cold]]
#else
#define LOCALSGD_COLD
#endif

/// The vectors behind two pointers do not overlap.
#if defined(__GNUC__)
#define LOCALSGD_RESTRICT __restrict__
#else
#define LOCALSGD_RESTRICT
#endif

/// Prefetches the cache line at an address that will be read soon.
#if defined(__GNUC__)
#define LOCALSGD_PREFETCH(address) __builtin_prefetch(address)
#else
#define LOCALSGD_PREFETCH(address) static_cast<void>(address)
#endif
