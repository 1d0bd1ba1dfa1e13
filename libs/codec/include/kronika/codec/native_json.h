// The native event as JSON: protobuf's JSON mapping of kronika.event.v1.Event (snake_case or
// camelCase names), with some comforts for people who write it by hand:
//
//   "cpr"          instead of person_key; hashed here, birth date and sex derived from it. Never
//   leaves the edge. "occurred_at"  RFC 3339, or a date alone, instead of occurred_at_ms and
//   time_precision "recorded_at"  RFC 3339 instead of recorded_at_ms "birth_date"   YYYY-MM-DD
//   instead of birth_date_days "event_id", "correlation_id"  as UUID text beside base64; event_id
//   may be left out and is derived then "cpr_replaced": {"old_cpr": "..."}  instead of
//   old_person_key
//
// Left out: schema_version and adapter_revision are 1, source_version is recorded_at in
// milliseconds.
#pragma once

#include <string>
#include <string_view>

#include <kronika/base/result.h>
#include <kronika/codec/adapter.h>

namespace kronika::codec {

/// One outcome: Accepted or Refused.
[[nodiscard]] Outcome read_native_json(std::string_view json, const AdapterSettings& settings,
                                       Instant receive_time);

/// protobuf's JSON of the event on one line, with snake_case names. Holds the person key: for
/// authorised eyes only.
[[nodiscard]] std::string write_native_json(const domain::Event& event);

}  // namespace kronika::codec
