// The one table of settings. A row feeds the file template, environment, flags, docs/config.md and
// Settings.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <kronika/config/settings.h>

namespace kronika::config {

enum class Type : std::uint8_t {
  kText,
  kInteger,  // with an optional unit in `unit`; bytes may be written 64MiB
  kPath,     // made absolute
  kList,     // comma-separated in environment and flags, a list in the file
  kChoice,   // one of `choices`
};

/// A value after parsing: text for kText, kPath and kChoice, number for kInteger, list for kList.
struct Value {
  std::string text;
  std::int64_t number = 0;
  std::vector<std::string> list;
};

struct Row {
  std::string_view name;  ///< "kafka.partitions", as a flag and in the file
  Type type;
  std::string_view default_text;
  std::string_view unit;     ///< "ms", "bytes", "" ; the unit also ends the name where it is a time
  std::int64_t min, max;     ///< kInteger only
  std::string_view choices;  ///< kChoice: separated by blanks
  std::string_view doc;      ///< one or two sentences
  void (*apply)(Settings&, const Value&);
  bool local_to_process;  ///< differs between replicas: not part of config_hash()
};

[[nodiscard]] std::span<const Row> rows();
/// Nothing when no setting has this name.
[[nodiscard]] const Row* find_row(std::string_view name);
/// What a section is for, for the template and the page; "" for the settings without a section.
[[nodiscard]] std::string_view section_doc(std::string_view section);

/// "kafka.partitions" -> "KRONIKA_KAFKA_PARTITIONS".
[[nodiscard]] std::string environment_name(std::string_view name);
/// The part before the first dot; "" where there is none.
[[nodiscard]] std::string_view section_of(std::string_view name);

/// Prefix of the properties that are handed to librdkafka.
inline constexpr std::string_view kClientPrefix = "kafka.client.";
/// Why a librdkafka property is refused; nothing when it may be set.
[[nodiscard]] std::optional<std::string> why_client_property_is_refused(std::string_view property);
/// All refused properties, for the reference page.
[[nodiscard]] std::vector<std::string_view> refused_client_properties();

}  // namespace kronika::config
