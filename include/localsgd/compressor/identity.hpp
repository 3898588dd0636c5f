// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

/// @file
/// @brief No compression.

namespace localsgd {

/// @brief The default: sends changes and points unmodified, as dense vectors or, if the steps of a
///        round touch few coordinates, only those coordinates.
struct identity {};

}  // namespace localsgd
