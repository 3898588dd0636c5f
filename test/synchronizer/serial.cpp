// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE synchronizer_serial
#include "localsgd/synchronizer/serial.hpp"

#include "localsgd/minimize.hpp"
#include "test/support/runs.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <span>
#include <thread>

using namespace localsgd;

BOOST_AUTO_TEST_CASE(all_workers_are_on_the_calling_thread) {
  struct on_one_thread : support::custom {
    std::thread::id caller = std::this_thread::get_id();
    double gradient(std::span<double const> x, std::span<std::size_t const> batch,
                    std::span<double> g) const {
      BOOST_TEST((std::this_thread::get_id() == caller));
      return custom::gradient(x, batch, g);
    }
  };
  support::problem const data(20, 3);
  on_one_thread const f{{&data.dense, &data.reals}};
  auto const r = minimize(f, {.workers = 4, .local_steps = 2, .steps = 8}, serial{},
                          constant_step{0.1});
  BOOST_TEST(r.rounds == 4U);
  BOOST_TEST(serial{}.threads() == 1U);
}
