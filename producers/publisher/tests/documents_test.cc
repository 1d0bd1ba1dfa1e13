#include "documents.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

namespace kronika::publisher {
namespace {

std::vector<std::string> read(const std::string& text, std::size_t limit = 1000,
                              std::vector<std::size_t>* too_long = nullptr) {
  std::istringstream in(text);
  std::vector<std::string> documents;
  for_each_document(
      in, limit,
      [&](std::string_view d, std::size_t) {
        documents.emplace_back(d);
        return true;
      },
      [&](std::size_t n) {
        if (too_long != nullptr) too_long->push_back(n);
      });
  return documents;
}

TEST(Documents, AFormattedDocumentIsOne) {
  EXPECT_EQ(read("{\n  \"a\": 1\n}\n"), (std::vector<std::string>{"{\n  \"a\": 1\n}\n"}));
  EXPECT_EQ(read("{\"a\":1}").size(), 1U);
}

TEST(Documents, NdjsonIsADocumentALineAndBlankLinesAreNone) {
  EXPECT_EQ(read("\n{\"a\":1}\n\n{\"b\":2}\nbroken\n"),
            (std::vector<std::string>{"{\"a\":1}", "{\"b\":2}", "broken"}));
}

TEST(Documents, GarbageAndNothingAreOneDocumentEach) {
  EXPECT_EQ(read("MSH|^~\\&|\rEVN|"), (std::vector<std::string>{"MSH|^~\\&|\rEVN|"}));
  EXPECT_EQ(read("").size(), 1U);
}

TEST(Documents, WhatIsLongerThanTheLimitIsNamedAndTheRestIsRead) {
  std::vector<std::size_t> too_long;
  EXPECT_EQ(read("{\"a\":1}\n{\"b\":\"" + std::string(50, 'x') + "\"}\n{\"c\":3}\n", 20, &too_long),
            (std::vector<std::string>{"{\"a\":1}", "{\"c\":3}"}));
  EXPECT_EQ(too_long, (std::vector<std::size_t>{2}));
  too_long.clear();
  EXPECT_TRUE(read("{\n" + std::string(50, ' ') + "}", 20, &too_long).empty());
  EXPECT_EQ(too_long, (std::vector<std::size_t>{1}));
}

TEST(Documents, FoldersAreReadInOrderOfNamesWithoutTheirNotes) {
  const auto root = std::filesystem::path(::testing::TempDir()) / "expand";
  std::filesystem::create_directories(root / "b");
  for (const char* name :
       {"b/2.json", "a.json", "README.md", ".hidden", "b/LICENCE.txt", "garbage"}) {
    std::ofstream(root / name) << "x";
  }
  const Paths paths = expand({root.string(), "-", "absent.json"});
  EXPECT_EQ(paths.files,
            (std::vector<std::string>{(root / "a.json").string(), (root / "b/2.json").string(),
                                      (root / "garbage").string(), "-", "absent.json"}));
  EXPECT_EQ(paths.skipped, 3U);
}

}  // namespace
}  // namespace kronika::publisher
