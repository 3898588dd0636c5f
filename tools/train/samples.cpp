// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// Reads samples in all formats.

#include "files.hpp"

#include "examples/support/gunzip.hpp"

#include <localsgd/core/error.hpp>
#include <localsgd/data/cache.hpp>
#include <localsgd/data/csv.hpp>
#include <localsgd/data/idx.hpp>
#include <localsgd/data/labels.hpp>
#include <localsgd/data/libsvm.hpp>
#include <localsgd/data/npy.hpp>
#include <localsgd/data/text/number_from_chars.hpp>
#include <localsgd/io/mapped_file.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

namespace train {

namespace {

namespace fs = std::filesystem;
using localsgd::invalid_data;
using dense = localsgd::dense_matrix<double>;

/// @brief The bytes of a file, decompressed if necessary.
class file_bytes {
 public:
  explicit file_bytes(fs::path const& path) {
    mapped_.emplace(path);
    zipped = mapped_->bytes().starts_with("\x1f\x8b");
    if (zipped) text_ = support::gunzip(path);
  }
  std::string_view operator()() const { return zipped ? std::string_view(text_) : mapped_->bytes(); }
  bool zipped = false;

 private:
  std::optional<localsgd::detail::mapped_file> mapped_;
  std::string text_;
};

bool is_npy(std::string_view bytes) { return bytes.starts_with("\x93NUMPY"); }
bool is_idx(std::string_view bytes) { return bytes.starts_with(std::string_view("\0\0", 2)); }
bool is_cache(std::string_view bytes) { return bytes.starts_with("\x89LSGD\r\n"); }

/// @brief By the name, then by the first bytes.
std::string format_of_data(data_options const& o, std::string_view bytes) {
  if (o.format != "auto") return o.format;
  if (is_npy(bytes)) return "npy";
  if (is_idx(bytes)) return "idx";
  if (is_cache(bytes)) return "cache";
  fs::path path = o.data;
  if (path.extension() == ".gz") path = path.stem();
  std::string const extension = path.extension().string();
  if (extension == ".csv" || extension == ".tsv") return "csv";
  if (extension == ".npy") return "npy";  // and the reader says that it is none
  return "libsvm";
}

char separator_of(data_options const& o) {
  if (o.separator == "tab" || o.separator == "\\t") return '\t';
  if (o.separator.size() != 1)
    throw usage_error("--separator: found " + o.separator + ", expected one character or tab");
  fs::path path = o.data;
  if (path.extension() == ".gz") path = path.stem();
  return path.extension() == ".tsv" && o.separator == "," ? '\t' : o.separator[0];
}

/// @brief Runs `read` and rephrases advice to programs for the command line.
template <class Read>
auto in_words_of_options(Read const& read) {
  try {
    return read();
  } catch (invalid_data const& e) {
    std::string text = e.what();
    bool changed = false;
    for (auto const& [from, to] :
         {std::pair<std::string_view, std::string_view>{"csv_options.label to be", "--label to be"},
          {"set csv_options.ignore_unknown", "pass --ignore-unknown-features"},
          {"libsvm_options.columns", "--features"}})
      if (std::size_t const at = text.find(from); at != std::string::npos) {
        text.replace(at, from.size(), to);
        changed = true;
      }
    if (!changed) throw;
    if (text.find("--label to be") != std::string::npos) throw usage_error(text);
    throw std::runtime_error(text);
  }
}

localsgd::csr_matrix<double> sparse(dense const& from) {
  struct arrays {
    std::vector<std::size_t> row_starts{0};
    std::vector<std::uint32_t> indices;
    std::vector<double> values;
  };
  std::size_t const columns = from.shape(1);
  localsgd::detail::require(columns <= localsgd::libsvm_options::max_columns, "columns", columns,
                            "<= 2^31");
  auto const own = std::make_shared<arrays>();
  for (std::size_t i = 0; i != from.shape(0); ++i) {
    for (std::size_t j = 0; j != columns; ++j) {
      double const value = from.data()[i * columns + j];
      if (value == 0) continue;
      own->indices.push_back(static_cast<std::uint32_t>(j));
      own->values.push_back(value);
    }
    own->row_starts.push_back(own->indices.size());
  }
  return localsgd::detail::csr_access::view<double>(columns, own->row_starts, own->indices,
                                                    own->values, own);
}

template <class Matrix>
samples loaded(std::string const& path) {
  auto const data = localsgd::load<Matrix>(path);
  samples all;
  all.targets.assign(data.targets.begin(), data.targets.end());
  if constexpr (std::same_as<Matrix, localsgd::csr_matrix<double>>) {
    all.features = data.features;
  } else if constexpr (std::same_as<Matrix, localsgd::csr_matrix<float>>) {
    auto const& m = data.features;
    auto const values = localsgd::detail::csr_access::values(m);
    using access = localsgd::detail::csr_access;
    auto const as_vector = [](auto span) {
      return localsgd::detail::to_vector<std::remove_cv_t<typename decltype(span)::element_type>>(span);
    };
    all.features = localsgd::csr_matrix<double>(m.columns(), as_vector(access::row_starts(m)),
                                                as_vector(access::indices(m)),
                                                localsgd::detail::to_vector<double>(values));
  } else {
    all.features = sparse(data.features);
    all.dense = true;
  }
  return all;
}

samples read_cache(std::string const& path, std::string_view bytes) {
  localsgd::detail::cache_header header;
  if (bytes.size() >= sizeof header) std::memcpy(&header, bytes.data(), sizeof header);
  bool const small = header.value_bits == 32;
  if (header.layout == localsgd::detail::cache_header::dense)
    return small ? loaded<localsgd::dense_matrix<float>>(path) : loaded<dense>(path);
  return small ? loaded<localsgd::csr_matrix<float>>(path)
               : loaded<localsgd::csr_matrix<double>>(path);
}

std::vector<double> one_column(dense const& m, std::string const& path) {
  if (m.shape(1) != 1)
    throw std::runtime_error(path + ": found " + std::to_string(m.shape(1)) +
                             " numbers for each sample, expected one label");
  return {m.begin(), m.end()};
}

/// @brief The labels in a file of their own: npy, idx or a text with one on each line.
void read_labels(std::string const& path, samples& all) {
  file_bytes const file(path);
  if (is_npy(file())) {
    all.targets = one_column(localsgd::parse_npy<double>(file(), path), path);
    return;
  }
  if (is_idx(file())) {
    all.targets = one_column(localsgd::parse_idx<double>(file(), path), path);
    return;
  }
  std::vector<std::string> texts;
  bool numbers = true;
  for (std::string_view rest = file(); !rest.empty();) {
    std::size_t const end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty())
      throw invalid_data(path, texts.size() + 1, 1, "an empty line", "one label on each line");
    double value = 0;
    auto const [last, status] =
        localsgd::detail::number_from_chars(line.data(), line.data() + line.size(), value);
    numbers = numbers && status == std::errc{} && last == line.data() + line.size() &&
              std::isfinite(value);
    texts.emplace_back(line);
    all.targets.push_back(value);
  }
  if (numbers) return;
  auto encoding = localsgd::encode_classes(texts);
  all.targets = std::move(encoding.labels);
  all.label_names = std::move(encoding.names);
}

void check_options(data_options const& o, std::string const& format, bool targets) {
  bool const table = format == "csv", array = format == "npy" || format == "idx";
  auto const only = [&](bool given, bool fits, std::string const& option, std::string const& what) {
    if (given && !fits)
      throw usage_error(option + ": only for " + what + ", but " + o.data + " is " + format);
  };
  only(!o.label.empty(), table, "--label", "CSV files");
  only(!o.categorical.empty(), table, "--categorical", "CSV files");
  only(o.separator != ",", table, "--separator", "CSV files");
  only(!o.labels.empty(), array, "--labels", "npy and idx, whose files have no labels");
  only(o.features != 0, format == "libsvm", "--features", "LIBSVM files");
  if (array && targets && o.labels.empty())
    throw usage_error(o.data + ": has no labels; name the file that has them with --labels");
}

void check_fits_model(std::string const& data, bool csv, bool fitted_to_csv,
                      std::string const& model) {
  if (csv && !fitted_to_csv)
    throw std::runtime_error(data + ": is a CSV file, but " + model +
                             " was not fitted to one and has no names of columns");
  if (!csv && fitted_to_csv)
    throw std::runtime_error(data + ": is no CSV file, but " + model +
                             " was fitted to one; predict from a CSV file with its columns");
}

/// @param m that predicts from the samples, or null @param targets whether they are needed
samples read(data_options const& o, localsgd::linear_model const* m, std::string const& model,
             bool targets, bool ignore_unknown) {
  file_bytes const file(o.data);
  std::string const format = format_of_data(o, file());
  if (m != nullptr) check_fits_model(o.data, format == "csv", !m->coding.empty(), model);
  check_options(o, format, targets);
  samples all;
  if (format == "csv") {
    localsgd::csv_options options;
    options.label = o.label;
    options.separator = separator_of(o);
    options.categorical = o.categorical;
    options.skip_targets = !targets;
    options.ignore_unknown = ignore_unknown;
    auto table = in_words_of_options([&] {
      return m != nullptr ? localsgd::parse_csv<double>(file(), o.data, m->coding, options)
                          : localsgd::parse_csv<double>(file(), o.data, options);
    });
    all.features = std::move(table.features);
    all.targets.assign(table.targets.begin(), table.targets.end());
    all.label_names = table.coding.target_names;
    all.coding = std::move(table.coding);
    if (targets && all.targets.empty())
      throw std::runtime_error(o.data + ": has no column " + all.coding.target +
                               ", which has the targets of the model");
  } else if (format == "npy" || format == "idx") {
    all.features = sparse(format == "npy" ? localsgd::parse_npy<double>(file(), o.data)
                                          : localsgd::parse_idx<double>(file(), o.data));
    all.dense = true;
    if (targets) read_labels(o.labels, all);
    if (targets && all.targets.size() != all.features.rows())
      throw std::runtime_error(o.labels + ": has " + std::to_string(all.targets.size()) +
                               " labels, but " + o.data + " has " +
                               std::to_string(all.features.rows()) + " samples");
  } else if (format == "cache") {
    if (file.zipped)
      throw std::runtime_error(o.data + ": is a compressed cache; decompress the file first");
    all = read_cache(o.data, file());
  } else {
    localsgd::libsvm_options options;
    options.columns = o.features;
    auto data = in_words_of_options(
        [&] { return localsgd::parse_libsvm<double>(file(), o.data, options); });
    all.features = std::move(data.features);
    all.targets.assign(data.targets.begin(), data.targets.end());
  }
  return all;
}

}  // namespace

samples read_samples(data_options const& o) { return read(o, nullptr, {}, true, false); }

samples read_samples_for(localsgd::linear_model const& m, std::string const& model,
                         data_options const& o, bool targets, bool ignore_unknown) {
  samples all = read(o, &m, model, targets, ignore_unknown);
  std::size_t const columns = all.features.columns();
  if (all.dense && columns != m.features)
    throw std::runtime_error(o.data + ": has " + std::to_string(columns) + " features, but " +
                             model + " has " + std::to_string(m.features));
  if (columns > m.features && !ignore_unknown)
    throw std::runtime_error(o.data + ": has " + std::to_string(columns) +
                             " features, but the model has " + std::to_string(m.features) +
                             "; to ignore the others, use --ignore-unknown-features");
  return all;
}

}  // namespace train
