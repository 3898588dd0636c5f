// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <CLI/CLI.hpp>

#include <string>

/// @file
/// @brief A manual page and completions, from the descriptions of the options.

namespace train {

/// @brief The manual page in section 1, as troff text.
std::string manual_page(CLI::App const& app, std::string const& version);

/// @brief A script for bash that completes commands, options, their values and names of files.
std::string bash_completion(CLI::App const& app);

/// @brief The same for zsh, which also shows the descriptions.
std::string zsh_completion(CLI::App const& app);

}  // namespace train
