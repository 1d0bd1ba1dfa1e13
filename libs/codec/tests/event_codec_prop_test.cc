// The field list of src/proto/event_fields.h against protobuf's own classes: whatever domain event
// is made up, our bytes parse with the generated class, the class writes the same bytes, and both
// read back to the same event.
#include "native/json_reader.h"
#include "proto/event_fields.h"

#include <string>
#include <utility>
#include <vector>

#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "kronika/event/v1/event.pb.h"
#include "kronika/event/v1/flytning.pb.h"
#include "kronika/state/v1/audit.pb.h"
#include "kronika/state/v1/ledger.pb.h"
#include "kronika/state/v1/letter_closed.pb.h"
#include "kronika/state/v1/message_received.pb.h"
#include "kronika/state/v1/progress.pb.h"
#include <kronika/codec/event_codec.h>
#include <kronika/codec/ledger_codec.h>
#include <kronika/codec/uuid5.h>

namespace kronika::codec {
namespace {

// A third visitor: fills any message with arbitrary values. Texts include empty and non-ASCII ones.
class Filler {
 public:
  template <class M>
  using Of = M;

  explicit Filler(std::size_t payload) : payload_(payload) {}

  static std::string text() {
    return *rc::gen::element<std::string>("", "x", "Henvisning æøå €", std::string(200, 'q'),
                                          "urn:uuid:bd481c38-a921-11ed-afa1-0242ac120002", "😀");
  }
  void text(std::uint32_t, std::string& s) { s = text(); }
  void bytes(std::uint32_t, std::string& s) { s = *rc::gen::arbitrary<std::string>(); }
  template <class Tag>
  void id(std::uint32_t, Bytes16<Tag>& id) {
    if (*rc::gen::inRange(0, 4) == 0) return;
    for (auto& b : id.bytes) b = *rc::gen::arbitrary<std::uint8_t>();
  }
  template <class Tag>
  void id(std::uint32_t n, std::optional<Bytes16<Tag>>& id_) {
    if (*rc::gen::arbitrary<bool>()) id(n, id_.emplace());
    if (id_ && id_->is_zero()) id_->bytes[3] = 7;
  }
  void texts(std::uint32_t, std::vector<std::string>& list) {
    list.resize(*rc::gen::inRange<std::size_t>(0, 4));
    for (auto& s : list) s = text();
  }
  void ids(std::uint32_t n, std::vector<EventId>& list) {
    list.resize(*rc::gen::inRange<std::size_t>(0, 3));
    for (auto& i : list) id(n, i);
  }
  template <class T>
  void number(std::uint32_t, T& v) {
    if constexpr (std::is_enum_v<T>) {
      v = static_cast<T>(*rc::gen::inRange(0, 6));
    } else {
      v = *rc::gen::arbitrary<T>();
    }
  }
  void flag(std::uint32_t, std::optional<bool>& v) {
    if (*rc::gen::arbitrary<bool>()) v = *rc::gen::arbitrary<bool>();
  }
  void signed_number(std::uint32_t, std::int64_t& v) { v = *rc::gen::arbitrary<std::int64_t>(); }
  void instant(std::uint32_t n, Instant& t) { signed_number(n, t.ms); }
  void date(std::uint32_t, std::optional<domain::CivilDate>& d) {
    if (*rc::gen::arbitrary<bool>()) {
      d = domain::CivilDate{*rc::gen::arbitrary<std::int32_t>()};
    }
  }
  void real(std::uint32_t, double& v) { v = *rc::gen::arbitrary<double>(); }
  template <class M>
  void message(std::uint32_t, M& m) {
    fields(*this, m);
  }
  template <class M>
  void messages(std::uint32_t, std::vector<M>& list) {
    list.resize(*rc::gen::inRange<std::size_t>(0, 3));
    for (auto& m : list) fields(*this, m);
  }
  template <class M, class Variant>
  void one_of(std::uint32_t, Variant& v) {
    if (Variant(M{}).index() == payload_) fields(*this, v.template emplace<M>());
  }
  template <class Variant>
  void one_of_real(std::uint32_t, Variant& v) {
    if (*rc::gen::arbitrary<bool>()) v = *rc::gen::arbitrary<double>();
  }
  template <class Variant>
  void one_of_text(std::uint32_t, Variant& v) {
    if (*rc::gen::arbitrary<bool>()) v = text();
  }

