// Keeps an edge's sealing keys those of the file while it runs: reads them again when the file
// changed, and shouts where the present month has none. An edge does not stop for want of a key:
// the last one goes on sealing, because a message that is turned away may never come again.
//
// Thread: tend() one at a time; the metric is served from any.
#pragma once

#include <filesystem>
#include <functional>

#include <kronika/base/clock.h>
#include <kronika/base/file_watch.h>
#include <kronika/codec/seal.h>
#include <kronika/telemetry/metrics.h>

namespace kronika::edge {

class SealRenewal {
 public:
  /// `sealer` was made from `file`. `registry` may be null; `clock` outlives this object.
  SealRenewal(std::filesystem::path file, codec::Sealer sealer, const Clock& clock,
              telemetry::Registry* registry);

  /// As often as one likes; looks every few seconds.
  void tend();

 private:
  const std::filesystem::path file_;
  codec::Sealer sealer_;
  const Clock& clock_;
  FileWatch watch_;
  Instant next_look_, next_shout_;
  telemetry::Registration listed_;
};

}  // namespace kronika::edge
