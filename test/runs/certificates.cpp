// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE runs_certificates
#include "localsgd/minimize.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "localsgd/loss/gamma.hpp"
#include "localsgd/loss/huber.hpp"
#include "localsgd/loss/logistic.hpp"
#include "localsgd/loss/poisson.hpp"
#include "localsgd/loss/smoothed_hinge.hpp"
#include "localsgd/loss/smoothed_quantile.hpp"
#include "localsgd/loss/squared.hpp"
#include "localsgd/loss/squared_hinge.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/objective/sharded.hpp"
#include "localsgd/objective/softmax.hpp"
#include "localsgd/regularizer/box.hpp"
#include "localsgd/regularizer/elastic_net.hpp"
#include "localsgd/regularizer/group_l1.hpp"
#include "localsgd/regularizer/l2.hpp"
#include "localsgd/regularizer/weighted.hpp"
#include "localsgd/synchronizer/serial.hpp"
#include "test/support/any_loss.hpp"
#include "test/support/any_penalty.hpp"
#include "test/support/problems.hpp"

// No certificate of any evaluation is below F(x) − F*: over random problems of all losses, regularizers,
// shapes, weights and intercepts. F* is that of the best point of all runs, F summed in long double.
// --log_level=message prints the ratios of certificates and gaps.

using namespace localsgd;

namespace {

using point = std::vector<double>;
using real = long double;
using support::any_loss;

// l1, elastic_net, box, nonnegative and weighted are all of this type, with the same arithmetic.
using separable_penalty = box<weighted<elastic_net>>;

using any_penalty = support::any_penalty<separable_penalty, group_l1>;

// A regularizer of d coordinates, and its name.
enum class kind { l1, elastic_net, weighted_l1, box, box_of_l1, nonnegative_l1, count };
struct named_penalty {
  std::string name;
  separable_penalty r;
};
named_penalty penalty_of(kind which, std::size_t d, double strength, support::numbers& random) {
  constexpr double infinite = support::infinity;
  point weights(d, 1.0);
  auto const make = [&](std::string const& name, double l1, double l2, double lower, double upper) {
    return named_penalty{name, separable_penalty(lower, upper, weighted(elastic_net(l1, l2), weights))};
  };
  switch (which) {
    case kind::l1: return make("l1", strength, 0, -infinite, infinite);
    case kind::elastic_net: return make("elastic_net", strength, strength / 10, -infinite, infinite);
    case kind::weighted_l1:
      for (double& each : weights) each = 0.5 + static_cast<double>(random.below(3));
      return make("weighted l1", strength, 0, -infinite, infinite);
    case kind::box: return make("box", 0, 0, -0.3, 0.5);
    case kind::box_of_l1: return make("box of l1", strength, 0, -1, infinite);
    default: return make("nonnegative l1", strength, 0, 0, infinite);
  }
}

// A random problem: n × d features, of different sizes in some, with equal columns in others.
struct problem {
  std::size_t n, d;
  dense_matrix<float> rows;
  csr_matrix<float> sparse;
  point signs, reals, counts, positive, weights, offsets;
  std::vector<int> classes;
  double strength, intercept;
  bool free;
  support::numbers random;

