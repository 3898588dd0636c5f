// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE data_csv
#include "localsgd/data/csv.hpp"

#include "test/support/problems.hpp"
#include "test/support/temporary_path.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <random>
#include <string>
#include <vector>

namespace {

using localsgd::csr_matrix;
using localsgd::csv_coding;
using localsgd::csv_options;
using localsgd::csv_table;
using localsgd::invalid_data;
using localsgd::parse_csv;

template <class Value>
std::vector<double> dense(csr_matrix<Value> const& m) {
  std::vector<double> all(m.rows() * m.columns());
  for (std::size_t i = 0; i != m.rows(); ++i) {
    auto const row = m.row(i);
    for (std::size_t k = 0; k != row.indices.size(); ++k)
      all[i * m.columns() + row.indices[k]] = static_cast<double>(row.values[k]);
  }
  return all;
}

template <class Value>
void check(csv_table<Value> const& table, std::vector<double> const& features,
           std::vector<double> const& targets) {
  BOOST_TEST(dense(table.features) == features, boost::test_tools::per_element());
  BOOST_TEST(std::vector<double>(table.targets.begin(), table.targets.end()) == targets,
             boost::test_tools::per_element());
}

struct refused {
  std::string text;
  std::size_t line, column;
  std::string found, expected;
};

template <class Parse>
void check_refused(std::vector<refused> const& rows, Parse const& parse) {
  for (auto const& row : rows) {
    auto const e = support::error_of<invalid_data>([&] { parse(row.text); });
    BOOST_TEST_CONTEXT(row.text) {
      BOOST_TEST(e.file == "t.csv");
      BOOST_TEST(e.line == row.line);
      BOOST_TEST(e.column == row.column);
      BOOST_TEST(e.found == row.found);
      BOOST_TEST(e.expected == row.expected);
    }
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(numbers_are_features_and_texts_are_one_feature_for_each_category) {
  auto const t = parse_csv("size,colour,price\n1.5,red,10\n 2 ,blue,20\n-3,red,30\n", "t.csv",
                           {.label = "price"});
  check(t, {1.5, 0, 1,  //
            2, 1, 0,    //
            -3, 0, 1},
        {10, 20, 30});
  BOOST_TEST((t.coding == csv_coding{"price", {}, {{"size", {}}, {"colour", {"blue", "red"}}}}));
}

BOOST_AUTO_TEST_CASE(text_targets_are_numbered_in_the_order_of_their_bytes) {
  auto const t = parse_csv("y,x\nspam,1\nham,2\nspam,3\n", "t.csv", {.label = "y"});
  check(t, {1, 2, 3}, {1, 0, 1});
  BOOST_TEST((t.coding.target_names == std::vector<std::string>{"ham", "spam"}));
}

BOOST_AUTO_TEST_CASE(another_table_has_the_same_features_in_any_order_of_columns) {
  auto const t = parse_csv("y,x,k,z\na,1,p,4\nb,2,q,5\nb,3,r,6\n", "t.csv", {.label = "y"});
  auto const other = parse_csv("z,k,y,x\n7,r,a,8\n", "o.csv", t.coding);
  check(other, {8, 0, 0, 1, 7}, {0});
  auto const unlabelled = parse_csv("z,k,x\n7,q,8\n", "o.csv", t.coding);
  check(unlabelled, {8, 0, 1, 0, 7}, {});
  auto const skipped = parse_csv("z,k,x,y\n7,q,8,?\n", "o.csv", t.coding, {.skip_targets = true});
  check(skipped, {8, 0, 1, 0, 7}, {});
}

BOOST_AUTO_TEST_CASE(a_coding_reproduces_its_own_table_exactly) {
  std::mt19937 random(7);
  for (int trial = 0; trial != 50; ++trial) {
    std::string text = "\"a,b\",c,d,y\r\n";
    std::size_t const rows = 1 + random() % 20;
    for (std::size_t i = 0; i != rows; ++i) {
      text += std::to_string(random() % 5) + ",\"k\"\"" + std::to_string(random() % 4) + "\"," +
              std::to_string(static_cast<double>(random() % 100) / 7) + "," +
              (random() % 2 == 0 ? "yes" : "n o") + "\r\n";
    }
    auto const first = parse_csv<double>(text, "t", {.label = "-1", .categorical = {"a,b"}});
    auto const again = parse_csv<double>(text, "t", first.coding);
    BOOST_TEST(again.coding.columns.size() == 3U);
    BOOST_TEST(first.features.columns() == first.coding.feature_names().size());
    check(again, dense(first.features),
          std::vector<double>(first.targets.begin(), first.targets.end()));
  }
}

BOOST_AUTO_TEST_CASE(unknown_columns_and_categories_are_ignored_on_request_only) {
  auto const t = parse_csv("y,x,k\n1,1,p\n2,2,q\n", "t.csv", {.label = "y"});
  auto const o = parse_csv("k,more,x\ns,9,3\np,9,4\n", "o.csv", t.coding, {.ignore_unknown = true});
  check(o, {3, 0, 0, 4, 1, 0}, {});
  check_refused({{"k,more,x\np,9,3\n", 1, 3, "the unknown column more",
                  "the columns of the coding; to ignore others, set csv_options.ignore_unknown"},
                 {"k,x\np,1\ns,3\n", 3, 1, "s", "one of the known values of column k: p, q"},
                 {"k\np\n", 1, 1, "no column x", "one of the columns k"},
                 {"k,x\np,r\n", 2, 3, "r", "a number in column x"}},
                [&](std::string const& text) { parse_csv(text, "t.csv", t.coding); });
}

BOOST_AUTO_TEST_CASE(a_byte_order_mark_and_another_separator_are_read) {
  check(parse_csv("\xef\xbb\xbfy;x\r\n1;2\r\n", "t", {.label = "y", .separator = ';'}), {2}, {1});
}

BOOST_AUTO_TEST_CASE(missing_values_are_errors_with_their_place) {
  std::string const in_x = "a value in column x; remove or replace missing values",
                    quote = ", or quote the text if it is a category";
  check_refused({{"y,x\n1,2\n3,\n", 3, 3, "nothing", in_x},
                 {"y,x\n1, \n", 2, 3, "nothing", in_x},
                 {"y,x\n1,\"\"\n", 2, 3, "nothing", in_x},
                 {"y,x\n1,NA\n", 2, 3, "NA", in_x + quote},
                 {"y,x\n1,?\n", 2, 3, "?", in_x + quote},
                 {"y,x\nnan,1\n", 2, 1, "nan",
                  "a value in column y; remove or replace missing values" + quote}},
                [](std::string const& text) { parse_csv(text, "t.csv", {.label = "y"}); });
  BOOST_TEST((parse_csv("y,x\n1,\"NA\"\n2,b\n", "t", {.label = "y"}).coding.columns[0].categories ==
              std::vector<std::string>{"NA", "b"}));
}

BOOST_AUTO_TEST_CASE(malformed_tables_are_errors_with_their_place) {
  std::string const range = "a finite number in the range of float";
  check_refused(
      {{"", 0, 0, "nothing", "a header and samples"},
       {"y,x\n", 0, 0, "no samples", "at least one line after the header"},
       {"y,x\n1,2\n3\n", 3, 1, "1 field", "2, the number of columns in the header"},
       {"y,x\n1,2,3\n", 2, 1, "3 fields", "2, the number of columns in the header"},
       {"y,x,x\n", 1, 5, "x twice", "distinct column names"},
       {"y,,x\n", 1, 3, "a column without a name",
        "a name in the header; remove a column of row numbers"},
       {"y\n1\n", 1, 1, "a single column", "at least one column besides that of the targets"},
       {"z,x\n1,2\n", 1, 1, "no column y", "csv_options.label to be a column number or one of z, x"},
       {"y,x\n1,inf\n", 2, 3, "inf", range},
       {"y,x\n1,1e39\n", 2, 3, "1e39", range},
       {"y,x\n1,-1e999\n", 2, 3, "-1e999", range},
       {"y,x\n1,\"2\n", 2, 3, "an unclosed quote", "a second quote at the end of the field"},
       {"\xff\xfey", 1, 1, "a UTF-16 byte order mark", "ASCII or UTF-8 text; convert the file first"},
       {"PK\x03\x04", 0, 0, "a zip file", "uncompressed data; decompress the file first"}},
      [](std::string const& text) { parse_csv(text, "t.csv", {.label = "y"}); });
}

BOOST_AUTO_TEST_CASE(too_many_categories_are_an_error_at_the_text_that_makes_them_categories) {
  std::string const text = "y,x\n1,10\n1,1o\n1,12\n";
  auto const parse = [](std::size_t most) {
    return [most](std::string const& t) {
      return parse_csv(t, "t.csv", {.label = "y", .max_categories = most});
    };
  };
  check_refused({{text, 3, 3, "1o", "a number, or at most 2 different texts in column x"}}, parse(2));
  BOOST_TEST(parse(3)(text).features.columns() == 3U);
}

BOOST_AUTO_TEST_CASE(options_out_of_range_are_errors) {
  BOOST_TEST(support::error_of<localsgd::invalid_settings>([] {
               parse_csv("y,x\n1,2\n", "t", {.label = "y", .separator = '"'});
             }).field == "separator");
  BOOST_TEST(support::error_of<localsgd::invalid_settings>([] {
               parse_csv("y,x\n1,2\n", "t", {.label = "y", .max_categories = 0});
             }).field == "max_categories");
}

BOOST_AUTO_TEST_CASE(files_are_read) {
  support::temporary_path const file("y,x\n1,2\n");
  auto const t = localsgd::read_csv<double>(file(), {.label = "y"});
  check(t, {2}, {1});
  check(localsgd::read_csv<double>(file(), t.coding), {2}, {1});
  BOOST_CHECK_THROW(localsgd::read_csv(file().string() + ".missing", {.label = "y"}), invalid_data);
}
