// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

/// @file
/// @brief From the moment a synchronizer knows of a run until the run is over.

namespace localsgd::detail {

/// @brief Tells a synchronizer that wants to know, by `synchronizer.begin(f, plan)`, what is to be
///        run; and by `synchronizer.leave()`, when this goes out of scope, that it has been, or
///        that it came to nothing: other processes may be waiting.
template <class S>
class announced {
 public:
  template <class F, class Plan>
  announced(S& synchronizer, F const& f, Plan const& p) : synchronizer_(&synchronizer) {
    if constexpr (requires { synchronizer.begin(f, p); }) synchronizer.begin(f, p);
  }
  announced(announced const&) = delete;
  announced& operator=(announced const&) = delete;
  ~announced() {
    if constexpr (requires { synchronizer_->leave(); }) synchronizer_->leave();
  }

 private:
  S* synchronizer_;
};
template <class S, class F, class Plan>
announced(S&, F const&, Plan const&) -> announced<S>;

}  // namespace localsgd::detail
