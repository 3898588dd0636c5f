// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// What test/matrix.sh compiles with each compiler and standard library, and runs where it can: a reader,
// each kind of run, a checkpoint, a model and a report. It fails if a run does not give the same bits on
// 1, 2 and 3 threads and after an interruption, if a file does not give back what was written, or if a
// tolerance is not reached. It prints a checksum of the bits of each run, which may differ between
// compilers.

#include <localsgd/localsgd.hpp>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "test/support/runs.hpp"
#include "test/support/temporary_path.hpp"

namespace {

using namespace localsgd;
using support::bits;

int failures = 0;

void expect(bool good, std::string const& what) {
  if (good) return;
  std::fprintf(stderr, "runs: not true that %s\n", what.c_str());
  ++failures;
}

void print(std::string const& name, std::vector<std::uint64_t> const& numbers) {
  auto const sum = detail::checksum(numbers.data(), numbers.size() * sizeof numbers[0]);
  std::printf("%-22s %016llx\n", name.c_str(), static_cast<unsigned long long>(sum));
}

template <class Objective>
auto same_on_all_threads(std::string const& name, Objective const& f, settings const& s) {
  thread_pool alone(1);
  auto const r = minimize(f, s, alone);
  auto const expected = bits(r);
  for (std::size_t const threads : {1U, 2U, 3U}) {
    thread_pool pool(threads);
    expect(bits(minimize(f, s, pool)) == expected,
           name + " has the same bits on " + std::to_string(threads) + " threads");
  }
  expect(r.usable(), name + " gives a usable point");
  if (s.tolerance > 0)
    expect(r.reason == stop_reason::tolerance_reached && r.certificate <= s.tolerance,
           name + " reaches its tolerance");
  print(name, expected);
  return r;
}

/// Sends SIGTERM to this process at the first evaluation, once. (A background job may ignore SIGINT.)
struct interrupting {
  bool* pending;
  proceed after_evaluation(evaluation const& e, plan const&) const {
    if (e.rounds > 0 && std::exchange(*pending, false)) std::raise(SIGTERM);
    return proceed::yes;
  }
};

template <class Objective>
void same_after_an_interruption(std::string const& name, Objective const& f, settings const& s) {
  support::temporary_path const file;
  checkpoint const saved(file(), {.rounds = 0, .seconds = 0});
  thread_pool pool(2), other(1);
  bool never = false, once = true;
  auto const whole = minimize(f, s, pool, checkpoint(file()), interrupting{&never});
  auto const cut = minimize(f, s, pool, saved, interrupting{&once});
  expect(cut.reason == stop_reason::interrupted, name + " is interrupted by a signal");
  expect(cut.rounds < whole.rounds, name + " is interrupted before its end");
  expect(std::filesystem::exists(file()), name + " leaves a checkpoint");
  expect(bits(minimize(f, s, other, saved, interrupting{&never})) == bits(whole),
         name + " has the same bits after an interruption");
  expect(!std::filesystem::exists(file()), name + " removes its checkpoint");
  print(name, bits(whole));
}

/// Rows as text in LIBSVM format, with as many digits as each number needs.
std::string as_text(csr_matrix<float> const& rows, std::vector<double> const& targets) {
  std::ostringstream out;
  out.precision(9);
  for (std::size_t i = 0; i != rows.rows(); ++i) {
    out << targets[i];
    auto const row = rows.row(i);
    for (std::size_t e = 0; e != row.values.size(); ++e)
      out << ' ' << row.indices[e] + 1 << ':' << row.values[e];
    out << (i % 2 == 0 ? "\n" : "\r\n");
  }
  return out.str();
}

dataset<csr_matrix<float>> data_through_files(support::problem const& p) {
  support::temporary_path const text(as_text(p.sparse, p.labels)), cache;
  auto const data = read_libsvm(text(), {.columns = p.sparse.columns()});
  expect(data.features.nonzeros() == p.sparse.nonzeros(), "the reader finds every number");
  expect(data.targets.size() == p.labels.size(), "the reader finds every row");
  save(data, cache());
  auto loaded = load<csr_matrix<float>>(cache());
  bool same = loaded.features.rows() == p.sparse.rows();
  for (std::size_t i = 0; same && i != p.sparse.rows(); ++i) {
    auto const a = loaded.features.row(i), b = p.sparse.row(i);
    same = std::ranges::equal(a.values, b.values) && std::ranges::equal(a.indices, b.indices) &&
           loaded.targets[i] == p.labels[i];
  }
  expect(same, "a text and a cache give back every bit");
  try {
    load<csr_matrix<float>>(text());
    expect(false, "a text is no cache");
  } catch (invalid_data const&) {
  }
  try {
    read_libsvm(cache() / "absent");
    expect(false, "a file that does not exist cannot be read");
  } catch (invalid_data const&) {
  }
  return loaded;
}

template <class Objective, class Rows>
void model_through_a_file(Objective const& f, vector<double> const& x, Rows const& rows) {
  support::temporary_path const file;
  linear_model const m = make_model(f, x);
  save_liblinear(m, file());
  save_liblinear(m, file());  // replaces the first one
  expect(decision_function(load_liblinear(file()), rows) == decision_function(m, rows),
         "a model that is read back predicts the same");
}

}  // namespace

int main() try {
  support::problem const p(240, 23, 0.4);
  auto const data = data_through_files(p);

  linear_objective const sparse(data.features, data.targets, logistic{}, l2{1e-2}, {.intercept = 1});
  same_on_all_threads("sparse, plain", sparse, {.workers = 7, .local_steps = 5, .epochs = 6});
  auto const certified =
      same_on_all_threads("sparse, tolerance", sparse, {.workers = 4, .tolerance = 1e-9});
  same_after_an_interruption("sparse, checkpoint", sparse,
                             {.workers = 4, .local_steps = 5, .epochs = 6, .evaluations = 6});
  model_through_a_file(sparse, certified.x, data.features);

  linear_objective const lasso(data.features, p.reals, squared{}, l1{0.05});
  same_on_all_threads("l1, tolerance", lasso, {.workers = 4, .tolerance = 1e-9});

  softmax_objective const softmax(p.dense_float, p.classes, 3, l2{1e-2});
  same_on_all_threads("softmax, plain", softmax, {.workers = 5, .local_steps = 3, .epochs = 4});
  same_on_all_threads("softmax, tolerance", softmax, {.workers = 4, .tolerance = 1e-8});

  support::custom const own{&p.dense, &p.reals};
  same_on_all_threads("own objective", own, {.workers = 3, .local_steps = 4, .epochs = 3});
  asynchronous without_rounds(2);
  auto const r = minimize(own, {.workers = 4, .local_steps = 4, .epochs = 3}, without_rounds);
  expect(r.usable() && std::isfinite(r.objective), "an asynchronous run gives a usable point");

  support::temporary_path const page;
  write_report(certified, page());
  expect(std::filesystem::file_size(page()) > 10'000, "a report is written");
  expect(to_string(certified).size() > 100, "a result is described");
  return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
} catch (std::exception const& error) {
  std::fprintf(stderr, "runs: %s\n", error.what());
  return EXIT_FAILURE;
}
