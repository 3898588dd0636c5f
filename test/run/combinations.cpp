// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE run_combinations
#include "localsgd/run/combinations.hpp"

#include "localsgd/localsgd.hpp"
#include "test/support/averagers.hpp"
#include "test/support/compressors.hpp"
#include "test/support/problems.hpp"
#include "test/support/runs.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace localsgd;

namespace {

template <class S, class A, class C>
std::string refused(S const& synchronizer, A const& averager, C const& compressor,
                    bool hook = false) {
  try {
    detail::check_combination<double>(synchronizer, averager, compressor, hook);
  } catch (invalid_settings const& e) {
    return e.field + " = " + e.value;
  }
  return "nothing";
}

struct any_order : serial {
  bool averages_in_any_order() const { return true; }
};

/// What a LocalWorker that needs exact means refuses.
template <class W, class F, class S, class A, class C>
std::string refused_worker(F const& f, S const& synchronizer, A const& averager, C const& compressor) {
  try {
    detail::check_worker<W>(f, synchronizer, averager, compressor);
  } catch (invalid_settings const& e) {
    return e.field + " = " + e.value;
  }
  return "nothing";
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_a_synchronizer_cannot_do_is_refused_by_name) {
  support::as_it_is const compressor;
  support::coordinate_maximum const maximum;
  support::outer_momentum const momentum;
  identity const none;
  serial const together;
  overlapped const travelling(1);
  asynchronous const apart(1);
  any_order const fast;
  BOOST_TEST(refused(together, momentum, compressor, true) == "nothing");
  BOOST_TEST(refused(together, maximum, none) == "nothing");
  BOOST_TEST(refused(together, maximum, compressor) == "compressor = as_it_is");

  BOOST_TEST(refused(travelling, momentum, none, true) == "nothing");
  BOOST_TEST(refused(travelling, maximum, none) == "nothing");
  BOOST_TEST(refused(travelling, mean{}, compressor) == "compressor = as_it_is");

  BOOST_TEST(refused(apart, weighted_mean{}, none) == "nothing");
  BOOST_TEST(refused(apart, momentum, none) == "averager = outer_momentum");
  BOOST_TEST(refused(apart, maximum, none) == "averager = coordinate_maximum");
  BOOST_TEST(refused(apart, mean{}, compressor) == "compressor = as_it_is");
  BOOST_TEST(refused(apart, mean{}, none, true) == "synchronizer = asynchronous");

  BOOST_TEST(refused(fast, momentum, none) == "nothing");
  BOOST_TEST(refused(fast, maximum, none) == "averager = coordinate_maximum");
  BOOST_TEST(refused(fast, mean{}, compressor) == "compressor = as_it_is");
}

BOOST_AUTO_TEST_CASE(a_worker_that_needs_exact_means_refuses_other_ones) {
  support::problem const data(20, 3);
  linear_objective const f(data.sparse, data.labels, logistic{}, l2{0.1});
  linear_objective const kinks(data.sparse, data.labels, logistic{}, l1{0.1});
  serial const together;
  identity const none;
  BOOST_TEST(refused_worker<scaffnew>(f, together, mean{}, none) == "nothing");
  BOOST_TEST(refused_worker<scaffnew>(f, together, weighted_mean{}, none) == "nothing");
  BOOST_TEST(refused_worker<scaffnew>(f, overlapped(1), mean{}, none) == "synchronizer = overlapped");
  BOOST_TEST(refused_worker<scaffnew>(f, asynchronous(1), mean{}, none) ==
             "synchronizer = asynchronous");
  BOOST_TEST(refused_worker<scaffnew>(f, together, support::outer_momentum{}, none) ==
             "averager = outer_momentum");
  BOOST_TEST(refused_worker<scaffnew>(f, together, support::coordinate_maximum{}, none) ==
             "averager = coordinate_maximum");
  BOOST_TEST(refused_worker<scaffnew>(f, together, mean{}, support::as_it_is{}) ==
             "compressor = as_it_is");
  BOOST_TEST(refused_worker<scaffnew>(kinks, together, mean{}, none).starts_with("regularizer = l1"));
  BOOST_TEST(refused_worker<sgd>(kinks, overlapped(1), support::coordinate_maximum{},
                                 support::as_it_is{}) == "nothing");
}
