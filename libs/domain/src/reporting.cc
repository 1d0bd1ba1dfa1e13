#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include <kronika/domain/reporting.h>

namespace kronika::domain {
namespace {

constexpr std::string_view kTopic = "rapport";
constexpr int kFirstYear = 365;
constexpr Instant kEndOfCalendar{7'258'118'400'000};  ///< 2200-01-01: "for ever" is no date

// PLAN, "Indsatser og initiativer" 1 to 9.
constexpr std::array kAreas{
    GoalArea{1, "Programmes, with stratification and referral guides",
             "Forløbsprogrammer med stratificerings- og henvisningsvejledninger",
             "by the end of 2011"},
    GoalArea{2, "Competence, care at the lowest effective level",
             "Kompetenceudvikling, behandling på laveste effektive niveau", "2009 to 2011"},
    GoalArea{3, "Proactive general practice", "Proaktiv indsats i almen praksis", "2009 to 2011"},
    GoalArea{4, "Specialist advice to general practice, in the four disease areas",
             "Speciallægefaglig vejledning til almen praksis", "2011 at the latest"},
    GoalArea{5, "IT and MedCom standards", "It-initiativer og MedComs standarder",
             "by the end of 2011"},
    GoalArea{6, "Self-treatment, anticoagulation of heart patients",
             "Egenbehandling, AK-behandling af hjertepatienter", "by the end of 2011"},
    GoalArea{7, "Quality-assured patient education", "Kvalitetssikret patientuddannelse",
             "2009 to 2011"},
    GoalArea{8, "State unit for development and monitoring",
             "Statslig enhed til udvikling og monitorering", "2009 to 2011"},
    GoalArea{9, "State funds for patient education and self-treatment",
             "Statslige midler til patientundervisning og egenbehandling", ""},
};

// SLUT, "Spørgsmål fra slutrapporteringsskema".
constexpr std::array kQuestions{
    FinalQuestion{"1", "Relation to other initiatives", "Sammenhæng til øvrige tiltag"},
    FinalQuestion{"2", "Aim and target group", "Formål, målsætning og målgruppe"},
    FinalQuestion{"3a", "Main measures: the programme", "Væsentligste tiltag: forløbsprogrammet"},
    FinalQuestion{"3b", "Main measures: patient education",
                  "Væsentligste tiltag: patientuddannelse"},
    FinalQuestion{"3c", "Main measures: self-treatment", "Væsentligste tiltag: egenbehandling"},
    FinalQuestion{"4", "Goal attainment, health effects and patient experience",
                  "Målopfyldelse, sundhedsfaglige effekter og patientoplevede erfaringer"},
    FinalQuestion{"5", "Results against expectation, deviations",
                  "Resultater og afvigelser fra det forventede"},
    FinalQuestion{"6", "Future use", "Anvendelse fremadrettet"},
    FinalQuestion{"7", "Spreading of knowledge", "Videnspredning"},
};

Refusal refusal_of(Reason reason, std::string field) {
  std::string sentence = field + ": " + std::string(explain(reason));
  return {reason, std::move(field), std::move(sentence)};
}

/// What is wrong with a record by itself.
std::optional<Refusal> faulty(const Rules& rules, const ReportRecord& record) {
  if (!record.event) return refusal_of(record.fault, "record");
  const Event& event = *record.event;
  if (topic_of(event.type()) != kTopic) return refusal_of(Reason::kTypeUnknown, "payload");
  if (record.key != event.sender_org) return refusal_of(Reason::kKeyMismatch, "sender_org");
  return check(rules, event, record.origin.timestamp);
}

/// Records come in the order of receipt, so the one that is known already was received first and
/// stays.
std::optional<Refusal> admit_into(std::vector<JournalEntry>& journal, const ReportRecord& record,
                                  ReportTally& tally) {
  const std::size_t before = journal.size();
  const Receipt receipt = receive(journal, {*record.event, record.origin, {}});
  if (receipt.admission == Admission::kConflict) {
    return refusal_of(Reason::kVersionConflict, "source_version");
  }
  if (receipt.admission == Admission::kEventIdReused) {
    return refusal_of(Reason::kEventIdReused, "event_id");
  }
  // The same words under another adapter_revision are stored, as a version of their own.
  if (receipt.admission == Admission::kDuplicate && journal.size() == before) ++tally.duplicate;
  return std::nullopt;
}

void tally_versions(const std::vector<JournalEntry>& journal, ReportTally& tally) {
  std::vector<const JournalEntry*> entries;
  for (const JournalEntry& entry : journal) entries.push_back(&entry);
  const std::vector<Standing> standing = standings(entries);
  std::map<std::pair<std::string, std::string>, const JournalEntry*> highest;
  const auto version = [](const JournalEntry* e) {
    return std::pair(e->event.source_version, e->event.adapter_revision);
  };
  std::int64_t stored = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (standing[i] != Standing::kStands) continue;
    ++stored;
    const Event& event = entries[i]->event;
    const JournalEntry*& top = highest[{event.source_system, event.source_message_id}];
    if (top == nullptr || version(top) < version(entries[i])) top = entries[i];
  }
  for (const auto& [fact, top] : highest) {
    ++(top->event.op == Op::kCancel ? tally.cancelled : tally.effective);
  }
  tally.superseded += stored - static_cast<std::int64_t>(highest.size());
}

using GoalKey = std::tuple<std::uint32_t, std::string, std::string, std::string>;

class Register {
 public:
  void add(const Event& event, const GoalProgressReported& said, bool annual) {
    GoalKey key{said.area, event.sender_org, plain_text(said.owner),
                plain_text(said.measurable_target)};
    const CivilDate on = civil_date_of(event.occurred_at);
    GoalRow& row = rows_[key];
    if (row.steps.empty()) {
      std::tie(row.area, row.organisation, row.owner, row.measurable_target) = key;
    }
    row.steps.push_back({on, said.status, event.event_id, annual});
    row.status = said.status;
    if (said.deadline) row.deadline = said.deadline;
    if (!plain_text(said.evidence_link).empty()) {
      row.evidence_link = plain_text(said.evidence_link);
    }
    for (const std::string& point : said.measuring_points) {
      std::string text = plain_text(point);
      const bool known = std::any_of(row.measuring_points.begin(), row.measuring_points.end(),
                                     [&text](const MeasuringPoint& p) { return p.text == text; });
      if (text.empty() || known) continue;
      row.measuring_points.push_back(
          {std::move(text), on, on - row.steps.front().on >= kFirstYear});
    }
    row.simulated = row.simulated || event.simulated;
  }

