#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <kronika/bus/topics.h>
#include <kronika/bus/wire.h>
#include <kronika/codec/event_codec.h>
#include <kronika/codec/schema_ids.h>
#include <kronika/codec/uuid5.h>
#include <kronika/deadletters/errc.h>
#include <kronika/deadletters/replay.h>
#include <kronika/edge/event_record.h>
#include <kronika/refdata/loader.h>

namespace kronika::deadletters {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr ErrorRow kAway{"fake_away", Disposition::kRetryCall};
constexpr Instant kNow{1'780'272'000'000};  // 1 June 2026

/// Answers at flush(), from a topic that is named on not at all.
class FakeBus final : public bus::Publisher {
 public:
  struct Kept {
    std::string topic, key, value;
    std::vector<std::pair<std::string, std::string>> headers;
    std::int64_t offset = 0;
    [[nodiscard]] std::string header(std::string_view name) const {
      for (const auto& [key_, value_] : headers) {
        if (key_ == name) return value_;
      }
      return {};
    }
  };
  std::vector<Kept> records;
  std::string away;

  Result<void> publish(const bus::Outgoing& record, OnResult on_result) override {
    const bool lost = record.topic == away;
    if (!lost) {
      Kept kept{std::string(record.topic),
                std::string(record.key),
                std::string(record.value),
                {},
                static_cast<std::int64_t>(records.size())};
      for (const auto& h : record.headers) kept.headers.emplace_back(h.key, h.value);
      records.push_back(std::move(kept));
    }
    waiting_.emplace_back(std::move(on_result),
                          lost ? -1 : static_cast<std::int64_t>(records.size()) - 1);
    return {};
  }
  Result<void> flush(std::chrono::milliseconds) override {
    for (std::size_t i = 0; i < waiting_.size(); ++i) {  // an answer may publish more
      const auto [on_result, offset] = waiting_[i];
      if (!on_result) continue;
      if (offset < 0) {
        on_result(fail(ErrorCode{kAway}, "no broker answers"));
      } else {
        on_result(bus::Published{3, offset});
      }
    }
    waiting_.clear();
    return {};
  }
  [[nodiscard]] Stats stats() const override { return {}; }
  [[nodiscard]] std::vector<Kept> on(std::string_view topic) const {
    std::vector<Kept> found;
    for (const auto& r : records) {
      if (r.topic == topic) found.push_back(r);
    }
    return found;
  }

 private:
  std::vector<std::pair<OnResult, std::int64_t>> waiting_;
};

class DeadLetters : public ::testing::Test {
 protected:
  DeadLetters() {
    static const auto rules =
        refdata::load(KRONIKA_SOURCE_DIR "/data/reference",
                      KRONIKA_SOURCE_DIR "/data/reference/organisations.csv", 1)
            .value();
    adapters_.rules = rules.get();
    adapters_.hasher = &hasher_;
  }
  [[nodiscard]] edge::Tools tools() { return {&adapters_, &sealer_, &bus_, nullptr}; }
  [[nodiscard]] Replayer replayer() { return {tools(), {}, clock_, audit_, "unit test"}; }

