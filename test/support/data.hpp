// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "examples/support/gunzip.hpp"
#include "localsgd/data/libsvm.hpp"

/// @file
/// @brief Real data for tests: where it is, and what a test says when it is not there.
///
///     BOOST_AUTO_TEST_CASE(w8a_is_solved, *support::needs("w8a")) {
///       auto const& data = support::libsvm("w8a");
///       ...
///     }

namespace support {

/// @brief The folder named by the environment variable LOCALSGD_DATA, or the default one.
inline std::filesystem::path data_folder() {
  char const* const named = std::getenv("LOCALSGD_DATA");
  return named != nullptr && *named != '\0' ? named : LOCALSGD_DEFAULT_DATA;
}

/// @brief `name` or `name`.gz in the data folder; nothing when neither is there.
inline std::optional<std::filesystem::path> find_data(std::string const& name) {
  for (char const* const ending : {"", ".gz"}) {
    std::filesystem::path path = data_folder() / (name + ending);
    if (std::filesystem::is_regular_file(path)) return path;
  }
  return std::nullopt;
}

/// @brief Decorates a test case that is skipped, and says so, when one of the files is absent.
template <class... Name>
boost::unit_test::decorator::precondition needs(Name const&... name) {
  return boost::unit_test::decorator::precondition(
      [names = std::vector<std::string>{name...}](boost::unit_test::test_unit_id) {
        for (std::string const& each : names) {
          if (find_data(each)) continue;
          boost::test_tools::assertion_result missing(false);
          missing.message() << "there is no " << each << " or " << each << ".gz in "
                            << data_folder() << "; LOCALSGD_DATA names another folder";
          return missing;
        }
        return boost::test_tools::assertion_result(true);
      });
}

/// @brief A data set in LIBSVM format, read once per program. Any thread may ask for it.
/// @param columns As in localsgd::libsvm_options: 0 = as many as the file shows.
/// @throws std::runtime_error when the file is absent; decorate the test case with `needs`.
template <class Value = float>
localsgd::dataset<localsgd::csr_matrix<Value>> const& libsvm(std::string const& name,
                                                             std::size_t columns = 0) {
  static std::mutex one_at_a_time;
  static std::map<std::pair<std::string, std::size_t>,
                  localsgd::dataset<localsgd::csr_matrix<Value>>>
      read;  // a map, since its elements stay where they are

  std::scoped_lock const lock(one_at_a_time);
  auto const known = read.find({name, columns});
  if (known != read.end()) return known->second;

  auto const path = find_data(name);
  if (!path) throw std::runtime_error(name + " is not in " + data_folder().string());
  localsgd::libsvm_options options;
  options.columns = columns;
  auto data = localsgd::parse_libsvm<Value>(gunzip(*path), path->string(), options);
  return read.emplace(std::pair(name, columns), std::move(data)).first->second;
}

}  // namespace support
