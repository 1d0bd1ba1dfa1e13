// The records of `kronika codes unknown`: counts codes that are in no table, and prints them.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <map>
#include <string>
#include <string_view>
#include <tuple>

#include <kronika/domain/event.h>
#include <kronika/domain/rules.h>
#include <kronika/domain/unknown_codes.h>

namespace kronika::cli {

class UnknownCodeReport {
 public:
  /// `rules` must outlive it.
  explicit UnknownCodeReport(const domain::Rules& rules) : finder_(rules) {}

  /// The value of a record of an event topic. Bytes that are no event are passed over: they have a
  /// dead letter of their own.
  void take(std::string_view value);
  /// Most frequent first. JSON: one array of {use, code_system, code, records}; else a table.
  void print(bool json, std::ostream& out) const;

 private:
  domain::UnknownCodeFinder finder_;
  domain::Event event_;
  /// Use, code system, code.
  std::map<std::tuple<std::string, std::string, std::string>, std::int64_t> counts_;
};

}  // namespace kronika::cli