  /// As an edge with these settings would keep the message.
  DeadLetter refuse(std::string_view message) {
    edge::Edge edge(tools(), {});
    edge.submit({.bytes = message, .received = kNow}, [](const Result<edge::Account>&) {});
    EXPECT_TRUE(edge.drain(std::chrono::seconds(5)));
    const auto letters = bus_.on(bus::kDeadLetter);
    EXPECT_THAT(letters, SizeIs(1)) << "the message is refused";
    DeadLetter letter = letters.empty() ? DeadLetter{} : as_letter(letters.front());
    bus_.records.clear();
    return letter;
  }
  static DeadLetter as_letter(const FakeBus::Kept& kept) {
    DeadLetter letter;
    letter.at = {3, kept.offset};
    letter.time = kNow;
    letter.key = kept.key;
    letter.value = kept.value;
    letter.headers = kept.headers;
    return letter;
  }
  static DeadLetter consumers_letter(const domain::Event& event, const std::string& reason) {
    DeadLetter letter;
    letter.at = {1, 9};
    letter.time = kNow;
    letter.key = event.person_key.view();
    bus::append_wire_prefix(codec::kEventSchemaId, letter.value);
    codec::encode_event(event, letter.value);
    letter.headers = {{"ce_id", "x"},
                      {"kronika-dlq-stage", "citizen"},
                      {"kronika-dlq-reason", reason},
                      {"kronika-dlq-topic", "maaling"},
                      {"kronika-dlq-partition", "1"},
                      {"kronika-dlq-offset", "77"},
                      {"kronika-dlq-attempt", "1"}};
    return letter;
  }
  [[nodiscard]] static domain::Event measurement() {
    domain::Event event;
    event.schema_version = 1;
    event.op = domain::Op::kCreate;
    event.source_system = "PRAKSIS";
    event.source_message_id = "42";
    event.source_version = 1;
    event.adapter_revision = 1;
    event.time_precision = domain::TimePrecision::kInstant;
    event.occurred_at = Instant{1'770'000'000'000};
    event.recorded_at = Instant{1'770'000'000'000};
    event.sender_org = "990000000000201";
    event.person_key.bytes[0] = 7;
    domain::MeasurementRecorded m;
    m.code_system = "MCS";
    m.code = "MCS88021";
    m.value = 3.0;
    m.unit = "1";
    event.payload = m;
    event.event_id = codec::derive_event_id(event);
    return event;
  }

  // A FHIR resource names no sender: refused as long as no default is set.
  static constexpr std::string_view kMessage =
      R"({"resourceType":"Observation","id":"o1","status":"final",
          "code":{"coding":[{"system":"urn:oid:1.2.208.176.2.1","code":"NPU03011"}]},
          "subject":{"identifier":{"system":"urn:oid:1.2.208.176.1.2","value":"2509479989"}},
          "effectiveDateTime":"2025-01-10T09:05:00+01:00","issued":"2025-01-10T09:05:00+01:00",
          "valueQuantity":{"value":0.95,"unit":"1","system":"http://unitsofmeasure.org","code":"1"}})";

  /// The ledger says so of these letters, and of no message.
  void expect_closed(const std::vector<codec::RecordPlace>& letters) {
    std::vector<codec::RecordPlace> closed;
    for (const auto& kept : bus_.on(bus::kLedger)) {
      const auto wire = bus::read_wire(kept.value);
      ASSERT_TRUE(wire.has_value());
      ASSERT_EQ(wire->schema_id, codec::kLetterClosedSchemaId);
      codec::LetterClosed record;
      ASSERT_TRUE(codec::decode_letter_closed(wire->message, record));
      EXPECT_EQ(record.closed_at, kNow);
      closed.push_back(record.letter);
    }
    EXPECT_EQ(closed, letters);
  }

  codec::PersonHasher hasher_{std::string(32, 'k')};
  codec::Sealer sealer_{std::array<std::uint8_t, codec::Sealer::kKeyBytes>{1, 2, 3}};
  codec::AdapterSettings adapters_;
  FakeBus bus_;
  ManualClock clock_{kNow};
  AuditLog audit_{bus_};
};

TEST_F(DeadLetters, WhatWouldBeRefusedAgainIsLeftWhereItIs) {
  const DeadLetter letter = refuse(kMessage);
  const Plan plan = replayer().plan(letter);
  EXPECT_EQ(plan.verdict, Verdict::kUnchanged);
  EXPECT_EQ(plan.reasons, letter.reasons());
  EXPECT_FALSE(plan.sentence.empty());
  const auto attempts = replayer().replay({letter});
  ASSERT_TRUE(attempts.has_value());
  EXPECT_FALSE(attempts->front().sent);
  EXPECT_THAT(bus_.records, IsEmpty());
}

