#include "csv.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <kronika/refdata/errc.h>

namespace kronika::refdata {

std::optional<double> parse_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t cut = std::min(text.find(separator), text.size());
    parts.emplace_back(text.substr(0, cut));
    text.remove_prefix(std::min(cut + 1, text.size()));
  }
  return parts;
}

Table::Table(std::string name, std::string_view bytes, const std::vector<std::string_view>& columns,
             Problems& problems)
    : name_(std::move(name)), problems_(&problems) {
  if (bytes.starts_with("\xef\xbb\xbf")) bytes.remove_prefix(3);
  std::vector<Record> records = parse(bytes);
  if (records.empty()) {
    refuse(1, "the header row is missing");
    return;
  }
  header_ = std::move(records.front().fields);
  records.erase(records.begin());
  for (const std::string_view wanted : columns) {
    const auto n = std::count(header_.begin(), header_.end(), wanted);
    if (n == 0) refuse(1, "column " + std::string(wanted) + " is missing");
    if (n > 1) refuse(1, "column " + std::string(wanted) + " stands twice");
  }
  for (Record& record : records) {
    if (record.fields.size() != header_.size()) {
      refuse(record.line, "the row has " + std::to_string(record.fields.size()) +
                              " fields, the header " + std::to_string(header_.size()));
      record.fields.resize(header_.size());
    }
  }
  // After a mistake no row is offered, so that the columns asked for always exist.
  if (problems_->none()) records_ = std::move(records);
}

std::vector<Table::Record> Table::parse(std::string_view bytes) const {
  std::vector<Record> records;
  int line = 1;
  std::size_t i = 0;
  while (i < bytes.size()) {
    Record record{line, {}};
    bool ended = false;
    while (!ended) {
      std::string field;
      if (i < bytes.size() && bytes[i] == '"') {
        const int opened = line;
        for (++i;; ++i) {
          if (i >= bytes.size()) {
            refuse(opened, "a quote is not closed");
            return records;
          }
          if (bytes[i] == '"') {
            if (i + 1 < bytes.size() && bytes[i + 1] == '"') {
              ++i;
            } else {
              break;
            }
          }
          if (bytes[i] == '\n') ++line;
          field += bytes[i];
        }
        ++i;
        if (i < bytes.size() && bytes[i] != ',' && bytes[i] != '\n' && bytes[i] != '\r') {
          refuse(line, "there is text after a closing quote");
          return records;
        }
      } else {
        while (i < bytes.size() && bytes[i] != ',' && bytes[i] != '\n' && bytes[i] != '\r') {
          if (bytes[i] == '"') {
            refuse(line, "there is a quote inside a field that is not quoted");
            return records;
          }
          field += bytes[i++];
        }
      }
      record.fields.push_back(std::move(field));
      if (i < bytes.size() && bytes[i] == ',') {
        ++i;
        continue;
      }
      if (i < bytes.size() && bytes[i] == '\r') ++i;
      if (i < bytes.size() && bytes[i] == '\n') {
        ++i;
      } else if (i < bytes.size()) {
        refuse(line, "there is a carriage return without a line feed");
        return records;
      }
      ++line;
      ended = true;
    }
    const bool blank = record.fields.size() == 1 && record.fields.front().empty();
    if (!blank) records.push_back(std::move(record));
  }
  return records;
}

std::size_t Table::column(std::string_view name) const {
  return static_cast<std::size_t>(std::find(header_.begin(), header_.end(), name) -
                                  header_.begin());
}

void Table::refuse(int line, std::string_view what) const {
  problems_->add(code<Errc::kInvalid>(),
                 name_ + ":" + std::to_string(line) + ": " + std::string(what));
}

int Row::line() const { return table_->records_[index_].line; }

const std::string& Row::text(std::string_view column) const {
  static const std::string kNothing;
  const auto& fields = table_->records_[index_].fields;
  const std::size_t i = table_->column(column);
  return i < fields.size() ? fields[i] : kNothing;
}

const std::string& Row::required(std::string_view column) const {
  const std::string& value = text(column);
  if (value.empty()) refuse(std::string(column) + " is empty");
  return value;
}

bool Row::yes_no(std::string_view column) const {
  const std::string& value = text(column);
  if (value != "yes" && value != "no") refuse(std::string(column) + " is neither yes nor no");
  return value == "yes";
}

std::optional<double> Row::number(std::string_view column) const {
  const std::string& value = text(column);
  if (value.empty()) return std::nullopt;
  const auto number = parse_number(value);
  if (!number) refuse(std::string(column) + " '" + value + "' is no number");
  return number;
}

std::optional<int> Row::integer(std::string_view column) const {
  const std::string& value = text(column);
  if (value.empty()) return std::nullopt;
  int number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc{} || end != value.data() + value.size()) {
    refuse(std::string(column) + " '" + value + "' is no whole number");
    return std::nullopt;
  }
  return number;
}

domain::Validity Row::validity() const {
  domain::Validity validity;
  if (const auto from = domain::parse_date(text("valid_from"))) {
    validity.from = *from;
  } else {
    refuse("valid_from '" + text("valid_from") + "' is no date YYYY-MM-DD");
  }
  if (!text("valid_to").empty()) {
    if (const auto to = domain::parse_date(text("valid_to"))) {
      validity.to = *to;
    } else {
      refuse("valid_to '" + text("valid_to") + "' is no date YYYY-MM-DD");
    }
  }
  if (validity.to < validity.from) refuse("valid_to lies before valid_from");
  return validity;
}

std::vector<std::string> Row::list(std::string_view column) const {
  return split(text(column), '|');
}

void Row::refuse(std::string_view what) const { table_->refuse(line(), what); }

}  // namespace kronika::refdata
