#include <filesystem>
#include <fstream>
#include <sys/stat.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <kronika/base/ids.h>
#include <kronika/codec/errc.h>
#include <kronika/codec/seal.h>
#include <kronika/domain/time.h>

namespace kronika::codec {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kPlain = "2509479989 is not readable on Kafka";

Instant at(std::string_view text) { return domain::parse_instant(text).instant; }
std::string key(char digit) { return std::string(64, digit); }

std::filesystem::path write_file(const std::string& name, const std::string& content) {
  const auto file = std::filesystem::path(::testing::TempDir()) / name;
  std::ofstream(file, std::ios::binary) << content;
  std::filesystem::permissions(file, std::filesystem::perms(0600));
  return file;
}

SealKeys keys_of(const std::string& text) {
  auto keys = SealKeys::from_text(text, "keys");
  EXPECT_TRUE(keys.has_value()) << keys.error().context;
  return keys.value_or(SealKeys(SealKeys::Bytes{}));
}

TEST(Sealer, OpensWhatItSealedAndNothingElse) {
  const auto sealer = Sealer::from_file(write_file("key", key('a') + "\n"));
  ASSERT_TRUE(sealer.has_value());
  const Instant now = at("2026-11-22T12:00:00Z");
  const std::string sealed = sealer->seal(kPlain, now);
  EXPECT_EQ(sealed.find("2509479989"), std::string::npos);
  EXPECT_EQ(sealed.size(), kPlain.size() + Sealer::kOverheadBytes);
  EXPECT_NE(sealed, sealer->seal(kPlain, now)) << "a nonce is never used twice";
  EXPECT_EQ(sealer->open(sealed).value(), kPlain);
  EXPECT_EQ(sealer->open(sealer->seal("", now)).value(), "");

  for (std::size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    ASSERT_FALSE(sealer->open(changed).has_value()) << i;
    ASSERT_FALSE(sealer->open(sealed.substr(0, i)).has_value()) << i;
  }
  const Sealer other(SealKeys::Bytes{1});
  EXPECT_EQ(other.open(sealed).error().code, kSealKeyGone);
  EXPECT_EQ(sealer->open("KS1").error().code, kSealBroken);
}

TEST(Sealer, AMonthsKeySealsThatMonthOfUtcAndTheNextOneWhatComesAfter) {
  const Sealer sealer(keys_of("2026-11 " + key('a') + "\n2026-12 " + key('b') + "\n"));
  const std::string november = sealer.seal(kPlain, at("2026-12-01T00:59:59.999+01:00"));
  const std::string december = sealer.seal(kPlain, at("2026-12-01T01:00:00+01:00"));
  EXPECT_EQ(sealer.open(november).value(), kPlain);
  EXPECT_EQ(sealer.open(december).value(), kPlain);
  const Sealer only_november(keys_of("2026-11 " + key('a')));
  EXPECT_TRUE(only_november.open(november).has_value());
  EXPECT_FALSE(only_november.open(december).has_value());
}

TEST(Sealer, DestroyingAMonthsKeyErasesExactlyThatMonthsOriginals) {
  SealKeys keys = keys_of("2026-10 " + key('a') + "\n2026-11 " + key('b') + "\n");
  Sealer sealer(keys);
  const std::string october = sealer.seal(kPlain, at("2026-10-05T12:00:00Z"));
  const std::string november = sealer.seal(kPlain, at("2026-11-05T12:00:00Z"));
  EXPECT_EQ(keys.destroy(*parse_seal_month("2026-10"), at("2026-11-22T12:00:00Z")), 1U);
  EXPECT_EQ(keys.text().find(key('a')), std::string::npos);
  const Sealer same = sealer;
  sealer.take(keys_of(keys.text()));
  for (const Sealer& each : {sealer, same}) {
    EXPECT_EQ(each.open(november).value(), kPlain);
    const auto gone = each.open(october);
    ASSERT_FALSE(gone.has_value());
    EXPECT_EQ(gone.error().code, kSealKeyGone);
    EXPECT_THAT(gone.error().context,
                HasSubstr("the key of 2026-10, which was destroyed on 2026-11-22"));
  }
  EXPECT_THAT(keys.make(*parse_seal_month("2026-10"), 2), IsEmpty())
      << "a destroyed month gets no other key";
}

TEST(SealKeys, WithoutTheMonthsKeyTheLastOneSealsAndDoesNotCover) {
  const SealKeys keys =
      keys_of("2026-12 " + key('c') + "\n2026-09 " + key('a') + "\n2026-10 " + key('b') + "\n");
  const Instant november = at("2026-11-22T12:00:00Z");
  EXPECT_EQ(to_text(*keys.sealing(november).month), "2026-10");
  EXPECT_FALSE(keys.covers(november));
  EXPECT_EQ(keys.end(november), at("2026-11-01T00:00:00Z"));
  EXPECT_EQ(keys.end(at("2026-09-15T00:00:00Z")), at("2026-11-01T00:00:00Z"));
  EXPECT_EQ(keys.end(at("2026-12-15T00:00:00Z")), at("2027-01-01T00:00:00Z"));
  const Instant before_all = at("2026-08-31T23:59:59Z");  // a clock that was set back
  EXPECT_EQ(to_text(*keys.sealing(before_all).month), "2026-09");
  EXPECT_FALSE(keys.covers(before_all));
}

TEST(SealKeys, AKeyOfNoMonthSealsUntilMonthsHaveKeysAndOpensForEver) {
  const Sealer old(keys_of(key('a')));
  const Instant november = at("2026-11-22T12:00:00Z");
  EXPECT_TRUE(old.keys()->covers(november));
  EXPECT_EQ(old.keys()->end(november), std::nullopt);
  const std::string sealed = old.seal(kPlain, november);

  SealKeys keys = *old.keys();
  EXPECT_EQ(keys.make(seal_month_of(november), 2).size(), 2U);
  const Sealer both(keys_of(keys.text()));
  EXPECT_TRUE(both.open(sealed).has_value());
  EXPECT_TRUE(both.keys()->covers(november));
  EXPECT_EQ(both.keys()->end(november), at("2027-01-01T00:00:00Z"));
  EXPECT_FALSE(old.open(both.seal(kPlain, november)).has_value());
  EXPECT_FALSE(both.keys()->covers(at("2027-01-01T00:00:00Z")));
}

TEST(SealKeys, OfTwoKeysOfAMonthTheLastSealsAndBothOpen) {
  const Instant november = at("2026-11-22T12:00:00Z");
  const Sealer leaked(keys_of("2026-11 " + key('a')));
  const Sealer both(keys_of("2026-11 " + key('a') + "\n2026-11 " + key('b')));
  EXPECT_TRUE(both.open(leaked.seal(kPlain, november)).has_value());
  EXPECT_FALSE(leaked.open(both.seal(kPlain, november)).has_value());
}

TEST(SealKeys, AFileIsWrittenForItsOwnerAloneAndReadsBack) {
  const auto file = std::filesystem::path(::testing::TempDir()) / "made" / "seal.keys";
  std::filesystem::remove_all(file.parent_path());
  SealKeys keys;
  EXPECT_EQ(keys.make({2026 * 12 + 10}, 3).size(), 3U);
  ASSERT_TRUE(keys.write(file).has_value());
  struct stat info{};
  ASSERT_EQ(stat(file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  const auto read = SealKeys::from_file(file);
  ASSERT_TRUE(read.has_value()) << read.error().context;
  std::vector<std::string> months;
  for (const auto& one : read->keys()) months.push_back(to_text(*one.month));
  EXPECT_THAT(months, ElementsAre("2026-11", "2026-12", "2027-01"));
  EXPECT_EQ(read->text(), keys.text());
  EXPECT_FALSE(keys.write("/proc/seal.keys").has_value());
}

TEST(SealKeys, WhatIsNoFileOfKeysIsRefusedWithItsLine) {
  const auto error = [](const std::string& text) {
    const auto keys = SealKeys::from_text(text, "f");
    EXPECT_FALSE(keys.has_value()) << text;
    return keys ? std::string() : keys.error().context;
  };
  EXPECT_THAT(error("# nothing\n"), HasSubstr("f: holds no sealing key"));
  EXPECT_THAT(error("\n" + std::string(63, 'a')), HasSubstr("f:2: "));
  EXPECT_THAT(error("2026-13 " + key('a')), HasSubstr("its month"));
  EXPECT_THAT(error("2026-11 " + key('a') + " b"), HasSubstr("64 hex digits"));
  EXPECT_THAT(error("2026-11 " + key('a') + "\n2026-12 " + key('a')), HasSubstr("twice"));
  SealKeys keys = keys_of("2026-11 " + key('a') + "\n" + key('b'));
  keys.destroy(*parse_seal_month("2026-11"), Instant{0});
  EXPECT_THAT(error(keys.text() + key('a')), HasSubstr("counts as destroyed"));

  EXPECT_EQ(SealKeys::from_file("/nowhere/seal").error().code, kKeyFile);
  EXPECT_TRUE(SealKeys::from_file(write_file("raw", std::string(32, '\x01'))).has_value());
  const auto open_to_all = write_file("open", key('a'));
  std::filesystem::permissions(open_to_all, std::filesystem::perms(0644));
  EXPECT_THAT(SealKeys::from_file(open_to_all).error().context, HasSubstr("chmod 600"));
}

}  // namespace
}  // namespace kronika::codec
