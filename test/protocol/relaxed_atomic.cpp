// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE protocol_relaxed_atomic
#include "localsgd/protocol/relaxed_atomic.hpp"

#include <boost/test/unit_test.hpp>
#include <thread>
#include <tuple>

using localsgd::detail::relaxed_load;
using localsgd::detail::relaxed_store;

using numbers = std::tuple<float, double>;

BOOST_AUTO_TEST_CASE_TEMPLATE(a_stored_number_is_loaded_again, Number, numbers) {
  Number x = 1;
  BOOST_TEST(relaxed_load(x) == 1);
  relaxed_store(x, Number{-2.5});
  BOOST_TEST(x == Number{-2.5});
  BOOST_TEST(relaxed_load(x) == Number{-2.5});
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_reader_sees_what_was_written_and_never_half_of_it, Number, numbers) {
  Number x = 1;
  bool whole = true;
  std::thread writer([&x] {
    for (int i = 0; i != 20000; ++i) relaxed_store(x, i % 2 == 0 ? Number{-1e30F} : Number{1});
  });
  for (int i = 0; i != 20000; ++i) {
    Number const seen = relaxed_load(x);
    whole = whole && (seen == 1 || seen == Number{-1e30F});
  }
  writer.join();
  BOOST_TEST(whole);
}
