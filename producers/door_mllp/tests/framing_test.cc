#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <kronika/door_mllp/framing.h>

namespace kronika::door_mllp {
namespace {

using Found = Framing::Found;
using Seen = std::pair<Found, std::string>;

/// Everything that the portions give, kMore left out.
std::vector<Seen> seen(const std::vector<std::string>& portions, std::size_t max = 1000) {
  Framing framing(max);
  std::vector<Seen> found;
  for (std::string_view bytes : portions) {
    for (;;) {
      const Framing::Step step = framing.read(bytes);
      bytes.remove_prefix(step.used);
      if (step.found == Found::kMore) break;
      found.emplace_back(step.found, framing.message());
      if (step.found == Found::kStray) return found;
    }
  }
  return found;
}

TEST(Framing, MessagesComeInAnyPortions) {
  const std::string stream = framed("one") + "\r\n" + framed("two");
  const std::vector<Seen> both{{Found::kMessage, "one"}, {Found::kMessage, "two"}};
  EXPECT_EQ(seen({stream}), both);
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    EXPECT_EQ(seen({stream.substr(0, cut), stream.substr(cut)}), both) << cut;
  }
  std::vector<std::string> bytes;
  for (const char c : stream) bytes.emplace_back(1, c);
  EXPECT_EQ(seen(bytes), both);
}

TEST(Framing, AFrameThatNeverEndedIsToldBeforeTheNext) {
  EXPECT_EQ(seen({"\x0bhalf\x0bwhole\x1c\r"}),
            (std::vector<Seen>{{Found::kCut, "half"}, {Found::kMessage, "whole"}}));
}

TEST(Framing, BytesOutsideAFrameAreStray) {
  EXPECT_EQ(seen({"MSH|^~\\&|"}), (std::vector<Seen>{{Found::kStray, ""}}));
  EXPECT_EQ(seen({framed("a") + "x"}),
            (std::vector<Seen>{{Found::kMessage, "a"}, {Found::kStray, ""}}));
}

TEST(Framing, ALongMessageKeepsItsBeginningAlone) {
  const auto found =
      seen({"\x0b" + std::string(20'000, 'a'), std::string(20'000, 'b') + "\x1c\r", framed("next")},
           10'000);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].first, Found::kTooLong);
  EXPECT_LE(found[0].second.size(), 4096U);
  EXPECT_EQ(found[1], (Seen{Found::kMessage, "next"}));
}

TEST(Framing, HoldsNoMoreThanTheLimit) {
  Framing framing(10'000);
  const std::string portion = "\x0b" + std::string(5'000, 'a');
  (void)framing.read(portion);
  for (int i = 0; i < 1000; ++i) {
    (void)framing.read(std::string_view(portion).substr(1));
    EXPECT_LE(framing.held(), 20'000U);
  }
}

}  // namespace
}  // namespace kronika::door_mllp