TEST_F(DeadLetters, AMendedAdapterTakesALetterAndEveryRecordNamesIt) {
  const DeadLetter letter = refuse(kMessage);
  adapters_.default_sender_org = "990000000000201";
  EXPECT_EQ(replayer().plan(letter).verdict, Verdict::kAccepted);
  EXPECT_THAT(bus_.records, IsEmpty()) << "a plan changes nothing";

  const auto attempts = replayer().replay({letter});
  ASSERT_TRUE(attempts.has_value()) << attempts.error().context;
  ASSERT_THAT(attempts->front().events, SizeIs(1));
  const std::string lineage = "dead-letter/3/" + std::to_string(letter.at.offset);
  ASSERT_THAT(bus_.on(bus::kMaaling), SizeIs(1));
  EXPECT_EQ(bus_.on(bus::kMaaling)[0].header(edge::kReplayOf), lineage);
  EXPECT_EQ(bus_.on(bus::kRaw)[0].header(edge::kReplayOf), lineage);
  codec::MessageReceived received;
  ASSERT_TRUE(codec::decode_message_received(
      bus::read_wire(bus_.on(bus::kLedger)[0].value)->message, received));
  EXPECT_EQ(received.door, "replay");
  EXPECT_THAT(received.replay_of, ::testing::ElementsAre(letter.at));
  ASSERT_THAT(bus_.on(bus::kAudit), SizeIs(2));
  EXPECT_EQ(bus_.records.front().topic, bus::kAudit) << "before anything is sent";
  Replays replays;
  for (const auto& kept : bus_.on(bus::kAudit)) {
    bus::Record record;
    record.value = kept.value;
    replays.add(record);
  }
  EXPECT_EQ(replays.outcome(letter.at), "accepted");
  EXPECT_EQ(replays.outcome({0, 0}), "");

  // Once more: the same event under the same fact key, which the citizen task knows for a
  // duplicate.
  const auto again = replayer().replay({letter});
  ASSERT_TRUE(again.has_value());
  ASSERT_THAT(bus_.on(bus::kMaaling), SizeIs(2));
  EXPECT_EQ(bus_.on(bus::kMaaling)[0].value, bus_.on(bus::kMaaling)[1].value);
}

TEST_F(DeadLetters, WithoutAnAuditRecordNothingIsShownAndNothingIsSent) {
  const DeadLetter letter = refuse(kMessage);
  adapters_.default_sender_org = "990000000000201";
  bus_.away = bus::kAudit;
  const auto opened = open_letter(letter, sealer_, audit_, "", kNow);
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, kAuditAway);
  const auto attempts = replayer().replay({letter});
  ASSERT_FALSE(attempts.has_value());
  EXPECT_EQ(attempts.error().code, kAuditAway);
  EXPECT_THAT(bus_.records, IsEmpty());

  bus_.away.clear();
  const auto shown = open_letter(letter, sealer_, audit_, "asked by the sender", kNow);
  ASSERT_TRUE(shown.has_value());
  EXPECT_EQ(*shown, kMessage);
  codec::AuditRecord record;
  ASSERT_TRUE(codec::decode_audit(bus::read_wire(bus_.records.at(0).value)->message, record));
  EXPECT_EQ(record.action, "dead-letter.open");
  EXPECT_EQ(record.offset, letter.at.offset);
  EXPECT_EQ(record.purpose, "asked by the sender");
  EXPECT_FALSE(record.actor.empty());
}

