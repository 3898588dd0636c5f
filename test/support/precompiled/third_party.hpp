// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

// What most tests include and few changes touch. The build includes it first in tests where
// LOCALSGD_TEST_PCH is on; no test includes it itself.

#include "localsgd/communicator/threads/asio_pool.hpp"
#include "localsgd/core/tensor.hpp"
#include "localsgd/kernels/simd.hpp"

// unit_test.hpp itself defines main(), which needs the BOOST_TEST_MODULE of the test. These are what
// it includes, and they would take the missing name for a program without main().
#define BOOST_TEST_MAIN
#include <boost/test/framework.hpp>
#include <boost/test/test_tools.hpp>
#include <boost/test/tree/auto_registration.hpp>
#include <boost/test/tree/global_fixture.hpp>
#include <boost/test/tree/test_case_template.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>
