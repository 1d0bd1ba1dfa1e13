// The compacted records: what is written is what the contract says, and reads back as it was.
#include "random_events.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "kronika/state/v1/citizen.pb.h"
#include "kronika/state/v1/indicator.pb.h"
#include <kronika/codec/citizen_codec.h>
#include <kronika/codec/errc.h>
#include <kronika/domain/fold.h>
#include <kronika/refdata/loader.h>

namespace kronika::codec {
namespace {

const domain::Rules& rules() {
  static const auto kRules = refdata::load("data/reference", "data/reference/organisations.csv", 1);
  return **kRules;
}

/// Whether the generated class knows every field, of nested messages too.
bool all_known(const google::protobuf::Message& message) {
  const auto* reflection = message.GetReflection();
  if (!reflection->GetUnknownFields(message).empty()) return false;
  std::vector<const google::protobuf::FieldDescriptor*> set;
  reflection->ListFields(message, &set);
  for (const auto* field : set) {
    if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated()) {
      if (!all_known(reflection->GetMessage(message, field))) return false;
      continue;
    }
    for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
      if (!all_known(reflection->GetRepeatedMessage(message, field, i))) return false;
    }
  }
  return true;
}

domain::CitizenState random_state(std::uint64_t seed) {
  static const domain::Fold kFold(rules());
  domain::testing::RandomEvents random(seed);
  const auto journal = random.arrivals(1 + random.below(80));
  const auto set = domain::effective_events(journal, {});
  return kFold.refold(journal.front().event.person_key, set.events);
}

TEST(CitizenCodec, AccumulatorsReadBackAsTheyWereAndAgreeWithTheGeneratedClass) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const domain::CitizenState state = random_state(seed);
    std::string bytes;
    encode_fold(state, bytes);
    domain::CitizenState again;
    ASSERT_TRUE(decode_fold(bytes, again));
    again.person = state.person;  // the record's key, not among the accumulators
    ASSERT_TRUE(again == state) << "seed " << seed;

    state::v1::CitizenFold message;
    ASSERT_TRUE(message.ParseFromString(bytes));
    EXPECT_TRUE(all_known(message));
    EXPECT_EQ(message.SerializeAsString(), bytes) << "seed " << seed;
    ASSERT_EQ(message.episodes_size(), static_cast<int>(state.episodes.size()));
    for (int i = 0; i < message.episodes_size(); ++i) {
      EXPECT_EQ(message.episodes(i).programme_index(),
                state.episodes[static_cast<std::size_t>(i)].programme + 1U);
    }
  }
}

TEST(CitizenCodec, ARecordReadsBackWithoutItsSummaryAndTheSummaryReadsWithoutTheRules) {
  static const domain::Fold kFold(rules());
  const Instant as_of = domain::parse_instant("2027-01-01T00:00:00Z").instant;
  bool saw_proposal = false;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    CitizenRecord record;
    record.state = random_state(seed);
    record.generation = {3, 0x1234567890abcdefULL};
    record.as_of = as_of;
    record.contributions = kFold.contributions(record.state, as_of);
    record.refused = {{"maaling", 2, 17, "RANGE_HARD"}};
    record.transaction_number = 99;
    const domain::Evaluation now = kFold.evaluate(record.state, as_of);
    record.next_deadline = now.next_change;
    std::string bytes;
    encode_citizen(rules(), record, &now, bytes);

    CitizenRecord again;
    ASSERT_TRUE(decode_citizen(bytes, again));
    EXPECT_TRUE(again.state == record.state) << "seed " << seed;
    EXPECT_EQ(again.generation, record.generation);
    EXPECT_EQ(again.as_of, record.as_of);
    EXPECT_EQ(again.contributions, record.contributions);
    EXPECT_EQ(again.refused, record.refused);
    EXPECT_EQ(again.next_deadline, record.next_deadline);
    EXPECT_EQ(again.transaction_number, 99);

    state::v1::CitizenStateRecord message;
    ASSERT_TRUE(message.ParseFromString(bytes));
    EXPECT_TRUE(all_known(message));
    EXPECT_EQ(message.SerializeAsString(), bytes) << "seed " << seed;
    ASSERT_EQ(message.summary().pathways_size(), static_cast<int>(now.pathways.size()));
    for (std::size_t i = 0; i < now.pathways.size(); ++i) {
      const auto& p = message.summary().pathways(static_cast<int>(i));
      EXPECT_EQ(p.programme(), rules().programmes[now.pathways[i].programme].id);
      EXPECT_EQ(static_cast<int>(p.state()), static_cast<int>(now.pathways[i].state));
      EXPECT_EQ(p.proposal().level(), now.pathways[i].proposal.level);
      saw_proposal = saw_proposal || p.proposal().level() != 0;
    }
  }
  EXPECT_TRUE(saw_proposal);
}

TEST(CitizenCodec, CellsReadBackWithNegativeDifferencesAndBuckets) {
  IndicatorCell cell;
  cell.value.numerator = -3;
  cell.value.denominator = 5;
  cell.value.sum_thousandths = -21'000;
  cell.value.buckets = {{-1, 4}, {21, -2}, {400, 1}};
  cell.generation = 7;
  std::string bytes;
  encode_cell(cell, bytes);
  IndicatorCell again;
  ASSERT_TRUE(decode_cell(bytes, again));
  EXPECT_EQ(again, cell);
  state::v1::IndicatorCell message;
  ASSERT_TRUE(message.ParseFromString(bytes));
  EXPECT_EQ(message.SerializeAsString(), bytes);
  EXPECT_EQ(message.bucket_counts(1), -2);
}

TEST(CitizenCodec, CutOrGarbledRecordsAreRefusedOrReadButNeverCrash) {
  CitizenRecord record;
  record.state = random_state(5);
  std::string bytes;
  encode_citizen(rules(), record, nullptr, bytes);
  CitizenRecord again;
  for (std::size_t n = 0; n < bytes.size(); ++n) (void)decode_citizen(bytes.substr(0, n), again);
  const auto refused = decode_citizen("\xff\xff\xff", again);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, kUndecodable);
}

}  // namespace
}  // namespace kronika::codec