TEST_F(DeadLetters, AnOriginalWhoseKeyWasDestroyedIsToldInOneSentenceAndStays) {
  codec::SealKeys keys;
  ASSERT_EQ(keys.make(codec::seal_month_of(kNow), 2).size(), 2U);
  sealer_.take(keys);
  const DeadLetter letter = refuse(kMessage);
  adapters_.default_sender_org = "990000000000201";
  EXPECT_EQ(replayer().plan(letter).verdict, Verdict::kAccepted);

  keys.destroy(codec::seal_month_of(kNow), kNow + std::chrono::hours(24 * 60));
  sealer_.take(keys);
  const Plan plan = replayer().plan(letter);
  EXPECT_EQ(plan.verdict, Verdict::kNotReplayable);
  EXPECT_THAT(plan.sentence, ::testing::HasSubstr("this original is erased"));
  const auto attempts = replayer().replay({letter});
  ASSERT_TRUE(attempts.has_value());
  EXPECT_FALSE(attempts->front().sent);
  EXPECT_THAT(bus_.records, IsEmpty());
  const auto opened = open_letter(letter, sealer_, audit_, "asked by the sender", kNow);
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().context, plan.sentence);
}

TEST_F(DeadLetters, AConsumersRecordGoesBackToItsTopicAsItWas) {
  const domain::Event event = measurement();
  const DeadLetter letter = consumers_letter(event, "CODE_UNKNOWN");
  EXPECT_EQ(letter.sender(), event.sender_org);
  const auto attempts = replayer().replay({letter});
  ASSERT_TRUE(attempts.has_value()) << attempts.error().context;
  ASSERT_TRUE(attempts->front().sent) << attempts->front().plan.sentence;
  const auto sent = bus_.on(bus::kMaaling);
  ASSERT_THAT(sent, SizeIs(1));
  EXPECT_EQ(sent[0].value, letter.value);
  EXPECT_EQ(sent[0].key, letter.key);
  EXPECT_EQ(sent[0].header("ce_id"), "x");
  EXPECT_EQ(sent[0].header("kronika-dlq-reason"), "");
  EXPECT_EQ(sent[0].header("kronika-dlq-attempt"), "1");
  EXPECT_EQ(sent[0].header(edge::kReplayOf), "dead-letter/1/9");
  ASSERT_THAT(bus_.on(bus::kLedger), SizeIs(1));
}

TEST_F(DeadLetters, WhatSendingOnceMoreWouldNotMendNamesItsRemedy) {
  const auto sentence_of = [&](const std::string& topic, const std::string& reason) {
    DeadLetter letter = consumers_letter(measurement(), reason);
    for (auto& [key, value] : letter.headers) {
      if (key == "kronika-dlq-topic") value = topic;
    }
    const auto attempts = replayer().replay({letter});
    EXPECT_TRUE(attempts.has_value());
    EXPECT_FALSE(attempts->front().sent);
    EXPECT_EQ(attempts->front().plan.verdict, Verdict::kNotReplayable);
    return attempts->front().plan.sentence;
  };
  EXPECT_THAT(sentence_of("maaling", "VERSION_CONFLICT"), HasSubstr("higher version"));
  EXPECT_THAT(sentence_of("maaling", "EVENT_ID_REUSED"), HasSubstr("an id of its own"));
  EXPECT_THAT(sentence_of("flytning", "CPR_CYCLE"), HasSubstr("cancel or correct one of them"));
  EXPECT_THAT(sentence_of("indicator-delta", "UNDECODABLE"), HasSubstr("Rebuild everything"));
  EXPECT_THAT(sentence_of("citizen-state", "UNDECODABLE"), HasSubstr("another topic"));
  EXPECT_THAT(bus_.records, IsEmpty());
}

