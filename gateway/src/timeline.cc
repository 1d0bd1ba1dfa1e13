// ListTimeline and ListMeasurements: the citizen's events in clinical order, page by page.
#include "citizen_service.h"
#include "page.h"
#include "text.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include <kronika/domain/checks.h>
#include <kronika/gateway/errc.h>

namespace kronika::gateway {
namespace {

using domain::JournalEntry;

// Clinical order; of one fact's versions the lower first.
bool before(const JournalEntry& a, const JournalEntry& b) {
  if (domain::sorts_before(a.event, b.event)) return true;
  if (domain::sorts_before(b.event, a.event)) return false;
  return std::make_pair(a.event.source_version, a.event.adapter_revision) <
         std::make_pair(b.event.source_version, b.event.adapter_revision);
}

PageToken token_of(const JournalEntry& entry, const domain::Visibility& visibility) {
  const domain::SortKey key = domain::sort_key(entry.event);
  return {visibility, key.time, key.rank, entry.event.event_id, entry.event.source_version};
}

bool is_at(const JournalEntry& entry, const PageToken& token) {
  const domain::SortKey key = domain::sort_key(entry.event);
  return key.time == token.after_time && key.rank == token.after_rank &&
         entry.event.event_id == token.after_event && entry.event.source_version == token.version;
}

// Index behind the token's entry; where that entry has gone meanwhile (a merged duplicate), behind
// its place in time.
template <class Entries, class At>
std::size_t resume(const Entries& entries, const PageToken& token, At at) {
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (is_at(at(entries[i]), token)) return i + 1;
  }
  std::size_t i = 0;
  while (i < entries.size()) {
    const domain::SortKey key = domain::sort_key(at(entries[i]).event);
    if (std::make_pair(key.time, key.rank) > std::make_pair(token.after_time, token.after_rank))
      break;
    ++i;
  }
  return i;
}

void fill_entry(const JournalEntry& entry, query::v1::TimelineEntry& out) {
  const domain::Event& event = entry.event;
  set_time(event.occurred_at, out.mutable_occurred_time());
  out.set_date_only(event.time_precision == domain::TimePrecision::kDate);
  set_time(event.recorded_at, out.mutable_recorded_time());
  out.set_type(std::string(domain::event_type_name(event.type())));
  out.set_op(std::string(op_text(event.op)));
  out.set_event_id(uuid_text(event.event_id));
  out.set_source_system(event.source_system);
  out.set_source_message_id(event.source_message_id);
  out.set_source_version(event.source_version);
  out.set_sender_org(event.sender_org);
  out.set_summary(summary_of(event));
}

}  // namespace

Result<void> CitizenService::list_timeline(const query::v1::ListTimelineRequest& request,
                                           const Budget& budget,
                                           query::v1::ListTimelineResponse& response) const {
  const auto size = page_size(request.page_size(), options_);
  if (!size) return tl::unexpected(size.error());
  const auto person = lookup_.person(request.citizen());
  if (!person) return tl::unexpected(person.error());
  auto asked = lookup_.asked(request);
  if (!asked) return tl::unexpected(asked.error());
  PageToken token;
  if (!request.page_token().empty()) {
    auto parsed = PageToken::parse(request.page_token());
    if (!parsed) return tl::unexpected(parsed.error());
    token = *parsed;
    asked->visibility = token.visibility;
  }
  const auto events = lookup_.events(*person, asked->visibility);
  if (!events) return tl::unexpected(events.error());
  if (auto ok = budget.check(); !ok) return ok;

  domain::Trace trace;
  (void)services_.fold.refold(events->person, events->effective.events, &trace);
  std::unordered_map<EventId, std::vector<const domain::TraceStep*>> steps;
  for (const domain::TraceStep& step : trace) steps[step.event_id].push_back(&step);
  const std::unordered_set<const JournalEntry*> effective(events->effective.events.begin(),
                                                          events->effective.events.end());

  // Copies that do not stand are in quarantine: the citizen's refused records name them.
  std::vector<const JournalEntry*> copies;
  for (const JournalEntry& entry : events->entries) copies.push_back(&entry);
  const std::vector<domain::Standing> standing = domain::standings(copies);
  std::vector<const JournalEntry*> shown;
  for (std::size_t n = 0; n < copies.size(); ++n) {
    const JournalEntry& entry = *copies[n];
    if (standing[n] != domain::Standing::kStands) continue;
    if (domain::visible_from(entry.event) <= asked->visibility.as_of &&
        entry.event.recorded_at <= asked->visibility.known_at) {
      shown.push_back(&entry);
    }
  }
  std::sort(shown.begin(), shown.end(),
            [](const JournalEntry* a, const JournalEntry* b) { return before(*a, *b); });
  // The highest version of a fact that is no CANCEL is effective; other versions were superseded,
  // or the fact cancelled.
  std::unordered_map<std::string, const JournalEntry*> highest;
  const auto fact = [](const JournalEntry& e) {
    return e.event.source_system + '\0' + e.event.source_message_id;
  };
  for (const JournalEntry* entry : shown) {
    const JournalEntry*& at = highest[fact(*entry)];
    if (at == nullptr ||
        std::make_pair(at->event.source_version, at->event.adapter_revision) <
            std::make_pair(entry->event.source_version, entry->event.adapter_revision)) {
      at = entry;
    }
  }

  std::size_t i =
      request.page_token().empty()
          ? 0
          : resume(shown, token, [](const JournalEntry* e) -> const JournalEntry& { return *e; });
  for (; i < shown.size() && static_cast<std::size_t>(response.entries_size()) < *size; ++i) {
    const JournalEntry& entry = *shown[i];
    query::v1::TimelineEntry& out = *response.add_entries();
    fill_entry(entry, out);
    const bool cancelled = highest[fact(entry)]->event.op == domain::Op::kCancel;
    out.set_status(effective.contains(&entry) ? "EFFECTIVE"
                   : cancelled                ? "CANCELLED"
                                              : "SUPERSEDED");
    if (!effective.contains(&entry)) continue;
    const auto found = steps.find(entry.event.event_id);
    if (found == steps.end()) {
      if (!domain::Fold::handles(entry.event.type())) {
        query::v1::Effect& effect = *out.add_effects();
        effect.set_row("UNIMPLEMENTED");
        effect.set_detail("journaled; this generation's fold does not handle the type");
      }
      continue;
    }
    for (const domain::TraceStep* step : found->second) {
      query::v1::Effect& effect = *out.add_effects();
      if (step->programme < services_.rules.programmes.size()) {
        effect.set_programme(services_.rules.programmes[step->programme].id);
      }
      effect.set_episode(step->episode);
      effect.set_row(step->row);
      effect.set_detail(step->detail);
    }
  }
  if (i > 0 && i < shown.size())
    response.set_next_page_token(token_of(*shown[i - 1], asked->visibility).text());
  return {};
}