  std::vector<GoalRow> take(CivilDate today) {
    std::vector<GoalRow> rows;
    rows.reserve(rows_.size());
    for (auto& [key, row] : rows_) {
      const bool open =
          row.status == GoalStatus::kNotStarted || row.status == GoalStatus::kInProgress;
      row.overdue = open && row.deadline && *row.deadline < today;
      row.evidence_missing = row.status == GoalStatus::kReached && row.evidence_link.empty();
      rows.push_back(std::move(row));
    }
    return rows;
  }

 private:
  std::map<GoalKey, GoalRow> rows_;
};

AnnualReport annual_report(const Event& event, const AnnualDocumentation& said) {
  AnnualReport report;
  report.organisation = event.sender_org;
  report.said = said;
  report.event_id = event.event_id;
  report.source_system = event.source_system;
  report.source_message_id = event.source_message_id;
  report.source_version = event.source_version;
  report.occurred_at = event.occurred_at;
  report.recorded_at = event.recorded_at;
  report.simulated = event.simulated;
  return report;
}

}  // namespace

std::span<const GoalArea> goal_areas() { return kAreas; }
std::span<const FinalQuestion> final_questions() { return kQuestions; }

std::optional<std::size_t> final_question(std::string_view section) {
  for (std::size_t i = 0; i < kQuestions.size(); ++i) {
    if (kQuestions[i].section == section) return i;
  }
  return std::nullopt;
}

std::string_view name_of(GoalStatus status) {
  switch (status) {
    case GoalStatus::kNotStarted:
      return "NOT_STARTED";
    case GoalStatus::kInProgress:
      return "IN_PROGRESS";
    case GoalStatus::kReached:
      return "REACHED";
    case GoalStatus::kNotReached:
      return "NOT_REACHED";
    case GoalStatus::kUnspecified:
      break;
  }
  return "UNKNOWN";
}

