// Aligned columns for a person at a terminal.
//
//   Table table({"programme", "state", {"citizens", Table::kRight}});
//   table.row({"KOL", "REHAB_ACTIVE", "12"});
//   table.print(out, "  ");
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kronika::cli {

class Table {
 public:
  enum Align : std::uint8_t { kLeft, kRight };
  struct Column {
    Column(const char* t) : title(t) {}
    Column(std::string t, Align a) : title(std::move(t)), align(a) {}
    std::string title;
    Align align = kLeft;
  };
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  void print(std::ostream& out, std::string_view indent = "") const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

/// Characters as shown: UTF-8 sequences count once.
[[nodiscard]] std::size_t width(std::string_view text);
/// 1234567 as "1,234,567".
[[nodiscard]] std::string grouped(std::int64_t number);

}  // namespace kronika::cli
