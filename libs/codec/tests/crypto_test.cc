#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include <kronika/codec/errc.h>
#include <kronika/codec/person_hasher.h>
#include <kronika/codec/uuid5.h>

namespace kronika::codec {
namespace {

std::filesystem::path write_file(const std::string& name, const std::string& content) {
  const auto file = std::filesystem::path(::testing::TempDir()) / name;
  std::ofstream(file, std::ios::binary) << content;
  return file;
}

TEST(PersonHasher, IsTheFirst16BytesOfHmacSha256) {
  // RFC 4231 test case 2.
  const PersonHasher hasher("Jefe");
  EXPECT_EQ(to_hex(hasher.hash_cpr("what do ya want for nothing?").view()),
            "5bdcc146bf60754e6a042426089575c7");
}

TEST(PersonHasher, ForeignIdentifiersNeverMeetCprNumbers) {
  const PersonHasher hasher("0123456789abcdef");
  EXPECT_NE(hasher.hash_cpr("2509479989"), hasher.hash_identifier("https://x", "2509479989"));
  EXPECT_NE(hasher.hash_identifier("https://a", "1"), hasher.hash_identifier("https://b", "1"));
}

TEST(PersonHasher, ReadsTheSecretWithoutTheFinalNewlineAndRefusesAShortOne) {
  const auto file = PersonHasher::from_file(write_file("secret", "0123456789abcdef\n"));
  ASSERT_TRUE(file.has_value());
  EXPECT_EQ(file->fingerprint(), PersonHasher("0123456789abcdef").fingerprint());
  EXPECT_EQ(file->fingerprint().size(), 16U);
  const auto hex = PersonHasher::from_file(write_file("hex", std::string(64, 'a') + "\n"));
  EXPECT_EQ(hex->fingerprint(), PersonHasher(std::string(32, '\xaa')).fingerprint());
  const auto shorter = PersonHasher::from_file(write_file("short", "0123456789\n"));
  ASSERT_FALSE(shorter.has_value());
  EXPECT_EQ(shorter.error().code, kKeyFile);
  EXPECT_EQ(PersonHasher::from_file("/nowhere/secret").error().code, kKeyFile);
}

TEST(Uuid5, MatchesThePublishedExample) {
  const auto dns = uuid_from_text("6ba7b810-9dad-11d1-80b4-00c04fd430c8");
  EXPECT_EQ(uuid_text(uuid_v5(*dns, "www.example.com")), "2ed6657d-e927-568b-95e1-2665a8aea6a2");
}

}  // namespace
}  // namespace kronika::codec
