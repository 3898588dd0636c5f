// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/communicator/gloo/communicator.hpp"
#include "localsgd/core/error.hpp"

#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <string>
#include <string_view>
#include <system_error>

/// @file
/// @brief The settings that the supervisor `localsgd-restart` passes to a rank.

namespace localsgd {

namespace detail {

inline std::string_view environment(char const* name) {
  char const* const text = std::getenv(name);
  return text == nullptr ? std::string_view() : std::string_view(text);
}

inline std::string required_environment(char const* name) {
  std::string_view const text = environment(name);
  require(!text.empty(), name, text,
          "set in the environment; start the program with localsgd-restart gloo");
  return std::string(text);
}

inline std::size_t number_of_environment(char const* name) {
  std::string const text = required_environment(name);
  std::size_t value = 0;
  char const* const end = text.data() + text.size();
  auto const [last, error] = std::from_chars(text.data(), end, value);
  require(error == std::errc{} && last == end, name, text, "an integer >= 0");
  return value;
}

}  // namespace detail

/// @brief The options of a rank that was started by `localsgd-restart gloo` or a Kubernetes file,
///        from the environment variables LOCALSGD_RANK, LOCALSGD_RANKS, LOCALSGD_FOLDER,
///        LOCALSGD_RUN and, if it is not "lo", LOCALSGD_INTERFACE.
/// @throws invalid_settings with the name of a variable that is missing or not a number
inline gloo_options gloo_options_from_environment() {
  gloo_options options;
  options.folder = detail::required_environment("LOCALSGD_FOLDER");
  options.run = detail::required_environment("LOCALSGD_RUN");
  options.rank = detail::number_of_environment("LOCALSGD_RANK");
  options.size = detail::number_of_environment("LOCALSGD_RANKS");
  if (auto const name = detail::environment("LOCALSGD_INTERFACE"); !name.empty())
    options.interface = name;
  return options;
}

}  // namespace localsgd
