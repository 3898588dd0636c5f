// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/communicator/concept.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <thread>
#include <utility>

/// @file
/// @brief Any Communicator as one type: a run is compiled once for all of them. And one that is late.

namespace support {

/// @brief A communicator that sends in time but looks late at what it receives, if that is wanted on
///        the thread that uses it.
template <localsgd::Communicator C>
struct late : C {
  static inline thread_local bool wanted = false;

  using C::C;
  void finish_all_to_all_v() {
    wait();
    C::finish_all_to_all_v();
  }
  void finish_posts()
    requires localsgd::detail::has_board<C>
  {
    wait();
    C::finish_posts();
  }

 private:
  static void wait() {
    if (wanted) std::this_thread::sleep_for(std::chrono::milliseconds(3));
  }
};

class any_communicator {
  using outgoing = std::span<std::span<std::byte const> const>;
  using incoming = std::span<std::span<std::byte> const>;

 public:
  /// @param arguments those of the constructor of C
  template <class C, class... Arguments>
  explicit any_communicator(std::in_place_type_t<C>, Arguments&&... arguments)
      : self_(std::make_unique<model<C>>(std::forward<Arguments>(arguments)...)) {}

  std::size_t rank() const { return self_->rank(); }
  std::size_t size() const { return self_->size(); }
  void open() { self_->open(); }
  localsgd::rank_status close(localsgd::rank_status const& mine) { return self_->close(mine); }
  void start_all_to_all_v(outgoing send, incoming receive) { self_->start(send, receive); }
  void finish_all_to_all_v() { self_->finish(); }

 private:
  struct ranks {
    virtual ~ranks() = default;
    virtual std::size_t rank() const = 0;
    virtual std::size_t size() const = 0;
    virtual void open() = 0;
    virtual localsgd::rank_status close(localsgd::rank_status const& mine) = 0;
    virtual void start(outgoing send, incoming receive) = 0;
    virtual void finish() = 0;
  };
  template <class C>
  struct model final : ranks {
    template <class... Arguments>
    explicit model(Arguments&&... arguments) : c(std::forward<Arguments>(arguments)...) {}
    std::size_t rank() const override { return c.rank(); }
    std::size_t size() const override { return c.size(); }
    void open() override { c.open(); }
    localsgd::rank_status close(localsgd::rank_status const& mine) override {
      return c.close(mine);
    }
    void start(outgoing send, incoming receive) override { c.start_all_to_all_v(send, receive); }
    void finish() override { c.finish_all_to_all_v(); }
    C c;
  };

  std::unique_ptr<ranks> self_;
};
static_assert(localsgd::Communicator<any_communicator>);

}  // namespace support
