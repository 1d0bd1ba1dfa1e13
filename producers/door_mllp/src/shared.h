// What all connections of one door share.
#pragma once

#include "probe.h"

#include <atomic>
#include <memory>
#include <mutex>

#include <kronika/door_mllp/server.h>

namespace kronika::door_mllp {

/// Closed before the io_context goes: the edge may answer later than the door lives.
struct Gate {
  std::mutex mutex;
  bool open = true;  ///< guarded by mutex
};

struct Shared {
  Shared(const Options& o, const Tools& t)
      : options(o), tools(t), peers(edge::Peers::make(o.peers, t.registry)), probe(t.registry) {}

  const Options options;
  const Tools tools;
  const std::shared_ptr<edge::Peers> peers;
  Probe probe;
  Gate gate;
  std::atomic<bool> stopping{false};
};

}  // namespace kronika::door_mllp
