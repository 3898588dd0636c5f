// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "test/support/problems.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cctype>
#include <cstddef>
#include <exception>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>

// Tables of invalid arguments, each with the error that it must cause.

namespace support {

struct bad_input {
  char const* what;   // in words, for the log
  void (*call)();     // must throw
  char const* field;  // invalid_settings::field, or the place in invalid_data: file:line:column
  char const* rule;   // a part of the rule or of what was expected
};

/// Constructs and destroys a T.
template <class T, class... Arguments>
void make(Arguments&&... arguments) {
  static_cast<void>(T(std::forward<Arguments>(arguments)...));
}

/// The rules of CONTRIBUTING.md for one part of a message.
inline bool is_well_formed(std::string_view text) {
  if (text.empty() || text.front() == ' ') return false;
  if (text.find("  ") != std::string_view::npos || text.find('\n') != std::string_view::npos)
    return false;
  auto const count = [&](char c) { return std::ranges::count(text, c); };
  if (count('(') + count('[') != count(')') + count(']')) return false;  // [0, 1) is balanced
  return std::string_view(" .,;:").find(text.back()) == std::string_view::npos;
}

inline std::string place_of(localsgd::invalid_data const& e) {
  std::string place = e.file;
  if (e.line != 0) place += ":" + std::to_string(e.line);
  if (e.line != 0 && e.column != 0) place += ":" + std::to_string(e.column);
  return place;
}

inline void check_parts(bad_input const& row, std::string_view field, std::string_view rule,
                        std::string_view message) {
  BOOST_TEST(field == row.field);
  BOOST_TEST(rule.find(row.rule) != std::string_view::npos,
             row.what << ": \"" << rule << "\" lacks \"" << row.rule << '"');
  BOOST_TEST(is_well_formed(rule), row.what << ": \"" << rule << '"');
  BOOST_TEST(is_well_formed(message), row.what << ": \"" << message << '"');
}

/// Calls check(row, e) for the Error that each row throws.
template <class Error, class Check>
void check_each(std::span<bad_input const> rows, Check const& check) {
  std::set<std::string_view> names;
  for (bad_input const& row : rows) {
    BOOST_TEST_CONTEXT(row.what) {
      BOOST_TEST(names.insert(row.what).second, "two rows have this name");
      try {
        row.call();
        BOOST_ERROR("was accepted");
      } catch (Error const& e) {
        check(row, e);
      } catch (std::exception const& e) {
        BOOST_ERROR("threw another exception: " << e.what());
      }
    }
  }
}

/// Checks that each call throws invalid_settings with its field and rule.
inline void check_settings(std::span<bad_input const> rows) {
  check_each<localsgd::invalid_settings>(rows, [](bad_input const& row, auto const& e) {
    check_parts(row, e.field, e.rule, e.what());
    BOOST_TEST(e.what() == "localsgd: " + e.field + " = " + (e.value.empty() ? "\"\"" : e.value) +
                               ", must be " + e.rule);
  });
}

/// Checks that each call throws invalid_data with its place and rule.
inline void check_data(std::span<bad_input const> rows) {
  check_each<localsgd::invalid_data>(rows, [](bad_input const& row, auto const& e) {
    check_parts(row, place_of(e), e.expected, e.what());
    BOOST_TEST(!e.found.empty());
    BOOST_TEST(e.what() ==
               "localsgd: " + place_of(e) + ": found " + e.found + ", expected " + e.expected);
  });
}

}  // namespace support