 private:
  std::size_t payload_;
};

domain::Event arbitrary_event(std::size_t payload) {
  domain::Event event;
  Filler filler(payload);
  fields(filler, event);
  event.schema_version = 1;
  return event;
}

std::string encoded(const domain::Event& event) {
  std::string bytes;
  encode_event(event, bytes);
  return bytes;
}

TEST(EventCodec, WritesWhatProtobufWritesAndReadsItBackForEveryType) {
  domain::Event reused;  // one object for all: nothing may be left over from the event before
  for (std::size_t type = 0; type < domain::kEventTypeCount; ++type) {
    ASSERT_TRUE(rc::check("type " + std::to_string(type), [&] {
      const domain::Event event = arbitrary_event(type);
      const std::string bytes = encoded(event);
      event::v1::Event reference;
      RC_ASSERT(reference.ParseFromString(bytes));
      RC_ASSERT(reference.SerializeAsString() == bytes);
      RC_ASSERT(decode_event(bytes, reused).has_value());
      RC_ASSERT(encoded(reused) == bytes);
      RC_ASSERT(reused.payload == event.payload);
      RC_ASSERT(static_cast<std::size_t>(reused.type()) == type);
    })) << type;
  }
}

TEST(EventCodec, ReadsFieldsInAnyOrderAndPassesOverUnknownOnes) {
  ASSERT_TRUE(rc::check([] {
    const auto type = *rc::gen::inRange<std::size_t>(1, domain::kEventTypeCount);
    const std::string a = encoded(arbitrary_event(type));
    domain::Event first;
    RC_ASSERT(decode_event(a, first).has_value());
    // Envelope fields only, put behind the payload, with a field 500 in between: the later value
    // wins.
    domain::Event envelope = arbitrary_event(0);
    envelope.payload = std::monostate{};
    std::string unknown;
    unknown.append("\xa2\x1f\x03xyz", 6);
    const std::string joined = a + unknown + encoded(envelope);
    event::v1::Event reference;
    RC_ASSERT(reference.ParseFromString(joined));
    reference.DiscardUnknownFields();
    domain::Event read;
    RC_ASSERT(decode_event(joined, read).has_value());
    RC_ASSERT(encoded(read) == reference.SerializeAsString());
    RC_ASSERT(read.payload == first.payload);
  }));
}

TEST(EventCodec, NeverCrashesOnDamagedBytesAndAcceptsOnlyWhatProtobufAccepts) {
  ASSERT_TRUE(rc::check([] {
    std::string bytes = encoded(arbitrary_event(*rc::gen::inRange<std::size_t>(0, 32)));
    const int edits = *rc::gen::inRange(0, 4);
    for (int i = 0; i < edits && !bytes.empty(); ++i) {
      bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())] = *rc::gen::arbitrary<char>();
    }
    bytes.resize(*rc::gen::inRange<std::size_t>(0, bytes.size() + 1));
    domain::Event read;
    const bool ours = decode_event(bytes, read).has_value();
    event::v1::Event reference;
    if (ours) RC_ASSERT(reference.ParseFromString(bytes));
  }));
}

TEST(NativeJson, ReadsWhatProtobufWritesForEveryType) {
  const AdapterSettings settings;
  Translation unused;
  const Message reader(Node{}, settings, Instant{}, unused);
  for (std::size_t type = 0; type < domain::kEventTypeCount; ++type) {
    ASSERT_TRUE(rc::check("type " + std::to_string(type), [&] {
      const std::string bytes = encoded(arbitrary_event(type));
      event::v1::Event reference;
      RC_ASSERT(reference.ParseFromString(bytes));
      google::protobuf::util::JsonPrintOptions options;
      options.preserve_proto_field_names = *rc::gen::arbitrary<bool>();
      std::string json;
      RC_ASSERT(google::protobuf::util::MessageToJsonString(reference, &json, options).ok());
      simdjson::dom::parser parser;
      Draft draft;
      draft.event.schema_version = 0;  // what JSON leaves out is proto3's default here
      draft.event.adapter_revision = 0;
      Comforts comforts;
      read_event_json(Node(parser.parse(json)), reader, draft, comforts);
      for (const Fault& f : draft.faults) RC_LOG() << f.position << " " << f.sentence << "\n";
      RC_ASSERT(draft.faults.empty());
      RC_ASSERT(encoded(draft.event) == bytes);
    })) << type;
  }
}

TEST(EventCodec, ContentLeavesOutIdTimeOfRecordingAndAdapterRevision) {
  ASSERT_TRUE(rc::check([] {
    const auto type = *rc::gen::inRange<std::size_t>(1, domain::kEventTypeCount);
    domain::Event a = arbitrary_event(type);
    domain::Event b = a;
    b.event_id.bytes[0] = static_cast<std::uint8_t>(b.event_id.bytes[0] + 1U);
    b.recorded_at.ms ^= 1;
    ++b.adapter_revision;
    std::string content_a;
    std::string content_b;
    encode_content(a, content_a);
    encode_content(b, content_b);
    RC_ASSERT(content_a == content_b);
    RC_ASSERT(derive_event_id(a) == derive_event_id(b));
    b.source_version ^= 1;
    RC_ASSERT(!(derive_event_id(a) == derive_event_id(b)));
  }));
}

