// What all connections of one door share.
#pragma once

#include "probe.h"

#include <atomic>
#include <cstddef>
#include <map>
#include <mutex>
#include <string>

#include <kronika/door_mllp/server.h>

namespace kronika::door_mllp {

/// Bytes of unfinished messages over all connections. Any thread.
class Budget {
 public:
  explicit Budget(std::size_t limit) : limit_(limit) {}
  /// False: there is no room, and nothing was taken.
  [[nodiscard]] bool take(std::size_t bytes) {
    if (used_.fetch_add(bytes) + bytes <= limit_) return true;
    used_.fetch_sub(bytes);
    return false;
  }
  void give(std::size_t bytes) { used_.fetch_sub(bytes); }

 private:
  const std::size_t limit_;
  std::atomic<std::size_t> used_{0};
};

/// Connections, in all and by address of the peer. Any thread.
class Places {
 public:
  Places(std::size_t all, std::size_t per_peer) : all_(all), per_peer_(per_peer) {}
  [[nodiscard]] bool take(const std::string& peer) {
    const std::lock_guard lock(mutex_);
    std::size_t& of_peer = by_peer_[peer];
    if (taken_ >= all_ || of_peer >= per_peer_) {
      if (of_peer == 0) by_peer_.erase(peer);
      return false;
    }
    ++of_peer;
    ++taken_;
    return true;
  }
  void give(const std::string& peer) {
    const std::lock_guard lock(mutex_);
    --taken_;
    if (--by_peer_[peer] == 0) by_peer_.erase(peer);
  }
  [[nodiscard]] std::size_t taken() const {
    const std::lock_guard lock(mutex_);
    return taken_;
  }

 private:
  const std::size_t all_, per_peer_;
  mutable std::mutex mutex_;
  std::size_t taken_ = 0;                       ///< guarded by mutex_
  std::map<std::string, std::size_t> by_peer_;  ///< guarded by mutex_
};

/// Closed before the io_context goes: the edge may answer later than the door lives.
struct Gate {
  std::mutex mutex;
  bool open = true;  ///< guarded by mutex
};

struct Shared {
  Shared(const Options& o, const Tools& t)
      : options(o),
        tools(t),
        budget(o.max_buffered_bytes),
        places(o.max_connections, o.max_connections_per_peer),
        probe(t.registry) {}

  const Options options;
  const Tools tools;
  Budget budget;
  Places places;
  Probe probe;
  Gate gate;
  std::atomic<bool> stopping{false};
};

}  // namespace kronika::door_mllp
