// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE loss_evaluate
#include "localsgd/loss/evaluate.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <vector>

#include "localsgd/loss/huber.hpp"
#include "localsgd/loss/logistic.hpp"
#include "localsgd/loss/smoothed_hinge.hpp"
#include "localsgd/loss/squared.hpp"
#include "localsgd/loss/squared_hinge.hpp"
#include "test/support/losses.hpp"

namespace {

using localsgd::huber;
using localsgd::logistic;
using localsgd::smoothed_hinge;
using localsgd::squared;
using localsgd::squared_hinge;
using localsgd::detail::evaluates_blocks;
using support::all_of;
using support::margins;

// Half the squared loss; counts the samples of its blocks.
struct counting {
  std::size_t* samples;

  double value(double z, double y) const { return 0.25 * (z - y) * (z - y); }
  double derivative(double z, double y) const { return 0.5 * (z - y); }
  double curvature() const { return 0.5; }
  void evaluate(double const* z, double const* y, std::size_t count, double* value_,
                double* slope) const {
    for (std::size_t i = 0; i != count; ++i) {
      value_[i] = value(z[i], y[i]);
      slope[i] = derivative(z[i], y[i]);
    }
    *samples += count;
  }
};
struct overloads_evaluate : counting {
  using counting::evaluate;
  void evaluate(int) const {}
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_loss_of_the_user_may_evaluate_blocks) {
  static_assert(localsgd::Loss<counting> && evaluates_blocks<counting>);
  static_assert(evaluates_blocks<logistic> && !evaluates_blocks<squared>);
  std::size_t samples = 0;
  margins const m(19, 3, 6);
  auto const [values, slopes] = all_of(counting{&samples}, m.z, m.y);
  BOOST_TEST(samples == 19U);
  for (std::size_t i = 0; i != m.z.size(); ++i) {
    BOOST_TEST(values[i] == 0.25 * (m.z[i] - m.y[i]) * (m.z[i] - m.y[i]));
    BOOST_TEST(slopes[i] == 0.5 * (m.z[i] - m.y[i]));
  }
}

BOOST_AUTO_TEST_CASE(a_using_declaration_takes_over_an_inherited_evaluate) {
  BOOST_TEST(evaluates_blocks<overloads_evaluate>);
}

BOOST_AUTO_TEST_CASE(a_loss_without_evaluate_is_asked_sample_by_sample) {
  auto const check = [](auto const& loss, std::vector<double> const& z,
                        std::vector<double> const& y) {
    auto const [values, slopes] = all_of(loss, z, y);
    for (std::size_t i = 0; i != z.size(); ++i) {
      BOOST_TEST(values[i] == loss.value(z[i], y[i]));
      BOOST_TEST(slopes[i] == loss.derivative(z[i], y[i]));
    }
  };
  margins const m(19, 3, 4);
  check(squared{}, m.z, m.y);
  check(squared_hinge{}, m.z, m.y);
  check(smoothed_hinge{0.5}, m.z, m.y);
  check(huber{0.7}, m.z, m.y);
}

BOOST_AUTO_TEST_CASE(an_inherited_evaluate_is_not_used) {
  struct twice : logistic {
    static double value(double z, double y) { return 2 * logistic::value(z, y); }
    static double derivative(double z, double y) { return 2 * logistic::derivative(z, y); }
    static double curvature() { return 0.5; }
  };
  margins const m(19, 3, 5);
  auto const [values, slopes] = all_of(twice{}, m.z, m.y);
  for (std::size_t i = 0; i != m.z.size(); ++i) {
    BOOST_TEST(values[i] == twice::value(m.z[i], m.y[i]));
    BOOST_TEST(slopes[i] == twice::derivative(m.z[i], m.y[i]));
  }
}
