// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE objective_sharded
#include "localsgd/objective/sharded.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <limits>
#include <span>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <vector>

#include "localsgd/localsgd.hpp"
#include "test/support/problems.hpp"
#include "test/support/runs.hpp"
#include "test/support/samplers.hpp"
#include "test/support/temporary_path.hpp"

// f = Σ (n_k/n) f_k, where the shards of the K workers are separate objectives.

using namespace localsgd;
using support::problem;

namespace {

/// The same samples twice: in one objective, and split into shards of the given sizes.
struct cut {
  std::vector<std::size_t> sizes;
  std::vector<std::size_t> begins;
  problem whole;
  std::vector<csr_matrix<float>> rows;
  std::vector<std::vector<double>> labels;
  std::vector<std::vector<int>> classes;
  std::vector<dense_matrix<double>> dense;
  std::vector<std::vector<double>> reals;

  cut(std::vector<std::size_t> n_k, std::size_t d, double density)
      : sizes(n_k), begins(1), whole(std::accumulate(n_k.begin(), n_k.end(), std::size_t{0}), d,
                                     density) {
    for (std::size_t const n : sizes) {
      std::size_t const first = begins.back();
      begins.push_back(first + n);
      dense_matrix<double> part({n, d});
      dense_matrix<float> same({n, d});
      for (std::size_t i = 0; i != n; ++i)
        for (std::size_t j = 0; j != d; ++j) {
          part(i, j) = whole.dense(first + i, j);
          same(i, j) = whole.dense_float(first + i, j);
        }
      dense.push_back(part);
      rows.push_back(to_csr(same));
      auto const slice = [&]<class T>(std::vector<T> const& all) {
        auto const at = all.begin() + static_cast<std::ptrdiff_t>(first);
        return std::vector<T>(at, at + static_cast<std::ptrdiff_t>(n));
      };
      labels.push_back(slice(whole.labels));
      classes.push_back(slice(whole.classes));
      reals.push_back(slice(whole.reals));
    }
  }

  std::size_t workers() const { return sizes.size(); }

  auto logistic_shards(auto& synchronizer, double lambda = 0.01, bool regularized = true) const {
    return sharded_objective(synchronizer, workers(), [&, lambda, regularized](std::size_t k) {
      return linear_objective(rows[k], labels[k], logistic{}, l2{lambda},
                              {.intercept = 1, .regularize_intercept = regularized});
    });
  }
};

/// The view of the second of two processes with the same samples: half of the workers are here.
struct second_of_two {
  static index_range carries(std::size_t workers) { return {workers / 2, workers}; }
  static void all_gather(auto values, auto const& make) {
    make();
    std::size_t const half = values.size() / 2;
    for (std::size_t k = 0; k != half; ++k) values[k] = values[k + half];
  }
};

/// The points that do not depend on how f is summed in evaluations.
template <class Result>
bool same_points(Result const& a, Result const& b) {
  return a.last == b.last && a.average == b.average && a.rounds == b.rounds &&
         a.gradients == b.gradients;
}

}  // namespace

BOOST_AUTO_TEST_CASE(it_is_the_mean_over_all_samples) {
  cut const data({30, 1, 50, 19}, 12, 0.5);
  serial one;
  auto const f = data.logistic_shards(one);
  linear_objective const whole(data.whole.sparse, data.whole.labels, logistic{}, l2{0.01},
                               {.intercept = 1, .regularize_intercept = true});
  BOOST_TEST(f.samples() == whole.samples());
  BOOST_TEST(f.dimension() == whole.dimension());
  BOOST_TEST(f.strong_convexity() == 0.01);
  // Σ n_k · (nonzeros of shard k / n_k) / n
  BOOST_TEST(f.flops_per_sample() == whole.flops_per_sample(), boost::test_tools::tolerance(1e-15));
  auto const x = support::random_point(whole.dimension(), 3);
  for (auto const& batch :
       {support::all_samples(100), std::vector<std::size_t>{0}, {30}, {99, 5, 31, 80, 5}}) {
    auto const here = support::at(f, x, batch), there = support::at(whole, x, batch);
    BOOST_TEST(here.value == there.value, boost::test_tools::tolerance(1e-13));
    BOOST_TEST(support::distance(here.gradient, there.gradient) < 1e-13);
  }
}

