// CSV as in RFC 4180 with a header row: quoted fields may hold commas, doubled quotes and line
// breaks. A table remembers its file and the line of every row; the first mistake of a whole load
// is kept in Problems, and reading goes on with neutral values, so that callers need no error
// paths.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <kronika/base/result.h>
#include <kronika/domain/rules.h>
#include <kronika/domain/time.h>

namespace kronika::refdata {

class Problems {
 public:
  void add(ErrorCode code, std::string context) {
    if (!first_) first_ = Error{code, std::move(context)};
  }
  [[nodiscard]] bool none() const { return !first_; }
  [[nodiscard]] const std::optional<Error>& first() const { return first_; }

 private:
  std::optional<Error> first_;
};

class Table;

/// One record. The getters report through Problems, with file, line and column.
class Row {
 public:
  Row(const Table& table, std::size_t index) : table_(&table), index_(index) {}

  [[nodiscard]] int line() const;
  /// May be empty.
  [[nodiscard]] const std::string& text(std::string_view column) const;
  [[nodiscard]] const std::string& required(std::string_view column) const;
  [[nodiscard]] bool yes_no(std::string_view column) const;
  [[nodiscard]] std::optional<double> number(std::string_view column) const;
  [[nodiscard]] std::optional<int> integer(std::string_view column) const;
  /// valid_from, and valid_to that may be empty.
  [[nodiscard]] domain::Validity validity() const;
  /// Split at "|"; empty: no parts.
  [[nodiscard]] std::vector<std::string> list(std::string_view column) const;
  void refuse(std::string_view what) const;

 private:
  const Table* table_;
  std::size_t index_;
};

class Table {
 public:
  /// `columns` must all be there; further ones (notes, sources) are allowed.
  Table(std::string name, std::string_view bytes, const std::vector<std::string_view>& columns,
        Problems& problems);

  [[nodiscard]] std::size_t size() const { return records_.size(); }
  [[nodiscard]] Row operator[](std::size_t i) const { return {*this, i}; }
  void refuse(int line, std::string_view what) const;

 private:
  friend class Row;
  struct Record {
    int line;
    std::vector<std::string> fields;
  };
  [[nodiscard]] std::vector<Record> parse(std::string_view bytes) const;
  [[nodiscard]] std::size_t column(std::string_view name) const;

  std::string name_;
  Problems* problems_;
  std::vector<std::string> header_;
  std::vector<Record> records_;
};

/// A decimal number, the whole text.
[[nodiscard]] std::optional<double> parse_number(std::string_view text);
[[nodiscard]] std::vector<std::string> split(std::string_view text, char separator);

}  // namespace kronika::refdata
