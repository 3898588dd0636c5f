// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE planning_measure_constants
#include "localsgd/planning/measure_constants.hpp"

#include "localsgd/loss/logistic.hpp"
#include "localsgd/loss/squared.hpp"

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <ranges>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "test/support/data.hpp"
#include "test/support/problems.hpp"
#include "test/support/runs.hpp"

using namespace localsgd;
using support::at;
using support::infinity;
using support::layouts;
using support::not_a_number;
using point = std::vector<double>;

namespace {

quadratic_options noisy() {
  return {.spectrum = {0.5, 3, 1, 8},
          .minimiser = {1, -2, 0.5, 3},
          .samples = 300,
          .variance = 2.5,
          .minimum = -7,
          .seed = 4};
}

template <class Scalar>
double squared_length(std::vector<Scalar> const& v) {
  return std::pow(support::norm(v), 2);
}

// σ² and G² from their definitions, with the gradients of single samples.
struct moments {
  double variance, second;
};
template <Objective F>
moments by_definition(F const& f, std::vector<typename F::scalar> const& x) {
  auto const mean = at(f, x).gradient;
  moments m{0, 0};
  double const n = static_cast<double>(f.samples());
  for (std::size_t i = 0; i != f.samples(); ++i) {
    auto const g = at(f, x, {i}).gradient;
    m.variance += std::pow(support::euclidean_distance(g, mean), 2) / n;
    m.second += squared_length(g) / n;
  }
  return m;
}

template <class Matrix>
struct linear_problem {
  static constexpr std::size_t n = 50, d = 6;
  Matrix a = support::features<Matrix>(n, d, 0.6);
  std::vector<double> y = support::random_signs(n, 2), weights = random_weights();