BOOST_AUTO_TEST_CASE(weights_count_among_the_samples_of_all_shards) {
  cut const c({5, 7, 4}, 6, 1);
  std::vector<double> all;
  for (std::size_t i = 0; i != 16; ++i) all.push_back(static_cast<double>(i * i % 7));
  std::vector<std::vector<double>> weights;
  for (std::size_t k = 0; k != 3; ++k)
    weights.emplace_back(all.begin() + static_cast<std::ptrdiff_t>(c.begins[k]),
                         all.begin() + static_cast<std::ptrdiff_t>(c.begins[k + 1]));
  serial s;
  sharded_objective const f(s, 3, [&](std::size_t k) {
    return linear_objective(c.dense[k], c.reals[k], squared{}, l2{0.1}, {.weights = weights[k]});
  });
  linear_objective const whole(c.whole.dense, c.whole.reals, squared{}, l2{0.1}, {.weights = all});
  for (std::size_t k = 0; k != 3; ++k)
    BOOST_TEST(f.shard(k).mean_weight() == whole.mean_weight());
  std::vector<double> const x{1, -2, 0.5, 3, 0.1, -0.3};
  std::vector<std::size_t> batch(16);
  std::iota(batch.begin(), batch.end(), std::size_t{0});
  std::vector<double> g(6), expected(6);
  auto const close = boost::test_tools::tolerance(1e-13);
  BOOST_TEST(f.gradient(x, batch, g) == whole.gradient(x, batch, expected), close);
  for (std::size_t j = 0; j != 6; ++j) BOOST_TEST(g[j] == expected[j], close);
  // Shards without weights have weight 1 per sample, next to others with weights.
  sharded_objective const mixed(s, 3, [&](std::size_t k) {
    linear_options options;
    if (k == 1) options.weights = weights[1];
    return linear_objective(c.dense[k], c.reals[k], squared{}, l2{0.1}, options);
  });
  for (std::size_t i = 0; i != 16; ++i)
    if (i < 5 || i >= 12) all[i] = 1;
  linear_objective const also(c.whole.dense, c.whole.reals, squared{}, l2{0.1}, {.weights = all});
  BOOST_TEST(mixed.gradient(x, batch, g) == also.gradient(x, batch, expected), close);
  for (std::size_t j = 0; j != 6; ++j) BOOST_TEST(g[j] == expected[j], close);
}

BOOST_AUTO_TEST_CASE(weights_of_softmax_count_among_the_samples_of_all_shards) {
  cut const c({5, 7, 4}, 6, 1);
  int classes = 1;
  for (int const label : c.whole.classes) classes = std::max(classes, label + 1);
  std::size_t const outputs = static_cast<std::size_t>(classes);
  std::vector<double> of_classes(outputs, 1), all, middle;
  of_classes[0] = 3;
  for (std::size_t i = 0; i != 16; ++i) all.push_back(i < 5 || i >= 12 ? 1 : static_cast<double>(i % 4));
  middle.assign(all.begin() + 5, all.begin() + 12);
  serial s;
  sharded_objective const f(s, 3, [&](std::size_t k) {
    softmax_options options{.class_weights = of_classes};
    if (k == 1) options.weights = middle;
    return softmax_objective(c.dense[k], c.classes[k], outputs, l2{0.1}, options);
  });
  softmax_objective const whole(c.whole.dense, c.whole.classes, outputs, l2{0.1},
                                {.weights = all, .class_weights = of_classes});
  auto const x = support::random_point(whole.dimension(), 3);
  auto const here = support::at(f, x), there = support::at(whole, x);
  BOOST_TEST(here.value == there.value, boost::test_tools::tolerance(1e-13));
  BOOST_TEST(support::relative_distance(here.gradient, there.gradient) < 1e-13);
  auto const r = minimize(f, {.workers = 3, .tolerance = 1e-10}, s);
  auto const expected = minimize(whole, {.tolerance = 1e-10}, s);
  BOOST_TEST((r.reason == stop_reason::tolerance_reached));
  // Both are within 1e-10 of f*, and f grows by (0.1/2)‖x − x*‖² at least.
  BOOST_TEST(support::euclidean_distance(r.x, expected.x) <= 2 * std::sqrt(2e-10 / 0.1));
}

