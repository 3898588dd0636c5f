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
/// @brief The Compressor component: how a worker's change since the last consensus is sent.

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

/// @brief The state of a Compressor for one worker of a run: its encoder and its error memory.
///
/// | expression                                 | meaning                                         |
/// |--------------------------------------------|-------------------------------------------------|
/// | `s.encode(change, message)`                | overwrites the message with the encoding of     |
/// |                                            | Δ_k = x_k − x̄, d finite scalars                 |
/// | `s.decode(message, weight, first, add_to)` | add_to_i ← add_to_i + weight·(the decoded value |
/// |                                            | of coordinate first + i), for all i             |
/// | `s.reset()`                                | clears the error memory: the consensus was set  |
/// |                                            | by something other than an average              |
/// | `s.state(archive)`                         | passes its entire memory to `archive(parts…)`   |
/// | `S::compresses_mean`                       | optional: true if the mean of all messages is   |
/// |                                            | also encoded, by a separate state               |
///
/// Without `compresses_mean`, or with fewer than three workers, each message is sent to all others.
/// With it, the messages are sent to one process, which encodes Σ_k w_k C(Δ_k) as if it were the
/// change of a worker numbered K and sends the result to all: 2(K−1) messages instead of K(K−1).
///
/// The library's compressors never read beyond the end of a message: `decode` throws invalid_data
/// for one that `encode` did not write, such as a truncated one or one of another version.
///
/// The compiler cannot check that `decode` depends only on its arguments and the plan, so that the
/// state of any worker can decode the message of any other. Several threads call it concurrently
/// for disjoint ranges; the sums must not depend on how [0, d) is split.
template <class S, class Scalar = double>
concept EncoderState =
    detail::has_encode<S, Scalar> && detail::has_const_decode<S> && detail::can_forget<S> &&
    detail::has_state_of_a_checkpoint<S>;

/// @brief How a worker's change since the last consensus is sent:
///        x̄ ← x̄ + Σ_k w_k C(x_k − x̄ − p), where p is the expected change of all workers, the
///        common part of variance-reduced steps, or 0.
///
/// | expression                | meaning                                                        |
/// |---------------------------|----------------------------------------------------------------|
/// | `c.bind<Scalar>(plan, k)` | the EncoderState of worker k, or of the mean for k = K. Throws |
/// |                           | invalid_settings if a parameter is out of range                |
/// | `c.identity()`            | its name and parameters as text, compared across ranks and     |
/// |                           | with checkpoints                                               |
///
/// For synchronous runs only; not compatible with `averaging::fast`. The default is
/// detail::uncompressed: entire vectors, or only the touched coordinates if the rows of a round
/// touch few.
template <class C, class Scalar = double>
concept Compressor =
    std::copy_constructible<C> && detail::has_const_identity<C> &&
    detail::binds_an_encoder<C, Scalar> && requires(C const& c, plan const& p, std::size_t worker) {
      { c.template bind<Scalar>(p, worker) } -> EncoderState<Scalar>;
    };

}  // namespace localsgd
