// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_dane_subspace_search
#include "localsgd/worker/dane/subspace_search.hpp"

#include "localsgd/communicator/threads/thread_team.hpp"
#include "localsgd/loss/logistic.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/regularizer/l2.hpp"
#include "test/support/problems.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <cstddef>
#include <span>
#include <type_traits>
#include <vector>

using namespace localsgd;
using detail::subspace_search;

namespace {

constexpr std::size_t n = 90, d = 7;

/// Logistic regression, and the same function with nothing but its gradient to see.
struct problem {
  dense_matrix<double> rows = support::random_features<double>(n, d, 5);
  std::vector<double> y = std::vector<double>(n);
  std::vector<double> x = std::vector<double>(d);
  std::vector<std::vector<double>> along = {3, std::vector<double>(d)};
  plan p;
  problem() {
    support::numbers random(6);
    for (double& each : y) each = random.sign();
    for (double& each : x) each = random.between(-1, 1);
    for (auto& v : along)
      for (double& each : v) each = random.between(-1, 1);
    p.samples = n;
    p.dimension = d;
    p.workers = 4;
  }
};
template <class F>
struct gradient_only {
  using scalar = double;
  F const* f;
  std::size_t dimension() const { return f->dimension(); }
  std::size_t samples() const { return f->samples(); }
  double gradient(std::span<double const> x, std::span<std::size_t const> batch,
                  std::span<double> g) const {
    return f->gradient(x, batch, g);
  }
};

template <class F>
std::vector<double> gradient_at(F const& f, std::vector<double> const& x) {
  std::vector<std::size_t> all(n);
  for (std::size_t i = 0; i != n; ++i) all[i] = i;
  std::vector<double> g(x.size());
  f.gradient(std::span<double const>(x), all, g);
  return g;
}

/// α of a search on one thread, and the point that it leads to.
template <class F>
std::vector<double> found(F const& f, problem const& on) {
  detail::thread_state state(on.p.workers, 1);
  detail::thread_team team(state, 0);
  subspace_search<F> search(f, on.p);
  double sum = 0;
  search(f, std::span<double const>(on.x), {on.along.data(), on.along.size()}, team,
         [&](double passes) { sum += passes; });
  BOOST_TEST(search.found().drop() > 0);
  BOOST_TEST(search.passes() > 0);
  BOOST_TEST(search.passes() == sum);  // both are multiples of ½
  BOOST_TEST(team.sent().bytes > 0u);
  BOOST_TEST(team.sent().exchanges == 0u);
  auto const alpha = search.found().best();
  return {alpha.begin(), alpha.end()};
}

}  // namespace

BOOST_FIXTURE_TEST_CASE(the_gradient_is_orthogonal_to_the_directions_where_it_ends, problem) {
  for (double const intercept : {0.0, 2.0}) {
    auto wide = *this;
    if (intercept != 0) {
      wide.p.dimension = d + 1;
      wide.x.push_back(0.3);
      for (auto& v : wide.along) v.push_back(-0.2);
    }
    linear_objective const f(rows, y, logistic{}, l2{0.05}, {.intercept = intercept});
    std::vector<double> const alpha = found(f, wide);
    std::vector<double> point = wide.x;
    for (std::size_t i = 0; i != alpha.size(); ++i)
      for (std::size_t j = 0; j != point.size(); ++j) point[j] += alpha[i] * wide.along[i][j];
    auto const before = gradient_at(f, wide.x), after = gradient_at(f, point);
    for (auto const& v : wide.along) {
      double was = 0, is = 0;
      for (std::size_t j = 0; j != v.size(); ++j) was += before[j] * v[j], is += after[j] * v[j];
      BOOST_TEST(std::abs(is) < 0.02 * (std::abs(was) + 0.1));
    }
  }
}

BOOST_FIXTURE_TEST_CASE(the_first_message_brings_both_ends_of_the_direction_and_a_number_of_each_part,
                        problem) {
  linear_objective const f(rows, y, logistic{}, l2{0.05});
  gradient_only<decltype(f)> const g{&f};
  auto const passes_of = [&](auto const& h) {
    detail::thread_state state(p.workers, 1);
    detail::thread_team team(state, 0);
    subspace_search<std::remove_cvref_t<decltype(h)>> search(h, p);
    std::vector<double> passes;
    search(
        h, std::span<double const>(x), {along.data(), along.size()}, team,
        [&](double more) { passes.push_back(more); },
        [](std::size_t part) { return static_cast<double>(part + 1); });
    BOOST_TEST(search.parts() == 4u);
    BOOST_TEST(search.carried() == 1 + 2 + 3 + 4);
    BOOST_TEST(passes.size() > 1u);
    return passes;
  };
  std::vector<double> const products = passes_of(f), gradients = passes_of(g);
  BOOST_TEST(products[0] == (1 + 3) / 2.0 + 2);  // the products, and f twice
  BOOST_TEST(products[1] == 1);
  BOOST_TEST(gradients[0] == 2 * (1 + 3));  // a gradient, and one beside it along each direction
  BOOST_TEST(gradients[1] == 1 + 3);
}

BOOST_FIXTURE_TEST_CASE(gradients_alone_lead_to_the_same_point, problem) {
  linear_objective const f(rows, y, logistic{}, l2{0.05});
  gradient_only<decltype(f)> const g{&f};
  auto const by_products = found(f, *this), by_gradients = found(g, *this);
  for (std::size_t i = 0; i != by_products.size(); ++i)
    BOOST_TEST(std::abs(by_products[i] - by_gradients[i]) < 1e-3);
}
