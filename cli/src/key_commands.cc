// Sealing keys by month: `kronika keys list|make|destroy`. Works on the file alone, wherever it is:
// a deployment makes its keys where its secrets are kept, and mounts them.
#include "commands.h"
#include "table.h"

#include <iostream>
#include <optional>

#include <nlohmann/json.hpp>

#include <kronika/base/ids.h>
#include <kronika/codec/seal_keys.h>
#include <kronika/domain/time.h>

namespace kronika::cli {
namespace {

using codec::SealKeys;
using codec::SealMonth;

std::filesystem::path file_of(const Context& context, const KeyOptions& options) {
  return options.file.empty() ? context.settings().seal_key_file
                              : std::filesystem::path(options.file);
}

std::string state_of(const SealKeys& keys, const SealKeys::Key& key, Instant now) {
  if (key.id == keys.sealing(now).id) return "seals";
  return !key.month || *key.month <= codec::seal_month_of(now) ? "opens" : "later";
}

}  // namespace

int keys_list(const Context& context, const KeyOptions& options) {
  const auto keys = SealKeys::from_file(file_of(context, options));
  if (!keys) return report(context, keys.error());
  const Instant now = SystemClock().now();
  const auto end = keys->end(now);
  const bool covered = keys->covers(now);
  if (context.json) {
    nlohmann::json all = {{"covered", covered}, {"keys", nlohmann::json::array()}};
    all["until"] = end ? nlohmann::json(domain::to_text(*end)) : nlohmann::json();
    for (const auto& key : keys->keys()) {
      all["keys"].push_back({{"month", key.month ? codec::to_text(*key.month) : ""},
                             {"id", to_hex(key.id)},
                             {"state", state_of(*keys, key, now)}});
    }
    for (const auto& gone : keys->destroyed()) {
      all["keys"].push_back({{"month", codec::to_text(gone.month)},
                             {"id", to_hex(gone.id)},
                             {"state", "destroyed"},
                             {"day", gone.day}});
    }
    context.out << all.dump() << '\n';
    return covered ? kDone : kNotDone;
  }
  Table table({"month", "id", "state"});
  for (const auto& gone : keys->destroyed()) {
    table.row({codec::to_text(gone.month), to_hex(gone.id), "destroyed " + gone.day});
  }
  for (const auto& key : keys->keys()) {
    table.row(
        {key.month ? codec::to_text(*key.month) : "-", to_hex(key.id), state_of(*keys, key, now)});
  }
  table.print(context.out);
  if (!covered) {
    return report(context,
                  "no key of " + codec::to_text(codec::seal_month_of(now)) +
                      " (UTC): edges do not start; kronika keys make",
                  kNotDone);
  }
  if (end) context.out << "Keys for every month until " << domain::to_text(*end) << '\n';
  return kDone;
}

int keys_make(const Context& context, const KeyOptions& options) {
  const std::filesystem::path file = file_of(context, options);
  SealKeys keys;
  std::error_code ignored;
  if (std::filesystem::exists(file, ignored)) {
    auto read = SealKeys::from_file(file);
    if (!read) return report(context, read.error());
    keys = std::move(*read);
  }
  const auto made = keys.make(codec::seal_month_of(SystemClock().now()), 1 + options.months);
  if (!made.empty()) {
    if (auto ok = keys.write(file); !ok) return report(context, ok.error());
  }
  if (context.json) {
    nlohmann::json months = nlohmann::json::array();
    for (const SealMonth month : made) months.push_back(codec::to_text(month));
    context.out << nlohmann::json{{"file", file.string()}, {"made", months}}.dump() << '\n';
    return kDone;
  }
  for (const SealMonth month : made)
    context.out << "made a key of " << codec::to_text(month) << '\n';
  if (made.empty()) context.out << "Each of these months has had its key before.\n";
  return kDone;
}

int keys_destroy(const Context& context, const KeyOptions& options) {
  const std::filesystem::path file = file_of(context, options);
  const auto month = codec::parse_seal_month(options.month);
  if (!month) return report(context, "a month is written 2026-08", kUsage);
  const Instant now = SystemClock().now();
  if (*month >= codec::seal_month_of(now)) {
    return report(context,
                  "only the key of a month that is over is destroyed: edges still seal with this "
                  "one, or will",
                  kUsage);
  }
  auto keys = SealKeys::from_file(file);
  if (!keys) return report(context, keys.error());
  const std::size_t count = keys->destroy(*month, now);
  if (count == 0) {
    return report(context, file.string() + " has no key of " + options.month, kNotDone);
  }
  if (keys->keys().empty()) {
    return report(context, "this is the last key; make the next ones first: kronika keys make",
                  kNotDone);
  }
  if (auto ok = keys->write(file); !ok) return report(context, ok.error());
  if (context.json) {
    context.out << nlohmann::json{{"file", file.string()}, {"destroyed", options.month}}.dump()
                << '\n';
    return kDone;
  }
  context.out << "The key of " << options.month << " is gone from " << file.string()
              << ". What it sealed is erased once every copy of the file is: vault, backups, "
                 "mounted secrets.\n";
  return kDone;
}

}  // namespace kronika::cli
