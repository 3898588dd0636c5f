// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_svrg_slope_table
#include "localsgd/worker/svrg/slope_table.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <span>
#include <vector>

#include "localsgd/checkpoint/archive.hpp"

namespace {

using localsgd::detail::no_slopes;
using localsgd::detail::slope_table;
using localsgd::detail::state_reader;
using localsgd::detail::state_writer;

struct plain {
  using scalar = double;
  std::size_t dimension() const { return 1; }
  std::size_t samples() const { return 4; }
  double gradient(std::span<double const>, std::span<std::size_t const>, std::span<double>) const {
    return 0;
  }
};
struct in_shards : plain {
  using shard_type = plain;
  plain one;
  std::size_t shards() const { return 3; }
  std::size_t shard_size(std::size_t k) const { return k + 1; }
  plain const& shard(std::size_t) const { return one; }
  bool is_here(std::size_t k) const { return k != 1; }  // another process has the second
};
static_assert(localsgd::ShardedObjective<in_shards>);

}  // namespace

BOOST_AUTO_TEST_CASE(objectives_without_slopes_have_nothing_to_fill) {
  BOOST_TEST(no_slopes::to_fill().empty());
  BOOST_TEST(no_slopes::all().empty());
  BOOST_TEST(no_slopes::known());
}

BOOST_AUTO_TEST_CASE(all_workers_see_the_slopes_of_all_samples) {
  slope_table<plain> t(plain{});
  BOOST_TEST(t.to_fill().size() == 4U);
  for (double& s : t.to_fill()) s = 7;
  t.to_fill()[2] = 5;
  BOOST_TEST(t.all()[2] == 5.0);
  BOOST_TEST(t.of(0) == t.of(3));
  BOOST_TEST(t.of(1)[2] == 5.0);
  BOOST_TEST(t.known());
}

BOOST_AUTO_TEST_CASE(a_table_goes_through_a_checkpoint) {
  slope_table<plain> t(plain{}), other(plain{});
  for (std::size_t i = 0; i != 4; ++i) t.to_fill()[i] = static_cast<double>(i);
  state_writer out;
  out(t);
  state_reader in(out.bytes);
  in(other);
  BOOST_TEST(in.left() == 0U);
  for (std::size_t i = 0; i != 4; ++i) BOOST_TEST(other.all()[i] == static_cast<double>(i));
  BOOST_TEST(other.known());
}

BOOST_AUTO_TEST_CASE(of_shards_only_those_of_this_process_have_room) {
  slope_table<in_shards> t(in_shards{});
  BOOST_TEST(t.to_fill().size() == 3U);
  BOOST_TEST(t.to_fill()[0].size() == 1U);
  BOOST_TEST(t.to_fill()[1].empty());
  BOOST_TEST(t.to_fill()[2].size() == 3U);
  BOOST_TEST(t.all().empty());  // nobody sees all of them
  t.to_fill()[2][1] = 8;
  BOOST_TEST(t.of(2)[1] == 8.0);
}

BOOST_AUTO_TEST_CASE(of_shards_a_checkpoint_keeps_nothing_and_they_are_filled_anew) {
  slope_table<in_shards> t(in_shards{});
  BOOST_TEST(t.known());
  state_writer out;
  out(t);
  BOOST_TEST(out.bytes.empty());
  BOOST_TEST(t.known());  // writing loses nothing
  state_reader in(out.bytes);
  in(t);
  BOOST_TEST(!t.known());
  t.now_known();
  BOOST_TEST(t.known());
}
