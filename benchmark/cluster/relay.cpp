// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// A line between two network namespaces that delays every packet by the same time, for kernels
// without netem. Each end is a TUN device. run.sh builds and starts it.
//
// usage: benchmark.relay NAMESPACE NAMESPACE DEVICE DELAY_MS PRIORITY
//   Makes DEVICE in both namespaces of `ip netns`, and forwards packets in both directions until it
//   is terminated, when the devices disappear. The rate is left to the devices' queueing
//   discipline. PRIORITY is `precedence`, over programs that have real-time priority 1, or
//   `ordinary`.

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <deque>
#include <exception>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

namespace {

using clock_type = std::chrono::steady_clock;  // CLOCK_MONOTONIC, like the timer
using std::chrono::nanoseconds;

int checked(int result, std::string const& what) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), what);
  return result;
}

class descriptor {
 public:
  descriptor(int fd, std::string const& what) : fd_(checked(fd, what)) {}
  descriptor(descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  descriptor& operator=(descriptor&&) = delete;
  ~descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const noexcept { return fd_; }

 private:
  int fd_;
};

/// A TUN device in a network namespace, which this thread enters.
descriptor device_in(std::string const& name, std::string const& device) {
  std::string const path = "/run/netns/" + name;
  descriptor const there(open(path.c_str(), O_RDONLY | O_CLOEXEC), path);
  checked(setns(there.get(), CLONE_NEWNET), path);
  descriptor end(open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC), "/dev/net/tun");
  ifreq wanted{};
  wanted.ifr_flags = IFF_TUN | IFF_NO_PI;
  if (device.size() >= sizeof wanted.ifr_name) throw std::runtime_error(device + ": is too long");
  std::memcpy(wanted.ifr_name, device.data(), device.size());
  checked(ioctl(end.get(), TUNSETIFF, &wanted), device);
  return end;
}

/// Packets on their way from one device to the other, the first to arrive in front.
class direction {
 public:
  direction(int from, int to, nanoseconds delay) : from_(from), to_(to), delay_(delay) {}

  /// Takes all packets that have been sent.
  void receive() {
    for (;;) {
      packet& next = queue_.emplace_back();
      ssize_t const size = read(from_, next.bytes.data(), next.bytes.size());
      if (size <= 0) {
        int const error = errno;
        queue_.pop_back();
        if (error == EAGAIN || error == EINTR) return;
        throw std::system_error(error, std::generic_category(), "the device is lost");
      }
      next.size = static_cast<std::size_t>(size);
      next.due = clock_type::now() + delay_;
    }
  }
  /// Delivers all packets that are due. The device drops packets that it has no room for, as a
  /// network may.
  void deliver() {
    while (!queue_.empty() && queue_.front().due <= clock_type::now()) {
      packet const& first = queue_.front();
      if (write(to_, first.bytes.data(), first.size) < 0 && errno == EBADF)
        throw std::system_error(errno, std::generic_category(), "the device is lost");
      queue_.pop_front();
    }
  }
  /// When the next one is due.
  clock_type::time_point next() const {
    return queue_.empty() ? clock_type::time_point::max() : queue_.front().due;
  }

 private:
  struct packet {
    clock_type::time_point due;
    std::size_t size = 0;
    std::array<char, 2048> bytes;  // more than the devices' MTU, 1500
  };
  int from_, to_;
  nanoseconds delay_;
  std::deque<packet> queue_;
};

void set(descriptor const& timer, clock_type::time_point at) {
  itimerspec when{};  // zero: never
  if (at != clock_type::time_point::max()) {
    auto const ns = std::chrono::duration_cast<nanoseconds>(at.time_since_epoch()).count();
    when.it_value = {.tv_sec = ns / 1'000'000'000, .tv_nsec = ns % 1'000'000'000};
  }
  checked(timerfd_settime(timer.get(), TFD_TIMER_ABSTIME, &when, nullptr), "timerfd_settime");
}

[[noreturn]] void forward(descriptor const& first, descriptor const& second, nanoseconds delay) {
  direction there(first.get(), second.get(), delay), back(second.get(), first.get(), delay);
  descriptor const timer(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC), "timerfd");
  descriptor const poll(epoll_create1(EPOLL_CLOEXEC), "epoll");
  for (descriptor const* const each : {&first, &second, &timer}) {
    epoll_event event{.events = EPOLLIN, .data = {.fd = each->get()}};
    checked(epoll_ctl(poll.get(), EPOLL_CTL_ADD, each->get(), &event), "epoll_ctl");
  }
  auto earliest = clock_type::time_point::max();
  for (;;) {
    std::array<epoll_event, 3> events;
    int const n = epoll_wait(poll.get(), events.data(), static_cast<int>(events.size()), -1);
    if (n < 0 && errno != EINTR) checked(n, "epoll_wait");
    for (int i = 0; i < n; ++i) {
      int const ready = events[static_cast<std::size_t>(i)].data.fd;
      std::uint64_t expired = 0;
      if (ready == timer.get() && read(ready, &expired, sizeof expired) > 0)
        earliest = clock_type::time_point::max();  // it has to be set again
      if (ready == first.get()) there.receive();
      if (ready == second.get()) back.receive();
    }
    there.deliver();
    back.deliver();
    auto const next = std::min(there.next(), back.next());
    if (next != earliest) set(timer, earliest = next);
  }
}

void run(char** argv) {
  prctl(PR_SET_PDEATHSIG, SIGTERM);  // not longer than the script
  descriptor const first = device_in(argv[1], argv[3]), second = device_in(argv[2], argv[3]);
  double const delay = std::stod(argv[4]);
  if (!(delay >= 0 && delay <= 10000)) throw std::runtime_error("DELAY_MS is from 0 to 10000");
  // Ranks that wait for a packet at real-time priority would otherwise not let it pass.
  sched_param const above{.sched_priority = 2};
  if (std::string(argv[5]) == "precedence" && sched_setscheduler(0, SCHED_FIFO, &above) != 0)
    std::fprintf(stderr, "benchmark.relay: real-time priority is not allowed\n");
  forward(first, second, nanoseconds(static_cast<std::int64_t>(delay * 1e6)));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc != 6)
      throw std::runtime_error(
          "usage: benchmark.relay NAMESPACE NAMESPACE DEVICE DELAY_MS PRIORITY");
    run(argv);
  } catch (std::exception const& error) {
    std::fprintf(stderr, "benchmark.relay: %s\n", error.what());
    return 1;
  }
}
