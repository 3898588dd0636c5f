// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "test/support/problems.hpp"

#include <boost/test/unit_test.hpp>
#include <string>

/// @file
/// @brief Checks of what a call with invalid settings throws.

namespace support {

/// @brief Checks the field of the error that `call` throws, and a part of its rule.
template <class Call>
void check_refused(Call const& call, std::string const& field, std::string const& rule) {
  auto const e = error_of<localsgd::invalid_settings>(call);
  BOOST_TEST(e.field == field);
  BOOST_TEST(e.rule.find(rule) != std::string::npos, e.rule << " lacks " << rule);
}

}  // namespace support
