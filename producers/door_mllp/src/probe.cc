#include "probe.h"

#include <string>

namespace kronika::door_mllp {
namespace {

constexpr std::array<std::string_view, 6> kCodes{"AA", "AE", "AR", "CA", "CE", "CR"};
constexpr std::array<std::string_view, kTroubles> kNames{"cut",  "stray",  "too_long", "no_room",
                                                         "slow", "unread", "crowded",  "handshake"};

}  // namespace

Probe::Probe(telemetry::Registry* registry) {
  if (registry == nullptr) return;
  connections_ = registry->gauge("kronika_ingest_connections", "Connections of senders",
                                 {{"protocol", "hl7v2"}});
  for (std::size_t i = 0; i < kCodes.size(); ++i) {
    answers_[i] = registry->counter("kronika_ingest_hl7v2_answers_total",
                                    "Answers to HL7 v2 messages by their code in MSA-1",
                                    {{"code", std::string(kCodes[i])}});
  }
  for (std::size_t i = 0; i < kTroubles; ++i) {
    troubles_[i] = registry->counter("kronika_ingest_connection_troubles_total",
                                     "Frames and connections that came to no message",
                                     {{"protocol", "hl7v2"}, {"trouble", std::string(kNames[i])}});
  }
}

void Probe::answered(std::string_view code) {
  for (std::size_t i = 0; i < kCodes.size(); ++i) {
    if (kCodes[i] == code) answers_[i].add();
  }
}

}  // namespace kronika::door_mllp
