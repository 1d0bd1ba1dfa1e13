#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <kronika/bus/partitioner.h>
#include <kronika/bus/wire.h>
#include <kronika/canary/canary.h>
#include <kronika/canary/canary_metrics.h>
#include <kronika/codec/event_codec.h>
#include <kronika/codec/schema_ids.h>
#include <kronika/domain/checks.h>
#include <kronika/refdata/loader.h>

namespace kronika::canary {
namespace {

using ::testing::HasSubstr;

domain::Event decoded(std::string_view value) {
  const auto wire = bus::read_wire(value);
  EXPECT_TRUE(wire.has_value());
  EXPECT_EQ(wire->schema_id, codec::kEventSchemaId);
  domain::Event event;
  EXPECT_TRUE(codec::decode_event(wire->message, event).has_value());
  return event;
}

TEST(Canary, EachPartitionHasACitizenOfItsOwn) {
  std::set<PersonKey> keys;
  for (std::int32_t p = 0; p < 24; ++p) {
    const PersonKey key = canary_key(p, 24);
    EXPECT_EQ(bus::partition_of(key.view(), 24), p);
    EXPECT_TRUE(is_canary_key(key.view()));
    keys.insert(key);
  }
  EXPECT_EQ(keys.size(), 24U);
}

TEST(Canary, NoOtherKeyIsTakenForOne) {
  EXPECT_FALSE(is_canary_key("canary"));
  EXPECT_FALSE(is_canary_key("kronika-canary"));
  EXPECT_FALSE(is_canary_key(PersonKey{}.view()));
}

TEST(Canary, ItsEventIsFlaggedAndPassesTheChecksOfTheCitizenTask) {
  const auto rules = refdata::load(KRONIKA_SOURCE_DIR "/data/reference",
                                   KRONIKA_SOURCE_DIR "/data/reference/organisations.csv", 1);
  ASSERT_TRUE(rules.has_value());
  const PersonKey key = canary_key(2, 6);
  const Instant now{1'780'000'000'123};
  const auto event = decoded(encode_canary(key, now));
  EXPECT_TRUE(event.canary);
  EXPECT_EQ(event.person_key, key);
  EXPECT_EQ(domain::topic_of(event.type()), "maaling");
  const auto fault = domain::check(**rules, event, now);
  EXPECT_FALSE(fault.has_value()) << fault->sentence;
}

TEST(Canary, ALaterEventIsAHigherVersionOfTheSameFact) {
  const PersonKey key = canary_key(0, 6);
  const auto first = decoded(encode_canary(key, Instant{1'780'000'000'000}));
  const auto second = decoded(encode_canary(key, Instant{1'780'000'030'000}));
  EXPECT_EQ(first.source_message_id, second.source_message_id);
  EXPECT_LT(first.source_version, second.source_version);
  EXPECT_NE(first.event_id, second.event_id);
}

TEST(CanaryMetrics, ShowsWhenEachPartitionWasSeenAndHowOldItWas) {
  telemetry::Registry registry;
  CanaryMetrics metrics(registry, "state");
  EXPECT_FALSE(metrics.newest(4).has_value());
  const Instant published{SystemClock().now().ms - 700};
  metrics.seen(4, published);
  EXPECT_EQ(metrics.newest(4), published);
  const auto text = registry.text();
  EXPECT_THAT(
      text,
      HasSubstr("kronika_canary_last_seen_timestamp_seconds{stage=\"state\",partition=\"4\"} "));
  EXPECT_THAT(text,
              HasSubstr("kronika_end_to_end_seconds_count{source=\"canary\",stage=\"state\"} 1"));
  EXPECT_THAT(text, HasSubstr("le=\"0.5\"} 0"));
}

}  // namespace
}  // namespace kronika::canary
