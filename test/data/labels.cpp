// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE data_labels
#include "localsgd/data/labels.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "test/support/problems.hpp"

namespace {

using localsgd::encode_binary;
using localsgd::encode_classes;
using localsgd::encode_like;
using localsgd::invalid_data;
using numbers = std::vector<double>;
using texts = std::vector<std::string>;

template <class Call>
invalid_data refused(Call const& call) {
  return support::error_of<invalid_data>(call);
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_greater_of_two_labels_becomes_plus_1) {
  auto const y = encode_binary(numbers{0, 1, 1, 0, 0});
  BOOST_TEST((y.labels == numbers{-1, 1, 1, -1, -1}));
  BOOST_TEST((y.names == texts{"0", "1"}));
  BOOST_TEST((y.codes == numbers{-1, 1}));
  BOOST_TEST((y.counts == std::vector<std::size_t>{3, 2}));
  BOOST_TEST((encode_binary(std::vector<int>{2, 1, 2}).labels == numbers{1, -1, 1}));
  BOOST_TEST((encode_binary(texts{"spam", "ham"}).labels == numbers{1, -1}));
  BOOST_TEST((encode_binary(numbers{10, 9}).labels == numbers{1, -1}));  // by value
  BOOST_TEST((encode_binary(texts{"10", "9"}).labels == numbers{-1, 1}));  // by bytes
}

BOOST_AUTO_TEST_CASE(labels_that_are_signs_stay_as_they_are) {
  numbers const signs{1, -1, -1, 1};
  BOOST_TEST((encode_binary(signs).labels == signs));
}

BOOST_AUTO_TEST_CASE(classes_are_numbered_in_ascending_order) {
  auto const y = encode_classes(texts{"dog", "cat", "ant", "cat"});
  BOOST_TEST((y.labels == numbers{2, 1, 0, 1}));
  BOOST_TEST((y.names == texts{"ant", "cat", "dog"}));
  BOOST_TEST(y.classes() == 3U);
  BOOST_TEST((encode_classes(numbers{7, -2.5, 7, 100}).labels == numbers{1, 0, 1, 2}));
  BOOST_TEST((encode_classes(numbers{3, 3}).labels == numbers{0, 0}));
  BOOST_TEST(encode_classes(numbers{}).classes() == 0U);
}

BOOST_AUTO_TEST_CASE(labels_may_be_any_numbers_and_any_texts) {
  numbers const expected{1, -1, 1};
  std::vector<std::uint8_t> const bytes{5, 3, 5};
  std::vector<std::string_view> const views{"b", "a", "b"};
  std::vector<char const*> const pointers{"b", "a", "b"};
  std::array<float, 3> const floats{0.5F, 0.25F, 0.5F};
  std::vector<bool> const bits{true, false, true};
  BOOST_TEST((encode_binary(bytes).labels == expected));
  BOOST_TEST((encode_binary(bytes).names == texts{"3", "5"}));
  BOOST_TEST((encode_binary(views).labels == expected));
  BOOST_TEST((encode_binary(pointers).labels == expected));
  BOOST_TEST((encode_binary(floats).labels == expected));
  BOOST_TEST((encode_binary(std::span(floats)).labels == expected));
  BOOST_TEST((encode_binary(bits).labels == expected));
}

BOOST_AUTO_TEST_CASE(floats_that_differ_in_the_last_bit_are_two_labels) {
  std::vector<float> const y{0.125F - 0x1p-27F, 0.125F - 0x1p-26F};  // both 0.12499999 in 8 digits
  auto const encoding = encode_binary(y);
  BOOST_TEST(encoding.names[0] != encoding.names[1]);
  BOOST_TEST(encode_like(encoding, y) == (std::vector<double>{1, -1}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(both_zeros_are_one_label) {
  auto const y = encode_binary(numbers{-0.0, 1, 0.0});
  BOOST_TEST((y.labels == numbers{-1, 1, -1}));
  BOOST_TEST((y.names == texts{"0", "1"}));
}

BOOST_AUTO_TEST_CASE(other_samples_get_the_same_codes) {
  auto const known = encode_classes(texts{"dog", "cat", "ant"});
  BOOST_TEST((encode_like(known, texts{"cat", "cat", "dog"}) == numbers{1, 1, 2}));
  auto const binary = encode_binary(numbers{0, 1});
  BOOST_TEST((encode_like(binary, numbers{1}) == numbers{1}));
  BOOST_TEST((encode_like(binary, std::vector<int>{0}) == numbers{-1}));
  auto const e = refused([&] { encode_like(known, texts{"cat", "eel"}); });
  BOOST_TEST(e.file == "targets[1]");
  BOOST_TEST(e.found == "eel");
  BOOST_TEST(e.expected == "one of the known labels: ant, cat, dog");
}

BOOST_AUTO_TEST_CASE(a_code_has_the_name_of_its_class) {
  auto const y = encode_binary(texts{"spam", "ham"});
  BOOST_TEST(y.name_of(1) == "spam");
  BOOST_TEST(y.name_of(-1) == "ham");
  BOOST_TEST(refused([&] { y.name_of(0); }).found == "0");
}

BOOST_AUTO_TEST_CASE(to_string_shows_the_code_of_each_label) {
  BOOST_TEST(to_string(encode_binary(numbers{1, 0, 1})) ==
             "2 classes: 0 -> -1 (1 sample), 1 -> +1 (2 samples)");
  BOOST_TEST(to_string(encode_classes(texts{"b", "a", "b"})) ==
             "2 classes: a -> 0 (1 sample), b -> 1 (2 samples)");
  BOOST_TEST(to_string(encode_classes(numbers{5})) == "1 class: 5 -> 0 (1 sample)");
  std::vector<int> many;
  for (int c = 0; c != 12; ++c) many.push_back(c);
  std::string const text = to_string(encode_classes(many));
  BOOST_TEST(text.starts_with("12 classes: 0 -> 0 (1 sample), "));
  BOOST_TEST(text.ends_with("9 -> 9 (1 sample) and 2 more"));
}

BOOST_AUTO_TEST_CASE(a_number_of_labels_other_than_two_is_refused_with_the_labels) {
  auto const three = refused([] { encode_binary(numbers{0, 1, 2}); });
  BOOST_TEST(three.file == "targets");
  BOOST_TEST(three.found == "the labels 0, 1, 2");
  BOOST_TEST(three.expected.find("encode_classes()") != std::string::npos);
  BOOST_TEST(refused([] { encode_binary(numbers{4, 4}); }).found == "the labels 4");
  BOOST_TEST(refused([] { encode_binary(numbers{}); }).found == "no labels");
}

BOOST_AUTO_TEST_CASE(numbers_that_are_not_finite_are_refused_by_number) {
  double const nan = std::numeric_limits<double>::quiet_NaN();
  double const infinity = std::numeric_limits<double>::infinity();
  BOOST_TEST(refused([&] { encode_binary(numbers{0, nan}); }).file == "targets[1]");
  BOOST_TEST(refused([&] { encode_classes(numbers{infinity}); }).file == "targets[0]");
}