template <class Ours, class Reference, class Encode, class Decode>
void round_trip(Encode encode, Decode decode) {
  ASSERT_TRUE(rc::check([&] {
    Ours value{};
    Filler filler(*rc::gen::inRange<std::size_t>(0, 3));
    fields(filler, value);
    std::string bytes;
    encode(value, bytes);
    Reference reference;
    RC_ASSERT(reference.ParseFromString(bytes));
    RC_ASSERT(reference.SerializeAsString() == bytes);
    Ours back{};
    RC_ASSERT(decode(bytes, back).has_value());
    RC_ASSERT(back == value);
  }));
}

}  // namespace

// The lists of ledger_codec.cc are private to it; these tests name the same structs again through
// the public API.
template <class V>
void fields(V& v, LedgerEntry& m) {
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
}
template <class V>
void fields(V& v, ProgressRecord& m) {
  v.instant(1, m.as_of);
  v.number(2, m.transaction_number);
  m.positions = {{"maaling", 5}, {"person", 0}};
  m.refused = {{"maaling", 2, 77, "UNDECODABLE"}};
}
template <class V>
void fields(V& v, MessageReceived& m) {
  v.text(11, m.message_id);
  v.text(12, m.sender_org);
  v.instant(15, m.received_at);
  v.number(16, m.size_bytes);
  v.number(20, m.ignored);
  v.text(21, m.traceparent);
  m.sha256 = std::string("\x80\x00\xff", 3);
  m.events = {{EventId{{9}}, "maaling", 3, 0}, {EventId{{7}}, "person", 0, 5'000'000'000}};
  m.refused = {{"UNIT_MISSING", 2}, {"RANGE_HARD", 1}};
  m.raw = {2, 40};
  if (m.ignored % 2 == 1) m.dead_letters = {{0, 0}};
  if (m.ignored % 3 == 1) m.replay_of = {{1, 9}};
  if (m.ignored % 4 == 1) m.ignored_by_name = {{"Claim", 2}, {"Observation code LOINC 72514-3", 1}};
}
template <class V>
void fields(V& v, LetterClosed& m) {
  v.number(50, m.letter.partition);
  v.number(51, m.letter.offset);
  v.instant(52, m.closed_at);
}
template <class V>
void fields(V& v, AuditRecord& m) {
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

namespace {

TEST(LedgerCodec, MatchesProtobuf) {
  round_trip<LedgerEntry, state::v1::LedgerEntry>(encode_ledger_entry, decode_ledger_entry);
}

TEST(MessageReceivedCodec, MatchesProtobuf) {
  round_trip<MessageReceived, state::v1::MessageReceived>(encode_message_received,
                                                          decode_message_received);
}

TEST(LetterClosedCodec, MatchesProtobuf) {
  round_trip<LetterClosed, state::v1::LetterClosed>(encode_letter_closed, decode_letter_closed);
}

TEST(AuditCodec, MatchesProtobuf) {
  round_trip<AuditRecord, state::v1::AuditRecord>(encode_audit, decode_audit);
}

TEST(MessageReceivedCodec, NeverReadsAsALedgerEntryNorTheOtherWayRound) {
  MessageReceived received;
  received.message_id = "M1";
  received.size_bytes = 12;
  std::string bytes;
  encode_message_received(received, bytes);
  LedgerEntry entry;
  ASSERT_TRUE(decode_ledger_entry(bytes, entry).has_value());
  EXPECT_EQ(entry, LedgerEntry{});
  entry.topic = "maaling";
  entry.offset = 7;
  bytes.clear();
  encode_ledger_entry(entry, bytes);
  ASSERT_TRUE(decode_message_received(bytes, received).has_value());
  EXPECT_EQ(received, MessageReceived{});
}

TEST(ProgressCodec, MatchesProtobuf) {
  round_trip<ProgressRecord, state::v1::Progress>(encode_progress, decode_progress);
}

TEST(FlytningCodec, MatchesProtobufAndKeepsTheEventsBytes) {
  ASSERT_TRUE(rc::check([] {
    const domain::Event event = arbitrary_event(*rc::gen::inRange<std::size_t>(0, 32));
    MovedEvent moved;
    moved.event = encoded(event) + std::string("\xa2\x1f\x03xyz", 6);  // a field of a later release
    moved.origin = {Instant{-5}, "maaling", 3, *rc::gen::arbitrary<std::int64_t>()};
    moved.path.resize(*rc::gen::inRange<std::size_t>(0, 3));
    for (auto& hop : moved.path) hop.link_source_system = Filler::text();
    moved.withdrawn = *rc::gen::arbitrary<bool>();
    MoveLink link{PersonKey{{1, 2, 3}}, encoded(event), moved.origin};
    for (const Flytning& flytning : {Flytning{moved}, Flytning{link}, Flytning{}}) {
      std::string bytes;
      encode_flytning(flytning, bytes);
      event::v1::Flytning reference;
      RC_ASSERT(reference.ParseFromString(bytes));
      Flytning back;
      RC_ASSERT(decode_flytning(bytes, back).has_value());
      RC_ASSERT(back == flytning);
    }
  }));
}

}  // namespace
}  // namespace kronika::codec
