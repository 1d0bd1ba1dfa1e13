#include "commands.h"
#include "log_scan.h"
#include "table.h"

#include <algorithm>
#include <deque>
#include <iostream>
#include <map>

#include <nlohmann/json.hpp>

#include <kronika/base/ids.h>
#include <kronika/bus/topics.h>
#include <kronika/codec/seal.h>
#include <kronika/domain/time.h>

namespace kronika::cli {
namespace {

constexpr std::string_view kFault = "kronika-dlq-";
constexpr std::string_view kSealed = "KS1";

struct DeadLetter {
  std::string place;  ///< partition:offset
  Instant time;
  std::map<std::string, std::string> headers;
  std::string value;

  [[nodiscard]] std::string fault(const std::string& name) const {
    const auto found = headers.find(std::string(kFault) + name);
    return found == headers.end() ? std::string() : found->second;
  }
  [[nodiscard]] bool sealed() const { return value.starts_with(kSealed); }
};

DeadLetter read(const bus::Record& record) {
  DeadLetter letter;
  letter.place = std::to_string(record.partition) + ":" + std::to_string(record.offset);
  letter.time = record.timestamp;
  for (const bus::Header& h : record.headers) letter.headers[std::string(h.key)] = h.value;
  letter.value = record.value;
  return letter;
}

// Where the record came from: a file at the edge, a place on Kafka behind it.
std::string source_of(const DeadLetter& letter) {
  if (const std::string file = letter.fault("source"); !file.empty()) return file;
  if (letter.fault("topic").empty()) return "-";
  return letter.fault("topic") + "/" + letter.fault("partition") + "@" + letter.fault("offset");
}

nlohmann::json json_of(const DeadLetter& letter) {
  nlohmann::json headers = nlohmann::json::object();
  for (const auto& [key, value] : letter.headers) headers[key] = value;
  return {{"place", letter.place},
          {"time", domain::to_text(letter.time)},
          {"sealed", letter.sealed()},
          {"bytes", letter.value.size()},
          {"headers", headers}};
}

}  // namespace

int dead_letters_list(const Context& context, const DeadLetterOptions& options) {
  std::deque<DeadLetter> latest;
  std::map<std::pair<std::string, std::string>, std::int64_t> by_reason;
  std::int64_t count = 0;
  const auto done = scan_topics(
      context, {std::string(bus::kDeadLetter)}, [&](const bus::Record& record) -> Result<void> {
        DeadLetter letter = read(record);
        ++count;
        ++by_reason[{letter.fault("stage"), letter.fault("reason")}];
        letter.value.resize(std::min<std::size_t>(letter.value.size(), 3));
        latest.push_back(std::move(letter));
        return {};
      });
  if (!done) return report(context, done.error());
  std::stable_sort(latest.begin(), latest.end(),
                   [](const DeadLetter& a, const DeadLetter& b) { return a.time < b.time; });
  while (options.limit > 0 && latest.size() > static_cast<std::size_t>(options.limit)) {
    latest.pop_front();
  }
  if (context.json) {
    nlohmann::json all = {{"count", count}, {"latest", nlohmann::json::array()}};
    for (const DeadLetter& letter : latest) all["latest"].push_back(json_of(letter));
    context.out << all.dump() << '\n';
    return kDone;
  }
  context.out << grouped(count) << " dead letters\n";
  Table reasons({"stage", "reason", {"count", Table::kRight}});
  for (const auto& [key, n] : by_reason) reasons.row({key.first, key.second, grouped(n)});
  if (count > 0) reasons.print(context.out, "  ");
  if (latest.empty()) return kDone;
  context.out << "The latest " << latest.size() << " (kronika dead-letters show PLACE)\n";
  Table table({"place", "time", "reason", "source", "what"});
  for (const DeadLetter& letter : latest) {
    std::string time = domain::to_local_text(letter.time).substr(0, 16);
    time[10] = ' ';
    table.row(
        {letter.place, time, letter.fault("reason"), source_of(letter), letter.fault("detail")});
  }
  table.print(context.out, "  ");
  return kDone;
}

int dead_letters_show(const Context& context, const DeadLetterOptions& options) {
  std::optional<DeadLetter> found;
  const auto done = scan_topics(context, {std::string(bus::kDeadLetter)},
                                [&](const bus::Record& record) -> Result<void> {
                                  DeadLetter letter = read(record);
                                  if (letter.place == options.place) found = std::move(letter);
                                  return {};
                                });
  if (!done) return report(context, done.error());
  if (!found) {
    return report(context,
                  "no dead letter stands at " + options.place +
                      " (PARTITION:OFFSET, as kronika dead-letters list shows it)",
                  kNotDone);
  }
  std::string content;
  if (options.open && found->sealed()) {
    const auto sealer = codec::Sealer::from_file(context.settings().seal_key_file);
    if (!sealer) return report(context, sealer.error());
    auto opened = sealer->open(found->value);
    if (!opened) return report(context, opened.error());
    content = std::move(*opened);
  } else if (options.open) {
    content = kronika::to_hex(found->value);
  }
  if (context.json) {
    nlohmann::json all = json_of(*found);
    if (options.open) all["content"] = content;
    context.out << all.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
    return kDone;
  }
  for (const auto& [key, value] : found->headers) context.out << key << ": " << value << '\n';
  context.out << found->value.size() << " bytes"
              << (found->sealed() ? ", sealed (--open shows them, with seal.key_file)" : "")
              << '\n';
  if (options.open) context.out << '\n' << content << '\n';
  return kDone;
}

}  // namespace kronika::cli
