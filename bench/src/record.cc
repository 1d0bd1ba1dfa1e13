#include "record.h"

#include <kronika/bus/wire.h>
#include <kronika/codec/event_codec.h>
#include <kronika/codec/schema_ids.h>

namespace kronika::bench {

const bus::Outgoing& EventRecord::of(const domain::Event& event) {
  value_.clear();
  bus::append_wire_prefix(codec::kEventSchemaId, value_);
  codec::encode_event(event, value_);
  id_ = uuid_text(event.event_id);
  source_.assign("/").append(event.sender_org).append("/").append(event.source_system);
  type_.assign("kronika.event.v1.").append(domain::event_type_name(event.type()));
  time_ = domain::to_text(event.occurred_at);
  headers_ = {{{"ce_specversion", "1.0"},
               {"ce_id", id_},
               {"ce_source", source_},
               {"ce_type", type_},
               {"ce_time", time_},
               {"content-type", "application/protobuf"},
               {"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"}}};
  out_.topic = domain::topic_of(event.type());
  out_.key = event.person_key.view();
  out_.value = value_;
  out_.headers = headers_;
  return out_;
}

}  // namespace kronika::bench
