// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE model_json
#include "localsgd/model/json.hpp"

#include <bit>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "test/support/temporary_path.hpp"

namespace {

using namespace localsgd;
using numbers = std::vector<double>;

linear_model two_classes() {
  return {.loss = "logistic",
          .features = 3,
          .coefficients = {0.1, 0, -2.5},
          .intercepts = {0.25},
          .labels = {-1, 1},
          .names = {"ham", "spam"}};
}

std::string const good =
    "{\n"
    "  \"format\": \"localsgd linear model\",\n"
    "  \"version\": 1,\n"
    "  \"kind\": \"binary\",\n"
    "  \"loss\": \"logistic\",\n"
    "  \"features\": 3,\n"
    "  \"labels\": [-1.0,1.0],\n"
    "  \"names\": [\"ham\",\"spam\"],\n"
    "  \"intercepts\": [0.25],\n"
    "  \"coefficients\": [[0.1,0.0,-2.5]]\n"
    "}\n";

std::string replaced(std::string_view old, std::string_view by) {
  std::string text = good;
  return text.replace(text.find(old), old.size(), by);
}

bool same_bits(numbers const& a, numbers const& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i != a.size(); ++i)
    if (std::bit_cast<std::uint64_t>(a[i]) != std::bit_cast<std::uint64_t>(b[i])) return false;
  return true;
}

invalid_data refused(std::string_view text) {
  try {
    parse_json(text, "m.json");
  } catch (invalid_data const& e) {
    return e;
  }
  return {"nothing", "", ""};
}

}  // namespace

BOOST_AUTO_TEST_CASE(each_field_is_a_line) { BOOST_TEST(to_json_text(two_classes()) == good); }

BOOST_AUTO_TEST_CASE(models_of_all_kinds_come_back_whole) {
  linear_model const regression{.loss = "poisson",
                                .features = 1,
                                .coefficients = {2},
                                .intercepts = {0},
                                .labels = {},
                                .names = {}};
  linear_model const classes{.loss = "softmax",
                             .features = 2,
                             .coefficients = {1, 2, 3, 4, 5, 6},
                             .intercepts = {0, 0, 1},
                             .labels = {0.5, 1e300, -7},
                             .names = {}};
  linear_model odd = two_classes();
  odd.names = {"\"quoted\"\n\\", "\xc3\xa4 and \x01"};
  odd.loss = "";
  for (auto const& m : {two_classes(), regression, classes, odd})
    BOOST_TEST((parse_json(to_json_text(m), "m") == m));
}

BOOST_AUTO_TEST_CASE(every_bit_comes_back) {
  numbers all{0.1,
              1. / 3,
              1e22,
              5e-324,
              -0.0,
              -1e-310,
              std::numeric_limits<double>::max(),
              0x1.fffffffffffffp-1022,
              123456789012345678.,
              std::nextafter(1.0, 2.0)};
  std::mt19937_64 random(1);
  while (all.size() != 10000)
    if (double const x = std::bit_cast<double>(random()); std::isfinite(x)) all.push_back(x);
  linear_model m = two_classes();
  m.features = all.size();
  m.coefficients = all;
  m.intercepts = {-0.0};
  m.labels = {-0.0, 5e-324};
  support::temporary_path const path;
  save_json(m, path());
  auto const read = load_json(path());
  BOOST_TEST(same_bits(read.coefficients, m.coefficients));
  BOOST_TEST(same_bits(read.intercepts, m.intercepts));
  BOOST_TEST(same_bits(read.labels, m.labels));
}

BOOST_AUTO_TEST_CASE(fields_come_in_any_order_and_integers_are_numbers) {
  auto const m = parse_json(
      R"({"coefficients":[[1,2]],"labels":[],"intercepts":[3],"loss":"squared","features":2,)"
      R"("kind":"regression","version":1,"format":"localsgd linear model"})",
      "m");
  BOOST_TEST((m.coefficients == numbers{1, 2}));
  BOOST_TEST((m.intercepts == numbers{3}));
}

