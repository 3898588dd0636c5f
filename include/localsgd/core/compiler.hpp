// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

/// @file
/// @brief What the library asks of the compiler beyond the language.

// Without infinities and NaN a run that diverges cannot be told from one that does not, and sums have no
// order of their own.
#if defined(__FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__)
#error "localsgd needs IEEE arithmetic: compile without -ffast-math, -Ofast and -ffinite-math-only"
#endif

/// Code whose bits count is compiled once per type, not inlined into each caller: two copies of a
/// loop may contract a·b + c differently, and then the synchronizer would change the result. It also
/// saves the time to compile each copy of a function that is called seldom and from several places.
#if defined(__clang__)
#define LOCALSGD_ONE_COPY [[gnu::noinline]]
#elif defined(__GNUC__)
#define LOCALSGD_ONE_COPY [[gnu::noinline, gnu::noclone]]
#else
#define LOCALSGD_ONE_COPY
#endif

/// A function that seldom runs, an error path most often: compiled for size, never inlined, which
/// also saves the time to compile it. Only for calls that most runs do not make: g++ takes a function
/// that always makes one for cold itself, and whatever is called from cold functions alone.
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

/// Asks for the cache line at an address that will be read soon.
#if defined(__GNUC__)
#define LOCALSGD_PREFETCH(address) __builtin_prefetch(address)
#else
#define LOCALSGD_PREFETCH(address) static_cast<void>(address)
#endif