  explicit problem(std::uint64_t seed) : random(seed) {
    n = 1 + random.below(seed % 5 == 0 ? 8 : 40);
    d = 1 + random.below(seed % 7 == 0 ? 30 : 8);
    auto const made = support::random_features<double>(n, d, seed, random.between(0.2, 1));
    rows = dense_matrix<float>(std::array<std::size_t, 2>{n, d}, 0.0F);
    double const size = seed % 11 == 0 ? 100 : 1, shift = seed % 3 == 0 ? 0.5 : 0;
    for (std::size_t i = 0; i != n; ++i)
      for (std::size_t j = 0; j != d; ++j) {
        std::size_t const from = seed % 13 == 0 ? j / 2 : j;
        rows(i, j) = static_cast<float>((made(i, from) + shift) * (j == 0 ? size : 1));
      }
    sparse = to_csr(rows);
    point slope(d);
    for (double& each : slope) each = random.between(-1, 1);
    bool const one_class = seed % 17 == 0, separable = seed % 4 == 0;
    for (std::size_t i = 0; i != n; ++i) {
      double z = 0;
      for (std::size_t j = 0; j != d; ++j) z += slope[j] * static_cast<double>(rows(i, j));
      if (!separable) z += random.between(-2, 2);
      signs.push_back(z > 0 || one_class ? 1 : -1);
      reals.push_back(z);
      counts.push_back(std::floor(std::exp(std::clamp(z, -2.0, 2.0))));
      positive.push_back(std::exp(std::clamp(z, -2.0, 2.0)));
      classes.push_back(one_class ? 1 : z < -0.5 ? 0 : z < 0.5 ? 1 : 2);
      weights.push_back(random.below(3) == 0 ? 0 : random.between(0, 2));
      offsets.push_back(random.between(-1, 1));
    }
    weights[0] = 1;
    if (seed % 3 != 1) weights.clear();
    if (seed % 4 != 2) offsets.clear();
    strength = std::pow(10, -random.between(0.5, 4));
    intercept = seed % 3 == 0 ? 0 : seed % 3 == 1 ? 1 : 0.5;
    free = seed % 2 == 0;
  }

  linear_options options() const {
    return {.intercept = intercept, .weights = weights, .offset = offsets, .regularize_intercept = !free};
  }
  softmax_options softmax() const {
    return {.intercept = intercept, .weights = weights, .regularize_intercept = !free};
  }
  std::size_t penalized(double constant) const { return d + (constant != 0 && !free ? 1 : 0); }

