// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

/// @file
/// @brief No compression.

namespace localsgd {

/// @brief Changes travel as they are, and so do points: dense vectors, or, where the steps of a round
///        touch few coordinates, those coordinates only. The default.
struct identity {};

}  // namespace localsgd
