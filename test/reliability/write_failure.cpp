// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE reliability_write_failure
#include <boost/test/unit_test.hpp>

#if defined(__linux__)
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "localsgd/checkpoint/checkpoint.hpp"
#include "localsgd/checkpoint/file.hpp"
#include "localsgd/communicator/simulated/report.hpp"
#include "localsgd/data/cache.hpp"
#include "localsgd/html_report/write_report.hpp"
#include "localsgd/minimize.hpp"
#include "localsgd/model/liblinear.hpp"
#include "localsgd/step_size/constant_step.hpp"
#include "localsgd/synchronizer/thread_pool.hpp"
#include "test/support/holdings.hpp"
#include "test/support/runs.hpp"
#include "test/support/temporary_path.hpp"
#if __has_include(<nlohmann/json.hpp>)
#include "localsgd/model/json.hpp"
#endif

// Every file is written by calls of the system, each of which fails once, at each place. The old
// file or the new one is there then, never a part of one, and no other file; an error names the
// file.

namespace {

enum class call { none, open, write, sync, lock, duplicate, close, rename };
constexpr int short_write = -1;  // instead of an error: half of the bytes

/// The call that fails, counted from 1 of its kind; those after it succeed.
struct {
  std::atomic<call> which{call::none};
  std::atomic<int> at{0}, count{0}, error{0};
  std::atomic<bool> always{false};  // the later ones fail, too
} plan_of_failures;

/// @return the error of this call, or 0
int failure_of(call c) {
  auto& p = plan_of_failures;
  if (p.which != c) return 0;
  int const n = ++p.count;
  return n == p.at || (n > p.at && p.always) ? p.error.load() : 0;
}
template <class F>
F* next(char const* name) {
  return reinterpret_cast<F*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {
ssize_t write(int file, void const* bytes, std::size_t size) {
  static auto* const real = next<ssize_t(int, void const*, std::size_t)>("write");
  int const error = failure_of(call::write);
  if (error == short_write) return real(file, bytes, (size + 1) / 2);
  if (error == 0) return real(file, bytes, size);
  errno = error;
  return -1;
}
int fsync(int file) {
  if (int const error = failure_of(call::sync); error != 0) return errno = error, -1;
  return ::fcntl(file, F_GETFD) < 0 ? -1 : 0;  // no test cuts the power: no wait for the disk
}
int rename(char const* from, char const* to) noexcept {
  static auto* const real = next<int(char const*, char const*)>("rename");
  if (int const error = failure_of(call::rename); error != 0) return errno = error, -1;
  return real(from, to);
}
int close(int file) {
  static auto* const real = next<int(int)>("close");
  int const error = failure_of(call::close);
  int const result = real(file);  // it is closed in any case, as on Linux
  if (error != 0) return errno = error, -1;
  return result;
}
int open(char const* path, int flags, ...) {
  static auto* const real = next<int(char const*, int, ...)>("open");
  std::va_list more;
  va_start(more, flags);
  mode_t const mode = (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : mode_t{0};
  va_end(more);
  if (int const error = failure_of(call::open); error != 0) return errno = error, -1;
  return real(path, flags, mode);
}
int fcntl(int file, int command, ...) {
  static auto* const real = next<int(int, int, ...)>("fcntl");
  std::va_list more;
  va_start(more, command);
  void* const argument = va_arg(more, void*);
  va_end(more);
  call const c = command == F_OFD_SETLK       ? call::lock
                 : command == F_DUPFD_CLOEXEC ? call::duplicate
                                              : call::none;
  if (c != call::none)
    if (int const error = failure_of(c); error != 0) return errno = error, -1;
  return real(file, command, argument);
}
}

namespace {

using namespace localsgd;
namespace fs = std::filesystem;

std::string bytes_of(fs::path const& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

struct ending {
  bool failed = false;  ///< with an error that names the file
  int calls = 0;        ///< of the kind that was to fail
};

/// Calls `work`, where a call fails.
template <class Work>
ending with_failure(call which, int at, int error, bool always, fs::path const& path,
                    Work const& work) {
  auto& p = plan_of_failures;
  p.at = at, p.count = 0, p.error = error, p.always = always;
  p.which = which;
  ending e;
  try {
    work();
    p.which = call::none;
  } catch (fs::filesystem_error const& error_of_file) {
    p.which = call::none;
    e.failed = true;
    BOOST_TEST(error_of_file.path1() == path);
    BOOST_TEST(std::string_view(error_of_file.what()).find(path.string()) !=
               std::string_view::npos);
    BOOST_TEST(error_of_file.code().value() == error);
  }
  e.calls = p.count;
  return e;
}

/// Something that writes a file; its two versions differ.
struct writer {
  char const* name;
  std::function<void(fs::path const&, int version)> write;
};

std::vector<writer> writers() {
  std::vector<writer> all;
  all.push_back({"a checkpoint", [](fs::path const& path, int version) {
                   std::vector<std::byte> const state(
                       static_cast<std::size_t>(100'000 + version),
                       static_cast<std::byte>(version));
                   detail::write_checkpoint(path, "workers = 8\n", state);
                 }});
  all.push_back({"a cache", [](fs::path const& path, int version) {
                   support::problem const data(20 + static_cast<std::size_t>(version), 5, 0.5);
                   vector<double> targets(std::array<std::size_t, 1>{data.reals.size()});
                   std::copy(data.reals.begin(), data.reals.end(), targets.begin());
                   save(dataset<csr_matrix<float>>{data.sparse, targets}, path);
                 }});
  auto const model = [](int version) {
    linear_model m;
    m.loss = "logistic";
    m.features = 50;
    m.coefficients.assign(50, 0.25 + version);
    m.intercepts = {-1};
    m.labels = {-1, 1};
    return m;
  };
  all.push_back({"a LIBLINEAR model", [=](fs::path const& path, int version) {
                   save_liblinear(model(version), path);
                 }});
#if __has_include(<nlohmann/json.hpp>)
  all.push_back(
      {"a JSON model",
       [=](fs::path const& path, int version) { save_json(model(version), path); }});
#endif
  all.push_back({"a report", [](fs::path const& path, int version) {
                   result<double> r;
                   r.history.resize(2);
                   r.history[0].objective = 1.5 + version;
                   write_report(r, path);
                 }});
  all.push_back({"a trace", [](fs::path const& path, int version) {
                   simulation_report r;
                   r.computing = {1, 2};
                   r.left_out = static_cast<std::uint64_t>(version);
                   r.write_trace(path);
                 }});
  return all;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_file_is_replaced_whole_or_not_at_all_whichever_call_fails) {
  struct failing {
    call which;
    std::vector<int> errors;
    bool matters;  ///< whether an error of the first call of this kind is one of writing
  };
  std::vector<failing> const kinds{{call::open, {EMFILE, EACCES, EROFS}, true},
                                   {call::write, {ENOSPC, EIO, EDQUOT, EFBIG}, true},
                                   {call::sync, {EIO, ENOSPC}, true},
                                   {call::lock, {ENOLCK, EINVAL}, false},
                                   {call::duplicate, {EMFILE}, true},
                                   {call::close, {EIO, ENOSPC}, true},
                                   {call::rename, {EACCES, EIO, ENOSPC}, true}};
  for (writer const& each : writers()) BOOST_TEST_CONTEXT(each.name) {
      support::temporary_path const folder;
      fs::create_directory(folder());
      fs::path const target = folder() / "target";
      each.write(target, 2);
      std::string const newer = bytes_of(target);
      each.write(target, 1);
      std::string const older = bytes_of(target);
      BOOST_TEST((newer != older));
      for (failing const& kind : kinds)
        for (int const error : kind.errors)
          for (int at = 1;; ++at) {
            BOOST_TEST_CONTEXT("kind " << static_cast<int>(kind.which) << ", call " << at
                                       << ", error " << error) {
              each.write(target, 1);
              ending const e = with_failure(kind.which, at, error, false, target,
                                            [&] { each.write(target, 2); });
              if (e.calls < at) break;
              BOOST_TEST((bytes_of(target) == (e.failed ? older : newer)));
              BOOST_TEST(support::entries(folder()) == 1);
              if (at == 1) BOOST_TEST(e.failed == kind.matters);
              if (kind.which == call::write || kind.which == call::rename) BOOST_TEST(e.failed);
            }
          }
      // Without an old file none appears.
      fs::remove(target);
      BOOST_TEST(with_failure(call::rename, 1, EIO, true, target, [&] {
                   each.write(target, 2);
                 }).failed);
      BOOST_TEST(support::entries(folder()) == 0);
    }
}

BOOST_AUTO_TEST_CASE(interrupted_calls_are_repeated_and_short_writes_continued) {
  for (writer const& each : writers()) BOOST_TEST_CONTEXT(each.name) {
      support::temporary_path const folder;
      fs::create_directory(folder());
      fs::path const target = folder() / "target";
      each.write(target, 2);
      std::string const newer = bytes_of(target);
      for (call const which : {call::open, call::write, call::sync, call::lock, call::close})
        for (int at = 1;; ++at) {
          each.write(target, 1);
          ending const e =
              with_failure(which, at, EINTR, false, target, [&] { each.write(target, 2); });
          if (e.calls < at) break;
          BOOST_TEST(!e.failed);
          BOOST_TEST((bytes_of(target) == newer));
          BOOST_TEST(support::entries(folder()) == 1);
        }
      each.write(target, 1);
      BOOST_TEST(!with_failure(call::write, 1, short_write, true, target, [&] {
                    each.write(target, 2);
                  }).failed);
      BOOST_TEST((bytes_of(target) == newer));
    }
}

BOOST_AUTO_TEST_CASE(a_run_whose_checkpoint_cannot_be_written_continues_from_the_last_one) {
  support::problem const data(30, 11);
  support::custom const f{&data.dense, &data.reals};
  settings const s{.workers = 5, .local_steps = 2, .steps = 12};
  thread_pool pool(3);
  support::temporary_path const folder;
  fs::create_directory(folder());
  fs::path const target = folder() / "run";
  auto const run = [&] {
    checkpoint const each(target, {.rounds = 1, .seconds = 0, .signals = false});
    return support::bits(minimize(f, s, pool, each, constant_step{0.05}));
  };
  auto const expected = run();
  for (call const which : {call::open, call::write, call::sync, call::duplicate, call::close,
                           call::rename})
    for (int at = 1;; ++at) {
      BOOST_TEST_CONTEXT("kind " << static_cast<int>(which) << ", call " << at) {
        std::vector<std::uint64_t> bits;
        ending const e = with_failure(which, at, EIO, false, target, [&] { bits = run(); });
        if (e.calls < at) break;
        if (e.failed) {
          BOOST_TEST(support::entries(folder()) <= 1);
          BOOST_TEST(support::entries(folder()) == (fs::exists(target) ? 1 : 0));
          bits = run();
        }
        BOOST_TEST((bits == expected));
        BOOST_TEST(support::entries(folder()) == 0);  // a run that has ended leaves none
      }
    }
}
#else
BOOST_AUTO_TEST_CASE(calls_of_the_system_fail_on_linux_only) { BOOST_TEST(true); }
#endif