  std::pair<any_loss, point const*> loss(std::uint64_t which) const {
    switch (which % 8) {
      case 0: return {any_loss::of(logistic{}), &signs};
      case 1: return {any_loss::of(squared{}), &reals};
      case 2: return {any_loss::of(squared_hinge{}), &signs};
      case 3: return {any_loss::of(smoothed_hinge{0.5}), &signs};
      case 4: return {any_loss::of(huber{0.3}), &reals};
      case 5: return {any_loss::of(smoothed_quantile{0.3, 0.2}), &reals};
      case 6: return {any_loss::of(poisson{30}), &counts};
      default: return {any_loss::of(gamma_loss{20}), &positive};
    }
  }
};

// F(x) in long double.
template <class F>
real exact_value(F const& f, std::span<double const> x) {
  real sum = 0, weights = 0;
  for (std::size_t i = 0; i != f.samples(); ++i) {
    auto const row = detail::row_of(f.features(), i);
    real const share = f.scale(i);
    weights += share;
    auto const product = [&](std::size_t first) {
      real z = 0;
      detail::for_each_entry(row, [&](std::size_t j, double a) { z += real{a} * x[first + j]; });
      return z;
    };
    if constexpr (requires { f.loss(); }) {
      real z = product(0);
      if (f.intercept() != 0) z += real{f.intercept()} * x.back();
      if (!detail::offsets_of(f).empty()) z += detail::offsets_of(f)[i];
      sum += share * f.loss().value(static_cast<double>(z), f.target(i));
    } else {
      std::size_t const columns = f.features().shape(1), first = f.classes() * columns;
      std::vector<real> z;
      for (std::size_t c = 0; c != f.classes(); ++c) {
        z.push_back(product(c * columns));
        if (f.intercept() != 0) z.back() += real{f.intercept()} * x[first + c];
      }
      real const top = *std::ranges::max_element(z);
      real all = 0;
      for (real const each : z) all += std::exp(each - top);
      sum += share * (std::log(all) + top - z[f.label(i)]);
    }
  }
  return sum / weights + real{f.regularizer().value(detail::penalized(f, x))};
}

std::map<std::string, std::pair<point, point>> ratios;  // at gaps around 1e-4 and 1e-8
std::size_t problems = 0, evaluations = 0, certified = 0, tight = 0;

// Four runs of `run`, which is f or f in shards, and what they prove of the minimum.
template <class F, class G>
void check(F const& f, G const& run, std::string const& name, std::uint64_t seed,
           std::optional<std::size_t> shards = {}) {
  ++problems;
  std::vector<evaluation> all;
  real best = std::numeric_limits<real>::infinity();
  double proved = support::infinity;
  std::size_t from = 0;  // evaluations that may have skipped a bound that would not end the run
  auto const make = [&](settings s) {
    s.workers = shards ? *shards : std::min<std::size_t>(s.workers, f.samples());
    s.seed = seed;
    auto const r = minimize(run, s, serial{});
    all.insert(all.end(), r.history.begin(), r.history.end());
    if (!r.usable()) return;
    best = std::min(best, exact_value(f, std::span<double const>(r.x.data(), r.x.size())));
    proved = std::min(proved, r.certificate);
  };
  make({.workers = 2, .epochs = 400, .tolerance = 1e-6});
  from = all.size();
  make({.epochs = 3, .evaluations = 3});
  make({.workers = 3, .epochs = 25, .evaluations = 25});
  make({.workers = 2, .epochs = 400, .tolerance = 1e-13, .evaluations = 100});
  // What f(x) as it is reported, and F* here, may be off.
  double const rounding = 16 * std::numeric_limits<double>::epsilon() * (1 + std::abs(static_cast<double>(best)));
  double worst = 0;
  for (std::size_t i = 0; i != all.size(); ++i) {
    evaluation const& e = all[i];
    ++evaluations;
    double const gap = static_cast<double>(e.objective - best);
    if (std::isfinite(e.certificate)) {
      ++certified;
      worst = std::min(worst, e.certificate - gap + rounding);
    }
    BOOST_TEST_REQUIRE(e.certificate >= 0);
    if (i < from || !std::isfinite(e.certificate) || proved > gap / 10) continue;
    double const relative = gap / (1 + std::abs(static_cast<double>(best)));
    if (relative > 1e-5 && relative < 1e-3) ratios[name].first.push_back(e.certificate / gap);
    if (relative > 1e-9 && relative < 1e-7) ratios[name].second.push_back(e.certificate / gap);
  }
  if (proved < 1e-9 * (1 + std::abs(static_cast<double>(best)))) ++tight;
  BOOST_TEST(worst >= 0, name << ", seed " << seed << ": a certificate is below the gap by " << -worst
                              << ", F* = " << static_cast<double>(best) << ", known to " << proved);
}

double median(point& v) {
  if (v.empty()) return support::not_a_number;
  std::ranges::sort(v);
  return v[v.size() / 2];
}

struct report {
  ~report() {
    std::ostringstream text;
    text << problems << " problems, " << tight << " with F* known to 1e-9; " << evaluations
         << " evaluations, " << certified << " certified. Certificate over gap, the median at 1e-4 and "
                                             "at 1e-8:";
    for (auto& [name, both] : ratios)
      text << "\n  " << name << ": " << median(both.first) << " of " << both.first.size() << ", "
           << median(both.second) << " of " << both.second.size();
    BOOST_TEST_MESSAGE(text.str());
  }
};
BOOST_GLOBAL_FIXTURE(report);

}  // namespace

BOOST_AUTO_TEST_CASE(of_linear_models_with_separable_penalties) {
  for (std::uint64_t seed = 1; seed <= 240; ++seed) {
    problem p(seed);
    auto const [loss, y] = p.loss(seed);
    auto const which = static_cast<kind>(seed / 8 % static_cast<std::uint64_t>(kind::count));
    auto const [name, r] = penalty_of(which, p.penalized(p.intercept), p.strength, p.random);
    linear_objective const f(p.sparse, *y, loss, r, p.options());
    check(f, f, name, seed);
  }
}

BOOST_AUTO_TEST_CASE(of_linear_models_with_an_l2_penalty) {
  for (std::uint64_t seed = 301; seed <= 440; ++seed) {
    problem p(seed);
    auto const rows = dense_matrix<double>(p.rows);
    auto const [loss, y] = p.loss(seed);
    if (seed % 20 == 0) p.strength = 0;
    linear_objective const f(rows, *y, loss, l2{p.strength}, p.options());
    check(f, f, p.intercept != 0 && p.free ? "l2, free intercept" : "l2", seed);
  }
}

