// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE runs_own_loss
#include "localsgd/minimize.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <vector>

#include "localsgd/loss/huber.hpp"
#include "localsgd/loss/squared_hinge.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/synchronizer/serial.hpp"
#include "test/support/losses.hpp"
#include "test/support/problems.hpp"

using namespace localsgd;

namespace {

// Long rows, some far longer than others, so that bounded slopes matter.
struct problem {
  dense_matrix<double> rows = support::random_features<double>(300, 20, 1);
  std::vector<double> targets = support::random_signs(300, 2);
  problem() {
    for (std::size_t i = 0; i < 300; i += 10)
      for (std::size_t j = 0; j != 20; ++j) rows(i, j) *= 30;
  }
};

template <class L>
void runs_alike(L const& loss) {
  problem const data;
  linear_objective const stock(data.rows, data.targets, loss, l2{1.0 / 300});
  linear_objective const own(data.rows, data.targets, support::required_members<L>{loss}, l2{1.0 / 300});
  BOOST_TEST(own.stable_step(1) == stock.stable_step(1));

  settings const plain{.epochs = 15};
  BOOST_TEST((minimize(own, plain, linear_sgd{}, serial{}).x ==
              minimize(stock, plain, linear_sgd{}, serial{}).x));
  settings const reduced{.epochs = 6};
  BOOST_TEST((minimize(own, reduced, svrg{}, serial{}).x == minimize(stock, reduced, svrg{}, serial{}).x));
}

template <class L>
void end_alike(L const& loss) {
  problem const data;
  linear_objective const stock(data.rows, data.targets, loss, l2{1.0 / 300});
  linear_objective const own(data.rows, data.targets, support::required_members<L>{loss}, l2{1.0 / 300});
  for (double const tolerance : {1e-2, 1e-4, 1e-6}) {
    settings const s{.tolerance = tolerance};
    auto const a = minimize(own, s, serial{}), b = minimize(stock, s, serial{});
    BOOST_TEST((a.reason == stop_reason::tolerance_reached));
    BOOST_TEST(a.certificate <= tolerance);
    BOOST_TEST(a.gradients == b.gradients);
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_tolerance_ends_the_run_as_early_as_that_of_the_stock_twin) {
  end_alike(huber{0.5});
  end_alike(squared_hinge{});
}

BOOST_AUTO_TEST_CASE(a_loss_with_bounded_slopes_makes_the_steps_of_its_stock_twin) {
  runs_alike(huber{0.5});
}

BOOST_AUTO_TEST_CASE(a_loss_with_unbounded_slopes_makes_the_steps_of_its_stock_twin) {
  runs_alike(squared_hinge{});
}
