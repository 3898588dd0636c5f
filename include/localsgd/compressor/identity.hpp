// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

/// @file
/// @brief No compression.

namespace localsgd {

/// @brief Sends changes and points unmodified: as dense vectors or, if the steps of a round touch
///        few coordinates, as those coordinates only. The default.
struct identity {};

}  // namespace localsgd
