// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

// For tests of whole runs, which include most of the library.

#include "test/support/precompiled/third_party.hpp"

#include <localsgd/localsgd.hpp>
