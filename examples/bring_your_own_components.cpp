// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// The smaller components: how to use the built-in ones, and a custom one of each kind.

#include <localsgd/localsgd.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <iomanip>
#include <limits>
#include <numbers>
#include <span>
#include <sstream>
#include <string>
#include <vector>

using namespace localsgd;

//! [own regularizer]
/// r(x) = (λ/2)‖x − c‖²: keeps x close to an earlier model c.
struct close_to {
  double lambda;
  std::vector<double> c;

  double value(std::span<double const> x) const {
    double sum = 0;
    for (std::size_t j = 0; j != x.size(); ++j) sum += (x[j] - c[j]) * (x[j] - c[j]);
    return lambda / 2 * sum;
  }
  void gradient(std::span<double const> x, std::span<double> g) const {
    for (std::size_t j = 0; j != x.size(); ++j) g[j] = lambda * (x[j] - c[j]);
  }
  double smoothness() const { return lambda; }
  double strong_convexity() const { return lambda; }
  std::string identity() const {  // all parameters, with all their digits
    std::ostringstream text;
    text << std::setprecision(17) << "close_to(" << lambda;
    for (double const v : c) text << ", " << v;
    text << ")";
    return text.str();
  }
};
static_assert(Regularizer<close_to>);
//! [own regularizer]

//! [own sampler]
/// The samples in their original order, divided among the workers, for shuffled data.
struct in_order {
  void draw(plan const& p, std::size_t worker, std::uint64_t step,
            std::span<std::size_t> out) const {
    for (std::size_t i = 0; i != out.size(); ++i) {
      std::uint64_t const t = step + i / p.batch_size, j = i % p.batch_size;
      out[i] = ((t * p.workers + worker) * p.batch_size + j) % p.samples;
    }
  }
  std::size_t shard_size(plan const& p, std::size_t /*worker*/) const { return p.samples; }
};
static_assert(Sampler<in_order>);
//! [own sampler]

//! [own step size]
/// η_t = η₀ (1 + cos(πt/T))/2.
struct cosine_step {
  double first;
  std::uint64_t steps;
  double operator()(std::uint64_t t) const {
    return first * (1 + std::cos(std::numbers::pi * double(t) / double(steps))) / 2;
  }
};
static_assert(StepSize<cosine_step>);

/// A rule chooses a step size from the objective and the plan of the run.
struct cosine {
  template <Objective F>
  cosine_step choose(F const& f, plan const& p) const {
    return {1 / (4 * f.smoothness()), p.steps};
  }
};
static_assert(StepSizeRule<cosine, quadratic<>>);
//! [own step size]

//! [own iterate weights]
/// The unweighted mean of the last half of the iterates.
struct last_half {
  std::uint64_t steps;  // T
  double weight(std::uint64_t t) const { return t < steps / 2 ? 0 : 1; }
  double sum(std::uint64_t t) const { return t < steps / 2 ? 0 : double(t - steps / 2); }
  std::string identity() const { return "last_half(" + std::to_string(steps) + ")"; }
};
static_assert(IterateWeights<last_half>);
//! [own iterate weights]

//! [own schedule]
/// Sync times 1, 2, 4, 8, …
struct doubling {
  std::uint64_t next(std::uint64_t t) const { return t == 0 ? 1 : 2 * std::bit_floor(t); }
};
static_assert(Schedule<doubling>);
//! [own schedule]

//! [own averager]
/// An outer optimiser: uses x̄ − previous as a gradient and adds momentum. β = 0 is `mean`.
struct outer_momentum {
  double beta;

  /// The state in one run.
  struct bound {
    static constexpr bool keeps_mean = false;  // so `asynchronous` rejects it
    double beta;
    std::size_t workers;
    std::vector<double> velocity, next;  // next becomes velocity once the round is accepted

