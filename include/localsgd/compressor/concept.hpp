// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/component.hpp"
#include "localsgd/settings.hpp"

#include <concepts>
#include <cstddef>
#include <span>
#include <vector>

/// @file
/// @brief The Compressor component: how a worker's change since the last consensus travels.

namespace localsgd {

namespace detail {

template <class S, class Scalar>
concept has_encode = requires(S& s, std::span<Scalar const> change, std::vector<std::byte>& message) {
  { s.encode(change, message) } -> std::same_as<void>;
};
template <class S>
concept has_const_decode = requires(S const& s, std::span<std::byte const> message, double weight,
                                    std::size_t first, std::span<double> add_to) {
  { s.decode(message, weight, first, add_to) } -> std::same_as<void>;
};
template <class S>
constexpr bool compresses_mean = [] {
  if constexpr (requires { S::compresses_mean; })
    return bool{S::compresses_mean};
  else
    return false;
}();
template <class S>
concept can_forget = requires(S& s) {
  { s.reset() } -> std::same_as<void>;
};
template <class C, class Scalar>
concept binds_an_encoder = requires(C const& c, plan const& p, std::size_t worker) {
  c.template bind<Scalar>(p, worker);
};
}  // namespace detail

/// @brief What a Compressor is for one worker of a run: its encoder, with the memory of what it has
///        not sent.
///
/// | expression                                | meaning                                          |
/// |-------------------------------------------|--------------------------------------------------|
/// | `s.encode(change, message)`               | overwrites the message with what travels of      |
/// |                                           | Δ_k = x_k − x̄, d finite scalars                  |
/// | `s.decode(message, weight, first, add_to)`| add_to_i ← add_to_i + weight·(what the message   |
/// |                                           | says of coordinate first + i), for all i         |
/// | `s.reset()`                               | forgets what has not been sent: the consensus    |
/// |                                           | became another point than that of an average     |
/// | `s.state(archive)`                        | passes all it remembers to `archive(parts…)`     |
/// | `S::compresses_mean`                      | optional: true if the mean of all messages is to |
/// |                                           | be encoded as well, by a state of its own        |
///
/// Without it, or with fewer than three workers, each message goes to all others. With it they go to one
/// process, which encodes Σ_k w_k C(Δ_k) as if it were the change of a worker K, and sends that to all:
/// 2(K−1) messages in place of K(K−1).
///
/// What no compiler can check: `decode` depends on its arguments and the plan only, so that the
/// state of any worker decodes the message of any other; it is called by several threads at once,
/// for disjoint ranges, and how [0, d) is split must not change the sums.
template <class S, class Scalar = double>
concept EncoderState =
    detail::has_encode<S, Scalar> && detail::has_const_decode<S> && detail::can_forget<S> &&
    detail::has_state_of_a_checkpoint<S>;

/// @brief How a worker's change since the last consensus travels: x̄ ← x̄ + Σ_k w_k C(x_k − x̄ − p), where p is
///        what all workers are expected to have moved by: the common step of variance-reduced steps, or 0.
///
/// | expression                  | meaning                                                        |
/// |-----------------------------|----------------------------------------------------------------|
/// | `c.bind<Scalar>(plan, k)`   | the EncoderState of worker k, or of the mean for k = K. Throws |
/// |                             | invalid_settings where a parameter is out of range             |
/// | `c.identity()`              | its name and parameters as text: ranks and checkpoints compare |
/// |                             | it                                                             |
///
/// For synchronous runs; `averaging::fast` cannot carry it. The default is detail::uncompressed:
/// vectors as they are, or, where the rows of a round touch few coordinates, what they touched.
template <class C, class Scalar = double>
concept Compressor =
    std::copy_constructible<C> && detail::has_const_identity<C> &&
    detail::binds_an_encoder<C, Scalar> && requires(C const& c, plan const& p, std::size_t worker) {
      { c.template bind<Scalar>(p, worker) } -> EncoderState<Scalar>;
    };

}  // namespace localsgd
