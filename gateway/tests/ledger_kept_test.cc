// Sealed originals and dead letters: which letters are open, and a loss of either.
#include "ledger_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <kronika/gateway/ledger_metrics.h>

namespace kronika::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class KeptTest : public LedgerTest {
 protected:
  /// "edge/CODE_UNKNOWN=2"
  std::vector<std::string> open_kinds() {
    const auto open = ledger().open_letters();
    EXPECT_TRUE(open.has_value());
    std::vector<std::string> kinds;
    for (const OpenLetters& kind : *open) {
      kinds.push_back(kind.stage + "/" + kind.reason + "=" + std::to_string(kind.count));
    }
    return kinds;
  }
  void close(const codec::RecordPlace& letter) {
    codec::LetterClosed closed{letter, at("2025-03-10 11:00")};
    std::string value;
    bus::append_wire_prefix(codec::kLetterClosedSchemaId, value);
    codec::encode_letter_closed(closed, value);
    append(value, closed.closed_at);
  }
};

TEST_F(KeptTest, DeadLettersAreOpenUntilTheyAreSentOnceMoreOrClosed) {
  receive("M1", "2025-03-01 10:00", {}, {{"CODE_UNKNOWN", 1}});
  const auto second = receive("M2", "2025-03-02 10:00", {}, {{"CODE_UNKNOWN", 1}});
  keep_letter("", "2025-03-03 10:00", "citizen", "RANGE_HARD");
  const auto strange = keep_letter("", "2025-03-04 10:00", "somewhere", "0101010000");
  read();
  EXPECT_THAT(open_kinds(),
              ElementsAre("citizen/RANGE_HARD=1", "edge/CODE_UNKNOWN=2", "other/other=1"))
      << "labels come from closed lists";
  EXPECT_EQ(ledger().open_letters()->at(1).oldest, at("2025-03-01 10:00"));

  auto replay = described("M1", "2025-03-05 10:00", {});
  replay.raw = {0, append_to(bus::kRaw, at("2025-03-05 10:00"))};
  replay.replay_of = {{0, 0}};
  announce(replay);
  close(strange);
  close(strange);
  read();
  EXPECT_THAT(open_kinds(), ElementsAre("citizen/RANGE_HARD=1", "edge/CODE_UNKNOWN=1"));
  EXPECT_EQ(ledger().open_letters()->at(1).oldest, at("2025-03-02 10:00"));

  telemetry::Registry registry;
  const ManualClock clock(at("2025-03-10 12:00"));
  const LedgerMetrics metrics(registry, *view_, platform_.rules(), clock);
  const std::string page = registry.text();
  const std::string kind = "{stage=\"edge\",reason=\"CODE_UNKNOWN\"} ";
  EXPECT_THAT(page, HasSubstr("kronika_dead_letters_open" + kind + "1\n"));
  EXPECT_THAT(page,
              HasSubstr("kronika_dead_letter_oldest_timestamp_seconds" + kind + "1740906000\n"));
  EXPECT_THAT(page, Not(HasSubstr("0101010000")));

  view_.reset();
  view_ = open();
  EXPECT_THAT(open_kinds(), ElementsAre("citizen/RANGE_HARD=1", "edge/CODE_UNKNOWN=1"))
      << "after a restart";
  begins_[kDeadLetterTopic] = second.dead_letters.front().offset + 1;
  read(at("2025-04-20 12:00"));
  EXPECT_THAT(open_kinds(), IsEmpty()) << "deleted by age, or older than what is kept";
}

TEST_F(KeptTest, AClosingThatIsReadBeforeItsLetterCounts) {
  close({0, 0});
  read();
  keep_letter("", "2025-03-03 10:00", "citizen", "RANGE_HARD");
  read();
  EXPECT_THAT(open_kinds(), IsEmpty());
  close({0, 1});
  keep_letter("", "2025-03-03 11:00", "citizen", "RANGE_HARD");
  read();
  EXPECT_THAT(open_kinds(), IsEmpty()) << "in one batch";
}