std::string plain_text(std::string_view text) {
  std::string out;
  bool gap = false;
  for (const char c : text) {
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f') {
      gap = !out.empty();
      continue;
    }
    if (std::exchange(gap, false)) out += ' ';
    out += c;
  }
  return out;
}

std::vector<SpendDocument> spend_by_document(std::span<const AnnualReport> reports) {
  std::map<std::pair<std::string, std::size_t>, SpendDocument> documents;
  for (std::size_t i = 0; i < reports.size(); ++i) {
    for (const Spend& line : reports[i].said.spend) {
      const std::string name = plain_text(line.document);
      SpendDocument& document = documents[{name, i}];
      document.document = name;
      document.report = reports[i].event_id;
      document.lines.push_back({name, plain_text(line.purpose), line.amount_oere});
      document.total_oere += line.amount_oere;
    }
  }
  std::vector<SpendDocument> out;
  out.reserve(documents.size());
  for (auto& [name, document] : documents) out.push_back(std::move(document));
  return out;
}

std::vector<std::string> disagreeing_purposes(std::span<const SpendDocument> documents) {
  // Purpose -> the sums that documents state for it.
  std::map<std::string, std::set<std::int64_t>> stated;
  for (const SpendDocument& document : documents) {
    std::map<std::string, std::int64_t> sums;
    for (const Spend& line : document.lines) sums[line.purpose] += line.amount_oere;
    for (const auto& [purpose, sum] : sums) stated[purpose].insert(sum);
  }
  std::vector<std::string> out;
  for (const auto& [purpose, sums] : stated) {
    if (sums.size() > 1) out.push_back(purpose);
  }
  return out;
}

Reporting fold_reports(const Rules& rules, std::span<const ReportRecord> records,
                       const Visibility& visibility) {
  std::vector<const ReportRecord*> received;
  received.reserve(records.size());
  for (const ReportRecord& record : records) received.push_back(&record);
  std::sort(received.begin(), received.end(),
            [](const ReportRecord* a, const ReportRecord* b) { return a->origin < b->origin; });

  Reporting out;
  std::map<std::string, std::vector<JournalEntry>> journals;  // by organisation
  for (const ReportRecord* record : received) {
    ++out.tally.records;
    std::optional<Refusal> refusal = faulty(rules, *record);
    if (!refusal) refusal = admit_into(journals[record->key], *record, out.tally);
    if (!refusal) continue;
    ++out.tally.refused;
    out.refused.push_back({record->key, record->origin, std::move(*refusal)});
  }

  Register goals;
  for (const auto& [organisation, journal] : journals) {
    tally_versions(journal, out.tally);
    const EffectiveSet effective = effective_events(journal, visibility);
    for (const JournalEntry* entry : effective.events) {
      const Event& event = entry->event;
      if (const auto* goal = std::get_if<GoalProgressReported>(&event.payload)) {
        goals.add(event, *goal, false);
      } else if (const auto* year = std::get_if<AnnualDocumentation>(&event.payload)) {
        for (const GoalProgressReported& row : year->progress) goals.add(event, row, true);
        out.annual.push_back(annual_report(event, *year));
      } else if (const auto* report = std::get_if<FinalReportAnswered>(&event.payload)) {
        for (const ReportAnswer& answer : report->answers) {
          out.answers.push_back({organisation, answer.section, answer.text,
                                 civil_date_of(event.occurred_at), event.event_id,
                                 event.simulated});
        }
      }
    }
  }
  out.goals = goals.take(civil_date_of(std::min(visibility.as_of, kEndOfCalendar)));
  // Organisations come in their order and facts in the order of the fold: a stable sort keeps both.
  std::stable_sort(
      out.annual.begin(), out.annual.end(), [](const AnnualReport& a, const AnnualReport& b) {
        return std::tie(a.organisation, a.said.year) < std::tie(b.organisation, b.said.year);
      });
  std::stable_sort(out.answers.begin(), out.answers.end(),
                   [](const FinalAnswer& a, const FinalAnswer& b) {
                     return final_question(a.section) < final_question(b.section);
                   });
  return out;
}

}  // namespace kronika::domain
