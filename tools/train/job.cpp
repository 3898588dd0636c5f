// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

#include "job.hpp"

#include "files.hpp"
#include "synchronizer.hpp"

#include <localsgd/core/error.hpp>
#include <localsgd/core/checksum.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <thread>
#include <vector>

namespace train {

namespace {

#if LOCALSGD_TRAIN_MPI

/// @brief Collective: all[r] from rank r. Waits for as long as it takes, and leaves the core to
/// others.
template <class T>
std::vector<T> all_of_ranks(T const& mine, std::size_t size) {
  std::vector<T> all(size);
  MPI_Request request = MPI_REQUEST_NULL;
  localsgd::detail::check_mpi(
      MPI_Iallgather(&mine, static_cast<int>(sizeof(T)), MPI_BYTE, all.data(),
                     static_cast<int>(sizeof(T)), MPI_BYTE, MPI_COMM_WORLD, &request),
      "MPI_Iallgather");
  for (int done = 0; done == 0;) {
    localsgd::detail::check_mpi(MPI_Test(&request, &done, MPI_STATUS_IGNORE), "MPI_Test");
    if (done == 0) std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  return all;
}

#else

template <class T>
std::vector<T> all_of_ranks(T const& mine, std::size_t) {
  return {mine};
}

#endif

}  // namespace

#if LOCALSGD_TRAIN_MPI

job::job(int& argc, char**& argv) {
  int provided = 0, rank = 0, size = 1;
  MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  rank_ = static_cast<std::size_t>(rank);
  size_ = static_cast<std::size_t>(size);
}

job::~job() { MPI_Finalize(); }

std::string job::prefix() const {
  if (leads()) return {};
  std::array<char, MPI_MAX_PROCESSOR_NAME> host{};
  int length = 0;
  MPI_Get_processor_name(host.data(), &length);
  return "rank " + std::to_string(rank_) + " on " + host.data() + ": ";
}

void check_threads(std::size_t threads) { localsgd::mpi_options{.threads = threads}.validate(); }

#else

job::job(int&, char**&) {}
job::~job() = default;
std::string job::prefix() const { return {}; }
void check_threads(std::size_t) {}  // by the pool

#endif

void job::do_together(std::function<void()> const& work) const {
  std::exception_ptr failure;
  try {
    work();
  } catch (...) {
    failure = std::current_exception();
  }
  auto const failed = all_of_ranks(failure ? char{1} : char{0}, size_);
  if (failure) std::rethrow_exception(failure);
  if (std::ranges::count(failed, char{0}) != static_cast<std::ptrdiff_t>(failed.size()))
    throw failed_elsewhere();
}

void job::require_same(std::string const& what, std::string_view text) const {
  struct shortened {
    std::array<char, 80> first{};
    std::uint64_t checksum = 0;
    bool operator==(shortened const&) const = default;
  };
  shortened mine;
  std::ranges::copy(text.substr(0, mine.first.size() - 1), mine.first.begin());
  mine.checksum = localsgd::detail::checksum(text.data(), text.size());
  auto const all = all_of_ranks(mine, size_);
  for (std::size_t r = 1; r != all.size(); ++r)
    if (all[r] != all[0])
      throw usage_error(what + ": rank " + std::to_string(r) + " has " + all[r].first.data() +
                        ", but rank 0 has " + all[0].first.data() +
                        "; start the same command on all ranks");
}

void job::with_synchronizer(std::size_t threads,
                            std::function<void(synchronizer&)> const& work) const {
  std::optional<synchronizer> ranks;
  if (threads == 0)
    ranks.emplace();
  else
    ranks.emplace(threads);
  ranks->do_together([&] { work(*ranks); });
}

job::ending job::conclude(int code, bool elsewhere) const {
  struct how {
    int code = 0;
    bool own = false;
  };
  how mine{code, code != 0 && !elsewhere};
  auto const all = all_of_ranks(mine, size_);
  auto first = std::ranges::find_if(all, [](how const& each) { return each.own; });
  if (first == all.end())
    first = std::ranges::find_if(all, [](how const& each) { return each.code != 0; });
  if (first == all.end()) return {0, false};
  return {first->code, first - all.begin() == static_cast<std::ptrdiff_t>(rank_)};
}

}  // namespace train