    double weight(std::size_t) const { return 1 / double(workers); }
    void begin_round(round_info const&) { next = velocity; }
    // Several threads call this at once, each for its own coordinates, from `first` on.
    void apply(std::size_t first, std::span<double const> previous, std::span<double> mean) {
      for (std::size_t i = 0; i != mean.size(); ++i) {
        next[first + i] = beta * velocity[first + i] + (mean[i] - previous[i]);
        mean[i] = previous[i] + next[first + i];
      }
    }
    void commit() { velocity.swap(next); }
    void rollback() {}
    void reset(std::span<double const>) {}
    void state(auto& archive) { archive(velocity); }  // for checkpoints
  };

  template <class Scalar>
  bound bind(plan const& p, std::span<std::size_t const> shard_sizes) const {
    return {beta, shard_sizes.size(), std::vector<double>(p.dimension), {}};
  }
  std::string identity() const { return "outer_momentum(" + std::to_string(beta) + ")"; }
};
static_assert(Averager<outer_momentum>);
//! [own averager]

//! [own worker]
/// SGD with gradients clipped to a norm of at most c.
template <Objective F, Sampler S, StepSize E, IterateWeights W>
class clipped_sequence {
 public:
  using scalar = typename F::scalar;

  clipped_sequence(double c, F const& f, S const& s, E const& e, W const& w, plan const& p,
                   std::size_t worker)
      : c_(c), f_(&f), sampler_(&s), eta_(&e), weights_(w), plan_(&p), worker_(worker),
        batch_(p.batch_size), x_(p.dimension), g_(p.dimension), average_(p.dimension) {}

  void advance(std::uint64_t from, std::uint64_t to) {
    for (std::uint64_t t = from; t != to; ++t) {
      average_.add(weights_.weight(t), std::span<scalar const>(x_));
      sampler_->draw(*plan_, worker_, t, batch_);
      f_->gradient(x_, batch_, g_);
      double length = 0;
      for (scalar const v : g_) length += double(v) * double(v);
      length = std::sqrt(length);
      scalar const eta = static_cast<scalar>((*eta_)(t) * (length > c_ ? c_ / length : 1));
      for (std::size_t i = 0; i != x_.size(); ++i) x_[i] -= eta * g_[i];
    }
  }
  std::span<scalar> local() { return x_; }
  void assign(std::span<scalar const> x) {
    if (x.data() != x_.data()) std::ranges::copy(x, x_.begin());
  }
  void average(std::span<scalar> out) const {
    if (average_.weights() > 0)
      average_.write(out);
    else
      assign_to(out);
  }

 private:
  void assign_to(std::span<scalar> out) const {
    if (out.data() != x_.data()) std::ranges::copy(x_, out.begin());
  }

  double c_;
  F const* f_;
  S const* sampler_;
  E const* eta_;
  W weights_;
  plan const* plan_;
  std::size_t worker_;
  std::vector<std::size_t> batch_;
  std::vector<scalar> x_, g_;
  iterate_average average_;
};

/// The component creates one sequence for each of the K workers.
struct clipped_sgd {
  double c;
  template <Objective F, Sampler S, StepSize E, IterateWeights W>
  clipped_sequence<F, S, E, W> bind(F const& f, S const& s, E const& e, W const& w, plan const& p,
                                    std::size_t worker) const {
    return {c, f, s, e, w, p, worker};
  }
};
static_assert(LocalWorker<clipped_sgd, quadratic<>, with_replacement, constant_step>);
//! [own worker]

//! [own observer]
/// Stops the run when an evaluation improves f by less than 1 %.
struct early_stopping {
  double best = std::numeric_limits<double>::infinity();
  proceed after_evaluation(evaluation const& e, plan const& /*p*/) {
    bool const better = e.objective < 0.99 * best;
    best = std::min(best, e.objective);
    return better ? proceed::yes : proceed::no;
  }
};
static_assert(Observer<early_stopping>);
//! [own observer]

