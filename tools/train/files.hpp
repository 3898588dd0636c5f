// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <localsgd/data/csr_matrix.hpp>
#include <localsgd/data/text/csv_coding.hpp>
#include <localsgd/model/linear_model.hpp>

#include <cstddef>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

/// @file
/// @brief The files that the trainer reads and writes.

namespace train {

/// @brief A mistake in the command line: exit code 2.
class usage_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// @brief The samples of a file, whatever its format.
struct samples {
  localsgd::csr_matrix<double> features;
  std::vector<double> targets;           ///< One for each row, or none.
  std::vector<std::string> label_names;  ///< Of targets that are texts: the text of 0, 1, …
  localsgd::csv_coding coding;           ///< Of a table.
  bool dense = false;                    ///< Whether the file tells the number of features.
};

/// @brief What the command line says about a file of samples.
struct data_options {
  std::string data;
  std::string format = "auto";           ///< libsvm, csv, npy, idx or cache.
  std::string labels;                    ///< The file of the targets, for npy and idx.
  std::string label;                     ///< The column of the targets, for csv.
  std::vector<std::string> categorical;  ///< Columns of a csv.
  std::string separator = ",";
  std::size_t features = 0;              ///< For libsvm; 0 = as many as the file has.
};

/// @brief Reads a file, plain or gzipped. @throws usage_error for options that do not fit its format
samples read_samples(data_options const& options);

/// @brief Reads a file for the predictions of a model. @param targets whether they are needed
/// @throws std::runtime_error if it has other features than the model
samples read_samples_for(localsgd::linear_model const& m, std::string const& model,
                         data_options const& options, bool targets, bool ignore_unknown);

enum class model_format { liblinear, json };

/// @brief What a name stands for: JSON where it ends in .json.
model_format format_of(std::filesystem::path const& path);

/// @brief Whether a file can be created at `path`, so that a long run does not end in vain.
/// @throws std::runtime_error that says why not
void check_writable(std::filesystem::path const& path);

/// @brief Refuses devices and pipes, which cannot be replaced at once.
void check_regular(std::filesystem::path const& path);

/// @brief Refuses to write over what is read. @throws usage_error
void check_different(std::filesystem::path const& input, std::filesystem::path const& output);

/// @brief Refuses to write two things to one file. @throws usage_error
/// @param what "the model and the report"
void check_two_outputs(std::filesystem::path const& one, std::filesystem::path const& other,
                       std::string const& what);

void save_model(localsgd::linear_model const& m, std::filesystem::path const& path,
                model_format format);

/// @brief Reads a model of either format.
localsgd::linear_model load_model(std::filesystem::path const& path);

/// @brief Writes text to a file, whole or not at all, or to the standard output where path is empty.
void write_text(std::string const& text, std::filesystem::path const& path);

}  // namespace train
