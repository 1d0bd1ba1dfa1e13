#include <span>

#include <kronika/bus/topics.h>
#include <kronika/bus/wire.h>
#include <kronika/codec/event_codec.h>
#include <kronika/codec/schema_ids.h>
#include <kronika/edge/event_record.h>

namespace kronika::edge {

bus::Outgoing EventRecord::make(const domain::Event& event, std::string_view traceparent,
                                std::optional<Instant> timestamp, std::string_view replay_of) {
  value_.clear();
  bus::append_wire_prefix(codec::kEventSchemaId, value_);
  codec::encode_event(event, value_);
  id_ = uuid_text(event.event_id);
  source_.assign("/").append(event.sender_org).append("/").append(event.source_system);
  type_.assign("kronika.event.v1.").append(domain::event_type_name(event.type()));
  time_ = domain::to_text(event.occurred_at);
  traceparent_ = traceparent;
  headers_ = {{{"ce_specversion", "1.0"},
               {"ce_id", id_},
               {"ce_source", source_},
               {"ce_type", type_},
               {"ce_time", time_},
               {"content-type", "application/protobuf"},
               {"traceparent", traceparent_},
               {kReplayOf, replay_of}}};
  bus::Outgoing record;
  record.topic = domain::topic_of(event.type());
  record.key =
      record.topic == bus::kRapport ? std::string_view(event.sender_org) : event.person_key.view();
  record.value = value_;
  record.headers = std::span(headers_).first(headers_.size() - (replay_of.empty() ? 1 : 0));
  record.timestamp = timestamp;
  return record;
}

}  // namespace kronika::edge
