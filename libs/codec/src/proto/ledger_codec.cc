#include "proto/event_fields.h"
#include "proto/refused_fields.h"
#include "proto/wire_visitors.h"

#include <charconv>

#include <kronika/codec/errc.h>
#include <kronika/codec/ledger_codec.h>
#include <kronika/domain/checks.h>

namespace kronika::domain {
KRONIKA_FIELDS(Hop) {
  v.id(1, m.person_key);
  v.text(2, m.link_source_system);
  v.text(3, m.link_source_message_id);
  v.instant(4, m.link_recorded_at);
  v.instant(5, m.link_occurred_at);
}
}  // namespace kronika::domain

namespace kronika::codec {

KRONIKA_FIELDS(LedgerEntry) {
  v.id(1, m.event_id);
  v.number(2, m.outcome);
  v.number(3, m.irregular);
  v.text(4, m.reason);
  v.text(5, m.topic);
  v.number(6, m.partition);
  v.number(7, m.offset);
  v.text(8, m.sender_org);
  v.number(9, m.unimplemented);
  v.instant(40, m.record_time);
  v.bytes(41, m.trace_id);
}
KRONIKA_FIELDS(RecordPlace) {
  v.number(1, m.partition);
  v.number(2, m.offset);
}
KRONIKA_FIELDS(PublishedEvent) {
  v.id(1, m.event_id);
  v.text(2, m.topic);
  v.number(3, m.partition);
  v.number(4, m.offset);
}
KRONIKA_FIELDS(RefusedFacts) {
  v.text(1, m.reason);
  v.number(2, m.facts);
}
KRONIKA_FIELDS(IgnoredResources) {
  v.text(1, m.name);
  v.number(2, m.resources);
}
KRONIKA_FIELDS(LetterClosed) {
  v.number(50, m.letter.partition);
  v.number(51, m.letter.offset);
  v.instant(52, m.closed_at);
}
KRONIKA_FIELDS(MessageReceived) {
  v.bytes(10, m.sha256);
  v.text(11, m.message_id);
  v.text(12, m.sender_org);
  v.text(13, m.protocol);
  v.text(14, m.door);
  v.instant(15, m.received_at);
  v.number(16, m.size_bytes);
  v.number(17, m.adapter_revision);
  v.messages(18, m.events);
  v.messages(19, m.refused);
  v.number(20, m.ignored);
  v.text(21, m.traceparent);
  v.message(22, m.raw);
  v.messages(23, m.dead_letters);
  v.messages(24, m.replay_of);
  v.messages(25, m.ignored_by_name);
}
KRONIKA_FIELDS(AuditRecord) {
  v.instant(1, m.time);
  v.text(2, m.actor);
  v.text(3, m.host);
  v.text(4, m.action);
  v.text(5, m.topic);
  v.number(6, m.partition);
  v.number(7, m.offset);
  v.text(8, m.purpose);
  v.text(9, m.outcome);
  v.number(10, m.events);
  v.text(11, m.reasons);
}
KRONIKA_FIELDS(TopicPosition) {
  v.text(1, m.topic);
  v.number(2, m.next_offset);
}
KRONIKA_FIELDS(ProgressRecord) {
  v.instant(1, m.as_of);
  v.number(2, m.transaction_number);
  v.messages(3, m.positions);
  v.messages(4, m.refused);
  v.number(5, m.awaiting_refold);
}
KRONIKA_FIELDS(WireOrigin) {
  v.instant(1, m.timestamp);
  v.text(2, m.topic);
  v.number(3, m.partition);
  v.number(4, m.offset);
}
KRONIKA_FIELDS(MoveLink) {
  v.id(1, m.new_person_key);
  v.bytes(2, m.replacement);
  v.message(3, m.origin);
}
KRONIKA_FIELDS(MovedEvent) {
  v.bytes(1, m.event);
  v.message(2, m.origin);
  v.messages(3, m.path);
  v.number(4, m.withdrawn);
}

namespace {

struct FlytningMessage {
  Flytning kind;
};
KRONIKA_FIELDS(FlytningMessage) {
  v.template one_of<MoveLink>(1, m.kind);
  v.template one_of<MovedEvent>(2, m.kind);
}

template <class M>
Result<void> decode(std::string_view bytes, M& message, const char* name) {
  message = M{};
  if (wire::Reader reader(bytes); reader.read(message)) return {};
  return fail(kUndecodable, std::string("not a ") + name);
}

template <class M>
void encode(const M& message, std::string& out) {
  wire::Writer writer(out);
  fields(writer, message);
}

constexpr std::string_view kProgressPrefix = "progress/";

}  // namespace

Result<void> decode_ledger_entry(std::string_view bytes, LedgerEntry& entry) {
  return decode(bytes, entry, "kronika.state.v1.LedgerEntry");
}
void encode_ledger_entry(const LedgerEntry& entry, std::string& out) { encode(entry, out); }

Result<void> decode_message_received(std::string_view bytes, MessageReceived& received) {
  return decode(bytes, received, "kronika.state.v1.MessageReceived");
}
void encode_message_received(const MessageReceived& received, std::string& out) {
  encode(received, out);
}

Result<void> decode_letter_closed(std::string_view bytes, LetterClosed& closed) {
  return decode(bytes, closed, "kronika.state.v1.LetterClosed");
}
void encode_letter_closed(const LetterClosed& closed, std::string& out) { encode(closed, out); }

Result<void> decode_audit(std::string_view bytes, AuditRecord& record) {
  return decode(bytes, record, "kronika.state.v1.AuditRecord");
}
void encode_audit(const AuditRecord& record, std::string& out) { encode(record, out); }

Result<void> decode_progress(std::string_view bytes, ProgressRecord& progress) {
  return decode(bytes, progress, "kronika.state.v1.Progress");
}
void encode_progress(const ProgressRecord& progress, std::string& out) { encode(progress, out); }

Result<void> decode_flytning(std::string_view bytes, Flytning& flytning) {
  FlytningMessage message;
  auto done = decode(bytes, message, "kronika.event.v1.Flytning");
  flytning = std::move(message.kind);
  return done;
}
void encode_flytning(const Flytning& flytning, std::string& out) {
  encode(FlytningMessage{flytning}, out);
}

std::string progress_key(std::int32_t partition) {
  std::string key = std::string(kProgressPrefix) + std::to_string(partition);
  if (key.size() == 16) key.insert(kProgressPrefix.size(), 1, '0');  // 16 bytes would be a person
  return key;
}

bool is_progress_key(std::string_view key) {
  return key.size() != 16 && key.starts_with(kProgressPrefix);
}

bool loses_to_a_copy(const RefusedRecord& refused) {
  return refused.reason == domain::slug(domain::Reason::kVersionConflict) ||
         refused.reason == domain::slug(domain::Reason::kEventIdReused);
}

}  // namespace kronika::codec
