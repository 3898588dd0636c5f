// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE data_dataset
#include "localsgd/data/dataset.hpp"

#include <boost/test/unit_test.hpp>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "test/support/problems.hpp"

using localsgd::dataset;
using localsgd::dense_matrix;
using localsgd::invalid_data;
using localsgd::vector;
using localsgd::detail::refuse_compressed;

BOOST_AUTO_TEST_CASE(a_data_set_deduces_its_matrix_and_can_be_taken_apart) {
  dense_matrix<double> a{{1, 2}};
  vector<double> y{3};
  dataset data{std::move(a), std::move(y)};
  static_assert(std::is_same_v<decltype(data), dataset<dense_matrix<double>>>);
  auto& [features, targets] = data;
  BOOST_TEST(features(0, 1) == 2.0);
  BOOST_TEST(targets(0) == 3.0);
}

BOOST_AUTO_TEST_CASE(a_sparse_data_set_deduces_its_matrix) {
  dataset const data{localsgd::to_csr(dense_matrix<float>{{0, 2}}), vector<double>{-1}};
  static_assert(std::is_same_v<decltype(data.features), localsgd::csr_matrix<float>>);
  BOOST_TEST(data.features.nonzeros() == 1U);
}

BOOST_AUTO_TEST_CASE(compressed_bytes_are_refused_with_advice) {
  auto const e = support::error_of<invalid_data>(
      [] { refuse_compressed(std::string_view("\x1f\x8b\x08", 3), "a.gz"); });
  BOOST_TEST(e.file == "a.gz");
  BOOST_TEST(e.found == "a gzip file");
  BOOST_TEST(e.expected.find("decompress the file first") != std::string_view::npos);
}

BOOST_AUTO_TEST_CASE(compressed_bytes_are_recognised_by_their_first_bytes) {
  using localsgd::detail::compression_of;
  BOOST_TEST(compression_of("\x1f\x8b\x08") == "a gzip");
  BOOST_TEST(compression_of(std::string_view("\xfd\x37\x7a\x58\x5a\x00\x00", 7)) == "an xz");
  BOOST_TEST(compression_of("BZh91AY&SY") == "a bzip2");
  BOOST_TEST(compression_of("PK\x03\x04\x14") == "a zip");
  BOOST_TEST(compression_of("\x28\xb5\x2f\xfd\x04") == "a zstd");
  BOOST_TEST(compression_of("1 1:2\n") == "");
}

BOOST_AUTO_TEST_CASE(all_other_bytes_pass) {
  for (std::string_view const bytes : {"", "\x1f", "\x1f\x8c", "1 1:2\n", "\x8b\x1f"})
    refuse_compressed(bytes, "a");
  BOOST_TEST(true);  // nothing was thrown
}