BOOST_AUTO_TEST_CASE(of_linear_models_with_groups) {
  for (std::uint64_t seed = 501; seed <= 560; ++seed) {
    problem p(seed);
    auto const [loss, y] = p.loss(seed);
    std::vector<std::vector<std::size_t>> groups;
    for (std::size_t j = 0; j != p.penalized(p.intercept); ++j) {
      if (j % 3 == 0) groups.emplace_back();
      groups.back().push_back(j);
    }
    any_penalty const r{group_l1(groups, p.strength)};
    linear_objective const f(p.rows, *y, loss, r, p.options());
    check(f, f, "group_l1", seed);
  }
}

BOOST_AUTO_TEST_CASE(certificates_of_softmax_regression_are_never_below_the_gap) {
  for (std::uint64_t seed = 601; seed <= 700; ++seed) {
    problem p(seed);
    auto const which = static_cast<kind>(seed % static_cast<std::uint64_t>(kind::count));
    std::size_t const columns = p.penalized(p.intercept);
    auto [name, separable] = penalty_of(which, 3 * columns, p.strength, p.random);
    any_penalty r{separable};
    if (seed % 5 == 0) {
      name = "group_l1";
      r.one = seed % 2 == 0 ? group_l1::consecutive(3 * columns, columns, p.strength)
                            : group_l1::strided(3 * columns, columns, p.strength);
    }
    softmax_objective const f(p.rows, p.classes, 3, r, p.softmax());
    check(f, f, "softmax, " + name, seed);
  }
}

BOOST_AUTO_TEST_CASE(certificates_with_an_l2_penalty_of_softmax_regression_are_never_below_the_gap) {
  for (std::uint64_t seed = 701; seed <= 760; ++seed) {
    problem p(seed);
    softmax_objective const f(p.rows, p.classes, 3, l2{p.strength}, p.softmax());
    check(f, f, p.intercept != 0 && p.free ? "softmax, l2, free intercepts" : "softmax, l2", seed);
  }
}

BOOST_AUTO_TEST_CASE(certificates_of_shards_are_never_below_the_gap) {
  for (std::uint64_t seed = 801; seed <= 860; ++seed) {
    problem p(seed);
    std::size_t const shards = std::min<std::size_t>(p.n, 3);
    if (!p.weights.empty())
      for (std::size_t k = 0; k != shards; ++k) p.weights[detail::even_split(p.n, shards, k).first] = 1;
    auto const [loss, y] = p.loss(seed);
    auto const which = static_cast<kind>(seed / 8 % static_cast<std::uint64_t>(kind::count));
    auto const [name, r] = penalty_of(which, p.penalized(p.intercept), p.strength, p.random);
    linear_objective const f(p.sparse, *y, loss, r, p.options());
    // A shard for each worker, with some samples.
    struct part {
      csr_matrix<float> rows;
      point y, weights, offsets;
    };
    std::vector<part> parts;
    for (std::size_t k = 0; k != shards; ++k) {
      index_range const own = detail::even_split(p.n, shards, k);
      dense_matrix<float> rows(std::array<std::size_t, 2>{own.size(), p.d}, 0.0F);
      part one;
      for (std::size_t i = own.first; i != own.last; ++i) {
        for (std::size_t j = 0; j != p.d; ++j) rows(i - own.first, j) = p.rows(i, j);
        one.y.push_back((*y)[i]);
        if (!p.weights.empty()) one.weights.push_back(p.weights[i]);
        if (!p.offsets.empty()) one.offsets.push_back(p.offsets[i]);
      }
      one.rows = to_csr(rows);
      parts.push_back(one);
    }
    serial all_here;
    sharded_objective const cut(all_here, shards, [&, &the_loss = loss, &the_r = r](std::size_t k) {
      linear_options options = p.options();
      options.weights = parts[k].weights;
      options.offset = parts[k].offsets;
      return linear_objective(parts[k].rows, parts[k].y, the_loss, the_r, options);
    });
    check(f, cut, "shards, " + name, seed, shards);
  }
}
