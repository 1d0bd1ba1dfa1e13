// The kept answers alone: when one stands, and how much is held.
#include "answer_cache.h"

#include "fake_platform.h"

#include <string>

#include <gtest/gtest.h>

namespace kronika::gateway {
namespace {

using testing::FakePlatform;

const PersonKey kAnna = FakePlatform::person("anna");
constexpr Instant kFrom{1000};
constexpr Instant kUntil{2000};

AnswerCache::Answer answer(std::uint64_t version, const std::string& text = "answer") {
  return {version, kFrom, kUntil, grpc::Slice(text)};
}
std::string text_of(const std::optional<grpc::Slice>& slice) {
  return slice ? std::string(reinterpret_cast<const char*>(slice->begin()), slice->size()) : "none";
}

TEST(AnswerCache, GivesAnAnswerOnlyForTheStateThatItWasMadeFrom) {
  AnswerCache cache(1U << 20);
  cache.keep(kAnna, answer(4));
  EXPECT_EQ(text_of(cache.find(kAnna, 4, kFrom)), "answer");
  EXPECT_EQ(text_of(cache.find(kAnna, 5, kFrom)), "none") << "a newer state is being written";
  EXPECT_EQ(text_of(cache.find(kAnna, 6, kFrom)), "none") << "a newer state";
  EXPECT_EQ(text_of(cache.find(FakePlatform::person("bent"), 4, kFrom)), "none");
}

TEST(AnswerCache, GivesAnAnswerOnlyWhileNothingChangesByItself) {
  AnswerCache cache(1U << 20);
  cache.keep(kAnna, answer(4));
  EXPECT_EQ(text_of(cache.find(kAnna, 4, Instant{999})), "none") << "a clock that was put back";
  EXPECT_EQ(text_of(cache.find(kAnna, 4, Instant{1999})), "answer");
  EXPECT_EQ(text_of(cache.find(kAnna, 4, kUntil)), "none");
}

TEST(AnswerCache, DoesNotKeepWhatWasReadWhileItWasWritten) {
  AnswerCache cache(1U << 20);
  cache.keep(kAnna, answer(3));
  EXPECT_EQ(cache.bytes(), 0U);
}

TEST(AnswerCache, PutsANewAnswerInTheOldOnesPlace) {
  AnswerCache cache(1U << 20);
  cache.keep(kAnna, answer(4, "old"));
  const std::size_t before = cache.bytes();
  cache.keep(kAnna, answer(6, "new"));
  EXPECT_EQ(cache.bytes(), before);
  EXPECT_EQ(text_of(cache.find(kAnna, 6, kFrom)), "new");
}

TEST(AnswerCache, StaysWithinItsBoundAndKeepsWhatIsAskedFor) {
  constexpr std::size_t kBound = 256U << 10;
  AnswerCache cache(kBound);
  cache.keep(kAnna, answer(0, "asked for"));
  for (int i = 0; i < 5000; ++i) {
    cache.keep(FakePlatform::person("p" + std::to_string(i)), answer(0, std::string(1000, 'x')));
    ASSERT_LE(cache.bytes(), kBound);
    ASSERT_EQ(text_of(cache.find(kAnna, 0, kFrom)), "asked for");
  }
  EXPECT_EQ(text_of(cache.find(FakePlatform::person("p0"), 0, kFrom)), "none");
}

TEST(AnswerCache, KeepsNothingWithoutRoom) {
  AnswerCache cache(0);
  cache.keep(kAnna, answer(4));
  EXPECT_EQ(text_of(cache.find(kAnna, 4, kFrom)), "none");
  EXPECT_EQ(cache.bytes(), 0U);
}

}  // namespace
}  // namespace kronika::gateway