BOOST_AUTO_TEST_CASE(what_is_no_json_is_named_with_its_place) {
  auto const e = refused(replaced("[0.25]", "[0.25"));
  BOOST_TEST(e.file == "m.json");
  BOOST_TEST(e.line == 10U);
  BOOST_TEST(e.column == 17U);  // the colon after "coefficients"
  auto const empty = refused("");
  BOOST_TEST(empty.line == 1U);
  BOOST_TEST(empty.found == "the end of the file");
  for (std::size_t size = 0; size != good.size() - 2; ++size)
    BOOST_TEST(refused(good.substr(0, size)).file == "m.json");
  BOOST_TEST(refused(good + "}").line == 12U);
}

BOOST_AUTO_TEST_CASE(what_is_no_model_is_named_with_its_field) {
  struct mistake {
    std::string text;
    std::string_view found, expected;
  };
  mistake const all[] = {
      {"[]", "array", "an object"},
      {"7", "number", "an object"},
      {"{}", "no \"format\"", "all fields"},
      {replaced("localsgd linear", "another"), "\"format\": \"another model\"",
       "\"localsgd linear model\""},
      {replaced("\"localsgd linear model\"", "null"), "\"format\": null",
       "\"localsgd linear model\""},
      {replaced("\"version\": 1", "\"version\": 2"), "\"version\": 2", "1, the only version"},
      {replaced("\"version\": 1", "\"version\": 1.0"), "\"version\": 1.0", "1, the only version"},
      {replaced("  \"version\": 1,\n", ""), "no \"version\"", "all fields"},
      {replaced("\"loss\": \"logistic\"", "\"loss\": 3"), "\"loss\": 3", "a string"},
      {replaced("\"features\": 3", "\"features\": -3"), "\"features\": -3",
       "the number of features"},
      {replaced("\"features\": 3", "\"features\": 3.0"), "\"features\": 3.0",
       "the number of features"},
      {replaced("\"features\": 3", "\"features\": 0"), "3 numbers in \"coefficients[0]\"",
       "0, one for"},
      {replaced("\"features\": 3", "\"features\": 4"), "3 numbers in \"coefficients[0]\"",
       "4, one for"},
      {replaced("[-1.0,1.0]", "[-1.0,\"1\"]"), "\"labels[1]\": \"1\"", "a number"},
      {replaced("[-1.0,1.0]", "{}"), "\"labels\": {}", "an array"},
      {replaced("[-1.0,1.0]", "[1.0,1.0]"), "1 twice (model.labels)", "distinct"},
      {replaced("[-1.0,1.0]", "[1.0]"), "2 elements (model.names)", "1, one for each class"},
      {replaced("\"spam\"", "[]"), "\"names[1]\": []", "a string"},
      {replaced("\"spam\"", "\"ham\""), "ham twice (model.names)", "distinct"},
      {replaced("[0.25]", "[0.25,1]"), "\"coefficients\": [[0.1,0.0,-2.5]]", "2 rows"},
      {replaced("[0.25]", "[null]"), "\"intercepts[0]\": null", "a number"},
      {replaced("[[0.1,0.0,-2.5]]", "[0.1,0.0,-2.5]"), "\"coefficients\": [0.1,0.0,-2.5]",
       "1 rows"},
      {replaced("[[0.1,0.0,-2.5]]", "[0.1]"), "\"coefficients[0]\": 0.1", "an array"},
      {replaced("0.1,", "true,"), "\"coefficients[0][0]\": true", "a number"},
      {replaced("\"binary\"", "\"regression\""), "\"kind\": \"regression\"",
       "\"binary\", which follows"},
      {replaced("\"kind\"", "\"Kind\""), "\"Kind\"", "only the fields"},
      {replaced("\"kind\": \"binary\"", "\"loss\": \"x\""), "\"loss\" twice", "each field once"},
  };
  for (auto const& each : all) {
    auto const e = refused(each.text);
    BOOST_TEST_CONTEXT(each.text) {
      BOOST_TEST(e.file == "m.json");
      BOOST_TEST(e.found == each.found);
      BOOST_TEST(e.expected.find(each.expected) != std::string::npos, e.expected);
    }
  }
  BOOST_TEST(refused(replaced("0.1,", "1e999,")).found.find("1e999") != std::string::npos);
  // What a message repeats of the file is short, and in ASCII without control characters.
  BOOST_TEST(refused(replaced("\"kind\"", "\"\x7f\xc3\xa4\"")).found == "\"\\u007f\\u00e4\"");
  BOOST_TEST(refused(replaced("\"ham\",\"spam\"", "\"\x7f\",\"\x7f\"")).found ==
             "? twice (model.names)");
  std::string const digits(1000, '9');
  BOOST_TEST(refused(replaced("0.1,", digits + "e999,")).found.size() < 100u);
  BOOST_TEST(refused(replaced("\"kind\"", '"' + digits + '"')).found.size() < 100u);
  BOOST_TEST(refused(std::string(100000, '[')).file == "m.json");  // the stack does not overflow
  BOOST_TEST(refused("\x1f\x8b...").found == "a gzip file");
}

