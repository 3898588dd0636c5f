// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_svrg_proximal_iterate
#include "localsgd/worker/svrg/proximal_iterate.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "localsgd/checkpoint/archive.hpp"
#include "localsgd/regularizer/box.hpp"
#include "localsgd/regularizer/elastic_net.hpp"
#include "localsgd/regularizer/l1.hpp"
#include "localsgd/regularizer/nonnegative.hpp"
#include "localsgd/regularizer/weighted.hpp"
#include "test/support/problems.hpp"
#include "test/support/step_table.hpp"

namespace {

using namespace localsgd;
using detail::aligned_vector;
using detail::proximal_iterate;
using detail::row_of;
using detail::state_reader;
using detail::state_writer;
using support::layouts;

// 21 columns, which no width of vectors divides, and an intercept.
constexpr std::size_t n = 30, columns = 21, d = columns + 1;

// Slopes g and step sizes η.
template <class Matrix>
using steps_for = support::step_table<detail::has_sparse_rows<Matrix>, d>;

// λ|u|, without the closed form of many steps.
struct one_by_one {
  double lambda;
  double prox_at(std::size_t, double v, double step) const {
    return std::copysign(std::max(std::abs(v) - step * lambda, 0.0), v);
  }
};

// x and A as they are defined.
template <class R>
struct reference {
  R const* r;
  std::size_t penalized;
  std::vector<double> g, eta;
  std::vector<double> x = std::vector<double>(d), sum = std::vector<double>(d);
  double weight = 0, weights = 0;

  void weigh(double w) { weight += w, weights += w; }
  void add_at(double c, std::size_t j) { x[j] += c * eta[j]; }
  void add(double c, dense_matrix<double> const& a, std::size_t i) {
    for (std::size_t j = 0; j != columns; ++j) x[j] += c * eta[j] * a(i, j);
  }
  void make_common_step() {
    for (std::size_t j = 0; j != d; ++j) {
      x[j] -= eta[j] * g[j];
      if (j < penalized) x[j] = r->prox_at(j, x[j], eta[j]);
    }
  }
  double dot(dense_matrix<double> const& a, std::size_t i) const {
    double product = 0;
    for (std::size_t j = 0; j != columns; ++j) product += a(i, j) * x[j];
    return product;
  }
  void assign(std::vector<double> const& from) {
    for (std::size_t j = 0; j != d; ++j) sum[j] += weight * x[j];
    x = from;
    weight = 0;
  }
  std::vector<double> average() const {
    auto out = sum;
    for (std::size_t j = 0; j != d; ++j) out[j] = (out[j] + weight * x[j]) / weights;
    return out;
  }
};

template <class Matrix, class R>
struct pair_of {
  R r;
  std::size_t penalized;
  steps_for<Matrix> steps;
  proximal_iterate<steps_for<Matrix>, R> lazy;
  reference<R> book;
  support::numbers random{5};

  explicit pair_of(R const& regularizer, std::size_t on = d)
      : r(regularizer),
        penalized(on),
        lazy(steps, r, penalized, aligned_vector<double>(2 * d)),
        book{&r, penalized, {}, {}} {
    take(1);
  }
  pair_of(pair_of const&) = delete;

