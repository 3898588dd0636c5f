// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <localsgd/data/csr_matrix.hpp>
#include <localsgd/data/dataset.hpp>
#include <localsgd/model/linear_model.hpp>

#include <cstddef>
#include <filesystem>
#include <stdexcept>
#include <string>

/// @file
/// @brief The files that the trainer reads and writes.

namespace train {

/// @brief A mistake in the command line: exit code 2.
class usage_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

using samples = localsgd::dataset<localsgd::csr_matrix<double>>;

/// @brief A data set in LIBSVM format, plain or gzipped. @param columns 0 = as many as the file has
samples read_samples(std::filesystem::path const& path, std::size_t columns = 0);

enum class model_format { liblinear, json };

/// @brief What a name stands for: JSON where it ends in .json.
model_format format_of(std::filesystem::path const& path);

/// @brief Whether a file can be created at `path`, so that a long run does not end in vain.
/// @throws std::runtime_error that says why not
void check_writable(std::filesystem::path const& path);

/// @brief Refuses to write over what is read. @throws usage_error
void check_different(std::filesystem::path const& input, std::filesystem::path const& output);

/// @brief Refuses to write two things to one file. @throws usage_error
void check_two_outputs(std::filesystem::path const& one, std::filesystem::path const& other);

void save_model(localsgd::linear_model const& m, std::filesystem::path const& path,
                model_format format);

/// @brief Reads a model of either format.
localsgd::linear_model load_model(std::filesystem::path const& path);

/// @brief Writes text to a file, whole or not at all, or to the standard output where path is empty.
void write_text(std::string const& text, std::filesystem::path const& path);

}  // namespace train
