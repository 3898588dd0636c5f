// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

/// @file
/// @brief The whole library with MPI: link with the CMake target `localsgd::mpi`.

#include "localsgd/communicator/rank_failed.hpp"
#include "localsgd/localsgd.hpp"
#include "localsgd/synchronizer/mpi.hpp"
#include "localsgd/synchronizer/mpi_options.hpp"
