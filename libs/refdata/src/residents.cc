#include "tables.h"

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include <kronika/refdata/errc.h>
#include <kronika/refdata/residents.h>

namespace kronika::refdata {
namespace {

std::optional<domain::Municipality> municipality_of(const std::string& text,
                                                    const std::set<int>& known) {
  if (text.size() != 4 ||
      !std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }))
    return std::nullopt;
  const int code = std::stoi(text);
  if (!known.contains(code)) return std::nullopt;
  return static_cast<domain::Municipality>(code);
}

std::int64_t persons(const Row& row, std::string_view column) {
  const auto number = row.integer(column);
  if (!number || *number < 0) {
    row.refuse(std::string(column) + " '" + row.text(column) +
               "' is no number of persons; write a whole number from 0");
    return 0;
  }
  return *number;
}

}  // namespace

Result<std::shared_ptr<const domain::Residents>> load_residents(const std::string& file,
                                                                const domain::Rules& rules) {
  std::ifstream in(file, std::ios::binary);
  std::stringstream bytes;
  if (in) bytes << in.rdbuf();
  if (!in) {
    return tl::unexpected(Error{
        code<Errc::kUnreadable>(),
        file + " cannot be read; name the file of resident counts in gateway.residents_file, or "
               "leave that setting empty and do without rates per inhabitant"});
  }
  Problems problems;
  const Table table(file, bytes.str(), columns_of("residents.csv"), problems);
  std::set<int> known;
  for (const domain::MunicipalityRow& m : rules.municipalities) known.insert(m.code);
  auto residents = std::make_shared<domain::Residents>();
  for (std::size_t i = 0; i < table.size() && problems.none(); ++i) {
    const Row row = table[i];
    domain::ResidentKey key;
    const auto municipality = municipality_of(row.required("municipality"), known);
    if (!municipality)
      row.refuse("municipality '" + row.text("municipality") +
                 "' is not in municipalities.csv; write its code of four digits");
    key.municipality = municipality.value_or(domain::Municipality{0});
    const std::string& sex = row.required("sex");
    if (sex != "M" && sex != "F") row.refuse("sex '" + sex + "' is neither M nor F");
    key.sex = sex == "M" ? domain::Sex::kMale : domain::Sex::kFemale;
    const auto band = domain::resident_band_from(row.required("age_band"));
    if (!band)
      row.refuse("age_band '" + row.text("age_band") +
                 "' is none of 0-14, 15-17, 18-29, 30-44, 45-64, 65-74, 75-84, 85+");
    key.band = band.value_or(domain::ResidentBand::k0To14);
    const auto quarter = domain::parse_quarter(row.required("quarter"));
    if (!quarter)
      row.refuse("quarter '" + row.text("quarter") + "' is no quarter; write it like 2025Q1");
    const domain::ResidentCount count{persons(row, "residents_first_day"),
                                      persons(row, "residents_last_day")};
    if (!residents->add(quarter.value_or(domain::Quarter{}), key, count) && problems.none())
      row.refuse("municipality, sex, age band and quarter are those of an earlier line; keep one");
  }
  if (!problems.none()) return tl::unexpected(*problems.first());
  return std::shared_ptr<const domain::Residents>(std::move(residents));
}

Result<domain::TableSettings> table_settings(const std::filesystem::path& residents,
                                             const std::filesystem::path& data_dir,
                                             const std::string& data_start,
                                             const domain::Rules& rules) {
  domain::TableSettings settings;
  if (!data_start.empty()) {
    settings.data_start = domain::parse_date(data_start);
    if (!settings.data_start) {
      return tl::unexpected(Error{
          code<Errc::kInvalid>(),
          "gateway.data_start '" + data_start + "' is no civil date; write it like 2020-01-01"});
    }
  }
  std::filesystem::path file = residents;
  std::error_code ignored;
  if (file.empty() && std::filesystem::exists(data_dir / "residents.csv", ignored))
    file = data_dir / "residents.csv";
  if (!file.empty()) {
    auto loaded = load_residents(file.string(), rules);
    if (!loaded) return tl::unexpected(loaded.error());
    settings.residents = std::move(*loaded);
  }
  return settings;
}

}  // namespace kronika::refdata
