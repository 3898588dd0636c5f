// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/cache_aligned.hpp"

// The only header that includes MPI. Uses only its C interface: MPI 3.0 removed the C++ interface.
#ifndef OMPI_SKIP_MPICXX
#define OMPI_SKIP_MPICXX 1
#endif
#ifndef MPICH_SKIP_MPICXX
#define MPICH_SKIP_MPICXX 1
#endif
#include <mpi.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

/// @file
/// @brief Pending MPI requests, which are started here and tested until they complete.

namespace localsgd::detail {

/// @throws std::runtime_error with MPI's error text unless `code` is MPI_SUCCESS.
inline void check_mpi(int code, char const* call) {
  if (code == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING] = {};
  int length = 0;
  MPI_Error_string(code, text, &length);
  throw std::runtime_error(std::string("localsgd: ") + call + ": " + text);
}

/// @throws std::runtime_error with advice, unless this thread may call MPI while other threads run.
inline void require_mpi() {
  int begun = 0, over = 0, level = 0, is_main = 0;
  MPI_Initialized(&begun);
  MPI_Finalized(&over);
  if (begun == 0 || over != 0)
    throw std::runtime_error(
        begun == 0 ? "localsgd: MPI is not initialised; call MPI_Init_thread(&argc, &argv, "
                     "MPI_THREAD_FUNNELED, &provided) first"
                   : "localsgd: MPI is already finalised; call minimize before MPI_Finalize()");
  MPI_Query_thread(&level);
  MPI_Is_thread_main(&is_main);
  if (level < MPI_THREAD_FUNNELED)
    throw std::runtime_error(
        "localsgd: MPI was initialised without thread support; call MPI_Init_thread(&argc, &argv, "
        "MPI_THREAD_FUNNELED, &provided) instead of MPI_Init");
  if (level == MPI_THREAD_FUNNELED && is_main == 0)
    throw std::runtime_error(
        "localsgd: with MPI_THREAD_FUNNELED only the thread that initialised MPI may use it; call "
        "minimize from that thread, or initialise MPI with MPI_THREAD_SERIALIZED");
}

/// @brief Requests on a separate communicator. Used by one thread at a time.
///
/// Memory that is being sent or received must stay in place until the request completes.
class mpi_requests {
 public:
  mpi_requests() = default;
  mpi_requests(mpi_requests const&) = delete;
  mpi_requests& operator=(mpi_requests const&) = delete;

  int rank() const noexcept { return rank_; }
  int ranks() const noexcept { return ranks_; }
  bool none() const noexcept { return requests_.empty(); }

  /// @brief Bytes that this rank has sent since its construction, except reductions and short
  ///        notes.
  std::uint64_t bytes_sent() const noexcept { return bytes_sent_; }