  void take(double size) {  // at the start, or after an assign
    book.g.clear(), book.eta.clear();
    for (std::size_t j = 0; j != d; ++j) {
      book.g.push_back(size * random.between(-1, 1));
      book.eta.push_back(random.between(0.01, 0.2));
    }
    steps.take(book.g, book.eta);
  }
  std::vector<double> point() const {
    std::vector<double> out(d);
    lazy.write(std::span(out));
    return out;
  }
  std::vector<double> average() const {
    std::vector<double> out(d);
    lazy.write_average(book.weights, std::span(out));
    return out;
  }
  void assign(std::vector<double> const& from) {
    lazy.assign(std::span<double const>(from));
    book.assign(from);
  }
  // How many coordinates are 0.
  std::size_t check() const {
    auto const x = point();
    BOOST_TEST(support::relative_distance(x, book.x) <= 1e-13);
    BOOST_TEST(support::relative_distance(average(), book.average()) <= 1e-12);
    std::size_t zeros = 0;
    for (std::size_t j = 0; j != d; ++j) {
      BOOST_TEST((x[j] == 0) == (book.x[j] == 0));
      BOOST_TEST(lazy.x(j) == x[j]);
      if (x[j] == 0) ++zeros;
    }
    return zeros;
  }
};

template <class Matrix, class R>
void follows_the_loop(R const& r, std::size_t penalized) {
  auto const a = support::features<Matrix>(n, columns, 0.15);
  auto const dense = support::features<dense_matrix<double>>(n, columns, 0.15);
  pair_of<Matrix, R> both(r, penalized);
  std::size_t zeros = 0, seen = 0;
  for (std::size_t t = 0; t != 3000; ++t) {
    double const w = static_cast<double>(t + 1);
    both.lazy.weigh(w), both.book.weigh(w);
    std::size_t const batch = 1 + t % 2, i = both.random.below(n - 1);
    for (std::size_t k = i; k != i + batch; ++k) {
      double const z = both.lazy.dot(row_of(a, k), row_of(a, i));
      BOOST_TEST(std::abs(z - both.book.dot(dense, k)) <= 1e-12 * (1 + support::norm(both.book.x)));
    }
    for (std::size_t k = i; k != i + batch; ++k) {
      double const c = both.random.on_grid();
      both.lazy.add(c, row_of(a, k)), both.book.add(c, dense, k);
      both.lazy.add_at(c / 2, columns), both.book.add_at(c / 2, columns);
    }
    both.lazy.make_common_step(), both.book.make_common_step();
    if (t % 41 == 40) zeros += both.check(), seen += d;
    if (t % 300 != 299) continue;
    both.assign(support::random_point(d, t));  // a round ends
    both.check();
    if (t % 600 == 599) both.take(0.5);  // and the anchor moves
    both.check();
  }
  BOOST_TEST(zeros > seen / 20);
  BOOST_TEST(zeros < seen);
}

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(lazy_steps_are_those_of_a_loop_over_all_coordinates, Matrix,
                              layouts) {
  for (std::size_t const penalized : {d, columns}) {
    follows_the_loop<Matrix>(l1{0.6}, penalized);
    follows_the_loop<Matrix>(elastic_net{0.5, 0.3}, penalized);
    follows_the_loop<Matrix>(box{-0.5, 1.5, l1{0.4}}, penalized);
    follows_the_loop<Matrix>(nonnegative{l1{0.2}}, penalized);
    std::vector<double> weights(d);
    for (std::size_t j = 0; j != d; ++j) weights[j] = static_cast<double>(j % 4);
    follows_the_loop<Matrix>(weighted{l1{0.5}, weights}, penalized);
    follows_the_loop<Matrix>(one_by_one{0.6}, penalized);
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(it_starts_at_zero, Matrix, layouts) {
  pair_of<Matrix, l1> const both(l1{0.5});
  BOOST_TEST(both.lazy.size() == d);
  BOOST_TEST((both.point() == std::vector<double>(d)));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_soft_threshold_by_hand, Matrix, layouts) {
  // η = 1/4, g = 1, λ = 2: a step is x ← S(x − 1/4, 1/2). From 1: 1/4, 0, and S(−1/4, 1/2) = 0
  // again.
  pair_of<Matrix, l1> both(l1{2});
  both.steps.take(std::vector<double>(d, 1.0), std::vector<double>(d, 0.25));
  both.assign(std::vector<double>(d, 1.0));
  for (double const expected : {0.25, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0}) {
    both.lazy.make_common_step();
    BOOST_TEST((both.point() == std::vector<double>(d, expected)));
  }
  both.lazy.add_at(6, columns);  // 6η = 3/2, then S(5/4, 1/2)
  both.lazy.make_common_step();
  BOOST_TEST(both.lazy.x(columns) == 0.75);
  BOOST_TEST(both.lazy.x(0) == 0);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(coordinates_without_a_penalty_make_plain_steps, Matrix, layouts) {
  pair_of<Matrix, l1> both(l1{1e6}, columns);
  both.steps.take(std::vector<double>(d, -0.5), std::vector<double>(d, 0.25));
  for (int t = 0; t != 8; ++t) both.lazy.make_common_step();
  for (std::size_t j = 0; j != d; ++j) BOOST_TEST(both.lazy.x(j) == (j < columns ? 0 : 1));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(the_average_has_the_ends_of_stretches, Matrix, layouts) {
  pair_of<Matrix, l1> both(l1{0});
  both.steps.take(std::vector<double>(d, -4.0), std::vector<double>(d, 0.25));  // x ← x + 1
  both.assign(std::vector<double>(d, 2.0));
  for (double const w : {1.0, 2.0, 5.0}) {
    both.lazy.weigh(w), both.book.weigh(w);
    both.lazy.make_common_step();
  }
  BOOST_TEST((both.average() == std::vector<double>(d, 5.0)));  // not the mean of 2, 3 and 4
  both.assign(std::vector<double>(d, 8.0));
  both.lazy.weigh(8), both.book.weigh(8);
  both.lazy.make_common_step();
  BOOST_TEST((both.average() == std::vector<double>(d, 7.0)));  // (8·5 + 8·9)/16
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_restart_forgets_everything, Matrix, layouts) {
  pair_of<Matrix, l1> both(l1{0.5});
  both.assign(std::vector<double>(d, 3e10));
  both.lazy.weigh(7);
  both.lazy.make_common_step();
  auto const from = support::random_point(d, 3);
  both.lazy.restart(5, std::span<double const>(from));
  BOOST_TEST((both.point() == from));
  both.book.weights = 5;
  BOOST_TEST((both.average() == from));  // multiples of 1/64: exact
  both.lazy.weigh(3);
  both.book.weights = 8;
  BOOST_TEST((both.average() == from));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_state_that_is_read_back_goes_on_with_the_same_bits, Matrix,
                              layouts) {
  auto const a = support::features<Matrix>(n, columns, 0.15);
  auto const some_steps = [&](auto& both, std::uint64_t seed) {
    support::numbers random(seed);
    for (int t = 0; t != 50; ++t) {
      std::size_t const i = random.below(n);
      both.lazy.weigh(t + 1);
      both.lazy.dot(row_of(a, i), row_of(a, i));
      both.lazy.add(random.on_grid(), row_of(a, i));
      both.lazy.make_common_step();
    }
  };
  pair_of<Matrix, l1> both(l1{0.5}), other(l1{0.5});
  both.assign(support::random_point(d, 2));
  some_steps(both, 1);
  state_writer out;
  both.lazy.state(out);
  state_reader in(out.bytes);
  other.lazy.state(in);
  BOOST_TEST(in.left() == 0u);
  for (auto* each : {&both, &other}) {
    some_steps(*each, 2);
    each->lazy.assign(std::span<double const>(support::random_point(d, 4)));
    some_steps(*each, 3);
    each->book.weights = 4000;
  }
  BOOST_TEST((both.point() == other.point()));
  BOOST_TEST((both.average() == other.average()));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(points_of_float_are_widened_and_rounded, Matrix, layouts) {
  pair_of<Matrix, l1> both(l1{0.5});
  auto const from = support::random_point<float>(d, 3);
  std::vector<float> out(d);
  both.lazy.assign(std::span<float const>(from));
  both.lazy.write(std::span(out));
  BOOST_TEST((out == from));
  both.lazy.make_common_step();
  both.lazy.write(std::span(out));
  for (std::size_t j = 0; j != d; ++j) BOOST_TEST(out[j] == static_cast<float>(both.lazy.x(j)));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(numbers_that_are_not_finite_are_passed_on, Matrix, layouts) {
  for (double const bad : {support::not_a_number, support::infinity}) {
    pair_of<Matrix, l1> both(l1{0.5});
    both.lazy.add_at(bad, 3);
    for (int t = 0; t != 9; ++t) both.lazy.make_common_step();
    for (std::size_t j = 0; j != d; ++j) BOOST_TEST(std::isfinite(both.lazy.x(j)) == (j != 3));
  }
}
