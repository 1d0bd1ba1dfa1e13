// The form of a scenario file, read into events. Mistakes of the file throw FormError, caught by
// run_file(): a scenario that cannot be read is no scenario.
#pragma once

#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <yaml-cpp/yaml.h>

#include <kronika/domain/checks.h>
#include <kronika/domain/event.h>
#include <kronika/domain/rules.h>

namespace kronika::scenario {

class FormError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Person {
  std::string label;
  std::string cpr;
  std::string municipality;
  std::string education;
  PersonKey key;
};

/// One message as it arrives.
struct Arrival {
  int line = 0;  ///< of `given`; 0: the education of a person, which no line states
  domain::Event event;
  std::optional<domain::Reason> refused;  ///< by the checks of the edge
};

struct Scenario {
  std::string id;
  std::string title;
  bool arrival_matters = false;
  std::map<std::string, Person> persons;
  std::vector<Arrival> arrivals;
  YAML::Node quarantine, checks, tables;
  int duplicates = 0;
  int superseded = 0;
};

/// Organisations of the file, by label.
using OrgLabels = std::map<std::string, std::string>;

struct File {
  domain::Rules rules;  ///< with the file's organisations in place of those with the same id
  OrgLabels orgs;
  std::vector<YAML::Node> scenarios;
};

[[nodiscard]] File read_file(const std::string& path, const domain::Rules& rules);
[[nodiscard]] Scenario read_scenario(const YAML::Node& node, const File& file);

/// "2025-01-31" is a date, "2025-01-31 09:00" a local time, an offset may follow.
struct Moment {
  Instant instant;  ///< of a date: 00:00 local
  bool date = false;
};
[[nodiscard]] Moment read_moment(const std::string& text);
/// A date means the end of that civil day.
[[nodiscard]] Instant read_as_of(const std::string& text);

/// The payload of one line; see payload.cc.
struct PayloadContext {
  const File& file;
  const std::map<std::string, Person>& persons;
};
[[nodiscard]] domain::Payload read_payload(domain::EventType type, const YAML::Node& node,
                                           const PayloadContext& context);

/// A null node where there is none: yaml-cpp throws on most uses of a missing one.
[[nodiscard]] YAML::Node child_of(const YAML::Node& node, const std::string& key);
/// Absent, or null: nothing.
[[nodiscard]] std::optional<std::string> text_at(const YAML::Node& node, const std::string& key);

}  // namespace kronika::scenario