  static std::vector<double> random_weights() {
    support::numbers random(8);
    std::vector<double> w(n);
    for (double& e : w) e = random.between(0, 3);
    return w;
  }
  template <class Scalar>
  auto logistic_with_everything(bool regularized = true) const {
    return linear_objective(
        a, y, logistic{}, l2{0.3},
        {.intercept = 0.7, .weights = weights, .regularize_intercept = regularized},
        iterate_type<Scalar>{});
  }
};

// The same objective, which says that its components are dear.
template <Objective F>
struct costly : F {
  explicit costly(F f) : F(std::move(f)) {}
  static double flops_per_sample() { return 1e9; }
};

// x* to the precision of numbers, by plain gradient descent.
template <Objective F>
std::vector<double> minimiser_of(F const& f) {
  std::vector<double> x(f.dimension());
  double const step = 1 / f.smoothness();
  for (int i = 0; i != 3000; ++i) {
    auto const g = at(f, x).gradient;
    for (std::size_t j = 0; j != x.size(); ++j) x[j] -= step * g[j];
  }
  return x;
}

void check_same(constants const& a, constants const& b) {
  for (auto const m : {&constants::smoothness, &constants::strong_convexity, &constants::variance,
                       &constants::second_moment, &constants::squared_distance}) {
    BOOST_TEST((a.*m).value == (b.*m).value);
    BOOST_TEST((a.*m).standard_error == (b.*m).standard_error);
    BOOST_TEST(((a.*m).from == (b.*m).from));
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(of_a_quadratic_everything_is_known) {
  quadratic const f(noisy());
  for (std::uint64_t seed = 0; seed != 5; ++seed) {
    auto const x = support::random_point(4, seed);
    constants const c = measure_constants(f, x);
    BOOST_TEST(c.smoothness.value == 8);
    BOOST_TEST(c.strong_convexity.value == 0.5);
    BOOST_TEST(c.condition_number() == 16);
    BOOST_TEST(c.variance.value == 2.5, boost::test_tools::tolerance(1e-12));
    // A(x − x*) is the full gradient.
    BOOST_TEST(c.second_moment.value == 2.5 + squared_length(at(f, x).gradient),
               boost::test_tools::tolerance(1e-12));
    for (auto const* exact : {&c.smoothness, &c.strong_convexity, &c.variance, &c.second_moment}) {
      BOOST_TEST((exact->from == origin::given));
      BOOST_TEST(exact->standard_error == 0);
    }
    double const distance = squared_length(noisy().minimiser);
    BOOST_TEST((c.squared_distance.from == origin::bound));
    BOOST_TEST(c.squared_distance.value >= distance);
    double const from_zero = squared_length(at(f, point(4)).gradient) / 0.25;
    BOOST_TEST(c.squared_distance.value <= from_zero * (1 + 1e-9));
  }
  BOOST_TEST(measure_constants(f, noisy().minimiser).squared_distance.value ==
                 squared_length(noisy().minimiser),
             boost::test_tools::tolerance(1e-11));
}

BOOST_AUTO_TEST_CASE(without_noise_there_is_no_variance) {
  quadratic const f({.spectrum = {1, 2}});
  constants const c = measure_constants(f, point{0.5, 3});
  BOOST_TEST(c.variance.value <= 1e-25);
  BOOST_TEST(c.second_moment.value == squared_length(at(f, point{0.5, 3}).gradient),
             boost::test_tools::tolerance(1e-13));
  // Nor is there any gradient at the optimum: σ² <= G² <= rounding.
  constants const there = measure_constants(f, point{1, 1});
  BOOST_TEST(there.second_moment.value <= 1e-25);
  BOOST_TEST(there.variance.value <= there.second_moment.value);
}

BOOST_AUTO_TEST_CASE(the_largest_of_all_points_counts) {
  quadratic const f(noisy());
  std::vector<point> const points{{0, 0, 0, 0}, {9, 9, 9, -9}, noisy().minimiser};
  constants const c = measure_constants(f, points);
  BOOST_TEST(c.second_moment.value == 2.5 + squared_length(at(f, points[1]).gradient),
             boost::test_tools::tolerance(1e-12));
  // …but the distance is measured from the last one.
  BOOST_TEST(c.squared_distance.value == squared_length(noisy().minimiser),
             boost::test_tools::tolerance(1e-11));
}

BOOST_AUTO_TEST_CASE(any_range_of_any_vectors_is_a_run) {
  quadratic const f(noisy());
  std::vector<point> const points{{0, 0, 0, 0}, {1, 2, 3, 4}};
  constants const expected = measure_constants(f, points);
  std::array<std::span<double const>, 2> const spans{points[0], points[1]};
  check_same(measure_constants(f, spans), expected);
  std::vector<vector<double>> tensors;
  for (auto const& p : points)
    tensors.push_back(detail::to_vector<double>(std::span<double const>(p)));
  check_same(measure_constants(f, tensors), expected);
  // One point is a run as well, whatever holds it.
  constants const one = measure_constants(f, std::vector{points[1]});
  check_same(measure_constants(f, points[1]), one);
  check_same(measure_constants(f, std::span(points[1])), one);
  check_same(measure_constants(f, tensors[1]), one);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(of_linear_models_it_is_what_single_gradients_say, Matrix, layouts) {
  linear_problem<Matrix> const p;
  auto const check = [&](auto const& f) {
    using scalar = typename std::remove_cvref_t<decltype(f)>::scalar;
    for (std::uint64_t seed = 0; seed != 3; ++seed) {
      auto const x = support::random_point<scalar>(f.dimension(), seed);
      constants const c = measure_constants(f, x);
      moments const m = by_definition(f, x);
      auto const tolerance = boost::test_tools::tolerance(sizeof(scalar) == 4 ? 1e-5 : 1e-11);
      BOOST_TEST(c.variance.value == m.variance, tolerance);
      BOOST_TEST(c.second_moment.value == m.second, tolerance);
      BOOST_TEST((c.variance.from == origin::given));
      BOOST_TEST(c.strong_convexity.value == 0.3);
      // Power iteration is below L, the bound above it.
      BOOST_TEST((c.smoothness.from == origin::bound));
      BOOST_TEST(c.smoothness.value >= f.smoothness());
      BOOST_TEST(c.smoothness.value == f.smoothness(), boost::test_tools::tolerance(5e-6));
    }
  };
  check(p.template logistic_with_everything<double>());
  check(p.template logistic_with_everything<float>());
  check(linear_objective(p.a, p.y, localsgd::squared{}, l2{0.3}));
}

BOOST_AUTO_TEST_CASE(a_free_intercept_counts_among_what_single_gradients_say) {
  linear_problem<csr_matrix<double>> const p;
  auto const f = p.logistic_with_everything<double>(false);
  auto const x = support::random_point(f.dimension(), 3);
  constants const c = measure_constants(f, x);
  moments const m = by_definition(f, x);
  BOOST_TEST(c.variance.value == m.variance, boost::test_tools::tolerance(1e-11));
  BOOST_TEST(c.second_moment.value == m.second, boost::test_tools::tolerance(1e-11));
  BOOST_TEST(c.strong_convexity.value == 0);
  BOOST_TEST(c.smoothness.value >= f.smoothness());
}

BOOST_AUTO_TEST_CASE(of_softmax_it_is_what_single_gradients_say) {
  support::problem const p(60, 4);
  softmax_objective const f(p.sparse, p.classes, 3, l2{0.1});
  auto const x = support::random_point(12, 3);
  constants const c = measure_constants(f, x);
  moments const m = by_definition(f, x);
  BOOST_TEST(c.variance.value == m.variance, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(c.second_moment.value == m.second, boost::test_tools::tolerance(1e-12));
  BOOST_TEST((c.smoothness.from == origin::estimate));
  BOOST_TEST(c.smoothness.value == f.smoothness());
  BOOST_TEST(c.smoothness.standard_error == 1e-6 * f.smoothness());
}

BOOST_AUTO_TEST_CASE(smoothness_of_linear_models_can_be_estimated_instead) {
  linear_problem<dense_matrix<double>> const p;
  auto const f = p.logistic_with_everything<double>();
  constants const c = measure_constants(f, point(7), {.proven_smoothness = false});
  BOOST_TEST((c.smoothness.from == origin::estimate));
  BOOST_TEST(c.smoothness.value == f.smoothness());
  BOOST_TEST(c.smoothness.standard_error > 0);
  BOOST_TEST(c.smoothness.standard_error <= 1e-5 * f.smoothness());
}

BOOST_AUTO_TEST_CASE(samples_estimate_within_their_errors_and_by_seed) {
  auto const a = support::random_features<double>(4000, 5, 1);
  auto const y = support::random_signs(4000, 2);
  linear_objective const cheap(a, y, logistic{}, l2{0.1});
  costly const f{cheap};
  std::vector<point> points(4, support::random_point(5, 4));
  for (std::size_t i = 0; i != points.size(); ++i)
    for (double& e : points[i]) e *= static_cast<double>(i) / 3;
  constants const exact = measure_constants(cheap, points);
  BOOST_TEST((exact.variance.from == origin::given));
  std::vector<double> variances;
  for (std::uint64_t seed = 0; seed != 20; ++seed) {
    constants const c = measure_constants(f, points, {.samples = 500, .seed = seed});
    for (auto const m : {&constants::variance, &constants::second_moment}) {
      BOOST_TEST(((c.*m).from == origin::estimate));
      BOOST_TEST((c.*m).standard_error > 0);
      BOOST_TEST((c.*m).standard_error < 0.1 * (c.*m).value);
      BOOST_TEST(std::abs((c.*m).value - (exact.*m).value) <= 4 * (c.*m).standard_error);
    }
    variances.push_back(c.variance.value);
  }
  check_same(measure_constants(f, points, {.samples = 500, .seed = 3}),
             measure_constants(f, points, {.samples = 500, .seed = 3}));
  std::ranges::sort(variances);
  BOOST_TEST((std::ranges::adjacent_find(variances) == variances.end()));
}

BOOST_AUTO_TEST_CASE(of_any_objective_samples_estimate_the_same) {
  costly const f{quadratic(noisy())};
  constants const c = measure_constants(f, point(4), {.samples = 60});
  BOOST_TEST((c.variance.from == origin::estimate));
  BOOST_TEST(c.variance.standard_error > 0);
  BOOST_TEST(c.variance.standard_error < 0.5);
  BOOST_TEST(std::abs(c.variance.value - 2.5) <= 4 * c.variance.standard_error);
  double const second = 2.5 + squared_length(at(f, point(4)).gradient);
  BOOST_TEST(std::abs(c.second_moment.value - second) <= 4 * c.second_moment.standard_error);
}

BOOST_AUTO_TEST_CASE(every_sample_is_used_on_request) {
  costly const f{quadratic(noisy())};
  constants const expected = measure_constants(quadratic(noisy()), point(4));
  check_same(measure_constants(f, point(4), {.samples = 60, .every_sample = true}), expected);
  check_same(measure_constants(f, point(4), {.samples = 300}), expected);
  check_same(measure_constants(f, point(4), {.samples = 301}), expected);
}

BOOST_AUTO_TEST_CASE(where_nothing_is_known_curvature_is_estimated) {
  auto const a = support::random_features<double>(2000, 6, 5);
  std::vector<double> const y = support::random_signs(2000, 2);
  support::custom const f{&a, &y};
  linear_objective const known(a, y, localsgd::squared{}, l2{});
  auto const x = support::random_point(6, 1);
  constants const c = measure_constants(f, x, {.seed = 7});
  BOOST_TEST((c.smoothness.from == origin::estimate));
  BOOST_TEST(c.smoothness.standard_error > 0);
  // Batches of 256 see λ_max too large, by a factor of up to about (1 + √(d/256))².
  BOOST_TEST(c.smoothness.value >= known.smoothness() * 0.98);
  BOOST_TEST(c.smoothness.value <= known.smoothness() * std::pow(1 + std::sqrt(6.0 / 256), 2));
  BOOST_TEST(c.strong_convexity.value == 0);
  BOOST_TEST((c.strong_convexity.from == origin::given));
  BOOST_TEST(c.condition_number() == infinity);
  moments const m = by_definition(f, x);
  BOOST_TEST(c.variance.value == m.variance, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(c.second_moment.value == m.second, boost::test_tools::tolerance(1e-12));

  check_same(measure_constants(f, x, {.seed = 7}), c);
  constants const other = measure_constants(f, x, {.seed = 8});
  BOOST_TEST(other.smoothness.value != c.smoothness.value);
  BOOST_TEST(other.variance.value == c.variance.value);  // of all samples

  // Few samples are one batch: only the starts differ, and L is exact.
  auto const small = support::random_features<double>(100, 6, 5);
  support::custom const g{&small, &y};
  linear_objective const small_known(small, std::span(y).first(100), localsgd::squared{}, l2{});
  constants const exact = measure_constants(g, x);
  BOOST_TEST(exact.smoothness.value == small_known.smoothness(),
             boost::test_tools::tolerance(2e-3));
  BOOST_TEST(exact.smoothness.standard_error <= 5e-3 * exact.smoothness.value);
}

BOOST_AUTO_TEST_CASE(estimated_smoothness_is_no_less_than_given_convexity) {
  struct round_bowl {  // f(x) = ½·3‖x‖², but its gradients are rounded to float
    using scalar = float;
    std::size_t dimension() const { return 5; }
    std::size_t samples() const { return 4; }
    double strong_convexity() const { return 3; }
    double gradient(std::span<float const> x, std::span<std::size_t const>,
                    std::span<float> g) const {
      double sum = 0;
      for (std::size_t j = 0; j != x.size(); ++j) {
        g[j] = 2.999F * x[j];
        sum += 1.5 * static_cast<double>(x[j] * x[j]);
      }
      return sum;
    }
  };
  constants const c = measure_constants(round_bowl{}, std::vector<float>(5, 1.0F));
  BOOST_TEST(c.smoothness.value == 3);
  BOOST_TEST((c.smoothness.from == origin::estimate));
  BOOST_TEST(c.condition_number() == 1);
}

BOOST_AUTO_TEST_CASE(the_distance_is_bounded_and_the_tighter_the_nearer_the_point) {
  linear_problem<csr_matrix<double>> const p;
  auto const f = p.logistic_with_everything<double>();
  auto const best = minimiser_of(f);
  double const exact = squared_length(best);
  double before = infinity;
  for (double const part : {0.0, 0.5, 0.9, 0.999, 1.0}) {
    auto x = best;
    for (double& e : x) e *= part;
    constant const distance = measure_constants(f, x).squared_distance;
    BOOST_TEST((distance.from == origin::bound));
    BOOST_TEST(distance.value >= exact);
    BOOST_TEST(distance.value <= before);
    before = distance.value;
  }
  BOOST_TEST(before == exact, boost::test_tools::tolerance(1e-10));
  BOOST_TEST(measure_constants(f, point(7)).squared_distance.value ==
                 squared_length(at(f, point(7)).gradient) / 0.09,
             boost::test_tools::tolerance(1e-11));
}

BOOST_AUTO_TEST_CASE(without_strong_convexity_nothing_bounds_the_distance) {
  quadratic const f({.spectrum = {0, 4}, .minimiser = {0, 1}});
  for (auto const& x : {point{0, 0}, point{3, 4}}) {
    constant const distance = measure_constants(f, x).squared_distance;
    BOOST_TEST((distance.from == origin::estimate));
    BOOST_TEST(distance.standard_error == infinity);
    double const gradient = squared_length(at(f, point(2)).gradient);
    BOOST_TEST(distance.value == std::max(squared_length(x), gradient / 16),
               boost::test_tools::tolerance(1e-12));
  }
}

BOOST_AUTO_TEST_CASE(a_run_gives_the_points_it_visits) {
  linear_problem<csr_matrix<float>> const p;
  auto const f = p.logistic_with_everything<double>();
  result<double> const r = minimize(f, {.workers = 2, .epochs = 40}, serial{}, linear_sgd{});
  constants const c = measure_constants(f, r);
  point const x(r.x.begin(), r.x.end());
  for (double const part : {0.0, 0.25, 0.5, 0.75, 1.0}) {
    auto between = x;
    for (double& e : between) e *= part;
    moments const m = by_definition(f, between);
    BOOST_TEST(c.variance.value >= m.variance * (1 - 1e-12));
    BOOST_TEST(c.second_moment.value >= m.second * (1 - 1e-12));
  }
  for (auto const& other : {r.average, r.last})
    BOOST_TEST(c.second_moment.value >=
               by_definition(f, point(other.begin(), other.end())).second * (1 - 1e-12));
  // The certificate of the run bounds the distance better than the gradient where it is tighter.
  double const exact = squared_length(minimiser_of(f));
  BOOST_TEST(c.squared_distance.value >= exact);
  auto proven = r;
  proven.certificate = 1e-14;
  BOOST_TEST(measure_constants(f, proven).squared_distance.value <=
             std::pow(support::norm(x) + std::sqrt(2e-14 / 0.3), 2) * (1 + 1e-11));
  BOOST_TEST(measure_constants(f, proven).squared_distance.value < c.squared_distance.value);
}

BOOST_AUTO_TEST_CASE(bad_points_are_refused_by_name) {
  quadratic const f(noisy());
  auto const refused = [&](auto const& points) {
    auto const e = support::error_of<invalid_data>([&] { measure_constants(f, points); });
    return e.file + " | " + e.found + " | " + e.expected;
  };
  BOOST_TEST(refused(std::vector<point>{}) == "points | 0 points | at least one");
  BOOST_TEST(refused(std::vector<point>{point(4), point(3)}) ==
             "points[1] | 3 coordinates | 4, the dimension of the objective");
  BOOST_TEST(refused(std::vector<point>{{0, not_a_number, 0, 0}}) ==
             "points[0][1] | nan | a finite number");
  BOOST_TEST(refused(point(5)) == "x | 5 coordinates | 4, the dimension of the objective");
  BOOST_TEST(refused(point{}) == "x | 0 coordinates | 4, the dimension of the objective");
  BOOST_TEST(refused(point{0, 0, 0, -infinity}) == "x[3] | -inf | a finite number");
  result<double> r;
  r.x = r.average = r.last = detail::to_vector<double>(std::span<double const>(point(3)));
  BOOST_TEST(refused(r) == "result.x | 3 coordinates | 4, the dimension of the objective");
}

BOOST_AUTO_TEST_CASE(bad_options_and_what_cannot_be_measured_are_refused_by_name) {
  quadratic const f(noisy());
  auto const refused = [](auto const& call) {
    auto const e = support::error_of<invalid_settings>(call);
    return e.field + " = " + e.value + ": " + e.rule;
  };
  for (std::size_t const samples : {0U, 1U})
    BOOST_TEST(refused([&] { measure_constants(f, point(4), {.samples = samples}); }) ==
               "samples = " + std::to_string(samples) + ": >= 2");
  result<double> r;
  r.x = r.average = r.last = detail::to_vector<double>(std::span<double const>(point(4)));
  r.reason = stop_reason::diverged;
  BOOST_TEST(refused([&] { measure_constants(f, r); }) ==
             "result.reason = diverged: that of a usable run");

  quadratic const flat({.spectrum = {0, 0}});
  BOOST_TEST(refused([&] { measure_constants(flat, point(2)); }) ==
             "constants.smoothness = 0: finite and > 0");
  // Gradients that overflow are seen, whichever point has them.
  quadratic const steep({.spectrum = {1e200, 1e200}});
  for (auto const& points :
       {std::vector<point>{{1e100, 0}, {1, 1}}, std::vector<point>{{1, 1}, {1e100, 0}}}) {
    auto const e =
        support::error_of<invalid_settings>([&] { measure_constants(steep, points); });
    BOOST_TEST(e.rule == "finite and >= 0");
  }
  dense_matrix<double> const a{{1e160}, {1}};
  std::vector<double> const y{1, -1};
  linear_objective const least_squares(a, y, localsgd::squared{}, l2{1});
  BOOST_TEST(refused([&] { measure_constants(least_squares, point{1e160}); }) ==
             "constants.smoothness = inf: finite and > 0");
}

BOOST_AUTO_TEST_CASE(the_constants_of_w8a_are_the_known_ones, *support::needs("w8a")) {
  auto const& data = support::libsvm("w8a");
  double const lambda = 1 / static_cast<double>(data.features.rows());
  linear_objective const f(data.features, data.targets, logistic{}, l2{lambda});
  result<double> const r = minimize(f, {.tolerance = 1e-8});
  constants const c = measure_constants(f, r);
  std::printf("%s", to_string(c).c_str());
  BOOST_TEST((c.smoothness.from == origin::bound));
  BOOST_TEST(c.smoothness.value >= 0.661219 - 5e-7);
  BOOST_TEST(c.smoothness.value == 0.661219, boost::test_tools::tolerance(3e-6));
  // Without the factors, from the magnitudes of the features, which are all 0 or 1.
  auto const all_equal = [](std::size_t) { return 1.0; };
  double const spectral = detail::spectral_bound(data.features, 0, all_equal, 0);
  BOOST_TEST(spectral / 4 + lambda >= 0.661219 - 5e-7);
  BOOST_TEST(spectral / 4 + lambda == 0.661219, boost::test_tools::tolerance(2e-3));

  // ‖x*‖ = 27.68960 by Newton's method.
  BOOST_TEST(c.squared_distance.value >= 27.68959 * 27.68959);
  BOOST_TEST(c.squared_distance.value == 27.6896 * 27.6896, boost::test_tools::tolerance(5e-3));

  // E‖∇f_i(x*)‖² of the losses alone is 0.11187. They sum to −λx*, whose length is nothing here.
  constants const there = measure_constants(f, r.x);
  BOOST_TEST(there.variance.value == 0.11187, boost::test_tools::tolerance(1e-3));
  BOOST_TEST(c.variance.value > there.variance.value);
  // A sample of all points' gradients says the same, within its error.
  BOOST_TEST((c.variance.from == origin::given));
}
