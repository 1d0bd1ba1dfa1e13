#include "seal_renewal.h"

#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <kronika/domain/time.h>
#include <kronika/telemetry/log.h>

namespace kronika::edge {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

Instant at(std::string_view text) { return domain::parse_instant(text).instant; }

class SealRenewalTest : public ::testing::Test {
 protected:
  SealRenewalTest() {
    telemetry::log::configure({.component = "test", .fd = open("/dev/null", O_WRONLY | O_CLOEXEC)});
    telemetry::log::count_in(&registry_);
    write("2026-11 " + std::string(64, 'a') + "\n");
    sealer_ = codec::Sealer::from_file(file_);
    EXPECT_TRUE(sealer_.has_value());
  }
  ~SealRenewalTest() override {
    telemetry::log::count_in(nullptr);
    telemetry::log::configure({});
  }
  void write(const std::string& text) {
    std::ofstream(file_) << text;
    std::filesystem::permissions(file_, std::filesystem::perms(0600));
  }
  /// Long enough for a changed file to be seen and to be seen at rest.
  void tend(SealRenewal& renewal) {
    for (int i = 0; i < 2; ++i) {
      clock_.set(clock_.now() + 5s);
      renewal.tend();
    }
  }
  std::string metrics() const { return registry_.text(); }

  const std::filesystem::path file_ =
      std::filesystem::path(::testing::TempDir()) / "seal-renewal.keys";
  ManualClock clock_{at("2026-11-30T23:50:00Z")};
  telemetry::Registry registry_;
  Result<codec::Sealer> sealer_ = fail(ErrorCode{kRow}, "");

 private:
  static constexpr ErrorRow kRow{"test_none", Disposition::kFatal};
};

TEST_F(SealRenewalTest, NextMonthsKeyIsTakenFromTheChangedFileWhileItRuns) {
  SealRenewal renewal(file_, *sealer_, clock_, &registry_);
  EXPECT_THAT(metrics(), HasSubstr("kronika_seal_key_not_after_timestamp_seconds 1796083200"));
  write("2026-11 " + std::string(64, 'a') + "\n2026-12 " + std::string(64, 'b') + "\n");
  tend(renewal);
  EXPECT_THAT(metrics(), HasSubstr("{code=\"SEAL_KEYS_READ\",level=\"info\"} 1"));
  EXPECT_THAT(metrics(), HasSubstr("kronika_seal_key_not_after_timestamp_seconds 1798761600"));
  clock_.set(at("2026-12-01T00:00:00Z"));
  EXPECT_EQ(codec::to_text(*sealer_->keys()->sealing(clock_.now()).month), "2026-12");
  tend(renewal);
  EXPECT_THAT(metrics(), HasSubstr("{code=\"SEAL_KEY_MISSING\",level=\"error\"} 0"));
}

TEST_F(SealRenewalTest, AMonthWithoutAKeyIsSealedWithTheLastOneAndShoutedAbout) {
  SealRenewal renewal(file_, *sealer_, clock_, &registry_);
  tend(renewal);
  EXPECT_THAT(metrics(), HasSubstr("{code=\"SEAL_KEY_MISSING\",level=\"error\"} 0"));
  clock_.set(at("2026-12-01T00:00:00Z"));
  for (int minute = 0; minute < 19; ++minute) {
    clock_.set(clock_.now() + 1min);
    renewal.tend();
  }
  EXPECT_THAT(metrics(), HasSubstr("{code=\"SEAL_KEY_MISSING\",level=\"error\"} 2"));
  EXPECT_THAT(metrics(), HasSubstr("kronika_seal_key_not_after_timestamp_seconds 1796083200"))
      << "when November ended: the alert's difference is negative";
  EXPECT_TRUE(sealer_->open(sealer_->seal("x", clock_.now())).has_value());
}

TEST_F(SealRenewalTest, AFileThatCannotBeUsedLeavesTheOldKeysInForce) {
  SealRenewal renewal(file_, *sealer_, clock_, &registry_);
  const std::string sealed = sealer_->seal("x", clock_.now());
  write("2026-11 not a key\n");
  tend(renewal);
  EXPECT_THAT(metrics(), HasSubstr("{code=\"SEAL_KEYS_UNUSABLE\",level=\"error\"} 1"));
  EXPECT_TRUE(sealer_->open(sealed).has_value());
}

}  // namespace
}  // namespace kronika::edge
