#include "table.h"

#include <sstream>

#include <gtest/gtest.h>

namespace kronika::cli {
namespace {

TEST(Table, AlignsColumnsAndCountsDanishLettersOnce) {
  Table table({"name", {"count", Table::kRight}});
  table.row({"Ærø", "5"});
  table.row({"Silkeborg", "1,234"});
  std::ostringstream out;
  table.print(out, "  ");
  EXPECT_EQ(out.str(),
            "  name       count\n"
            "  Ærø            5\n"
            "  Silkeborg  1,234\n");
}

TEST(Table, LeavesNoBlanksAtTheEndOfALine) {
  Table table({"a", "b"});
  table.row({"long cell", ""});
  std::ostringstream out;
  table.print(out);
  EXPECT_EQ(out.str(), "a          b\nlong cell\n");
}

TEST(Table, GroupsDigits) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(-1234567), "-1,234,567");
}

}  // namespace
}  // namespace kronika::cli
