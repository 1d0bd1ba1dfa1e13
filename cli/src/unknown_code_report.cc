#include "unknown_code_report.h"

#include "table.h"

#include <algorithm>
#include <ostream>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <kronika/bus/wire.h>
#include <kronika/codec/event_codec.h>

namespace kronika::cli {

void UnknownCodeReport::take(std::string_view value) {
  const auto wire = bus::read_wire(value);
  if (!wire || !codec::decode_event(wire->message, event_)) return;
  for (const domain::UnknownCode& unknown : finder_.find(event_)) {
    ++counts_[{std::string(unknown.use), std::string(unknown.system), std::string(unknown.code)}];
  }
}

void UnknownCodeReport::print(bool json, std::ostream& out) const {
  std::vector<std::pair<decltype(counts_)::key_type, std::int64_t>> rows(counts_.begin(),
                                                                         counts_.end());
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  if (json) {
    nlohmann::json all = nlohmann::json::array();
    for (const auto& [key, count] : rows) {
      const auto& [use, system, code] = key;
      all.push_back({{"use", use}, {"code_system", system}, {"code", code}, {"records", count}});
    }
    out << all.dump() << '\n';
    return;
  }
  if (rows.empty()) {
    out << "Every code in the event topics is in a table of the reference data.\n";
    return;
  }
  Table table({"use", "code system", "code", {"records", Table::kRight}});
  for (const auto& [key, count] : rows) {
    const auto& [use, system, code] = key;
    table.row({use, system, code, grouped(count)});
  }
  table.print(out);
}

}  // namespace kronika::cli
