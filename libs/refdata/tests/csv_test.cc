#include "../src/csv.h"

#include <gtest/gtest.h>

namespace kronika::refdata {
namespace {

TEST(Csv, QuotedFieldsHoldCommasQuotesAndLineBreaks) {
  Problems problems;
  const Table t("x.csv",
                "\xef\xbb\xbf"
                "a,b\r\n\"1,\"\"2\"\"\n3\",\r\n4,5\n",
                {"a", "b"}, problems);
  ASSERT_TRUE(problems.none());
  ASSERT_EQ(t.size(), 2U);
  EXPECT_EQ(t[0].text("a"), "1,\"2\"\n3");
  EXPECT_EQ(t[0].text("b"), "");
  EXPECT_EQ(t[1].text("a"), "4");
  EXPECT_EQ(t[1].line(), 4);
}

std::string refusal(std::string_view bytes) {
  Problems problems;
  const Table t("x.csv", bytes, {"a", "b"}, problems);
  return problems.none() ? "none" : problems.first()->context;
}

TEST(Csv, MalformedTablesAreRefusedWithTheirLine) {
  EXPECT_EQ(refusal(""), "x.csv:1: the header row is missing");
  EXPECT_EQ(refusal("a\n"), "x.csv:1: column b is missing");
  EXPECT_EQ(refusal("a,b,a\n"), "x.csv:1: column a stands twice");
  EXPECT_EQ(refusal("a,b\n1,2\n1,2,3\n"), "x.csv:3: the row has 3 fields, the header 2");
  EXPECT_EQ(refusal("a,b\n\"1,2\n"), "x.csv:2: a quote is not closed");
  EXPECT_EQ(refusal("a,b\n\"1\"x,2\n"), "x.csv:2: there is text after a closing quote");
  EXPECT_EQ(refusal("a,b\n1\"x,2\n"),
            "x.csv:2: there is a quote inside a field that is not quoted");
  EXPECT_EQ(refusal("a,b\n1,2"), "none");
  EXPECT_EQ(refusal("a,b\n\n1,2\n"), "none");
}

}  // namespace
}  // namespace kronika::refdata
