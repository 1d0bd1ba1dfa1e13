// Programmes, diagnoses, measures, interventions, stop reasons, education, admission sets.
#include "tables.h"

#include <algorithm>
#include <set>

namespace kronika::refdata {

std::optional<domain::Sector> sector_of(const Row& row, const std::string& text);  // places.cc

namespace {

using domain::ValueKind;

template <class T, class Get>
bool contains(const std::vector<T>& rows, Get get, std::string_view key) {
  return std::any_of(rows.begin(), rows.end(), [&](const T& row) { return get(row) == key; });
}

/// Refuses the second row with one key.
class Unique {
 public:
  void add(const Row& row, const std::string& key, std::string_view what) {
    if (!seen_.insert(key).second) {
      row.refuse(std::string(what) + " '" + key + "' stands twice");
    }
  }

 private:
  std::set<std::string> seen_;
};

bool is_prefix(const Row& row) {
  const std::string& match = row.text("match");
  if (match != "prefix" && match != "exact") row.refuse("match is neither prefix nor exact");
  return match == "prefix";
}

/// unit=factor[;offset][;roundN]
std::optional<domain::UnitConversion> conversion_from(const std::string& text) {
  const std::size_t cut = text.rfind('=');
  if (cut == std::string::npos || cut == 0) return std::nullopt;
  domain::UnitConversion c;
  c.unit = text.substr(0, cut);
  const std::vector<std::string> parts = split(std::string_view(text).substr(cut + 1), ';');
  if (parts.empty() || parts.size() > 3) return std::nullopt;
  const auto factor = parse_number(parts[0]);
  if (!factor || *factor == 0) return std::nullopt;
  c.factor = *factor;
  for (std::size_t i = 1; i < parts.size(); ++i) {
    if (parts[i].starts_with("round") && parts[i].size() == 6 && parts[i][5] >= '0' &&
        parts[i][5] <= '9') {
      c.round = parts[i][5] - '0';
    } else if (const auto offset = parse_number(parts[i]); offset && i == 1) {
      c.offset = *offset;
    } else {
      return std::nullopt;
    }
  }
  return c;
}

bool same_measure(const domain::Measure& a, const domain::Measure& b) {
  return a.kind == b.kind && a.ucum_unit == b.ucum_unit && a.hard_min == b.hard_min &&
         a.hard_max == b.hard_max && a.soft_min == b.soft_min && a.soft_max == b.soft_max;
}

domain::Measure measure_from(const Row& row) {
  domain::Measure m;
  m.key = row.required("measure_key");
  m.first_code = {row.required("code_system"), row.required("code")};
  const std::string& kind = row.required("value_kind");
  if (kind == "numeric") {
    m.kind = ValueKind::kNumeric;
  } else if (kind == "ordinal") {
    m.kind = ValueKind::kOrdinal;
  } else if (kind == "code") {
    m.kind = ValueKind::kCode;
  } else {
    row.refuse("value_kind '" + kind + "' is unknown");
  }
  m.ucum_unit = row.text("ucum_unit");
  m.hard_min = row.number("hard_min");
  m.hard_max = row.number("hard_max");
  m.soft_min = row.number("soft_min");
  m.soft_max = row.number("soft_max");
  if (m.kind != ValueKind::kCode) {
    if (m.ucum_unit.empty()) row.refuse("ucum_unit is empty");
    if (!m.hard_min || !m.hard_max) {
      row.refuse("a measured value needs hard_min and hard_max");
    } else if (*m.hard_min >= *m.hard_max) {
      row.refuse("hard_min is not below hard_max");
    } else if ((m.soft_min && *m.soft_min < *m.hard_min) ||
               (m.soft_max && *m.soft_max > *m.hard_max)) {
      row.refuse("the soft range is wider than the hard one");
    }
  }
  return m;
}

}  // namespace

void read_programmes(const Table& table, domain::Rules& rules) {
  Unique ids;
  for (std::size_t i = 0; i < table.size(); ++i) {
    const Row row = table[i];
    domain::Programme p;
    p.id = row.required("programme");
    ids.add(row, p.id, "programme");
    p.name_da = row.required("name_da");
    p.group = row.required("group");
    p.core_five = row.yes_no("core_five");
    p.municipal_receiver = row.yes_no("municipal_receiver");
    for (const std::string& s : row.list("allowed_receiver_sectors")) {
      if (const auto sector = sector_of(row, s)) p.allowed_receiver_sectors.push_back(*sector);
    }
    p.level_ruleset = row.required("level_ruleset");
    p.lasting_follow_up = row.yes_no("lasting_follow_up");
    p.validity = row.validity();
    if (!contains(rules.groups, [](const std::string& g) { return g; }, p.group)) {
      rules.groups.push_back(p.group);
    }
    if (rules.programmes.size() >= domain::kMaxProgrammes)
      row.refuse("there are too many programmes");
    rules.programmes.push_back(std::move(p));
  }
}

void read_diagnoses(const Table& table, domain::Rules& rules) {
  Unique rows;
  for (std::size_t i = 0; i < table.size(); ++i) {
    const Row row = table[i];
    domain::DiagnosisRow d;
    const std::string& programme = row.text("programme");
    const std::string& group = row.required("group");
    for (std::size_t p = 0; p < rules.programmes.size(); ++p) {
      if (rules.programmes[p].id != programme) continue;
      d.programme = static_cast<domain::ProgrammeIndex>(p);
      if (rules.programmes[p].group != group) {
        row.refuse("group '" + group + "' is not the group of programme " + programme);
      }
    }
    if (!programme.empty() && d.programme == domain::kNoProgramme) {
      row.refuse("programme '" + programme + "' is not in programmes.csv");
    }
    auto known = std::find(rules.groups.begin(), rules.groups.end(), group);
    if (known == rules.groups.end()) {
      rules.groups.push_back(group);
      known = rules.groups.end() - 1;
    }
    d.group = static_cast<domain::GroupIndex>(known - rules.groups.begin());
    d.system = row.required("system");
    if (d.system != "SKS" && d.system != "ICPC-2" && d.system != "SNOMED") {
      row.refuse("system '" + d.system + "' is unknown; known are SKS, ICPC-2 and SNOMED");
    }
    d.code = row.required("code");
    if (d.code != domain::normalised_diagnosis(d.system, d.code)) {
      row.refuse("code '" + d.code + "' is not in capitals without dot");
    }
    d.prefix = is_prefix(row);
    rows.add(row, programme + " " + d.system + " " + d.code + (d.prefix ? "*" : ""), "diagnosis");
    rules.diagnoses.push_back(std::move(d));
  }
}

void read_measurements(const Table& table, domain::Rules& rules) {
  Unique codes;
  for (std::size_t i = 0; i < table.size(); ++i) {
    const Row row = table[i];
    domain::Measure measure = measure_from(row);
    const auto known =
        std::find_if(rules.measures.begin(), rules.measures.end(),
                     [&measure](const domain::Measure& m) { return m.key == measure.key; });
    domain::MeasureCode mc;
    mc.measure = static_cast<domain::MeasureIndex>(known - rules.measures.begin());
    if (known == rules.measures.end()) {
      if (rules.measures.size() >= domain::kNoMeasure) row.refuse("there are too many measures");
      rules.measures.push_back(std::move(measure));
    } else if (!same_measure(*known, measure)) {
      row.refuse("measure " + measure.key + " has another unit, range or kind in an earlier row");
    }
    mc.display = row.text("display");
    for (const std::string& unit : row.list("accepted_units")) {
      if (auto c = conversion_from(unit)) {
        mc.accepted_units.push_back(std::move(*c));
      } else {
        row.refuse("accepted unit '" + unit + "' is not unit=factor[;offset][;roundN]");
      }
    }
    std::string key = row.required("code_system") + '|' + row.required("code");
    codes.add(row, key, "code");
    rules.measure_codes.emplace(std::move(key), std::move(mc));
  }
}

void read_measurement_values(const Table& table, domain::Rules& rules) {
  Unique values;
  for (std::size_t i = 0; i < table.size(); ++i) {
    const Row row = table[i];
    const std::string& key = row.required("measure_key");
    const std::string& value = row.required("allowed_value");
    values.add(row, key + " " + value, "value");
    const auto measure = std::find_if(rules.measures.begin(), rules.measures.end(),
                                      [&key](const domain::Measure& m) { return m.key == key; });
    if (measure == rules.measures.end()) {
      row.refuse("measure_key '" + key + "' is not in measurements.csv");
    } else if (measure->kind != ValueKind::kCode) {
      row.refuse("measure " + key + " has numbers, not coded values");
    } else {
      measure->allowed_values.push_back(value);
    }
  }
  for (const domain::Measure& m : rules.measures) {
    if (m.kind == ValueKind::kCode && m.allowed_values.empty()) {
      table.refuse(1, "coded measure " + m.key + " has no allowed value");
    }
  }
}

void read_interventions(const Table& table, domain::Rules& rules) {
  Unique ids;
  for (std::size_t i = 0; i < table.size(); ++i) {
    const Row row = table[i];
    domain::InterventionType t{row.required("fsiii_uuid"), row.required("name"),
                               row.required("kind"), row.yes_no("counts_as_rehab")};
    ids.add(row, t.uuid, "fsiii_uuid");
    const std::string& event = row.required("event_type");
    if (event != "InterviewHeld" && event != "InterventionStarted") {
      row.refuse("event_type '" + event + "' is neither InterviewHeld nor InterventionStarted");
    }
    // Interviews stand in the same code list but are events of their own (domain.md 4.4).
    if (event == "InterventionStarted") rules.interventions.push_back(std::move(t));
  }
}

void read_stop_reasons(const Table& table, domain::Rules& rules) {
  Unique ids;
  for (std::size_t i = 0; i < table.size(); ++i) {
    const Row row = table[i];
    domain::StopReason r;
    r.uuid = row.required("uuid");
    r.name = row.required("name");
    ids.add(row, r.uuid, "uuid");
    const std::string& reason_class = row.required("reason_class");
    if (reason_class == "DROPOUT") {
      r.reason_class = domain::ReasonClass::kDropout;
    } else if (reason_class == "EARLY") {
      r.reason_class = domain::ReasonClass::kEarly;
    } else if (reason_class == "EVENT") {
      r.reason_class = domain::ReasonClass::kEvent;
    } else {
      row.refuse("reason_class '" + reason_class + "' is unknown");
    }
    if (row.yes_no("counts_as_dropout") != (r.reason_class == domain::ReasonClass::kDropout)) {
      row.refuse("counts_as_dropout contradicts reason_class");
    }
    rules.stop_reasons.push_back(std::move(r));
  }
}

void read_education(const Table& table, domain::Rules& rules) {
  for (std::size_t i = 0; i < table.size(); ++i) {
    const Row row = table[i];
    const std::string& group = row.required("education_group");
    domain::EducationGroup g = domain::EducationGroup::kUnknown;
    if (group == "low") {
      g = domain::EducationGroup::kLow;
    } else if (group == "high") {
      g = domain::EducationGroup::kHigh;
    } else if (group != "unknown") {
      row.refuse("education_group '" + group + "' is unknown");
    }
    if (!rules.education.emplace(row.required("dst_code"), g).second) {
      row.refuse("dst_code '" + row.text("dst_code") + "' stands twice");
    }
  }
}

void read_admission_sets(const Table& table, domain::Rules& rules) {
  Unique rows;
  for (std::size_t i = 0; i < table.size(); ++i) {
    const Row row = table[i];
    domain::AdmissionSetRow r{row.required("set"), row.required("code"), is_prefix(row)};
    if (r.code != domain::normalised_diagnosis("SKS", r.code)) {
      row.refuse("code '" + r.code + "' is not in capitals without dot");
    }
    rows.add(row, r.set + " " + r.code, "code");
    rules.admission_sets.push_back(std::move(r));
  }
}

void check_kl_codes(const Table& table) {
  Unique ids;
  for (std::size_t i = 0; i < table.size(); ++i) {
    const Row row = table[i];
    ids.add(row, row.required("concept") + " " + row.required("uuid"), "code");
    (void)row.required("kronika_value");
  }
}

}  // namespace kronika::refdata
