#include <algorithm>
#include <cstdlib>
#include <utility>

#include <kronika/domain/care_figures.h>
#include <kronika/domain/suppression.h>

namespace kronika::domain {
namespace {

constexpr std::int64_t kStep = 5;
constexpr std::string_view kUnknownRegion = "UNKNOWN";

FigureCell figure(const CareCell& cell) {
  return {cell.key.days + "/" + cell.key.region + "/" + cell.key.programme, cell.count};
}

}  // namespace

CareCounts::CareCounts(const Rules& rules, CivilDate day) : rules_(rules), day_(day) {
  for (const Region& region : rules.regions) {
    if (region.validity.contains(day)) regions_.push_back(region.code);
  }
  std::sort(regions_.begin(), regions_.end());
  regions_.emplace_back(kUnknownRegion);
}

void CareCounts::add(const CitizenState& state, const Evaluation& evaluation, Instant as_of) {
  if (state.canary) return;
  const std::vector<RunningTimer> timers = running_timers(state, evaluation, as_of);
  if (timers.empty()) return;
  std::string region(rules_.region_of(evaluation.municipality, day_));
  if (region.empty()) region = kUnknownRegion;
  for (const RunningTimer& running : timers) {
    ++by_region_[{running.timer, running.days, region}];
    ++by_programme_[{running.timer, running.programme}];
  }
}

std::vector<CareCell> CareCounts::cells() const {
  std::vector<CareCell> out;
  for (int t = 0; t < kCareTimerCount; ++t) {
    const std::vector<CareCell> cells = cells_of(static_cast<CareTimer>(t));
    out.insert(out.end(), cells.begin(), cells.end());
  }
  return out;
}

// Regions add up to their class of days, classes to the timer, and programmes to the same: all
// cells of a timer are suppressed together. Timers share no line: no one is the sum of others.
std::vector<CareCell> CareCounts::cells_of(CareTimer timer) const {
  const std::string name(name_of(timer)), all(CareKey::kAll);
  std::vector<CareCell> cells;
  FigureSet set;
  const auto add = [&](std::string days, std::string region, std::string programme,
                       std::int64_t count) {
    cells.push_back({{name, std::move(days), std::move(region), std::move(programme)}, count});
    return cells.size() - 1;
  };
  const auto counted = [](const auto& counts, const auto& key) {
    const auto found = counts.find(key);
    return found == counts.end() ? 0 : found->second;
  };
  FigureLine classes, programmes;
  std::int64_t whole = 0;
  const auto names = classes_of(timer);
  for (std::uint8_t d = 0; d < names.size(); ++d) {
    FigureLine line;
    std::int64_t sum = 0;
    for (const std::string& region : regions_) {
      const std::int64_t count = counted(by_region_, std::tuple(timer, d, region));
      line.cells.push_back(add(std::string(names[d]), region, all, count));
      sum += count;
    }
    line.total = add(std::string(names[d]), all, all, sum);
    classes.cells.push_back(line.total);
    set.lines.push_back(std::move(line));
    whole += sum;
  }
  for (ProgrammeIndex p = 0; p < rules_.programmes.size(); ++p) {
    programmes.cells.push_back(
        add(all, all, rules_.programmes[p].id, counted(by_programme_, std::pair(timer, p))));
  }
  classes.total = programmes.total = add(all, all, all, whole);
  set.lines.push_back(std::move(classes));
  set.lines.push_back(std::move(programmes));
  for (const CareCell& cell : cells) set.cells.push_back(figure(cell));
  const Withheld hidden = protect(set);
  for (std::size_t i = 0; i < cells.size(); ++i) cells[i].hidden = hidden.numerator[i];
  return cells;
}

std::optional<std::int64_t> StandingFigure::served() const {
  if (hidden || basis < kStep) return std::nullopt;
  return (basis + kStep / 2) / kStep * kStep;
}

StandingFigure moved(const StandingFigure* before, const CareCell& today) {
  StandingFigure out{today.count, today.hidden};
  if (before != nullptr && std::abs(today.count - before->basis) < kStep) {
    out.basis = before->basis;
  }
  return out;
}

}  // namespace kronika::domain
