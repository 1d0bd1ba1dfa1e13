#include <algorithm>

#include <kronika/domain/citizen.h>
#include <kronika/domain/evaluation.h>
#include <kronika/domain/unknown_codes.h>

namespace kronika::domain {

void count_unknown_code(std::vector<UnknownCodeCount>& counts, std::string_view system,
                        std::string_view code) {
  const auto count = [&](std::string_view of, std::string_view name) {
    const auto found = std::find_if(counts.begin(), counts.end(), [&](const UnknownCodeCount& c) {
      return c.system == of && c.code == name;
    });
    if (found != counts.end()) ++found->count;
    return found != counts.end();
  };
  if (count(system, code)) return;
  const auto listed = static_cast<std::size_t>(std::count_if(
      counts.begin(), counts.end(), [](const UnknownCodeCount& c) { return !c.code.empty(); }));
  if (listed < kUnknownCodesListed && system.size() <= kUnknownCodeLongest &&
      code.size() <= kUnknownCodeLongest) {
    counts.push_back({std::string(system), std::string(code), 1});
    return;
  }
  const std::string_view label = kCodeSystemLabels[code_system_label(system)];
  if (!count(label, "")) counts.push_back({std::string(label), "", 1});
}

const Episode* CitizenState::current(ProgrammeIndex programme) const {
  for (std::size_t i = episodes.size(); i-- > 0;) {
    if (episodes[i].programme == programme) return &episodes[i];
  }
  return nullptr;
}

const ProgrammeFacts* CitizenState::facts_of(ProgrammeIndex programme) const {
  for (const ProgrammeFacts& f : facts) {
    if (f.programme == programme) return &f;
  }
  return nullptr;
}

const LatestValue* CitizenState::latest_of(MeasureIndex measure) const {
  for (const LatestValue& v : latest) {
    if (v.measure == measure) return &v;
  }
  return nullptr;
}

std::optional<std::uint8_t> latest_class(const std::vector<Run>& runs, Series series,
                                         CivilDate date) {
  for (std::size_t i = runs.size(); i-- > 0;) {
    const Run& run = runs[i];
    if (run.series != series || run.first > date) continue;
    if (date > run.last && date - run.last > window_of(series)) return std::nullopt;
    return run.value_class;
  }
  return std::nullopt;
}

Municipality CitizenState::municipality_on(CivilDate date) const {
  for (std::size_t i = moves.size(); i-- > 0;) {
    if (moves[i].date <= date) return moves[i].to;
  }
  return initial_residence;
}

EducationGroup CitizenState::education_on(CivilDate date) const {
  for (std::size_t i = education.size(); i-- > 0;) {
    if (education[i].date <= date) return education[i].group;
  }
  return EducationGroup::kUnknown;
}

std::uint8_t CitizenState::level_on(ProgrammeIndex programme, CivilDate date) const {
  const ProgrammeFacts* f = facts_of(programme);
  if (f == nullptr) return 0;
  for (std::size_t i = f->levels.size(); i-- > 0;) {
    if (civil_date_of(f->levels[i].at) <= date) return f->levels[i].level;
  }
  return 0;
}

std::string_view Proposal::output(std::string_view name) const {
  for (const RuleOutput& o : outputs) {
    if (o.name == name) return o.value;
  }
  return "UNKNOWN";
}

}  // namespace kronika::domain
