// What `kronika codes unknown` counts and prints, over the records of a log in memory.
#include "unknown_code_report.h"

#include <sstream>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <kronika/bus/wire.h>
#include <kronika/codec/event_codec.h>
#include <kronika/codec/schema_ids.h>
#include <kronika/refdata/loader.h>

namespace kronika::cli {
namespace {

class UnknownCodes : public ::testing::Test {
 protected:
  UnknownCodes()
      : rules_(refdata::load(KRONIKA_SOURCE_DIR "/data/reference",
                             KRONIKA_SOURCE_DIR "/data/reference/organisations.csv", 1)
                   .value()),
        report_(*rules_) {}

  void take(domain::Payload payload, domain::Op op = domain::Op::kCreate) {
    domain::Event event;
    event.op = op;
    event.payload = std::move(payload);
    std::string value;
    bus::append_wire_prefix(codec::kEventSchemaId, value);
    codec::encode_event(event, value);
    report_.take(value);
  }
  void diagnosis(const char* system, const char* code, domain::Op op = domain::Op::kCreate) {
    take(domain::DiagnosisRecorded{system, code, domain::DiagnosisSetting::kGp}, op);
  }
  std::string printed(bool json) const {
    std::ostringstream out;
    report_.print(json, out);
    return out.str();
  }

  std::shared_ptr<const domain::Rules> rules_;
  UnknownCodeReport report_;
};

TEST_F(UnknownCodes, AreListedWithTheirCountsMostFrequentFirst) {
  diagnosis("SKS", "DJ449");
  diagnosis("ICPC-2", "A97");
  diagnosis("SKS", "DS525");
  diagnosis("SKS", "DS525");
  diagnosis("SKS", "DS525", domain::Op::kCancel);
  domain::ReferralSent sent;
  sent.diagnosis_codes = {{"SKS", "DJ449"}, {"SNOMED", "263102004"}};
  take(sent);
  domain::MeasurementRecorded measured;
  measured.code_system = "LOINC";
  measured.code = "99999-9";
  take(measured);
  measured.code = "4548-4";
  take(measured);
  domain::InterventionStarted started;
  started.type = "no-uuid";
  take(started);
  report_.take("garbage");
  EXPECT_EQ(printed(false),
            "use           code system  code       records\n"
            "diagnosis     SKS          DS525            2\n"
            "diagnosis     ICPC-2       A97              1\n"
            "intervention  FSIII        no-uuid          1\n"
            "measurement   LOINC        99999-9          1\n"
            "referral      SNOMED       263102004        1\n");
  const auto all = nlohmann::json::parse(printed(true));
  ASSERT_EQ(all.size(), 5U);
  EXPECT_EQ(all[0]["code"], "DS525");
  EXPECT_EQ(all[0]["records"], 2);
}

TEST_F(UnknownCodes, NoneIsSaidInASentence) {
  diagnosis("ICD-10", "E11.9");
  EXPECT_EQ(printed(false),
            "Every code in the event topics is in a table of the reference data.\n");
  EXPECT_EQ(printed(true), "[]\n");
}

}  // namespace
}  // namespace kronika::cli
