// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE reliability_allocation_failure
#include "localsgd/checkpoint/checkpoint.hpp"
#include "localsgd/checkpoint/file.hpp"
#include "localsgd/data/cache.hpp"
#include "localsgd/data/libsvm.hpp"
#include "localsgd/html_report/write_report.hpp"
#include "localsgd/minimize.hpp"
#include "localsgd/model/liblinear.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/regularizer/l1.hpp"
#include "localsgd/regularizer/l2.hpp"
#include "localsgd/synchronizer/overlapped.hpp"
#include "localsgd/synchronizer/serial.hpp"
#include "localsgd/synchronizer/thread_pool.hpp"
#include "test/support/failing_allocations.hpp"
#include "test/support/holdings.hpp"
#include "test/support/runs.hpp"
#include "test/support/temporary_path.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

// What a call does when there is no more memory, at each of its allocations.

#if defined(__linux__)
// Thousands of checkpoints are written, and no test cuts the power: the disk need not be awaited.
extern "C" int fsync(int) { return 0; }
#endif

namespace {

using namespace localsgd;
using support::fails_at, support::live, support::made, support::never;
using support::same_bits, support::survives_without_memory;
namespace fs = std::filesystem;

support::problem const& data() {
  static support::problem const p(60, 17, 0.5);
  return p;
}
auto const& smooth() {
  static linear_objective const f(data().sparse, data().labels, logistic{}, l2{0.01},
                                  {.intercept = 1});
  return f;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_allocations_of_a_call_are_counted_and_one_of_them_fails) {
  std::int64_t const before = live;
  auto const three = [] {
    auto const a = std::make_unique<int>(1), b = std::make_unique<int>(2);
    return *std::make_unique<int>(*a + *b) == 3;
  };
  made = 0;
  fails_at = 3;
  BOOST_CHECK_THROW(three(), std::bad_alloc);
  fails_at = never;
  BOOST_TEST(live == before);
  BOOST_TEST(three());
}

BOOST_AUTO_TEST_CASE(a_serial_run_survives_every_failed_allocation) {
  serial here;
  same_bits same;
  settings const s{.workers = 3, .local_steps = 3, .steps = 12, .evaluations = 2};
  survives_without_memory([&] { return same(minimize(smooth(), s, here)); });
}

BOOST_AUTO_TEST_CASE(a_run_on_a_thread_pool) {
  thread_pool pool(3);
  same_bits same;
  settings const s{.workers = 4, .local_steps = 3, .steps = 12, .evaluations = 2};
  survives_without_memory([&] { return same(minimize(smooth(), s, pool)); });
}

BOOST_AUTO_TEST_CASE(a_run_with_a_tolerance_on_a_thread_pool) {
  thread_pool pool(2);
  same_bits same;
  settings const s{.workers = 3, .tolerance = 1e-6};
  survives_without_memory([&] { return same(minimize(smooth(), s, pool)); });
}

BOOST_AUTO_TEST_CASE(a_run_with_a_tolerance_and_a_penalty_without_a_gradient) {
  linear_objective const f(data().sparse, data().labels, logistic{}, l1{0.01});
  serial here;
  same_bits same;
  settings const s{.workers = 3, .tolerance = 1e-6};
  survives_without_memory([&] { return same(minimize(f, s, here)); });
}

BOOST_AUTO_TEST_CASE(an_overlapped_run) {
  overlapped pool(3);
  same_bits same;
  settings const s{.workers = 4, .local_steps = 3, .steps = 12};
  support::custom const f{&data().dense, &data().reals};
  survives_without_memory([&] { return same(minimize(f, s, pool)); });
}

BOOST_AUTO_TEST_CASE(a_run_with_checkpoints) {
  support::temporary_path const folder;
  fs::create_directory(folder());
  fs::path const path = folder() / "run";
  thread_pool pool(2);
  same_bits same;
  settings const s{.workers = 3, .local_steps = 3, .steps = 9};
  support::custom const f{&data().dense, &data().reals};
  checkpoint const each(path, {.rounds = 1, .seconds = 0, .signals = false});
  survives_without_memory([&] { return same(minimize(f, s, pool, each)); });
  BOOST_TEST(support::entries(folder()) == 0);
}

BOOST_AUTO_TEST_CASE(a_pool_whose_threads_cannot_all_be_started_is_not_made) {
  survives_without_memory([] { return thread_pool(4).threads() == 4; });
}

BOOST_AUTO_TEST_CASE(reading_libsvm_survives_every_failed_allocation) {
  std::string text;
  for (int i = 0; i != 40; ++i)
    text += (i % 2 == 0 ? "+1 1:0.5 " : "-1 2:2 ") + std::to_string(i + 3) + ":1\n";
  support::temporary_path const path(text);
  survives_without_memory([&] {
    auto const read = read_libsvm(path());
    return read.features.rows() == 40 && read.features.nonzeros() == 80 && read.targets[1] == -1;
  });
  detail::libsvm_split const split{.threads = 3, .chunk_bytes = 100};
  survives_without_memory([&] {
    auto const read = detail::parse_libsvm<double>(text, "text", {}, split);
    return read.features.rows() == 40 && read.features.nonzeros() == 80 && read.targets[1] == -1;
  });
}

BOOST_AUTO_TEST_CASE(writing_and_reading_files) {
  support::temporary_path const folder;
  fs::create_directory(folder());
  fs::path const path = folder() / "file";
  linear_model m;
  m.loss = "logistic";
  m.features = 20;
  m.coefficients.assign(20, 0.25);
  m.intercepts = {-1};
  m.labels = {-1, 1};
  survives_without_memory([&] {
    save_liblinear(m, path);
    return load_liblinear(path).coefficients == m.coefficients;
  });
  vector<double> targets(std::array<std::size_t, 1>{data().reals.size()});
  std::copy(data().reals.begin(), data().reals.end(), targets.begin());
  dataset<csr_matrix<float>> const set{data().sparse, targets};
  survives_without_memory([&] {
    save(set, path);
    return load(path).features.nonzeros() == set.features.nonzeros();
  });
  std::vector<std::byte> const state(1000);
  survives_without_memory([&] {
    detail::write_checkpoint(path, "workers = 8\n", state);
    return detail::checkpoint_file(path, "workers = 8\n").state().size() == 1000;
  });
  result<double> r;
  r.history.resize(2);
  survives_without_memory([&] {
    write_report(r, path);
    return fs::file_size(path) > 1000;
  });
  BOOST_TEST(support::entries(folder()) == 1);
}
