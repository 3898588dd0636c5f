// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE core_component
#include "localsgd/core/component.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <string>

namespace {

struct named {
  static std::string identity() { return "named"; }
  template <class Archive>
  void state(Archive& archive) {
    archive(a, b);
  }
  int a = 1;
  double b = 2;
};
struct mutable_name {
  std::string identity();
};
struct numbered {
  int identity() const;
};
struct const_archive {
  void state(localsgd::detail::any_archive const&&);
};

/// Counts the parts that it is given.
struct counter {
  std::size_t parts = 0;
  template <class... Parts>
  void operator()(Parts&...) {
    parts += sizeof...(Parts);
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(an_identity_is_text_of_a_constant_component) {
  static_assert(localsgd::detail::has_const_identity<named>);
  static_assert(!localsgd::detail::has_const_identity<mutable_name>);
  static_assert(!localsgd::detail::has_const_identity<numbered>);
  BOOST_TEST(named::identity() == "named");
}

BOOST_AUTO_TEST_CASE(a_state_takes_any_archive_by_reference) {
  static_assert(localsgd::detail::has_state_of_a_checkpoint<named>);
  static_assert(!localsgd::detail::has_state_of_a_checkpoint<const_archive>);
  static_assert(!localsgd::detail::has_state_of_a_checkpoint<mutable_name>);
  counter all;
  named it;
  it.state(all);
  BOOST_TEST(all.parts == 2u);
}