// Least squares with an offset o is least squares with the targets y − o.
BOOST_AUTO_TEST_CASE(offsets_of_shards_count_like_those_of_all_samples) {
  cut const c({5, 7, 4}, 6, 1);
  auto const all = support::random_point(16, 9);
  std::vector<std::vector<double>> offsets(3);
  std::vector<double> rest = c.whole.reals;
  for (std::size_t k = 0; k != 2; ++k)  // the last shard has none
    for (std::size_t i = c.begins[k]; i != c.begins[k + 1]; ++i) {
      offsets[k].push_back(all[i]);
      rest[i] -= all[i];
    }
  serial s;
  sharded_objective const f(s, 3, [&](std::size_t k) {
    return linear_objective(c.dense[k], c.reals[k], squared{}, l2{0.1}, {.offset = offsets[k]});
  });
  BOOST_TEST(f.has_offset());
  linear_objective const whole(c.whole.dense, rest, squared{}, l2{0.1});
  auto const x = support::random_point(6, 3);
  BOOST_TEST(support::at(f, x).value == support::at(whole, x).value,
             boost::test_tools::tolerance(1e-13));
  auto const r = minimize(f, {.workers = 3, .tolerance = 1e-12}, s);
  auto const expected = minimize(whole, {.tolerance = 1e-12}, s);
  BOOST_TEST((r.reason == stop_reason::tolerance_reached));
  BOOST_TEST(support::euclidean_distance(r.x, expected.x) <= 2 * std::sqrt(2e-12 / 0.1));
  BOOST_TEST(!c.logistic_shards(s).has_offset());
}

BOOST_AUTO_TEST_CASE(a_weight_in_a_shard_moves_the_minimum_as_repeated_samples_do) {
  // Weights 1 for four samples y = 0, 3 for four y = 10, a = 1: x* = (120/16)/(1 + 0.001)
  std::vector<dense_matrix<double>> const parts(2, dense_matrix<double>({4, 1}, 1.0));
  std::vector<std::vector<double>> const y{{0, 0, 0, 0}, {10, 10, 10, 10}},
      w{{1, 1, 1, 1}, {3, 3, 3, 3}};
  serial s;
  sharded_objective const f(s, 2, [&](std::size_t k) {
    return linear_objective(parts[k], y[k], squared{}, l2{1e-3}, {.weights = w[k]});
  });
  auto const r = minimize(f, {.workers = 2, .tolerance = 1e-12}, s);
  BOOST_TEST(r.x(0) == 7.5 / 1.001, boost::test_tools::tolerance(1e-6));
}

BOOST_AUTO_TEST_CASE(a_run_makes_the_steps_of_sharded_samples_and_weighted_averages) {
  cut const data({30, 10, 50, 37}, 40, 0.3);
  settings const s{.workers = 4, .local_steps = 7, .batch_size = 2, .epochs = 5, .evaluations = 2};
  serial one;
  auto const same = [&](auto const& f, auto const& whole, auto const& sampler,
                        auto const&... worker) {
    auto const expected = minimize(whole, s, one, sharded(data.sizes, sampler), weighted_mean{},
                                   constant_step{0.1}, worker...);
    auto const r = minimize(f, s, one, sampler, constant_step{0.1}, worker...);
    BOOST_TEST(same_points(r, expected));
    BOOST_TEST(r.objective == expected.objective, boost::test_tools::tolerance(1e-13));
    BOOST_TEST(r.certificate >= 0);
  };
  linear_objective const sparse(data.whole.sparse, data.whole.labels, logistic{}, l2{0.01},
                                {.intercept = 1, .regularize_intercept = true});
  same(data.logistic_shards(one), sparse, with_replacement{});
  same(data.logistic_shards(one), sparse, shuffled{});
  softmax_objective const classes(data.whole.sparse, data.whole.classes, 3, l2{0.01});
  same(sharded_objective(one, 4,
                         [&](std::size_t k) {
                           return softmax_objective(data.rows[k], data.classes[k], 3, l2{0.01});
                         }),
       classes, with_replacement{});
  same(data.logistic_shards(one), sparse, shuffled{}, linear_sgd{});
  support::custom const custom{&data.whole.dense, &data.whole.reals};
  same(sharded_objective(
           one, 4,
           [&](std::size_t k) { return support::custom{&data.dense[k], &data.reals[k]}; }),
       custom, shuffled{});
}