TEST_F(KeptTest, AMessageHasItsOriginalAndARefusedOneItsDeadLetter) {
  receive("M1", "2025-03-01 10:00", {});
  receive("M2", "2025-03-01 10:00", {}, {{"CODE_UNKNOWN", 1}});
  // A consumer's record that was sent once more came as an event: no bytes of its own are kept.
  auto event = described("E1", "2025-03-01 11:00", {});
  event.protocol = codec::kEventProtocol;
  announce(event);
  // Resent: the same bytes, kept twice.
  receive("M1", "2025-03-01 12:00", {});
  settle();
  EXPECT_TRUE(day("2025-03-01").adds_up());
  EXPECT_THAT(missing(), IsEmpty());
  EXPECT_THAT(find("M2").at(0).lost, IsEmpty());
}

TEST_F(KeptTest, AnOriginalBehindTheEndOfItsTopicIsLost) {
  receive("M1", "2025-03-01 10:00", {});
  settle();
  auto beyond = described("M2", "2025-03-02 10:00", {});
  beyond.raw = {0, 50};
  announce(beyond);
  settle();
  EXPECT_EQ(day("2025-03-02").without_original, 1U);
  EXPECT_FALSE(day("2025-03-02").adds_up());
  EXPECT_EQ(ledger().unbalanced_senders(), 1U);
  EXPECT_THAT(missing(), ElementsAre(RecordAt{kRawTopic, 0, 50}));
  EXPECT_THAT(find("M2").at(0).lost, ElementsAre(RecordAt{kRawTopic, 0, 50}));
  EXPECT_THAT(find("M1").at(0).lost, IsEmpty());
  settle();
  EXPECT_EQ(day("2025-03-02").without_original, 1U) << "counted once";
  EXPECT_EQ(ledger().missing_counts().originals, 1U);
}

TEST_F(KeptTest, OfTwoMessagesThatNameOneOriginalTheEarlierHasLostIts) {
  // The broker lost the end of the topic raw and went on: the place was given twice.
  const auto first = receive("M1", "2025-03-01 10:00", {});
  settle();
  EXPECT_THAT(missing(), IsEmpty());
  auto second = described("M2", "2025-03-02 10:00", {});
  second.raw = first.raw;
  announce(second);
  view_.reset();
  view_ = open();
  settle();
  EXPECT_EQ(day("2025-03-01").without_original, 1U);
  EXPECT_TRUE(day("2025-03-02").adds_up());
  EXPECT_THAT(find("M1").at(0).lost, SizeIs(1));
}

TEST_F(KeptTest, WhatIsDeletedBeforeItsTimeIsLostAndWhatIsOldIsNot) {
  receive("OLD", "2025-02-09 10:00", {}, {{"CODE_UNKNOWN", 1}});
  receive("NEW", "2025-03-01 10:00", {}, {{"CODE_UNKNOWN", 1}});
  settle();
  EXPECT_THAT(missing(), IsEmpty());
  begins_[kRawTopic] = begins_[kDeadLetterTopic] = 2;
  settle();
  EXPECT_TRUE(day("2025-02-09").adds_up());
  EXPECT_EQ(day("2025-03-01").without_original, 1U);
  EXPECT_EQ(day("2025-03-01").without_letter, 1U);
  EXPECT_THAT(missing(), ElementsAre(RecordAt{kDeadLetterTopic, 0, 1}, RecordAt{kRawTopic, 0, 1}));
  EXPECT_THAT(open_kinds(), IsEmpty()) << "nobody can send them once more";
}

TEST_F(KeptTest, ADeadLetterThatDoesNotStandOrIsAnothersIsLost) {
  auto absent = described("M1", "2025-03-01 10:00", {}, {{"CODE_UNKNOWN", 1}});
  absent.raw = {0, append_to(bus::kRaw, at("2025-03-01 10:00"))};
  const auto others = keep_letter("M2", "2025-03-01 10:00", "edge", "CODE_UNKNOWN");
  absent.dead_letters = {others};
  announce(absent);
  settle();
  EXPECT_EQ(day("2025-03-01").without_letter, 1U) << "that of another message stands there";
  EXPECT_THAT(missing(), ElementsAre(RecordAt{kDeadLetterTopic, 0, others.offset}));
}

}  // namespace
}  // namespace kronika::gateway
