// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE reliability_certificates_of_softmax
#include "localsgd/minimize.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "localsgd/objective/softmax.hpp"
#include "localsgd/regularizer/box.hpp"
#include "localsgd/regularizer/elastic_net.hpp"
#include "localsgd/regularizer/group_l1.hpp"
#include "localsgd/regularizer/l2.hpp"
#include "localsgd/synchronizer/serial.hpp"
#include "localsgd/warm_start.hpp"
#include "localsgd/worker/dane/dane.hpp"
#include "test/support/any_penalty.hpp"
#include "test/support/attack.hpp"
#include "test/support/hard_problems.hpp"

// Softmax regression of unusual shapes and scales. No certificate is below the true gap, no number
// is NaN, and the reason agrees with the certificate.

using namespace localsgd;
using hard::real;

using report = hard::report;
BOOST_GLOBAL_FIXTURE(report);

namespace {

constexpr std::size_t classes = 3;

using any_penalty = support::any_penalty<box<elastic_net>, group_l1>;

// The losses in long double, and the penalty in long double by `penalty`.
struct exact_softmax {
  hard::problem const* p;
  std::function<real(std::span<double const>)> penalty;

  real weight(std::size_t i) const { return p->weights.empty() ? 1 : p->weights[i]; }
  std::vector<real> scores(std::size_t i, std::span<double const> x, bool sizes) const {
    std::vector<real> z(classes, 0);
    for (std::size_t c = 0; c != classes; ++c) {
      for (std::size_t j = 0; j != p->d; ++j) {
        real const term = real{p->rows(i, j)} * x[c * p->d + j];
        z[c] += sizes ? std::abs(term) : term;
      }
      if (p->intercept == 0) continue;
      real const term = real{p->intercept} * x[classes * p->d + c];
      z[c] += sizes ? std::abs(term) : term;
    }
    return z;
  }
  real operator()(std::span<double const> x) const {
    real sum = 0, total = 0;
    for (std::size_t i = 0; i != p->n; ++i) {
      total += weight(i);
      if (!(weight(i) > 0)) continue;
      auto const z = scores(i, x, false);
      real const top = *std::ranges::max_element(z);
      real others = 0;  // log(1 + others) keeps small losses
      bool own = false;
      for (real const each : z) {
        if (each == top && !own)
          own = true;
        else
          others += std::exp(each - top);
      }
      sum += weight(i) * (std::log1p(others) + (top - z[static_cast<std::size_t>(p->labels[i])]));
    }
    return sum / total + penalty(x);
  }
  double rounding(std::span<double const> x) const {
    real sum = 0, total = 0;
    for (std::size_t i = 0; i != p->n; ++i) {
      total += weight(i);
      real size = 1;
      for (real const each : scores(i, x, true)) size = std::max(size, each);
      sum += weight(i) * size;
    }
    real const terms = static_cast<real>(p->n + 3 * p->d + 32);
    return static_cast<double>(8 * terms * 0x1p-53L * (sum / total + penalty(x))) +
           std::numeric_limits<double>::min();
  }
};

real squares(std::span<double const> x) {
  real sum = 0;
  for (double const each : x) sum += real{each} * each;
  return sum;
}

template <class F>
hard::claim run(F const& f, settings const& s, std::string const& worker,
                hard::point const& start) {
  if (!start.empty()) return hard::claim_of(minimize(f, s, serial{}, warm_start(start)), s, worker);
  if (worker == "dane") return hard::claim_of(minimize(f, s, serial{}, dane{}), s, worker);
  return hard::claim_of(minimize(f, s, serial{}), s, worker);
}

template <class R>
void attack(std::string const& name, hard::problem& p, R const& penalty, exact_softmax const& exact,
            std::vector<std::string> const& workers) {
  softmax_options const options{
      .intercept = p.intercept, .weights = p.weights, .regularize_intercept = !p.free};
  hard::attack(
      name, p,
      [&](settings const& s, std::string const& worker, hard::point const& start) {
        softmax_objective const f(p.rows, p.labels, classes, penalty, options);
        return run(f, s, worker, start);
      },
      {exact, [&](auto x) { return exact.rounding(x); },
       [&](auto) { return std::numeric_limits<real>::infinity(); }},
      workers);
}

std::size_t penalized(hard::problem const& p) {
  return classes * (p.d + (p.intercept != 0 && !p.free ? 1 : 0));
}

}  // namespace

BOOST_AUTO_TEST_CASE(certificates_of_softmax_regression_hold) {
  std::uint64_t const first = hard::first_problem();
  for (std::uint64_t seed = first; seed != first + hard::problems(100); ++seed) {
    hard::problem p(seed);
    std::size_t const d = penalized(p);
    double const lambda = p.lambda;
    attack("softmax, l2", p, l2{lambda},
           {&p, [=](auto x) { return real{lambda} / 2 * squares(x.first(d)); }}, {"", "dane"});
  }
}

BOOST_AUTO_TEST_CASE(certificates_of_softmax_regression_without_a_gradient_hold) {
  std::uint64_t const first = hard::first_problem();
  for (std::uint64_t seed = first; seed != first + hard::problems(100); ++seed) {
    hard::problem p(seed);
    std::size_t const d = penalized(p);
    double const lambda = p.lambda, l2_strength = p.random.one_in(2) ? 0 : lambda / 5;
    bool const bounded = p.random.one_in(4);
    double const lower = bounded ? -0.4 : -hard::infinity, upper = bounded ? 0.3 : hard::infinity;
    if (p.random.one_in(2)) {
      attack("softmax, separable", p,
             any_penalty{box<elastic_net>(lower, upper, elastic_net(lambda, l2_strength))},
             {&p,
              [=](auto x) {
                real sum = 0;
                for (double const each : x.first(d)) {
                  if (each < lower || each > upper) return std::numeric_limits<real>::infinity();
                  sum += lambda * std::abs(real{each}) + real{l2_strength} * each * each / 2;
                }
                return sum;
              }},
             {""});
    } else {
      std::size_t const length = d / classes;
      attack("softmax, group_l1", p, any_penalty{group_l1::consecutive(d, length, lambda)},
             {&p,
              [=](auto x) {
                real sum = 0;
                for (std::size_t c = 0; c != classes; ++c)
                  sum += std::sqrt(real{static_cast<double>(length)}) *
                         std::sqrt(squares(x.subspan(c * length, length)));
                return lambda * sum;
              }},
             {""});
    }
  }
}
