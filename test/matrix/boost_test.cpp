// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// Boost.Test as test/matrix.sh links it: compiled by the compiler and for the standard library of the
// row, which the library of the system is not.
#include <boost/test/included/unit_test.hpp>
