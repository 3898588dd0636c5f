// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE reliability_bad_input_data
#include "test/support/bad_input.hpp"

#include "localsgd/checkpoint/file.hpp"
#include "localsgd/data/balanced_weights.hpp"
#include "localsgd/data/cache.hpp"
#include "localsgd/data/csr_matrix.hpp"
#include "localsgd/data/dataset.hpp"
#include "localsgd/data/idx.hpp"
#include "localsgd/data/labels.hpp"
#include "localsgd/data/libsvm.hpp"
#include "localsgd/data/select_rows.hpp"
#include "test/support/temporary_path.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace localsgd;
using support::bad_input;
using support::infinity;
using support::make;
using support::not_a_number;

namespace {

using starts = vector<std::size_t>;
using indices = vector<std::uint32_t>;
using values = vector<float>;
using texts = std::vector<std::string>;
using numbers = std::vector<double>;

void matrix(starts s, indices i, values v) {
  make<csr_matrix<float>>(std::size_t{3}, std::move(s), std::move(i), std::move(v));
}
template <class Value = float>
void parse(std::string_view text, libsvm_options options = {}) {
  static_cast<void>(parse_libsvm<Value>(text, "data", options));
}
template <class Value = float>
void idx(std::string_view bytes) {
  static_cast<void>(parse_idx<Value>(bytes, "data"));
}
template <std::size_t Size>
constexpr std::string_view bytes(char const (&literal)[Size]) {
  return {literal, Size - 1};
}

/// Calls with the path of a file of these bytes, which is "file" in the error.
template <class Call>
void with_file(std::string_view content, Call const& call) {
  support::temporary_path const path(content);
  try {
    call(path());
  } catch (invalid_data const& e) {
    BOOST_TEST(e.file == path().string());
    throw invalid_data("file", e.line, e.column, e.found, e.expected);
  }
}
std::string read_back(std::filesystem::path const& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
template <class Matrix = csr_matrix<float>>
void load_bytes(std::string_view content) {
  with_file(content, [](auto const& path) { static_cast<void>(load<Matrix>(path)); });
}
void resume_bytes(std::string_view content) {
  with_file(content,
            [](auto const& path) { make<detail::checkpoint_file>(path, "workers = 4\n"); });
}
csr_matrix<float> one_sample() { return {1, starts{0, 1}, indices{0}, values{2}}; }
std::string good_cache() {
  support::temporary_path const path;
  save(dataset<csr_matrix<float>>{one_sample(), vector<double>{1}}, path());
  return read_back(path());
}
std::string checkpoint_of_eight_workers() {
  support::temporary_path const path;
  detail::write_checkpoint(path(), "workers = 8\n", {});
  return read_back(path());
}
/// With the byte at `at` changed.
std::string damaged(std::string bytes_of_file, std::size_t at) {
  ++bytes_of_file[at];
  return bytes_of_file;
}

}  // namespace

BOOST_AUTO_TEST_CASE(options_of_a_reader_out_of_range_are_rejected) {
  constexpr bad_input rows[] = {
      {"too many columns", [] { parse("1 1:1\n", {.columns = std::size_t{1} << 32U}); }, "columns",
       "<= 2^31"},
      {"an index base of 2", [] { parse("1 1:1\n", {.index_base = 2}); }, "index_base", "0 or 1"},
      {"no shards", [] { parse("1 1:1\n", {.shards = 0}); }, "shards", ">= 1"},
      {"a shard that does not exist", [] { parse("1 1:1\n", {.shard = 2, .shards = 2}); }, "shard",
       "below the number of shards, 2"},
  };
  support::check_settings(rows);
}

BOOST_AUTO_TEST_CASE(text_that_is_not_libsvm_is_rejected_with_its_position) {
  constexpr bad_input rows[] = {
      {"no text", [] { parse(""); }, "data", "at least one line with a label"},
      {"comments only", [] { parse("# nothing\n\n"); }, "data", "at least one line with a label"},
      {"a label that is a word", [] { parse("1 1:1\nspam 1:1\n"); }, "data:2:1",
       "a label (a decimal number)"},
      {"no label", [] { parse("1:1\n"); }, "data:1:1", "a label"},
      {"several labels", [] { parse("1,2 1:1\n"); }, "data:1:1",
       "samples with several labels are not supported"},
      {"a label not a number", [] { parse("nan 1:1\n"); }, "data:1:1",
       "finite and in the range of double"},
      {"a table", [] { parse("1 0.5 0.25\n"); }, "data:1:3", "index:value"},
      {"an index that is a word", [] { parse("1 a:1\n"); }, "data:1:3", "an index (an integer)"},
      {"an index that is no integer", [] { parse("1 1.5:1\n"); }, "data:1:3",
       "an index (an integer)"},
      {"an index of 0", [] { parse("1 0:1\n"); }, "data:1:3", "set libsvm_options.index_base = 0"},
      {"indices that decrease", [] { parse("1 2:1 1:1\n"); }, "data:1:7", "an index above 2"},
      {"an index twice", [] { parse("1 2:1 2:1\n"); }, "data:1:7",
       "the indices of a line must increase"},
      {"an index above the number of columns", [] { parse("1 3:1\n", {.columns = 2}); }, "data:1:3",
       "an index of at most 2 (libsvm_options.columns)"},
      {"an index above all columns", [] { parse("1 4294967296:1\n"); }, "data:1:3",
       "at most 2^31 columns"},
      {"a value that is a word", [] { parse("1 1:x\n"); }, "data:1:5",
       "a value (a decimal number)"},
      {"no value", [] { parse("1 1:\n"); }, "data:1:5", "a value (a decimal number)"},
      {"a value with a tail", [] { parse("1 1:2x\n"); }, "data:1:5", "a value (a decimal number)"},
      {"an infinite value", [] { parse("1 1:inf\n"); }, "data:1:5", "finite"},
      {"a value above float", [] { parse("1 1:1e39\n"); }, "data:1:5", "in the range of float"},
      {"a value above double", [] { parse<double>("1 1:1e309\n"); }, "data:1:5",
       "in the range of double"},
      {"a query", [] { parse("1 qid:1 1:1\n"); }, "data:1:3", "set libsvm_options.skip_qid"},
      {"UTF-16", [] { parse("\xff\xfe"); }, "data:1:1", "convert the file first"},
      {"a gzipped file", [] { parse("\x1f\x8b"); }, "data", "decompress the file first"},
      {"a zip file", [] { parse("PK\x03\x04"); }, "data", "decompress the file first"},
      {"no such file", [] { static_cast<void>(read_libsvm("no_such_file")); }, "no_such_file",
       "a readable file"},
      {"a folder", [] { static_cast<void>(read_libsvm(".")); }, ".", "a readable file"},
  };
  support::check_data(rows);
}

BOOST_AUTO_TEST_CASE(matrices_that_break_their_rules_are_rejected) {
  constexpr bad_input rows[] = {
      {"no row starts", [] { matrix({}, {}, {}); }, "row_starts", "rows + 1 elements"},
      {"a first row start above 0",
       [] {
         matrix({1, 1}, {0}, {1});
       },
       "row_starts[0]", "0"},
      {"row starts that decrease",
       [] {
         matrix({0, 2, 1, 2}, {0, 1}, {1, 1});
       },
       "row_starts[2]", "must not decrease"},
      {"a last row start below the number of values",
       [] {
         matrix({0, 1}, {0, 1}, {1, 1});
       },
       "row_starts[1]", "2, the number of values"},
      {"fewer indices than values",
       [] {
         matrix({0, 2}, {0}, {1, 1});
       },
       "indices", "2 elements, one for each value"},
      {"an index above the number of columns",
       [] {
         matrix({0, 1}, {3}, {1});
       },
       "indices[0]", "below 3, the number of columns"},
      {"an index twice",
       [] {
         matrix({0, 2}, {1, 1}, {1, 1});
       },
       "indices[1]", "the indices of a row must increase"},
      {"indices that decrease",
       [] {
         matrix({0, 2}, {1, 0}, {1, 1});
       },
       "indices[1]", "above 1"},
      {"a value not a number",
       [] {
         matrix({0, 1}, {0}, {static_cast<float>(not_a_number)});
       },
       "values[0]", "a finite number"},
      {"an infinite dense value",
       [] {
         static_cast<void>(to_csr(dense_matrix<double>{{1, infinity}}));
       },
       "values[1]", "a finite number"},
      {"a row that does not exist",
       [] {
         static_cast<void>(select_rows(one_sample(), std::vector<std::size_t>{0, 1}));
       },
       "samples[1]", "below 1, the number of rows"},
  };
  support::check_data(rows);
}

BOOST_AUTO_TEST_CASE(labels_that_cannot_be_encoded_are_rejected) {
  constexpr bad_input rows[] = {
      {"three labels for two classes",
       [] {
         static_cast<void>(encode_binary(numbers{1, 2, 3}));
       },
       "targets", "for more classes use encode_classes() and softmax_objective"},
      {"one label for two classes",
       [] {
         static_cast<void>(encode_binary(texts{"a", "a"}));
       },
       "targets", "2 different labels"},
      {"no labels", [] { static_cast<void>(encode_binary(numbers{})); }, "targets",
       "2 different labels"},
      {"a label not a number",
       [] {
         static_cast<void>(encode_binary(numbers{1, not_a_number}));
       },
       "targets[1]", "a finite number"},
      {"a class not a number", [] { static_cast<void>(encode_classes(numbers{infinity})); },
       "targets[0]", "a finite number"},
      {"a label that is not known",
       [] {
         static_cast<void>(encode_like(encode_classes(texts{"a", "b"}), texts{"a", "c"}));
       },
       "targets[1]", "one of the known labels"},
      {"a code that is not known",
       [] {
         static_cast<void>(encode_classes(texts{"a", "b"}).name_of(2));
       },
       "code", "one of the codes of the encoding"},
      {"a label not a number, for weights",
       [] { static_cast<void>(balanced_weights(numbers{not_a_number})); }, "targets[0]",
       "a finite number"},
  };
  support::check_data(rows);
}

BOOST_AUTO_TEST_CASE(bytes_that_are_not_idx_are_rejected) {
  constexpr bad_input rows[] = {
      {"no bytes", [] { idx(""); }, "data", "at least 4 bytes"},
      {"text", [] { idx("1 1:1\n"); }, "data", "an IDX file"},
      {"no dimensions", [] { idx(bytes("\0\0\x08\0")); }, "data", "at least one dimension"},
      {"half a header", [] { idx(bytes("\0\0\x08\x01\0\0")); }, "data", "a header of 8 bytes"},
      {"a size of 0", [] { idx(bytes("\0\0\x08\x01\0\0\0\0")); }, "data", "at least 1"},
      {"sizes that overflow",
       [] {
         idx(bytes("\0\0\x08\x04\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"));
       },
       "data", "dimensions whose product fits in memory"},
      {"an unknown type", [] { idx(bytes("\0\0\x0a\x01\0\0\0\x01x")); }, "data",
       "one of the types 8, 9, 11, 12, 13 and 14"},
      {"too few bytes", [] { idx(bytes("\0\0\x08\x01\0\0\0\x02x")); }, "data",
       "10 bytes, the size in its header"},
      {"too many bytes", [] { idx(bytes("\0\0\x08\x01\0\0\0\x01xx")); }, "data",
       "9 bytes, the size in its header"},
      {"an infinite element", [] { idx(bytes("\0\0\x0d\x01\0\0\0\x01\x7f\x80\0\0")); }, "data",
       "a finite number in the range of float"},
      {"a gzipped IDX file", [] { idx("\x1f\x8b\x08\0"); }, "data", "decompress the file first"},
      {"no such IDX file", [] { static_cast<void>(read_idx("no_such_file")); }, "no_such_file",
       "a readable file"},
  };
  support::check_data(rows);
}

BOOST_AUTO_TEST_CASE(files_that_are_not_the_expected_cache_or_checkpoint_are_rejected) {
  constexpr bad_input rows[] = {
      {"no such cache", [] { static_cast<void>(load("no_such_file")); }, "no_such_file",
       "a readable file"},
      {"an empty cache", [] { load_bytes(""); }, "file", "save a new cache"},
      {"a text as a cache", [] { load_bytes("1 1:1\n"); }, "file",
       "a cache file written by save()"},
      {"a truncated cache", [] { load_bytes(good_cache().substr(0, 300)); }, "file",
       "the size in its header"},
      {"a truncated header of a cache", [] { load_bytes(good_cache().substr(0, 100)); }, "file",
       "a header of 256 bytes"},
      {"a cache of another matrix", [] { load_bytes<dense_matrix<float>>(good_cache()); }, "file",
       "load it as csr_matrix<float>"},
      // Offset 40 is in the header, 256 is the first array.
      {"a damaged header of a cache", [] { load_bytes(damaged(good_cache(), 40)); }, "file",
       "an intact header"},
      {"a damaged array of a cache", [] { load_bytes(damaged(good_cache(), 256)); }, "file",
       "intact data"},
      {"a data set without targets",
       [] {
         save(dataset<csr_matrix<float>>{one_sample(), vector<double>{}}, "no_such_cache");
       },
       "targets", "1, one for each row"},
      {"no such checkpoint", [] { make<detail::checkpoint_file>("no_such_file", "workers = 4\n"); },
       "no_such_file", "a readable file"},
      {"an empty checkpoint", [] { resume_bytes(""); }, "file", "a checkpoint"},
      {"a text as a checkpoint", [] { resume_bytes("workers = 4\n"); }, "file",
       "remove the file or choose another path"},
      {"a truncated checkpoint", [] { resume_bytes(checkpoint_of_eight_workers().substr(0, 70)); },
       "file", "the size in its header"},
      // The header has 64 bytes.
      {"a damaged header of a checkpoint",
       [] { resume_bytes(damaged(checkpoint_of_eight_workers(), 40)); }, "file",
       "an intact header"},
      {"a damaged state of a checkpoint",
       [] { resume_bytes(damaged(checkpoint_of_eight_workers(), 64)); }, "file", "an intact state"},
      {"the checkpoint of another run", [] { resume_bytes(checkpoint_of_eight_workers()); }, "file",
       "workers = 4, as in this run"},
  };
  support::check_data(rows);
}
