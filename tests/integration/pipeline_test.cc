// The way of real messages from a file to a gRPC answer, through a real broker and the real
// programs.

#include "support/platform.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kronika {
namespace {

using test_support::Answer;
using test_support::Platform;
using testing::ContainsRegex;
using testing::HasSubstr;

class Pipeline : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto started = Platform::start();
    ASSERT_TRUE(started) << started.error();
    platform_ = started->release();
    const Answer published = platform_->cli({"publish", "data/samples"});
    ASSERT_TRUE(published.code == 0 || published.code == 1)
        << published.output;  // 1: some were refused, as they should
    const Answer summary = platform_->cli({"summary"});
    ASSERT_EQ(summary.code, 0) << summary.output;
  }
  static void TearDownTestSuite() {
    delete platform_;
    platform_ = nullptr;
  }
  static inline Platform* platform_ = nullptr;
};

TEST_F(Pipeline, VerifyFindsNoDifference) {
  const Answer verified = platform_->cli({"verify"});
  EXPECT_EQ(verified.code, 0) << verified.output;
}

TEST_F(Pipeline, PublishingAgainChangesNothing) {
  platform_->cli({"publish", "data/samples"});
  EXPECT_EQ(platform_->cli({"summary"}).code, 0);
  const Answer verified = platform_->cli({"verify"});
  EXPECT_EQ(verified.code, 0) << verified.output;
  EXPECT_THAT(platform_->metrics_of("kronika-citizen"),
              ContainsRegex("kronika_citizen_events_total\\{outcome=\"duplicate\"\\} [1-9]"));
}

TEST_F(Pipeline, EveryProgramServesItsMetrics) {
  for (const char* name : {"kronika-citizen", "kronika-indicators", "kronika-gateway"}) {
    const std::string page = platform_->metrics_of(name);
    EXPECT_THAT(page, HasSubstr("process_resident_memory_bytes")) << name;
    EXPECT_THAT(page, HasSubstr("kronika_build_info")) << name;
  }
  const std::string citizen = platform_->metrics_of("kronika-citizen");
  EXPECT_THAT(citizen, HasSubstr("kronika_transaction_seconds_bucket"));
  EXPECT_THAT(citizen, HasSubstr("kronika_folds_total"));
}

TEST_F(Pipeline, APublishedQuarterIsServedByTheGateway) {
  const Answer created = platform_->cli({"publication", "create", "I-24", "2024Q4"});
  ASSERT_EQ(created.code, 0) << created.output;
  EXPECT_THAT(created.output, HasSubstr("revision 1 published"));
  const Answer again = platform_->cli({"publication", "create", "I-24", "2024Q4"});
  EXPECT_EQ(again.code, 1) << again.output;
  EXPECT_THAT(again.output, HasSubstr("published today already"));
  Answer shown;
  for (int i = 0; i < 40 && shown.code != 0; ++i) {  // until the gateway has read it
    shown = platform_->cli({"publication", "show", "I-24", "2024Q4", "--table", "NATION"});
  }
  ASSERT_EQ(shown.code, 0) << shown.output;
  EXPECT_THAT(shown.output, HasSubstr("revision 1, in force"));
  EXPECT_THAT(shown.output, HasSubstr("98"));
  const Answer listed = platform_->cli({"publication", "list"});
  EXPECT_THAT(listed.output, HasSubstr("2024Q4"));
  EXPECT_THAT(platform_->metrics_of("kronika-gateway"), HasSubstr("kronika_view_publications 1"));
}

TEST_F(Pipeline, AnUnknownCitizenIsNotFound) {
  const Answer answer = platform_->cli({"citizen", "show", "--key", std::string(32, '0')});
  EXPECT_NE(answer.code, 0);
  EXPECT_THAT(answer.output, HasSubstr("no event of this citizen is known"));
}

TEST_F(Pipeline, AnotherProgramOnATakenPortSaysSo) {
  // The running gateway holds the port.
  auto second = test_support::ChildProcess(
      {KRONIKA_BINARY_DIR "/bin/kronika-gateway"},
      {.output_file = platform_->log_of("second"), .environment = platform_->environment()});
  const auto status = second.wait(std::chrono::seconds(20));
  ASSERT_TRUE(status);
  EXPECT_NE(*status, 0);
  EXPECT_THAT(test_support::read_file(platform_->log_of("second")), HasSubstr("port"));
}

}  // namespace
}  // namespace kronika
