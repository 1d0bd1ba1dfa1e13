// An event as the record that an edge publishes: wire format and headers of architecture A13.
#pragma once

#include <array>
#include <string>

#include <kronika/bus/task.h>
#include <kronika/domain/event.h>

namespace kronika::bench {

class EventRecord {
 public:
  /// Valid until the next call.
  const bus::Outgoing& of(const domain::Event& event);

 private:
  bus::Outgoing out_;
  std::string value_, id_, source_, type_, time_;
  std::array<bus::Header, 7> headers_;
};

}  // namespace kronika::bench
