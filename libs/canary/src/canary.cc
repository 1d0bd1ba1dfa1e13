#include <cstring>

#include <kronika/bus/partitioner.h>
#include <kronika/bus/wire.h>
#include <kronika/canary/canary.h>
#include <kronika/codec/event_codec.h>
#include <kronika/codec/schema_ids.h>
#include <kronika/codec/uuid5.h>
#include <kronika/domain/event.h>

namespace kronika::canary {
namespace {

constexpr std::string_view kPrefix = "kronika-canary";
constexpr std::string_view kSourceSystem = "KRONIKA-CANARY";
/// A SOR id outside the register: no organisation sends canaries, and none is blamed for one.
constexpr std::string_view kSender = "990000000000000";

}  // namespace

PersonKey canary_key(std::int32_t partition, std::int32_t partitions) {
  PersonKey key;
  std::memcpy(key.bytes.data(), kPrefix.data(), kPrefix.size());
  for (std::uint32_t number = 0; number < 65'536; ++number) {
    key.bytes[14] = static_cast<std::uint8_t>(number >> 8);
    key.bytes[15] = static_cast<std::uint8_t>(number);
    if (bus::partition_of(key.view(), partitions) == partition) break;
  }
  return key;
}

std::string encode_canary(const PersonKey& key, Instant now) {
  domain::Event event;
  event.source_system = kSourceSystem;
  event.source_message_id = "canary";
  event.source_version = static_cast<std::uint64_t>(now.ms);
  event.op = domain::Op::kCreate;
  event.person_key = key;
  event.occurred_at = now;
  event.time_precision = domain::TimePrecision::kInstant;
  event.recorded_at = now;
  event.sender_org = kSender;
  event.canary = true;
  domain::MeasurementRecorded pulse;
  pulse.code_system = "NPU";
  pulse.code = "NPU21692";
  pulse.value = 60.0 + static_cast<double>(now.ms / 1000 % 40);
  pulse.unit = "/min";
  pulse.setting = domain::Setting::kHome;
  pulse.performer = domain::Performer::kPatient;
  event.payload = pulse;
  event.event_id = codec::derive_event_id(event);
  std::string value;
  bus::append_wire_prefix(codec::kEventSchemaId, value);
  codec::encode_event(event, value);
  return value;
}

}  // namespace kronika::canary
