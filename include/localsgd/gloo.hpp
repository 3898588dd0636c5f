// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

/// @file
/// @brief The whole library with Gloo: link with the CMake target `localsgd::gloo`.

#include "localsgd/communicator/gloo/environment.hpp"
#include "localsgd/communicator/rank_failed.hpp"
#include "localsgd/localsgd.hpp"
#include "localsgd/synchronizer/gloo.hpp"