namespace {

int failures = 0;
void check(bool good, char const* what) {
  std::printf("%-60s %s\n", what, good ? "yes" : "NO");
  failures += !good;
}

double distance(auto const& a, auto const& b) {
  double sum = 0;
  for (std::size_t i = 0; i != a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return std::sqrt(sum);
}

}  // namespace

int main() {
  std::size_t const n = 400, d = 5;
  dense_matrix<double> features({n, d});
  std::vector<double> labels(n), values(n);
  std::vector<int> classes(n);
  for (std::size_t i = 0; i != n; ++i) {
    for (std::size_t j = 0; j != d; ++j)
      features(i, j) = standard_normal(random_words(7, random_stream::noise, 0, i * d + j));
    values[i] = features(i, 0) - 2 * features(i, 1) + 0.5;
    labels[i] = values[i] > 0 ? 1 : -1;
    classes[i] = values[i] > 1 ? 2 : (values[i] > 0 ? 1 : 0);
  }

  //! [objective]
  linear_objective const f(features, labels, logistic{}, l2{0.01});
  linear_objective const ridge(features, values, squared{}, l2{0.01}, {.intercept = 1});
  softmax_objective const three_classes(features, classes, 3, l2{0.01});
  quadratic const known({.spectrum = {1, 10, 100}, .samples = 50, .variance = 0.1});
  //! [objective]
  settings const s{.workers = 4, .local_steps = 8, .epochs = 100, .evaluations = 20};
  //! [result]
  result const usual = minimize(f, s);
  if (usual.usable())
    std::printf("f = %.6f, f - f* <= %.1e, after %ju rounds\n", usual.objective,
                usual.certificate, std::uintmax_t{usual.rounds});
  for (evaluation const& e : usual.history)
    std::printf("%6ju steps  f = %.6f  drift = %.1e\n", std::uintmax_t{e.steps}, e.objective,
                e.drift);
  //! [result]
  check(usual.certificate < 1e-3, "the defaults solve logistic regression");
  check(minimize(ridge, s).certificate < 1e-2, "... ridge regression");
  check(minimize(three_classes, s).certificate < 1e-2, "... three classes");
  check(minimize(known, {.epochs = 1000}).objective < 1e-2, "... a quadratic");

  //! [loss]
  linear_objective const machine(features, labels, smoothed_hinge{0.5}, l2{0.01});
  linear_objective const robust(features, values, huber{1.35}, l2{0.01}, {.intercept = 1});
  //! [loss]
  check(minimize(machine, s).certificate < 1e-2, "... a support vector machine");
  check(minimize(robust, s).certificate < 1e-2, "... robust regression");

  //! [regularizer]
  linear_objective const update(features, labels, logistic{}, close_to{0.01, {1, -2, 0, 0, 0}});
  result const updated = minimize(update, {.tolerance = 1e-8});
  //! [regularizer]
  check(updated.certificate <= 1e-8, "a custom regularizer has a certificate");
  // ‖x − x*‖ ≤ sqrt(2·1e-8/0.01) < 0.0015 for both.
  linear_objective const around_0(features, labels, logistic{},
                                  close_to{0.01, std::vector<double>(d)});
  check(distance(minimize(around_0, {.tolerance = 1e-8}).x, minimize(f, {.tolerance = 1e-8}).x) <
            0.003,
        "around 0 it is l2");

  //! [sampler]
  result const without_repeats = minimize(f, s, shuffled{});
  result const sharded_data = minimize(f, s, sharded{shuffled{}}, weighted_mean{});
  std::vector<std::size_t> const sizes{40, 60, 100, 200};  // one for each of the 4 workers
  result const uneven_shards = minimize(f, s, sharded{sizes}, weighted_mean{});
  //! [sampler]
  check(without_repeats.certificate < 1e-3, "shuffled samples lead to the minimum");
  check(sharded_data.certificate < 1e-2, "shards lead to the minimum");
  check(uneven_shards.certificate < 1e-2, "uneven shards lead to the minimum");
  check(minimize(f, s, in_order{}).certificate < 1e-3, "so do samples in their original order");

  //! [step size]
  result const fixed = minimize(f, s, constant_step{0.05});
  double const mu = f.strong_convexity(), kappa = f.smoothness() / mu;
  result const as_in_theorem = minimize(f, s, theory_step(mu, 16 * kappa + 8));
  //! [step size]
  check(fixed.certificate < 1e-2 && as_in_theorem.usable(), "other step sizes are usable");
  check(minimize(f, s, cosine{}).certificate < 1e-3, "the cosine step leads to the minimum");

  //! [iterate weights]
  result const plain = minimize(f, s, linear_sgd{});
  result const plain_mean = minimize(f, s, linear_sgd{}, uniform_weights{});
  result const slower_to_forget = minimize(f, s, linear_sgd{}, linear_weights{});
  //! [iterate weights]
  check(distance(plain_mean.last, plain.last) == 0, "weights do not change the steps");
  check(distance(plain_mean.average, plain.average) > 0, "... but the average");
  check(slower_to_forget.certificate < 1e-3, "linear weights lead to the minimum");
  check(minimize(f, s, linear_sgd{}, last_half{plain.steps}).certificate < 1e-3,
        "so does the mean of the last half");

  //! [schedule]
  result const at_every_step = minimize(f, s, every{1});  // mini-batch SGD
  result const less_and_less = minimize(f, s, growing(1, 1));
  result const once = minimize(f, s, one_shot{});
  //! [schedule]
  check(once.rounds == 1 && less_and_less.rounds < at_every_step.rounds, "schedules differ");
  // 1, 2, 4, 8, 16, 32, 64, and the end
  check(minimize(f, {.steps = 100}, doubling{}).rounds == 8, "100 steps have 8 doubling times");

  //! [averager]
  result const with_momentum = minimize(f, s, outer_momentum{0.5});
  //! [averager]
  check(with_momentum.certificate < 1e-2, "outer momentum leads to the minimum");
  check(distance(minimize(f, s, linear_sgd{}, outer_momentum{0}).last, plain.last) < 1e-12,
        "without momentum it is the mean");
  check(distance(minimize(f, s, outer_momentum{0.5}, serial{}).last, with_momentum.last) == 0,
        "it gives the same bits on one thread");

  //! [worker]
  result const clipped = minimize(f, s, clipped_sgd{0.5});
  //! [worker]
  check(clipped.certificate < 1e-2, "clipped steps lead to the minimum");
  check(distance(minimize(f, s, clipped_sgd{1e9}).last, minimize(f, s, sgd{}).last) < 1e-12,
        "without a limit they are those of sgd");

  //! [synchronizer]
  thread_pool pool(2);  // an lvalue is used in place, so its threads serve many runs
  result const first = minimize(f, s, pool);
  result const second = minimize(ridge, s, pool);
  result const never_waits = minimize(f, s, asynchronous{2});
  std::printf("the largest delay was %ju steps\n", std::uintmax_t{never_waits.delay});
  //! [synchronizer]
  check(distance(first.x, usual.x) == 0, "two threads give the bits of the default");
  check(second.usable() && never_waits.certificate < 1e-2, "asynchronous steps lead there too");

  //! [observer]
  early_stopping patience;  // an lvalue is used in place, so it can be read afterwards
  result const stopped = minimize(f, s, patience);
  if (stopped.reason == stop_reason::observer_request)
    std::printf("f = %.4f was good enough after %ju steps\n", patience.best,
                std::uintmax_t{stopped.steps});
  //! [observer]
  check(stopped.reason == stop_reason::observer_request && stopped.steps < usual.steps,
        "an observer ends a run");

  //! [tolerance]
  result const precise = minimize(f, {.epochs = 1000, .tolerance = 1e-3});
  //! [tolerance]
  check(precise.reason == stop_reason::tolerance_reached && precise.certificate <= 1e-3,
        "a tolerance ends a run");
  return failures;
}
