#include "tables.h"

#include <fstream>
#include <sstream>

#include <kronika/refdata/errc.h>
#include <kronika/refdata/loader.h>

namespace kronika::refdata {
namespace {

/// FNV-1a, 64 bits; names and lengths keep two files from changing places unnoticed.
class Fingerprint {
 public:
  void add(std::string_view bytes) {
    for (const char c : bytes) value_ = (value_ ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  }
  void add_file(std::string_view name, std::string_view bytes) {
    add(name);
    add(std::to_string(bytes.size()) + '\n');
    add(bytes);
  }
  [[nodiscard]] std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0xcbf29ce484222325ULL;
};

class Loader {
 public:
  Loader(std::string folder, std::string organisations_file)
      : folder_(std::move(folder)), organisations_file_(std::move(organisations_file)) {}

  Result<std::shared_ptr<const domain::Rules>> run(std::uint32_t ordinal) {
    auto rules = std::make_shared<domain::Rules>();
    step("regions.csv", [&](const Table& t) { read_regions(t, *rules); });
    step("municipalities.csv", [&](const Table& t) { read_municipalities(t, *rules); });
    step_file("organisations.csv", organisations_file_, kHashed,
              [&](const Table& t) { read_organisations(t, *rules); });
    step("programmes.csv", [&](const Table& t) { read_programmes(t, *rules); });
    step("diagnoses.csv", [&](const Table& t) { read_diagnoses(t, *rules); });
    step("measurements.csv", [&](const Table& t) { read_measurements(t, *rules); });
    step("measurement_values.csv", [&](const Table& t) { read_measurement_values(t, *rules); });
    // The rule sets below refer to programmes and measures by name.
    rules->index();
    step("rulesets.csv", [&](const Table& t) { read_rule_sets(t, *rules); });
    step("ruleset_inputs.csv", [&](const Table& t) { read_rule_inputs(t, *rules); });
    step("ruleset_branches.csv", [&](const Table& t) { read_rule_branches(t, *rules); });
    step("interventions.csv", [&](const Table& t) { read_interventions(t, *rules); });
    step("dropout_reasons.csv", [&](const Table& t) { read_stop_reasons(t, *rules); });
    step("education.csv", [&](const Table& t) { read_education(t, *rules); });
    step("admission_sets.csv", [&](const Table& t) { read_admission_sets(t, *rules); });
    step_file("clusters.csv", folder_ + "/clusters.csv", kChecked,
              [&](const Table& t) { check_clusters(t, *rules); });
    step_file("kl_codes.csv", folder_ + "/kl_codes.csv", kChecked,
              [](const Table& t) { check_kl_codes(t); });
    step_file("standards.csv", folder_ + "/standards.csv", kChecked,
              [&](const Table& t) { read_standards(t, *rules); });
    if (!problems_.none()) return tl::unexpected(*problems_.first());
    rules->index();
    fingerprint_.add("fold " + std::to_string(domain::kFoldRevision));
    rules->generation = {ordinal, fingerprint_.value()};
    return std::shared_ptr<const domain::Rules>(std::move(rules));
  }

 private:
  enum Use { kHashed, kChecked };

  template <class Read>
  void step(const std::string& name, Read read) {
    step_file(name, folder_ + "/" + name, kHashed, read);
  }

  template <class Read>
  void step_file(const std::string& name, const std::string& path, Use use, Read read) {
    if (!problems_.none()) return;
    std::ifstream in(path, std::ios::binary);
    std::stringstream bytes;
    if (in) bytes << in.rdbuf();
    if (!in) {
      problems_.add(code<Errc::kUnreadable>(), path + " cannot be read");
      return;
    }
    const std::string content = bytes.str();
    if (use == kHashed) fingerprint_.add_file(name, content);
    const Table table(name, content, columns_of(name), problems_);
    read(table);
  }

  std::string folder_;
  std::string organisations_file_;
  Problems problems_;
  Fingerprint fingerprint_;
};

}  // namespace

const std::vector<std::string_view>& columns_of(std::string_view file) {
  static const std::vector<std::pair<std::string_view, std::vector<std::string_view>>> kColumns{
      {"regions.csv", {"region_code", "name", "valid_from", "valid_to", "successor_code"}},
      {"municipalities.csv", {"code", "name", "region_code", "valid_from", "valid_to"}},
      {"organisations.csv",
       {"sor_id", "name", "sector", "municipality", "region_code", "unit_type", "valid_from",
        "valid_to"}},
      {"programmes.csv",
       {"programme", "name_da", "group", "core_five", "municipal_receiver",
        "allowed_receiver_sectors", "level_ruleset", "lasting_follow_up", "valid_from",
        "valid_to"}},
      {"diagnoses.csv", {"programme", "group", "system", "code", "match"}},
      {"measurements.csv",
       {"measure_key", "code_system", "code", "display", "ucum_unit", "accepted_units", "hard_min",
        "hard_max", "soft_min", "soft_max", "value_kind"}},
      {"measurement_values.csv", {"measure_key", "allowed_value"}},
      {"rulesets.csv",
       {"ruleset_id", "version", "programme", "valid_from", "valid_to", "output", "source"}},
      {"ruleset_inputs.csv", {"ruleset_id", "version", "measure_key", "max_age_days", "optional"}},
      {"ruleset_branches.csv", {"ruleset_id", "version", "output", "when", "value"}},
      {"interventions.csv", {"fsiii_uuid", "name", "kind", "event_type", "counts_as_rehab"}},
      {"dropout_reasons.csv", {"uuid", "name", "reason_class", "counts_as_dropout"}},
      {"education.csv", {"dst_code", "name", "education_group"}},
      {"admission_sets.csv", {"set", "code", "match"}},
      {"clusters.csv",
       {"kind", "cluster_code", "municipality_code", "valid_from", "valid_to",
        "membership_verified"}},
      {"standards.csv",
       {"indicator", "figure", "direction", "value", "unit", "source", "valid_from", "valid_to"}},
      {"residents.csv",
       {"municipality", "sex", "age_band", "quarter", "residents_first_day", "residents_last_day"}},
      {"kl_codes.csv", {"concept", "uuid", "kronika_value"}},
  };
  for (const auto& [name, columns] : kColumns) {
    if (name == file) return columns;
  }
  static const std::vector<std::string_view> kNone;
  return kNone;
}

Result<std::shared_ptr<const domain::Rules>> load(const std::string& folder,
                                                  const std::string& organisations_file,
                                                  std::uint32_t ordinal) {
  return Loader(folder, organisations_file).run(ordinal);
}

}  // namespace kronika::refdata