BOOST_AUTO_TEST_CASE(rounds_that_exchange_what_they_touched_do_so_in_shards_of_any_density) {
  cut data({20, 20, 20}, 2001, 0.002);
  // The rows of this shard alone would be too dense for it: 9·40 entries are more than d/8.
  data.rows[1] = problem(20, 2001, 0.02).sparse;
  serial one;
  settings const s{.workers = 3, .local_steps = 3, .epochs = 6};
  auto const f = data.logistic_shards(one);
  auto const touched = minimize(f, s, one);
  auto const all = minimize(f, s, one, linear_sgd{exchanged_coordinates::all});
  BOOST_TEST((support::bits_without_bytes(touched) == support::bits_without_bytes(all)));
  BOOST_TEST(touched.bytes < all.bytes);
}

BOOST_AUTO_TEST_CASE(any_number_of_threads_gives_the_same_bits) {
  cut const data({30, 10, 50, 37, 8}, 40, 0.3);
  settings const s{.workers = 5, .epochs = 5, .evaluations = 3};
  serial one;
  auto const expected = support::bits(minimize(data.logistic_shards(one), s, one));
  for (std::size_t const threads : {1U, 2U, 3U, 5U}) {
    thread_pool pool(threads);
    BOOST_TEST((support::bits(minimize(data.logistic_shards(pool), s, pool)) == expected));
  }
}

BOOST_AUTO_TEST_CASE(the_step_size_is_that_of_the_most_curved_shard) {
  cut const data({30, 10, 50}, 12, 0.5);
  serial one;
  auto const f = data.logistic_shards(one);
  for (std::size_t const b : {1U, 4U, 10U}) {
    double least = support::infinity;
    for (std::size_t k = 0; k != 3; ++k) least = std::min(least, f.shard(k).stable_step(b));
    BOOST_TEST(f.stable_step(b) == least);
  }
}

BOOST_AUTO_TEST_CASE(a_tolerance_is_reached_and_certified_over_all_shards) {
  cut const data({30, 10, 50, 37}, 6, 1);
  serial one;
  auto const ends_where = [&](auto const& f, auto const& whole) {
    settings s{.workers = 4, .tolerance = 1e-11};
    auto const best = minimize(whole, s);
    for (double const tolerance : {1e-3, 1e-9}) {
      s.tolerance = tolerance;
      auto const r = minimize(f, s, one);
      BOOST_TEST((r.reason == stop_reason::tolerance_reached));
      BOOST_TEST(r.objective - best.objective <= tolerance);
      // A certificate bounds f(x) − f*; the two values are rounded.
      double const rounding = 4 * std::numeric_limits<double>::epsilon() * best.objective;
      BOOST_TEST(r.certificate >= r.objective - best.objective - rounding);
      for (std::size_t const threads : {2U, 3U}) {
        thread_pool pool(threads);
        BOOST_TEST((support::bits(minimize(f, s, pool)) == support::bits(r)));
      }
    }
  };
  linear_objective const sparse(data.whole.sparse, data.whole.labels, logistic{}, l2{0.1},
                                {.intercept = 1, .regularize_intercept = true});
  ends_where(data.logistic_shards(one, 0.1), sparse);
  linear_objective const free(data.whole.sparse, data.whole.labels, logistic{}, l2{0.1},
                              {.intercept = 1});
  ends_where(data.logistic_shards(one, 0.1, false), free);
  softmax_objective const classes(data.whole.sparse, data.whole.classes, 3, l2{0.1});
  ends_where(sharded_objective(one, 4,
                               [&](std::size_t k) {
                                 return softmax_objective(data.rows[k], data.classes[k], 3,
                                                          l2{0.1});
                               }),
             classes);
}

