#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include "kronika/event/v1/event.pb.h"
#include <kronika/codec/errc.h>
#include <kronika/codec/event_codec.h>
#include <kronika/codec/ledger_codec.h>
#include <kronika/codec/schema_ids.h>

namespace kronika::codec {
namespace {

TEST(EventCodec, RefusesANewerSchemaVersion) {
  event::v1::Event message;
  message.set_schema_version(kEventSchemaVersion + 1);
  domain::Event event;
  const auto read = decode_event(message.SerializeAsString(), event);
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().code, kSchemaUnknown);
  EXPECT_EQ(read.error().code.disposition(), Disposition::kRejectRecord);
}

TEST(EventCodec, RefusesBytesThatAreNoEvent) {
  domain::Event event;
  for (const std::string& bytes :
       {std::string("garbage"), std::string("\x0a\x05\x01", 3), std::string("\x0a\x03xyz", 5),
        std::string("\x12\x02\xc3\x28", 4), std::string("\x00", 1), std::string("\x0b", 1),
        std::string(11, '\xff')}) {
    const auto read = decode_event(bytes, event);
    ASSERT_FALSE(read.has_value());
    EXPECT_EQ(read.error().code, kUndecodable);
  }
}

TEST(EventCodec, APayloadOfALaterReleaseIsUnknownAndNotLeftOverFromTheEventBefore) {
  domain::Event event;
  event.payload = domain::ResidenceChanged{"0751"};
  std::string later;
  later.append("\xa2\x1f\x00", 3);  // field 500, empty message
  ASSERT_TRUE(decode_event(later, event).has_value());
  EXPECT_EQ(event.type(), domain::EventType::kUnknown);
}

TEST(EventCodec, AnEnumeratorOfALaterReleaseStaysUnknown) {
  event::v1::Event message;
  message.set_op(static_cast<event::v1::Op>(300));
  domain::Event event;
  ASSERT_TRUE(decode_event(message.SerializeAsString(), event).has_value());
  EXPECT_EQ(static_cast<int>(event.op), 255);
}

TEST(ProgressKey, IsNeverAPersonKey) {
  for (const int partition : {0, 5, 999999, 1234567, 12345678}) {
    EXPECT_NE(progress_key(partition).size(), 16U);
    EXPECT_TRUE(is_progress_key(progress_key(partition)));
  }
  EXPECT_FALSE(is_progress_key(std::string(16, 'p')));
}

TEST(SchemaIds, HeaderAndTableAgreeAndNameMessagesThatComeFirstInTheirFile) {
  std::ifstream table(std::filesystem::path(KRONIKA_SOURCE_DIR) / "proto/schema_ids.csv");
  ASSERT_TRUE(table.is_open());
  const std::map<std::string, int> expected{
      {"kronika.event.v1.Event", kEventSchemaId},
      {"kronika.event.v1.Flytning", kFlytningSchemaId},
      {"kronika.state.v1.CitizenStateRecord", kCitizenStateSchemaId},
      {"kronika.state.v1.Progress", kProgressSchemaId},
      {"kronika.state.v1.IndicatorCell", kIndicatorCellSchemaId},
      {"kronika.state.v1.IndicatorDelta", kIndicatorDeltaSchemaId},
      {"kronika.state.v1.LedgerEntry", kLedgerEntrySchemaId},
      {"kronika.state.v1.StratificationChange", kStratificationSchemaId},
      {"kronika.state.v1.Publication", kPublicationSchemaId},
      {"kronika.state.v1.MessageReceived", kMessageReceivedSchemaId},
      {"kronika.state.v1.LetterClosed", kLetterClosedSchemaId},
      {"kronika.state.v1.AuditRecord", kAuditSchemaId}};
  std::string line;
  std::getline(table, line);
  EXPECT_EQ(line, "subject,schema_id,file,message");
  std::map<std::string, int> found;
  while (std::getline(table, line)) {
    std::istringstream row(line);
    std::string subject, id, file, message;
    std::getline(row, subject, ',');
    std::getline(row, id, ',');
    std::getline(row, file, ',');
    std::getline(row, message);
    found[message] = std::stoi(id);
    const auto* pool = google::protobuf::DescriptorPool::generated_pool();
    if (const auto* descriptor = pool->FindMessageTypeByName(message)) {
      EXPECT_EQ(descriptor->index(), 0) << message;
      EXPECT_EQ(descriptor->file()->name(), file);
    }
  }
  EXPECT_EQ(found, expected);
}

}  // namespace
}  // namespace kronika::codec
