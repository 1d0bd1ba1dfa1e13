#include <string>

#include <gtest/gtest.h>

#include <kronika/base/ids.h>

namespace kronika {
namespace {

TEST(Hex, RoundTripsEveryByte) {
  std::string raw;
  for (int i = 0; i < 256; ++i) raw.push_back(static_cast<char>(i));
  EXPECT_EQ(from_hex(to_hex(raw)), raw);
}

TEST(Hex, RefusesOddLengthAndForeignDigits) {
  EXPECT_FALSE(from_hex("abc"));
  EXPECT_FALSE(from_hex("zz"));
}

TEST(Uuid, RoundTripsAndRefusesOtherShapes) {
  const auto id = uuid_from_text("401cbc36-DB1E-4fe0-bf90-6df331dde179");
  ASSERT_TRUE(id);
  EXPECT_EQ(uuid_text(*id), "401cbc36-db1e-4fe0-bf90-6df331dde179");
  EXPECT_FALSE(uuid_from_text("401cbc36db1e4fe0bf906df331dde179"));
  EXPECT_FALSE(uuid_from_text("401cbc36-db1e-4fe0-bf90-6df331dde17g"));
}

TEST(Bytes16, TakesExactlySixteenBytes) {
  EXPECT_FALSE(PersonKey::from_bytes("short"));
  EXPECT_TRUE(PersonKey::from_bytes("0123456789abcdef"));
}

}  // namespace
}  // namespace kronika
