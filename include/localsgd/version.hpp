// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

/// @file
/// @brief The version of the library, as macros for the preprocessor and as a constant.

#define LOCALSGD_VERSION_MAJOR 0
#define LOCALSGD_VERSION_MINOR 2
#define LOCALSGD_VERSION_PATCH 0

namespace localsgd {

/// @brief major.minor.patch of these headers, following semantic versioning.
struct version_number {
  int major, minor, patch;
};

inline constexpr version_number version{LOCALSGD_VERSION_MAJOR, LOCALSGD_VERSION_MINOR,
                                        LOCALSGD_VERSION_PATCH};

}  // namespace localsgd