// The slopes at the anchor belong to the shards and are not stored in checkpoints.
BOOST_AUTO_TEST_CASE(a_run_that_was_cut_goes_on_with_the_same_bits) {
  cut const data({30, 10, 50, 37}, 6, 1);
  serial one;
  auto const f = data.logistic_shards(one, 0.001);
  settings const s{.workers = 4, .local_steps = 3, .epochs = 12};
  support::temporary_path const path;
  auto const expected = support::bits(minimize(f, s, one, svrg{}));
  int cuts = 0;
  for (result<double> r; cuts < 1000; ++cuts) {
    std::stop_source stop;
    stop.request_stop();
    thread_pool pool(1 + static_cast<std::size_t>(cuts) % 3);
    r = minimize(f, s, pool, svrg{},
                 checkpoint(path(), {.seconds = 0, .signals = false, .stop = stop.get_token()}));
    if (r.reason == stop_reason::interrupted) continue;
    BOOST_TEST((support::bits(r) == expected));
    break;
  }
  BOOST_TEST(cuts > 10);
  BOOST_TEST(cuts < 1000);
}

BOOST_AUTO_TEST_CASE(shards_that_do_not_fit_are_refused_by_name) {
  cut const data({30, 10, 50}, 12, 0.5), wider({30, 10, 50}, 13, 0.5);
  serial one;
  auto const mixed = [&] {
    sharded_objective(one, 3, [&](std::size_t k) {
      auto const& from = k == 1 ? wider : data;
      return linear_objective(from.rows[k], from.labels[k], logistic{}, l2{0.1});
    });
  };
  auto const e = support::error_of<invalid_settings>(mixed);
  BOOST_TEST(e.field == "dimension of the shard of worker 1");
  BOOST_TEST(std::string(e.what()).find("13") != std::string::npos);
  BOOST_TEST(std::string(e.what()).find("12, as in the shard of worker 0") != std::string::npos);

  auto const two_penalties = [&] {
    sharded_objective(one, 3, [&](std::size_t k) {
      return linear_objective(data.rows[k], data.labels[k], logistic{}, l2{k == 2 ? 0.2 : 0.5});
    });
  };
  auto const p = support::error_of<invalid_settings>(two_penalties);
  BOOST_TEST(p.field == "regularizer of the shard of worker 2");
  BOOST_TEST(p.value == l2{0.2}.identity());
  BOOST_TEST(p.rule == "l2(0.5), as in the shard of worker 0");

  auto const two_intercepts = [&] {
    sharded_objective(one, 3, [&](std::size_t k) {
      return linear_objective(data.rows[k], data.labels[k], logistic{}, l2{0.1},
                              {.intercept = 1, .regularize_intercept = k == 1});
    });
  };
  auto const i = support::error_of<invalid_settings>(two_intercepts);
  BOOST_TEST(i.field == "regularize_intercept of the shard of worker 1");

  auto const f = data.logistic_shards(one);
  auto const refused = [&](auto const& call) {
    return support::error_of<invalid_settings>(call).field;
  };
  BOOST_TEST(refused([&] { minimize(f, {.workers = 4}, one); }) == "workers");
  // Sizes of the inner shards.
  BOOST_TEST(refused([&] { minimize(f, {.workers = 3}, sharded(data.sizes)); }) ==
             "sharded.sizes");
  BOOST_TEST(refused([&] {
               sharded_objective(one, 0, [&](std::size_t k) {
                 return linear_objective(data.rows[k], data.labels[k], logistic{}, l2{0.1});
               });
             }) == "workers");
  BOOST_CHECK_THROW(sharded_objective(one, 3,
                                      [&](std::size_t k) {
                                        if (k == 2) throw std::domain_error("no such file");
                                        return linear_objective(data.rows[k], data.labels[k],
                                                                logistic{}, l2{0.1});
                                      }),
                    std::domain_error);
}

BOOST_AUTO_TEST_CASE(a_shard_that_another_process_holds_is_not_made_up) {
  cut const data({30, 10, 30, 10}, 12, 0.5);
  second_of_two second;
  auto const f = data.logistic_shards(second);
  BOOST_TEST(f.samples() == 80U);
  BOOST_TEST(f.is_here(3));
  BOOST_TEST(!f.is_here(1));
  std::vector<double> x(f.dimension()), g(f.dimension());
  std::size_t const there = 35, here = 45;
  BOOST_CHECK_THROW(f.gradient(x, std::span(&there, 1), g), std::out_of_range);
  f.gradient(x, std::span(&here, 1), g);
  // A synchronizer that carries all shards does not run it either.
  BOOST_TEST(support::error_of<invalid_settings>([&] { minimize(f, {.workers = 4}, serial{}); })
                 .field == "synchronizer");
}
