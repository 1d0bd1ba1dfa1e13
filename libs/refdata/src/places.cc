// Regions, municipalities, organisations, clusters.
#include "tables.h"

#include <algorithm>
#include <array>
#include <map>

namespace kronika::refdata {
namespace {

using domain::Sector;

std::optional<Sector> sector_from(std::string_view text) {
  static const std::array<std::pair<std::string_view, Sector>, 10> kSectors{{
      {"HOSPITAL", Sector::kHospital},
      {"GP", Sector::kGp},
      {"MUNICIPALITY", Sector::kMunicipality},
      {"REGION", Sector::kRegion},
      {"TELEMEDICINE", Sector::kTelemedicine},
      {"PATIENT", Sector::kPatient},
      {"PATIENT_ORG", Sector::kPatientOrg},
      {"PRIVATE", Sector::kPrivate},
      {"JOB_CENTRE", Sector::kJobCentre},
      {"SOCIAL", Sector::kSocial},
  }};
  for (const auto& [name, sector] : kSectors) {
    if (name == text) return sector;
  }
  return std::nullopt;
}

bool is_region(const domain::Rules& rules, std::string_view code) {
  return std::any_of(rules.regions.begin(), rules.regions.end(),
                     [code](const domain::Region& r) { return r.code == code; });
}

domain::Municipality municipality_number(const Row& row, std::string_view column) {
  const std::string& text = row.required(column);
  int number = 0;
  for (const char c : text) number = c >= '0' && c <= '9' ? number * 10 + (c - '0') : 10000;
  if (text.size() != 4 || number == 0 || number > 999) {
    row.refuse(std::string(column) + " '" + text + "' is no municipality code of four digits");
    return 0;
  }
  return static_cast<domain::Municipality>(number);
}

bool is_municipality(const domain::Rules& rules, domain::Municipality code) {
  return std::any_of(rules.municipalities.begin(), rules.municipalities.end(),
                     [code](const domain::MunicipalityRow& m) { return m.code == code; });
}

/// Rows of one key, in file order; refuses the row whose validity meets an earlier one.
class Periods {
 public:
  void add(const Row& row, const std::string& key, const domain::Validity& validity) {
    auto& earlier = of_[key];
    for (const domain::Validity& other : earlier) {
      if (overlap(other, validity)) {
        row.refuse("the validity of " + key + " overlaps an earlier row");
        break;
      }
    }
    earlier.push_back(validity);
  }

 private:
  std::map<std::string, std::vector<domain::Validity>> of_;
};

}  // namespace

std::optional<Sector> sector_of(const Row& row, const std::string& text) {
  const auto sector = sector_from(text);
  if (!sector) row.refuse("sector '" + text + "' is unknown");
  return sector;
}

void read_regions(const Table& table, domain::Rules& rules) {
  Periods periods;
  for (std::size_t i = 0; i < table.size(); ++i) {
    const Row row = table[i];
    domain::Region region{row.required("region_code"), row.required("name"), row.validity()};
    periods.add(row, region.code, region.validity);
    rules.regions.push_back(std::move(region));
  }
  for (std::size_t i = 0; i < table.size(); ++i) {
    const std::string& successor = table[i].text("successor_code");
    if (!successor.empty() && !is_region(rules, successor)) {
      table[i].refuse("successor_code '" + successor + "' is not in this file");
    }
  }
}

void read_municipalities(const Table& table, domain::Rules& rules) {
  Periods periods;
  for (std::size_t i = 0; i < table.size(); ++i) {
    const Row row = table[i];
    domain::MunicipalityRow m{municipality_number(row, "code"), row.required("name"),
                              row.required("region_code"), row.validity()};
    const bool covered =
        std::any_of(rules.regions.begin(), rules.regions.end(), [&m](const domain::Region& r) {
          return r.code == m.region && r.validity.from <= m.validity.from &&
                 m.validity.to <= r.validity.to;
        });
    if (!is_region(rules, m.region)) {
      row.refuse("region_code '" + m.region + "' is not in regions.csv");
    } else if (!covered) {
      row.refuse("region " + m.region + " is not valid during the whole row");
    }
    periods.add(row, row.text("code"), m.validity);
    rules.municipalities.push_back(std::move(m));
  }
}

void read_organisations(const Table& table, domain::Rules& rules) {
  static constexpr std::array<std::string_view, 6> kUnitTypes{
      "SYGEHUS", "NAERHOSPITAL", "SUNDHEDSCENTER", "PRAKSIS", "KOMMUNE_ENHED", ""};
  Periods periods;
  for (std::size_t i = 0; i < table.size(); ++i) {
    const Row row = table[i];
    domain::Organisation o;
    o.sor_id = row.required("sor_id");
    if (o.sor_id.size() < 11 || !std::all_of(o.sor_id.begin(), o.sor_id.end(),
                                             [](char c) { return c >= '0' && c <= '9'; })) {
      row.refuse("sor_id '" + o.sor_id + "' is no SOR id of 11 digits or more");
    }
    o.name = row.required("name");
    o.sector = sector_of(row, row.required("sector")).value_or(Sector::kUnknown);
    if (!row.text("municipality").empty()) {
      o.municipality = municipality_number(row, "municipality");
      if (!is_municipality(rules, o.municipality)) {
        row.refuse("municipality '" + row.text("municipality") + "' is not in municipalities.csv");
      }
    }
    o.region_code = row.text("region_code");
    if (!o.region_code.empty() && !is_region(rules, o.region_code)) {
      row.refuse("region_code '" + o.region_code + "' is not in regions.csv");
    }
    o.unit_type = row.text("unit_type");
    if (std::find(kUnitTypes.begin(), kUnitTypes.end(), o.unit_type) == kUnitTypes.end()) {
      row.refuse("unit_type '" + o.unit_type + "' is unknown");
    }
    o.validity = row.validity();
    periods.add(row, o.sor_id, o.validity);
    rules.organisations.push_back(std::move(o));
  }
}

void check_clusters(const Table& table, const domain::Rules& rules) {
  Periods periods;
  for (std::size_t i = 0; i < table.size(); ++i) {
    const Row row = table[i];
    const std::string& kind = row.required("kind");
    const domain::Municipality m = municipality_number(row, "municipality_code");
    if (!is_municipality(rules, m)) {
      row.refuse("municipality_code '" + row.text("municipality_code") +
                 "' is not in municipalities.csv");
    }
    (void)row.yes_no("membership_verified");
    periods.add(row,
                kind + " " + row.required("cluster_code") + " " + row.text("municipality_code"),
                row.validity());
  }
}

}  // namespace kronika::refdata
