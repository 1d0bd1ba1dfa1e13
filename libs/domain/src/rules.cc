#include <algorithm>
#include <cstring>

#include <kronika/domain/rules.h>

namespace kronika::domain {
namespace {

/// "system|code" on the stack: lookups happen for every measurement and must not allocate.
class CodeKey {
 public:
  CodeKey(std::string_view system, std::string_view code) {
    if (system.size() + code.size() + 1 > sizeof buffer_) return;  // longer than any code we know
    system.copy(buffer_, system.size());  // unlike memcpy, takes an empty view
    buffer_[system.size()] = '|';
    code.copy(buffer_ + system.size() + 1, code.size());
    size_ = system.size() + 1 + code.size();
    code_at_ = system.size() + 1;
  }
  /// SKS and ICPC-2 are written in capitals, and the dot of ICD-10 is decoration.
  void normalise() {
    std::size_t to = code_at_;
    for (std::size_t from = code_at_; from < size_; ++from) {
      const char c = buffer_[from];
      if (c == '.') continue;
      buffer_[to++] = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
    size_ = to;
  }
  [[nodiscard]] std::string_view text() const { return {buffer_, size_}; }
  [[nodiscard]] std::string_view shortened(std::size_t n) const { return {buffer_, size_ - n}; }
  [[nodiscard]] std::size_t code_size() const { return size_ - code_at_; }

 private:
  char buffer_[96];
  std::size_t size_ = 0;
  std::size_t code_at_ = 0;
};

bool is_letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

/// Danish senders write the D of SKS under ICD-10, too; no ICD-10 code begins with two letters.
bool needs_leading_d(std::string_view system, std::string_view code) {
  return system == "ICD-10" && !(code.size() > 1 && is_letter(code[1]));
}

template <class Map>
const typename Map::mapped_type* find_in(const Map& map, std::string_view key) {
  const auto it = map.find(key);
  return it == map.end() ? nullptr : &it->second;
}

bool matches(const AdmissionSetRow& row, std::string_view code) {
  return row.prefix ? code.starts_with(row.code) : code == row.code;
}

}  // namespace

std::string normalised_diagnosis(std::string_view system, std::string_view code) {
  std::string result;
  if (needs_leading_d(system, code)) result += 'D';
  for (const char c : code) {
    if (c != '.') result += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return result;
}

void Rules::index() {
  exact_diagnosis_.clear();
  prefix_diagnosis_.clear();
  organisations_by_id_.clear();
  admission_set_rows_.clear();
  rule_set_rows_.clear();
  intervention_by_id_.clear();
  reason_by_id_.clear();
  programme_by_id_.clear();
  measure_by_key_.clear();
  for (auto& rows : municipality_rows_) rows.clear();

  const auto position = [](std::size_t i) { return static_cast<std::uint32_t>(i); };
  for (std::size_t i = 0; i < diagnoses.size(); ++i) {
    const DiagnosisRow& row = diagnoses[i];
    auto& table = row.prefix ? prefix_diagnosis_ : exact_diagnosis_;
    table[row.system + '|' + row.code].push_back(position(i));
  }
  for (std::size_t i = 0; i < organisations.size(); ++i) {
    organisations_by_id_[organisations[i].sor_id].push_back(position(i));
  }
  for (std::size_t i = 0; i < admission_sets.size(); ++i) {
    admission_set_rows_[admission_sets[i].set].push_back(position(i));
  }
  for (std::size_t i = 0; i < rule_sets.size(); ++i) {
    rule_set_rows_[rule_sets[i].id].push_back(position(i));
  }
  for (std::size_t i = 0; i < interventions.size(); ++i) {
    intervention_by_id_.emplace(interventions[i].uuid, position(i));
  }
  for (std::size_t i = 0; i < stop_reasons.size(); ++i) {
    reason_by_id_.emplace(stop_reasons[i].uuid, position(i));
  }
  for (std::size_t i = 0; i < programmes.size(); ++i) {
    programme_by_id_.emplace(programmes[i].id, position(i));
  }
  for (std::size_t i = 0; i < measures.size(); ++i) {
    measure_by_key_.emplace(measures[i].key, position(i));
  }
  for (std::size_t i = 0; i < municipalities.size(); ++i) {
    municipality_rows_[municipalities[i].code % municipality_rows_.size()].push_back(position(i));
  }
}

ProgrammeIndex Rules::programme(std::string_view id) const {
  const auto* i = find_in(programme_by_id_, id);
  return i == nullptr ? kNoProgramme : static_cast<ProgrammeIndex>(*i);
}

void Rules::find_diagnosis(std::string_view system, std::string_view code,
                           std::vector<const DiagnosisRow*>& out) const {
  if (system == "ICD-10") {
    char with_d[64];
    if (code.empty() || code.size() + 1 > sizeof with_d) return;
    if (!needs_leading_d(system, code)) return find_diagnosis("SKS", code, out);
    with_d[0] = 'D';
    std::memcpy(with_d + 1, code.data(), code.size());
    return find_diagnosis("SKS", {with_d, code.size() + 1}, out);
  }
  CodeKey key(system, code);
  key.normalise();
  const auto append = [this, &out](const std::vector<std::uint32_t>* rows) {
    if (rows == nullptr) return;
    for (const std::uint32_t i : *rows) out.push_back(&diagnoses[i]);
  };
  const std::size_t before = out.size();
  append(find_in(exact_diagnosis_, key.text()));
  append(find_in(prefix_diagnosis_, key.text()));
  for (std::size_t cut = 1; out.size() == before && cut < key.code_size(); ++cut) {
    append(find_in(prefix_diagnosis_, key.shortened(cut)));
  }
}

const MeasureCode* Rules::measure_code(std::string_view system, std::string_view code) const {
  return find_in(measure_codes, CodeKey(system, code).text());
}

MeasureIndex Rules::measure(std::string_view key) const {
  const auto* i = find_in(measure_by_key_, key);
  return i == nullptr ? kNoMeasure : static_cast<MeasureIndex>(*i);
}

const InterventionType* Rules::intervention(std::string_view uuid) const {
  const auto* i = find_in(intervention_by_id_, uuid);
  return i == nullptr ? nullptr : &interventions[*i];
}

const StopReason* Rules::stop_reason(std::string_view uuid) const {
  const auto* i = find_in(reason_by_id_, uuid);
  return i == nullptr ? nullptr : &stop_reasons[*i];
}

const Organisation* Rules::organisation(std::string_view sor_id, CivilDate date) const {
  const auto* rows = find_in(organisations_by_id_, sor_id);
  if (rows == nullptr) return nullptr;
  for (const std::uint32_t i : *rows) {
    if (organisations[i].validity.contains(date)) return &organisations[i];
  }
  return nullptr;
}

Rules::MunicipalityLookup Rules::municipality(std::string_view code) const {
  if (code.size() != 4) return {};
  int number = 0;
  for (const char c : code) {
    if (c < '0' || c > '9') return {};
    number = number * 10 + (c - '0');
  }
  // Christiansø and Greenland lie in no Danish municipality.
  if (number == 411 || (number >= 955 && number <= 960)) return {true, 0};
  if (number == 0 || number >= static_cast<int>(municipality_rows_.size()) ||
      municipality_rows_[static_cast<std::size_t>(number)].empty()) {
    return {};
  }
  return {true, static_cast<Municipality>(number)};
}

std::string_view Rules::region_of(Municipality code, CivilDate date) const {
  if (code >= municipality_rows_.size()) return {};
  for (const std::uint32_t i : municipality_rows_[code]) {
    if (municipalities[i].validity.contains(date)) return municipalities[i].region;
  }
  return {};
}

EducationGroup Rules::education_group(std::string_view dst_code) const {
  const auto* group = find_in(education, dst_code);
  return group == nullptr ? EducationGroup::kUnknown : *group;
}

bool Rules::in_admission_set(std::string_view set, std::string_view sks_code) const {
  const auto* rows = find_in(admission_set_rows_, set);
  if (rows == nullptr) return false;
  CodeKey key({}, sks_code);
  key.normalise();
  const std::string_view code = key.text().empty() ? key.text() : key.text().substr(1);
  return std::any_of(rows->begin(), rows->end(),
                     [this, code](std::uint32_t i) { return matches(admission_sets[i], code); });
}

const RuleSet* Rules::rule_set(std::string_view id, CivilDate date) const {
  const auto* rows = find_in(rule_set_rows_, id);
  if (rows == nullptr) return nullptr;
  for (const std::uint32_t i : *rows) {
    if (rule_sets[i].validity.contains(date)) return &rule_sets[i];
  }
  return nullptr;
}

}  // namespace kronika::domain
