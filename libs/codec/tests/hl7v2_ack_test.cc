// What a sender of HL7 v2 is told.
#include "adapter_fixture.h"

#include <algorithm>
#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <kronika/codec/hl7v2_ack.h>

namespace kronika::codec {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

std::string sample(const std::string& name) {
  std::ifstream in(KRONIKA_SOURCE_DIR "/data/samples/hl7v2-dk/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class Hl7v2Ack : public AdapterTest {
 protected:
  std::vector<std::string> answers(std::string_view bytes,
                                   Settled settled = Settled::kStored) const {
    Hl7Verdict verdict = verdict_of(read(bytes));
    verdict.settled = settled;
    return hl7v2_answers(bytes, verdict);
  }
  std::string answer(std::string_view bytes, Settled settled = Settled::kStored) const {
    const auto all = answers(bytes, settled);
    EXPECT_EQ(all.size(), 1U);
    std::string text = all.empty() ? "" : all.front();
    EXPECT_TRUE(text.empty() || text.back() == '\r');
    std::replace(text.begin(), text.end(), '\r', '\n');
    return text;
  }
  static std::string with(std::string bytes, std::string_view what, std::string_view by) {
    return bytes.replace(bytes.find(what), what.size(), by);
  }
};

TEST_F(Hl7v2Ack, AnAcceptedMessageIsAnsweredAa) {
  const std::string text = answer(with(sample("adt-a08-correction.hl7"), "EPJ|", "EPJ^1|"));
  EXPECT_THAT(text, StartsWith("MSH|^~\\&|KRONIKA|KRONIKA|EPJ^1|990000000000201^"));
  EXPECT_THAT(text, HasSubstr("|20250301113000+0100||ACK^A08^ACK|"));
  EXPECT_THAT(text, HasSubstr("|P|2.5\nMSA|AA|M2\n"));
  EXPECT_THAT(text, testing::Not(HasSubstr("ERR")));
}

TEST_F(Hl7v2Ack, AResendGetsTheSameAnswer) {
  EXPECT_EQ(answers(sample("oru-r01-latin1.hl7")), answers(sample("oru-r01-latin1.hl7")));
}

TEST_F(Hl7v2Ack, WhatIsNotInterpretedIsSaidInAnInformation) {
  const std::string text = answer(sample("adt-a21-leave.hl7"));
  EXPECT_THAT(text, HasSubstr("MSA|AA|M6\n"));
  EXPECT_THAT(text,
              HasSubstr("ERR||MSH^1^9^1|0^Message accepted^HL70357|I|NOT_INTERPRETED^^KRONIKA|||"
                        "ADT\\S\\A21: recognised, not interpreted\n"));
}

TEST_F(Hl7v2Ack, EachFaultHasItsErrWithPlaceAndCode) {
  std::string bytes = with(sample("oru-r01-latin1.hl7"), "||^6.8|", "||^680|");
  bytes = with(bytes, "0404749994^^^&1.2.208.176.1.2", "0404749994^^^&1.2.3");
  const std::string text = answer(bytes);
  EXPECT_THAT(text, HasSubstr("MSA|AE|M7\n"));
  EXPECT_THAT(text, HasSubstr("ERR||PID^1^3^1^4|101^Required field missing^HL70357|E|"
                              "FIELD_MISSING^^KRONIKA|||PID-3 has no CPR number"));
  EXPECT_THAT(text, HasSubstr("ERR||OBX^2^5^1|102^Data type error^HL70357|E|RANGE_HARD^^KRONIKA|"));
  EXPECT_THAT(text, HasSubstr("|8859/1\n")) << "the character set is the sender's";
}

TEST_F(Hl7v2Ack, StructureIsRejectedAndContentIsAnError) {
  EXPECT_THAT(answer(with(sample("adt-a21-leave.hl7"), "ADT^A21", "SIU^S12")),
              testing::AllOf(HasSubstr("MSA|AR|M6\n"), HasSubstr("200^Unsupported message type")));
  EXPECT_THAT(answer(with(sample("adt-a21-leave.hl7"), "ADT^A21", "ADT^A99")),
              HasSubstr("201^Unsupported event code"));
  EXPECT_THAT(answer(with(sample("adt-a21-leave.hl7"), "|P|2.5", "|X|2.5")),
              testing::AllOf(HasSubstr("MSA|AR|"), HasSubstr("202^Unsupported processing id")));
  EXPECT_THAT(answer(with(sample("adt-a21-leave.hl7"), "|P|2.5", "|P|9.9")),
              HasSubstr("203^Unsupported version id"));
  EXPECT_THAT(answer(with(sample("adt-a08-correction.hl7"), "\rPV1", "\rZV1")),
              testing::AllOf(HasSubstr("MSA|AE|"), HasSubstr("ERR||PV1^1|100^Segment sequence")));
  EXPECT_THAT(answer("no message at all"),
              testing::AllOf(StartsWith("MSH|^~\\&|"), HasSubstr("MSA|AR|\n"), HasSubstr("ERR|")));
  EXPECT_THAT(answer(""), HasSubstr("MSA|AR|\n"));
}

TEST_F(Hl7v2Ack, SeparatorsAreTheSendersOwn) {
  const std::string text =
      answer(with(sample("oru-r01-own-separators.hl7"), "$84$mm[Hg]$", "$84$a@b$"));
  EXPECT_THAT(text, StartsWith("MSH$%*!@$KRONIKA$KRONIKA$EPJ$"));
  EXPECT_THAT(text, HasSubstr("MSA$AE$M8\n"));
  EXPECT_THAT(text, HasSubstr("ERR$$OBX%2%6%1$103%Table value not found%HL70357$E$"));
}

TEST_F(Hl7v2Ack, WithoutKafkaTheSenderIsToldToTryAgain) {
  const std::string text = answer(sample("adt-a08-correction.hl7"), Settled::kTryAgain);
  EXPECT_THAT(text, HasSubstr("MSA|AE|M2\n"));
  EXPECT_THAT(text,
              HasSubstr("ERR|||207^Application internal error^HL70357|E|TRY_AGAIN^^KRONIKA|"));
  EXPECT_THAT(answer(sample("adt-a08-correction.hl7").substr(0, 200), Settled::kTooLong),
              testing::AllOf(HasSubstr("MSA|AR|M2"), HasSubstr("104^Value too long")));
}

TEST_F(Hl7v2Ack, EnhancedModeSendsWhatTheSenderWants) {
  const auto codes = [&](std::string_view accept, std::string_view application, std::string bytes) {
    bytes = with(bytes, "|P|2.5||||||",
                 "|P|2.5|||" + std::string(accept) + "|" + std::string(application) + "||");
    std::vector<std::string> found;
    for (const std::string& a : answers(bytes)) found.push_back(a.substr(a.find("\rMSA|") + 5, 2));
    return found;
  };
  const std::string good = sample("adt-a08-correction.hl7");
  const std::string bad = with(good, "|20250301091500+0100", "|2025");
  EXPECT_THAT(codes("AL", "NE", good), testing::ElementsAre("CA"));
  EXPECT_THAT(codes("AL", "AL", good), testing::ElementsAre("CA", "AA"));
  EXPECT_THAT(codes("NE", "ER", good), IsEmpty());
  EXPECT_THAT(codes("NE", "ER", bad), testing::ElementsAre("AE"));
  EXPECT_THAT(codes("ER", "", bad), testing::ElementsAre("CE"));
  EXPECT_THAT(codes("SU", "NE", bad), IsEmpty());
}

TEST_F(Hl7v2Ack, AnswersStayShortWhateverTheMessage) {
  std::string bytes = sample("oru-r01-latin1.hl7");
  for (int i = 0; i < 5000; ++i) bytes += "OBX|9|NM|NPU27300^x^NPU||x|y|||||F\r";
  EXPECT_LT(answer(bytes).size(), 60'000U);
  EXPECT_THAT(answer(bytes), HasSubstr("more faults are kept"));
  EXPECT_LT(
      answer(with(sample("adt-a08-correction.hl7"), "|M2|", "|" + std::string(1 << 20, 'x') + "|"))
          .size(),
      2'000U);
}

}  // namespace
}  // namespace kronika::codec