BOOST_AUTO_TEST_CASE(the_columns_of_a_table_come_back) {
  linear_model m = two_classes();
  m.coding = {"mail", {"ham", "spam"}, {{"size", {}}, {"colour", {"blue", "\"red\""}}}};
  std::string const text = to_json_text(m);
  BOOST_TEST(parse_json(text, "t").coding.columns.size() == 2U);
  BOOST_TEST((parse_json(text, "t") == m));
  m.coding.target_names.clear();
  BOOST_TEST((parse_json(to_json_text(m), "t") == m));

  auto const with = [](std::string const& coding) {
    return replaced("\"coefficients\"", "\"coding\": " + coding + ",\n  \"coefficients\"");
  };
  struct {
    std::string coding, found;
  } const rows[] = {
      {"1", "\"coding\": 1"},
      {"{}", "\"coding\": {}"},
      {R"({"columns": []})", "\"coding.columns\": []"},
      {R"({"columns": [{"name": "a", "more": 1}]})", "\"coding.columns[0]\": \"more\""},
      {R"({"columns": [{"categories": ["a"]}]})", "\"coding.columns[0]\": {\"categories\":[\"a\"]}"},
      {R"({"columns": [{"name": 3}]})", "\"coding.columns[0].name\": 3"},
      {R"({"columns": [{"name": "a"}, {"name": "a"}, {"name": "b"}]})", "a twice (coding.columns)"},
      {R"({"columns": [{"name": "a"}]})", "1 elements (model.coding.columns)"},
      {R"({"columns": [{"name": "a", "categories": ["x", "y", 1]}]})",
       "\"coding.columns[0].categories[2]\": 1"}};
  for (auto const& row : rows)
    BOOST_TEST(refused(with(row.coding)).found == row.found);
  BOOST_TEST((parse_json(with(R"({"columns": [{"name": "a", "categories": ["x", "y", "z"]}]})"), "t")
                  .coding.columns[0]
                  .categories == std::vector<std::string>{"x", "y", "z"}));
}

BOOST_AUTO_TEST_CASE(a_model_that_cannot_be_written_leaves_the_file_as_it_was) {
  support::temporary_path const path("a good file");
  linear_model m = two_classes();
  m.intercepts[0] = std::numeric_limits<double>::quiet_NaN();
  BOOST_CHECK_THROW(save_json(m, path()), invalid_data);
  m = two_classes();
  m.names[0] = "\xff";
  BOOST_CHECK_THROW(save_json(m, path()), invalid_data);
  std::ifstream in(path(), std::ios::binary);
  BOOST_TEST(std::string(std::istreambuf_iterator<char>(in), {}) == "a good file");
  BOOST_CHECK_THROW(save_json(two_classes(), path() / "no_folder" / "m"),
                    std::filesystem::filesystem_error);
  BOOST_CHECK_THROW(load_json("/no/such/model.json"), invalid_data);
}