Result<void> CitizenService::list_measurements(
    const query::v1::ListMeasurementsRequest& request, const Budget& budget,
    query::v1::ListMeasurementsResponse& response) const {
  const auto size = page_size(request.page_size(), options_);
  if (!size) return tl::unexpected(size.error());
  const auto person = lookup_.person(request.citizen());
  if (!person) return tl::unexpected(person.error());
  auto asked = lookup_.asked(request);
  if (!asked) return tl::unexpected(asked.error());
  const domain::Rules& rules = services_.rules;
  const domain::MeasureIndex measure = rules.measure(request.measure_key());
  if (measure == domain::kNoMeasure) {
    return fail(code(Errc::kMeasureUnknown),
                "no measure has this key; data/reference/measurements.csv lists them");
  }
  PageToken token;
  if (!request.page_token().empty()) {
    auto parsed = PageToken::parse(request.page_token());
    if (!parsed) return tl::unexpected(parsed.error());
    token = *parsed;
    asked->visibility = token.visibility;
  }
  const auto events = lookup_.events(*person, asked->visibility);
  if (!events) return tl::unexpected(events.error());
  if (auto ok = budget.check(); !ok) return ok;

  // What the fold left out (BP_ORDER, FEV_ORDER) is shown with that flag, as the citizen's
  // irregularities show it.
  domain::Trace trace;
  (void)services_.fold.refold(events->person, events->effective.events, &trace);
  std::unordered_map<EventId, std::string> excluded;
  for (const domain::TraceStep& step : trace) {
    if (step.row == "BP_ORDER" || step.row == "FEV_ORDER") excluded[step.event_id] = step.row;
  }

  struct Value {
    const JournalEntry* entry;
    double number;
    bool soft_range;
    domain::Setting setting;
  };
  std::vector<Value> values;
  for (const JournalEntry* entry : events->effective.events) {
    const domain::Event& event = entry->event;
    if (const auto* m = std::get_if<domain::MeasurementRecorded>(&event.payload)) {
      if (m->preliminary) continue;
      std::optional<int> age;
      if (event.birth_date)
        age = domain::age_on(*event.birth_date, domain::civil_date_of(event.occurred_at));
      const auto value = domain::canonical(rules, *m, age);
      if (value && value->measure == measure)
        values.push_back({entry, value->value, value->soft_range, m->setting});
    } else if (const auto* q = std::get_if<domain::QuestionnaireAnswered>(&event.payload)) {
      for (const domain::Score& score : q->scores) {
        if (score.measure_key == request.measure_key()) {
          values.push_back({entry, score.value, false, domain::Setting::kUnspecified});
        }
      }
    }
  }
  std::size_t i =
      request.page_token().empty()
          ? 0
          : resume(values, token, [](const Value& v) -> const JournalEntry& { return *v.entry; });
  for (; i < values.size() && static_cast<std::size_t>(response.measurements_size()) < *size; ++i) {
    const Value& value = values[i];
    const domain::Event& event = value.entry->event;
    query::v1::Measurement& out = *response.add_measurements();
    out.set_measure_key(request.measure_key());
    out.set_value(value_text(rules.measures[measure], value.number));
    out.set_unit(rules.measures[measure].ucum_unit);
    set_time(event.occurred_at, out.mutable_time());
    out.set_date_only(event.time_precision == domain::TimePrecision::kDate);
    out.set_event_id(uuid_text(event.event_id));
    out.set_setting(std::string(setting_text(value.setting)));
    if (value.soft_range) out.add_flags("soft_range");
    if (const auto left_out = excluded.find(event.event_id); left_out != excluded.end())
      out.add_flags(left_out->second);
  }
  if (i > 0 && i < values.size())
    response.set_next_page_token(token_of(*values[i - 1].entry, asked->visibility).text());
  return {};
}

}  // namespace kronika::gateway