  /// @brief Starts creating a communicator for the same ranks.
  void duplicate(MPI_Comm all) {
    check_mpi(MPI_Comm_rank(all, &rank_), "MPI_Comm_rank");
    check_mpi(MPI_Comm_size(all, &ranks_), "MPI_Comm_size");
    forget();
    MPI_Request request = MPI_REQUEST_NULL;
    check_mpi(MPI_Comm_idup(all, &comm_, &request), "MPI_Comm_idup");
    add(request, {nobody, way::together});
  }
  /// @brief From now on, errors are reported; by default MPI would end the job.
  void use_duplicate() {
    check_mpi(MPI_Comm_set_errhandler(comm_, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  }
  void free_duplicate() noexcept {
    int over = 0;
    MPI_Finalized(&over);
    if (over == 0 && comm_ != MPI_COMM_NULL) MPI_Comm_free(&comm_);
  }

  MPI_Comm communicator() const noexcept { return comm_; }
  /// @brief Adds a request that other code has started.
  void watch(MPI_Request request) { add(request, {nobody, way::together}); }

  [[noreturn]] void abort(std::string const& why) const {
    std::fprintf(stderr, "%s\n", why.c_str());
    std::fflush(stderr);
    MPI_Abort(MPI_COMM_WORLD, 1);
    std::abort();
  }

  void send(int to, int tag, std::span<std::byte const> bytes) {
    for_each_piece(bytes, [&](std::span<std::byte const> piece) {
      send_note(to, tag, piece);
      ++sent_[at(to)];
      bytes_sent_ += piece.size();
    });
  }
  void receive(int from, int tag, std::span<std::byte> bytes) {
    for_each_piece(bytes, [&](std::span<std::byte> piece) {
      MPI_Request request = MPI_REQUEST_NULL;
      check_mpi(MPI_Irecv(piece.data(), static_cast<int>(piece.size()), MPI_BYTE, from, tag, comm_,
                          &request),
                "MPI_Irecv");
      add(request, {from, way::in});
    });
  }
  /// @brief Sends data that are not counted.
  void send_note(int to, int tag, std::span<std::byte const> bytes) {
    MPI_Request request = MPI_REQUEST_NULL;
    check_mpi(MPI_Isend(bytes.data(), static_cast<int>(bytes.size()), MPI_BYTE, to, tag, comm_,
                        &request),
              "MPI_Isend");
    add(request, {to, way::out});
  }
  /// @brief Receives a note that has arrived and returns its sender, or −1 if there is none.
  int take_note(int tag, std::span<std::byte> bytes) {
    int there = 0;
    MPI_Status status;
    check_mpi(MPI_Iprobe(MPI_ANY_SOURCE, tag, comm_, &there, &status), "MPI_Iprobe");
    if (there == 0) return nobody;
    check_mpi(MPI_Recv(bytes.data(), static_cast<int>(bytes.size()), MPI_BYTE, status.MPI_SOURCE,
                       tag, comm_, MPI_STATUS_IGNORE),
              "MPI_Recv");
    return status.MPI_SOURCE;
  }

  /// @brief Starts x ← Σ_r x of rank r, in place, in an order that MPI chooses.
  template <class Scalar>
  void all_reduce(std::span<Scalar> x) {
    constexpr std::size_t most = std::size_t{1} << 30;
    for (std::size_t i = 0; i < x.size(); i += most) {
      elements_ = std::min(most, x.size() - i);
      element_bytes_ = sizeof(Scalar);
      reduce(x.data() + i);
    }
  }
  std::uint64_t reductions() const noexcept { return reductions_; }
  std::uint64_t elements() const noexcept { return elements_; }  ///< In the last reduction.
  std::uint64_t element_bytes() const noexcept { return element_bytes_; }
  /// @brief Takes part, with zeros, in a reduction that other ranks have started.
  void join_reduction(std::uint64_t elements, std::uint64_t element_bytes) {
    elements_ = elements;
    element_bytes_ = element_bytes;
    scrap_.emplace_back(elements * element_bytes);
    reduce(scrap_.back().data());
  }

  /// @brief The number of requests completed since the last call.
  int test() {
    if (requests_.empty()) return 0;
    done_.resize(requests_.size());
    statuses_.resize(requests_.size());
    int done = 0;
    int const code = MPI_Testsome(static_cast<int>(requests_.size()), requests_.data(), &done,
                                  done_.data(), statuses_.data());
    if (code == MPI_ERR_IN_STATUS)
      for (int i = 0; i < done; ++i) check_mpi(statuses_[at(i)].MPI_ERROR, "MPI_Testsome");
    check_mpi(code, "MPI_Testsome");
    if (done == MPI_UNDEFINED || done == 0) return 0;
    for (int i = 0; i < done; ++i) {
      pending const& what = pending_[at(done_[at(i)])];
      int cancelled = 0;
      if (what.which == way::in) MPI_Test_cancelled(&statuses_[at(i)], &cancelled);
      if (what.which == way::in && cancelled == 0) ++received_[at(what.peer)];
    }
    std::size_t kept = 0;
    for (std::size_t i = 0; i != requests_.size(); ++i) {
      if (requests_[i] == MPI_REQUEST_NULL) continue;
      requests_[kept] = requests_[i];
      pending_[kept++] = pending_[i];
    }
    requests_.resize(kept);
    pending_.resize(kept);
    return done;
  }

  /// @brief Whether data are still expected from a rank, or from any rank.
  bool expects(int from) const {
    return std::ranges::any_of(
        pending_, [&](pending const& p) { return p.which == way::in && p.peer == from; });
  }
  bool receives() const {
    return std::ranges::any_of(pending_, [](pending const& p) { return p.which == way::in; });
  }
  /// @brief Whether a rank has not yet received what was sent to it.
  bool owes(int to) const {
    return std::ranges::any_of(
        pending_, [&](pending const& p) { return p.which == way::out && p.peer == to; });
  }
  std::uint64_t sent(int to) const noexcept { return sent_[at(to)]; }
  std::uint64_t received(int from) const noexcept { return received_[at(from)]; }

  void cancel_receives() {
    for (std::size_t i = 0; i != requests_.size(); ++i)
      if (pending_[i].which == way::in && !std::exchange(pending_[i].cancelled, true))
        check_mpi(MPI_Cancel(&requests_[i]), "MPI_Cancel");
  }
  /// @brief Starts to receive and discard messages that no call waits for.
  void take_in_strays(int tag) {
    for (;;) {
      int there = 0, size = 0;
      MPI_Status status;
      check_mpi(MPI_Iprobe(MPI_ANY_SOURCE, tag, comm_, &there, &status), "MPI_Iprobe");
      if (there == 0) return;
      MPI_Get_count(&status, MPI_BYTE, &size);
      scrap_.emplace_back(at(size));
      receive(status.MPI_SOURCE, tag, scrap_.back());
    }
  }
  /// @brief Restarts all counts from zero. @pre none()
  void forget() {
    sent_.assign(at(ranks_), 0);
    received_.assign(at(ranks_), 0);
    reductions_ = elements_ = element_bytes_ = 0;
    scrap_.clear();
  }

 protected:
  static constexpr int nobody = -1;
  static std::size_t at(int i) noexcept { return static_cast<std::size_t>(i); }

 private:
  enum class way { in, out, together };
  struct pending {
    int peer;
    way which;
    bool cancelled = false;
  };

  template <class Byte, class Each>
  static void for_each_piece(std::span<Byte> bytes, Each const& each) {
    constexpr std::size_t most = std::size_t{1} << 30;  // MPI counts in int
    for (std::size_t i = 0; i < bytes.size(); i += most)
      each(bytes.subspan(i, std::min(most, bytes.size() - i)));
  }
  void add(MPI_Request request, pending what) {
    requests_.push_back(request);
    pending_.push_back(what);
  }
  void reduce(void* x) {
    MPI_Datatype const type = element_bytes_ == sizeof(double) ? MPI_DOUBLE : MPI_FLOAT;
    MPI_Request request = MPI_REQUEST_NULL;
    check_mpi(MPI_Iallreduce(MPI_IN_PLACE, x, static_cast<int>(elements_), type, MPI_SUM, comm_,
                             &request),
              "MPI_Iallreduce");
    add(request, {nobody, way::together});
    ++reductions_;
  }

  MPI_Comm comm_ = MPI_COMM_NULL;
  int rank_ = 0, ranks_ = 1;
  std::uint64_t bytes_sent_ = 0, reductions_ = 0, elements_ = 0, element_bytes_ = 0;
  std::vector<MPI_Request> requests_;
  std::vector<pending> pending_;  // for the request with the same number
  std::vector<int> done_;
  std::vector<MPI_Status> statuses_;
  std::vector<std::uint64_t> sent_, received_;  // counted messages, by rank
  std::vector<std::vector<std::byte>> scrap_;   // its elements stay in place when it is moved
};

}  // namespace localsgd::detail
