#include "fake_bus.h"

#include <gtest/gtest.h>

#include <kronika/bus/wire.h>
#include <kronika/codec/event_codec.h>
#include <kronika/codec/schema_ids.h>
#include <kronika/publisher/event_publisher.h>

namespace kronika::publisher {
namespace {

domain::Event event() {
  domain::Event e;
  e.event_id.bytes[0] = 7;
  e.person_key.bytes[15] = 9;
  e.source_system = "medcom-hn";
  e.sender_org = "990000000000201";
  e.occurred_at = Instant{1'700'000'000'000};
  e.schema_version = 1;
  e.payload = domain::PersonDeceased{};
  return e;
}

TEST(EventPublisher, PutsAnEventOnItsTopicUnderThePersonKey) {
  edge::FakeBus bus;
  EventPublisher out(bus);
  ASSERT_TRUE(out.publish(event()).has_value());
  const auto totals = out.finish(std::chrono::seconds(1));
  ASSERT_TRUE(totals.has_value());
  EXPECT_EQ(totals->acknowledged, 1U);
  ASSERT_EQ(bus.records.size(), 1U);
  const auto& record = bus.records[0];
  EXPECT_EQ(record.topic, "person");
  EXPECT_EQ(record.key, event().person_key.view());
  const auto wire = bus::read_wire(record.value);
  ASSERT_TRUE(wire.has_value());
  EXPECT_EQ(wire->schema_id, codec::kEventSchemaId);
  domain::Event back;
  ASSERT_TRUE(codec::decode_event(wire->message, back).has_value());
  EXPECT_TRUE(domain::same_content(back, event()));
  EXPECT_EQ(record.header("ce_id"), "07000000-0000-0000-0000-000000000000");
}

TEST(EventPublisher, AReportIsKeyedByItsSender) {
  edge::FakeBus bus;
  EventPublisher out(bus);
  domain::Event e = event();
  e.person_key = {};
  e.payload = domain::GoalProgressReported{};
  ASSERT_TRUE(out.publish(e).has_value());
  EXPECT_EQ(bus.records[0].topic, "rapport");
  EXPECT_EQ(bus.records[0].key, "990000000000201");
}

TEST(EventPublisher, CountsWhatKafkaDidNotTakeAndKeepsTheFirstReason) {
  edge::FakeBus bus;
  bus.fail_from = 1;
  EventPublisher out(bus);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(out.publish(event()).has_value());
  const auto totals = out.finish(std::chrono::seconds(1));
  EXPECT_EQ(totals->acknowledged, 1U);
  EXPECT_EQ(totals->failed, 2U);
  EXPECT_EQ(totals->first_failure->context, "no broker answers");
}

}  // namespace
}  // namespace kronika::publisher