TEST_F(DeadLetters, ALinkOfAMoveIsSentOnceMoreAndAMovedEventIsNot) {
  std::string event;
  codec::encode_event(measurement(), event);
  const auto letter_of = [&](const codec::Flytning& move) {
    DeadLetter letter = consumers_letter(measurement(), "UNDECODABLE");
    letter.value.clear();
    bus::append_wire_prefix(codec::kFlytningSchemaId, letter.value);
    codec::encode_flytning(move, letter.value);
    for (auto& [key, value] : letter.headers) {
      if (key == "kronika-dlq-topic") value = "flytning";
    }
    return letter;
  };
  codec::MovedEvent moved;
  moved.event = event;
  const Plan kept = replayer().plan(letter_of(moved));
  EXPECT_EQ(kept.verdict, Verdict::kNotReplayable);
  EXPECT_THAT(kept.sentence, HasSubstr("Rebuild everything"));
  moved.event = "no event";
  EXPECT_EQ(replayer().plan(letter_of(moved)).verdict, Verdict::kUnchanged);

  codec::MoveLink link;
  link.replacement = event;
  const DeadLetter letter = letter_of(link);
  const auto attempts = replayer().replay({letter});
  ASSERT_TRUE(attempts.has_value()) << attempts.error().context;
  ASSERT_TRUE(attempts->front().sent) << attempts->front().plan.sentence;
  const auto sent = bus_.on(bus::kFlytning);
  ASSERT_THAT(sent, SizeIs(1));
  EXPECT_EQ(sent[0].value, letter.value);
  EXPECT_EQ(sent[0].key, letter.key);
  EXPECT_EQ(sent[0].header(edge::kReplayOf), "dead-letter/1/9");
  expect_closed({letter.at});
}

TEST_F(DeadLetters, AClosedLetterIsAuditedFirstAndNoLongerOpen) {
  const DeadLetter letter = consumers_letter(measurement(), "CODE_UNKNOWN");
  bus_.away = bus::kAudit;
  EXPECT_EQ(replayer().close({letter}).error().code, kAuditAway);
  EXPECT_THAT(bus_.records, IsEmpty());
  bus_.away.clear();
  ASSERT_TRUE(replayer().close({letter}).has_value());
  ASSERT_THAT(bus_.on(bus::kAudit), SizeIs(1));
  EXPECT_EQ(bus_.records.front().topic, bus::kAudit);
  expect_closed({letter.at});
  Replays replays;
  bus::Record record;
  const auto audit = bus_.on(bus::kAudit);
  record.value = audit.front().value;
  replays.add(record);
  EXPECT_EQ(replays.outcome(letter.at), "closed");
}

TEST_F(DeadLetters, AConsumersRecordThatIsRefusedAgainIsNotSent) {
  domain::Event event = measurement();
  event.recorded_at = Instant{kNow.ms + 86'400'000LL * 30};
  const auto attempts = replayer().replay({consumers_letter(event, "CODE_UNKNOWN")});
  ASSERT_TRUE(attempts.has_value());
  EXPECT_EQ(attempts->front().plan.verdict, Verdict::kRefused);
  EXPECT_FALSE(attempts->front().sent);
  EXPECT_THAT(bus_.records, IsEmpty());
}

TEST_F(DeadLetters, ASelectionTakesEveryReasonOfAMessage) {
  DeadLetter letter = refuse(kMessage);
  for (auto& [key, value] : letter.headers) {
    if (key == "kronika-dlq-reasons") value = "CODE_UNKNOWN=1 UNIT_MISSING=2";
  }
  const auto chosen = [&](const Selection& s) { return s.matches(letter); };
  EXPECT_TRUE(chosen({}));
  EXPECT_TRUE(chosen({.reason = "UNIT_MISSING"}));
  EXPECT_FALSE(chosen({.reason = "UNIT"}));
  EXPECT_TRUE(chosen({.stage = "edge"}));
  EXPECT_FALSE(chosen({.stage = "citizen"}));
  EXPECT_TRUE(chosen({.from = kNow}));
  EXPECT_FALSE(chosen({.to = kNow}));
  EXPECT_FALSE(chosen({.sender = "990000000000999"}));
  EXPECT_TRUE(chosen({.places = {{0, 1}, letter.at}}));
  EXPECT_FALSE(chosen({.places = {{0, 1}}}));
  EXPECT_EQ(read_place("3:17"), (codec::RecordPlace{3, 17}));
  for (const char* bad : {"", "3", "3:", ":7", "3:17x", "a:b"}) {
    EXPECT_FALSE(read_place(bad).has_value()) << bad;
  }
}

}  // namespace
}  // namespace kronika::deadletters
