// Legacy MedCom XML: recognised by name, checked, never interpreted, never dangerous.
#include "adapter_fixture.h"

#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kronika::codec {
namespace {

using testing::ElementsAre;

std::string sample(const std::string& name) {
  std::ifstream in(KRONIKA_SOURCE_DIR "/data/samples/medcom-xml/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
std::string with(std::string bytes, std::string_view what, std::string_view by) {
  const auto at = bytes.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return at == std::string::npos ? bytes : bytes.replace(at, what.size(), by);
}

class MedcomXml : public AdapterTest {
 protected:
  std::vector<std::string> faults(std::string_view bytes) const {
    std::vector<std::string> found;
    for (const Outcome& o : read(bytes).outcomes) {
      if (const auto* r = std::get_if<Refused>(&o)) {
        for (const Fault& f : r->faults) {
          found.push_back(std::string(domain::slug(f.reason)) + " @ " + f.position);
        }
      }
    }
    return found;
  }
};

TEST_F(MedcomXml, LettersAreRecognisedByName) {
  EXPECT_THAT(ignored(sample("xref15-municipal-referral.xml")),
              ElementsAre("MedCom XREF15 municipal referral: recognised, not interpreted"));
  EXPECT_THAT(ignored(sample("xdis18-discharge-report.xml")),
              ElementsAre("MedCom XDIS18 discharge report: recognised, not interpreted"));
  EXPECT_THAT(ignored(sample("xdis91-correspondence.xml")),
              ElementsAre("MedCom XDIS91 correspondence: recognised, not interpreted"));
  EXPECT_EQ(read(sample("xdis18-discharge-report.xml")).message_id, "E-2025-2");
}

TEST_F(MedcomXml, AllFaultsAreToldAtOnceWithTheirPaths) {
  std::string bytes = sample("xref15-municipal-referral.xml");
  bytes = with(bytes, "<Time>12:00</Time>", "<Time>25:00</Time>");
  bytes = with(bytes, "0404749994", "3102749994");
  bytes = with(bytes, "<TypeCode>XREF15", "<TypeCode>XREF99");
  bytes = with(bytes, "<Identifier>L-2025-1</Identifier>", "");
  const std::string letter = "/Emessage/MunicipalityReferral/";
  EXPECT_THAT(faults(bytes),
              ElementsAre("TYPE_UNKNOWN @ " + letter + "Letter/TypeCode",
                          "FIELD_MISSING @ " + letter + "Letter/Identifier",
                          "TIME_NO_ZONE @ /Emessage/Envelope/Sent/Time",
                          "CPR_DATE @ " + letter + "Patient/CivilRegistrationNumber"));
}

TEST_F(MedcomXml, OtherXmlIsRefusedByName) {
  EXPECT_THAT(faults("<html/>"), ElementsAre("TYPE_UNKNOWN @ /html"));
  EXPECT_THAT(faults("<Emessage"), ElementsAre(testing::StartsWith("UNDECODABLE @ / (byte")));
  EXPECT_THAT(faults("<Emessage/>"), testing::Contains("FIELD_MISSING @ /Emessage"));
}

TEST_F(MedcomXml, EntitiesDepthAndSizeAreBounded) {
  const std::string bomb =
      "<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/passwd\">]>"
      "<Emessage>&a;</Emessage>";
  EXPECT_THAT(faults(bomb), ElementsAre("UNDECODABLE @ /"));
  std::string deep, wide = "<Emessage>", unclosed;
  for (int i = 0; i < 200'000; ++i) {
    deep += "<a>";
    wide += "<a/>";
    unclosed += "<a</";
  }
  EXPECT_THAT(faults(deep), ElementsAre("UNDECODABLE @ /"));
  EXPECT_THAT(faults(wide + "</Emessage>"), ElementsAre("UNDECODABLE @ /"));
  EXPECT_EQ(faults(unclosed).size(), 1U);
  EXPECT_EQ(faults(unclosed + ">").size(), 1U);
}

TEST_F(MedcomXml, CareCommunicationIsRecordedWithoutInterpretation) {
  EXPECT_THAT(
      ignored(
          R"({"resourceType":"Bundle","type":"message","entry":[{"resource":{"resourceType":"MessageHeader","eventCoding":{"code":"care-communication-message"}}}]})"),
      ElementsAre("MedCom CareCommunication: recorded, not interpreted"));
}

}  // namespace
}  // namespace kronika::codec
