// One byte damaged at every position of a small message of each kind that HL7 v2 and XML know:
// never a crash, never silence, the person's number in no answer, and every damage of a checked
// field is refused.
#include "adapter_fixture.h"

#include <array>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include <kronika/codec/event_codec.h>
#include <kronika/codec/hl7v2_ack.h>

namespace kronika::codec {
namespace {

class Damage : public AdapterTest, public testing::WithParamInterface<std::string> {
 protected:
  static std::string bytes() {
    std::ifstream in(KRONIKA_SOURCE_DIR "/data/samples/" + GetParam(), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
};

bool refused(const Translation& t) {
  for (const Outcome& o : t.outcomes) {
    if (std::holds_alternative<Refused>(o)) return true;
  }
  return false;
}

TEST_P(Damage, IsAlwaysAnsweredAndNeverTellsTheNumber) {
  const std::string sound = bytes();
  ASSERT_FALSE(refused(read(sound)));
  const bool xml = GetParam().ends_with(".xml");
  for (std::size_t i = 0; i < sound.size(); ++i) {
    for (const int flip : {0x01, 0x20, 0x80, 0xff}) {
      std::string damaged = sound;
      damaged[i] = static_cast<char>(damaged[i] ^ flip);
      const Translation t = read(damaged);
      ASSERT_FALSE(t.outcomes.empty()) << "silence at " << i;
      for (const Outcome& o : t.outcomes) {
        std::string told;
        if (const auto* r = std::get_if<Refused>(&o)) {
          ASSERT_FALSE(r->faults.empty());
          for (const Fault& f : r->faults) told += f.position + f.sentence;
        } else if (const auto* a = std::get_if<Accepted>(&o)) {
          encode_event(a->event, told);
        } else {
          told = std::get<Ignored>(o).what;
        }
        ASSERT_EQ(told.find("0404749994"), std::string::npos) << i;
      }
      if (xml) continue;
      const auto answers = hl7v2_answers(damaged, verdict_of(t));
      ASSERT_FALSE(answers.empty()) << "silence at " << i;
      const bool positive = answers.front().find("MSA|AA|") != std::string::npos;
      ASSERT_FALSE(positive && refused(t)) << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Samples, Damage,
                         testing::Values("hl7v2-dk/adt-a03-discharge.hl7",
                                         "hl7v2-dk/oru-r01-latin1.hl7",
                                         "hl7v2-dk/ref-i12-referral.hl7",
                                         "hl7v2-dk/rri-i12-accepted.hl7",
                                         "medcom-xml/xref15-municipal-referral.xml"),
                         [](const auto& of) {
                           std::string name = of.param;
                           for (char& c : name) {
                             if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
                           }
                           return name;
                         });

class DamagedFields : public AdapterTest {
 protected:
  /// Damages each byte of `field` where it stands in `bytes`, and counts what is not refused.
  int passed(const std::string& bytes, std::string_view field) {
    const auto at = bytes.find(field);
    EXPECT_NE(at, std::string::npos) << field;
    int accepted = 0;
    for (std::size_t i = at; i < at + field.size(); ++i) {
      std::string damaged = bytes;
      damaged[i] = '#';
      if (!refused(read(damaged))) ++accepted;
    }
    return accepted;
  }
  static std::string file(const std::string& name) {
    std::ifstream in(KRONIKA_SOURCE_DIR "/data/samples/" + name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
};

TEST_F(DamagedFields, WhatAnyCheckCoversIsRefused) {
  const std::string adt = file("hl7v2-dk/adt-a03-discharge.hl7");
  for (const char* field : {"0404749994", "1.2.208.176.1.2&", "20250305140500+0100",
                            "20250305134500+0100", "ADT^A03", "|P|", "2.5", "MSH|^~\\&"}) {
    // Another repetition or escape character than these, of which the message has none, is sound.
    EXPECT_EQ(passed(adt, field), field == std::string_view("MSH|^~\\&") ? 2 : 0) << field;
  }
  const std::string oru = file("hl7v2-dk/oru-r01-latin1.hl7");
  for (const char* field : {"0404749994", "mmol/mol", "8859/1", "20250310080500+0100"}) {
    EXPECT_EQ(passed(oru, field), 0) << field;
  }
  const std::string ref = file("hl7v2-dk/ref-i12-referral.hl7");
  for (const char* field : {"0404749994", "MUNICIPAL_REHAB", "20250311115500+0100"}) {
    EXPECT_EQ(passed(ref, field), 0) << field;
  }
  const std::string xml = file("medcom-xml/xref15-municipal-referral.xml");
  for (const char* field : {"0404749994", "2025-03-11", "12:00", "<TypeCode>XREF15</TypeCode>"}) {
    EXPECT_EQ(passed(xml, field), 0) << field;
  }
}

}  // namespace
}  // namespace kronika::codec
