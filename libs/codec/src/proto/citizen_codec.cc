#include "proto/citizen_fields.h"
#include "proto/refused_fields.h"
#include "proto/wire_visitors.h"

#include <charconv>

#include <kronika/codec/citizen_codec.h>
#include <kronika/codec/errc.h>

// Found by argument-dependent lookup; written only.
namespace kronika::domain {

static void fields(codec::wire::Writer& v, const RuleOutput& m) {
  v.text(1, m.name);
  v.text(2, m.value);
}

static void fields(codec::wire::Writer& v, const Stay& m) {
  v.instant(1, m.start);
  v.when(2, m.end);
  v.number(3, m.contacts);
  v.number(4, m.admission);
  v.number(5, m.acute);
  v.number(6, m.discharged_alive);
  v.number(7, m.in(StaySet::kKol));
}

}  // namespace kronika::domain

namespace kronika::codec {

KRONIKA_FIELDS(IndicatorCell) {
  fields(v, m.value);
  v.number(9, m.generation);
}

KRONIKA_FIELDS(EmittedLevel) {
  v.index(1, m.programme);
  v.number(2, m.episode);
  v.number(3, m.level);
  v.number(4, m.proposed_level);
}

namespace {

// ---- summary, written only: made from state, evaluation and rules while it is encoded

struct RuleInputMessage {
  const domain::Rules& rules;
  const domain::UsedInput& input;
};
void fields(wire::Writer& v, const RuleInputMessage& m) {
  v.text(1, m.rules.measures[m.input.measure].key);
  v.real(2, m.input.value);
  v.instant(3, m.input.at);
  v.id(4, m.input.event_id);
}

struct ProposalMessage {
  const domain::Rules& rules;
  const domain::Proposal& proposal;
};
void fields(wire::Writer& v, const ProposalMessage& m) {
  v.number(1, m.proposal.level);
  v.text(2, m.proposal.ruleset_id);
  v.text(3, m.proposal.version);
  for (const auto& output : m.proposal.outputs) v.message(4, output);
  for (const auto& input : m.proposal.inputs) v.message(5, RuleInputMessage{m.rules, input});
  for (const domain::MeasureIndex measure : m.proposal.missing) {
    v.text(6, m.rules.measures[measure].key);
  }
}

struct PathwayMessage {
  const domain::Rules& rules;
  const domain::Episode& episode;
  const domain::PathwayEvaluation& now;
};
void fields(wire::Writer& v, const PathwayMessage& m) {
  v.text(1, m.rules.programmes[m.episode.programme].id);
  v.number(2, m.episode.number);
  v.number(3, m.now.state);
  v.number(4, m.now.outcome);
  for (int i = 0; i < domain::kFlagCount; ++i) {
    const auto flag = static_cast<domain::Flag>(i);
    if (m.now.flags.has(flag)) v.text(5, domain::flag_name(flag));
  }
  for (int i = 0; i < domain::kWarningCount; ++i) {
    if ((m.episode.warnings >> i & 1) != 0) {
      v.text(6, domain::warning_name(static_cast<domain::Warning>(i)));
    }
  }
  v.number(7, m.now.level);
  v.when(8, m.now.level_at);
  v.when(9, m.episode.wait_clock);
  v.when(10, m.episode.state_since);
  v.day(11, m.now.ended_on);
  v.text(12, m.episode.receiver);
  if (m.episode.stop_reason != domain::kNoIndex) {
    v.text(13, m.rules.stop_reasons[m.episode.stop_reason].uuid);
  }
  v.number(14, m.episode.illegal);
  if (!m.now.proposal.ruleset_id.empty()) v.message(15, ProposalMessage{m.rules, m.now.proposal});
}

struct SummaryMessage {
  const domain::Rules& rules;
  const domain::CitizenState& state;
  const domain::Evaluation& now;
};
void fields(wire::Writer& v, const SummaryMessage& m) {
  v.number(1, m.now.care_setting);
  v.date(2, m.state.birth_date);
  v.number(3, m.state.sex);
  if (m.now.age) v.always(4, static_cast<std::uint64_t>(*m.now.age));
  if (m.now.municipality != 0) {
    char text[4];
    for (int i = 3, code = m.now.municipality; i >= 0; --i, code /= 10) {
      text[i] = static_cast<char>('0' + code % 10);
    }
    v.text(5, std::string_view(text, 4));
  }
  v.when(6, m.state.death);
  for (std::size_t i = 0; i < m.now.pathways.size(); ++i) {
    v.message(7, PathwayMessage{m.rules, m.state.episodes[i], m.now.pathways[i]});
  }
  for (const auto& stay : m.now.stays) v.message(8, stay);
  for (std::size_t i = 0; i < m.rules.groups.size(); ++i) {
    if ((m.now.groups >> i & 1) != 0) v.text(9, m.rules.groups[i]);
  }
  v.number(10, m.now.multimorbid);
  v.number(11, m.now.coordination_indicated);
  v.text(12, m.state.coordination[0]);
  v.text(13, m.state.coordination[1]);
  v.number(14, m.state.illegal);
  v.number(15, m.state.after_death);
  v.number(16, m.state.excluded);
  v.number(17, m.state.events);
}

struct Encoded {
  const domain::Rules& rules;
  const CitizenRecord& record;
  const domain::Evaluation* evaluation;
};
void fields(wire::Writer& v, const Encoded& m) {
  const CitizenRecord& r = m.record;
  v.id(1, r.state.person);
  v.number(2, r.generation.ordinal);
  v.fixed(3, r.generation.hash);
  v.instant(4, r.as_of);
  v.message(5, r.state);
  if (m.evaluation != nullptr) v.message(6, SummaryMessage{m.rules, r.state, *m.evaluation});
  v.messages(7, r.contributions);
  v.messages(8, r.refused);
  if (r.next_deadline) v.when(9, *r.next_deadline);
  v.number(10, r.transaction_number);
  v.number(11, r.state.simulated);
  v.number(12, r.state.canary);
  v.id(13, r.moved_to);
  v.messages(14, r.levels);
}

struct ChangeMessage {
  const domain::Rules& rules;
  const CitizenRecord& record;
  const domain::PathwayEvaluation& now;
  const EmittedLevel& before;
};
void fields(wire::Writer& v, const ChangeMessage& m) {
  v.id(1, m.record.state.person);
  v.text(2, m.rules.programmes[m.now.programme].id);
  v.number(3, m.now.episode);
  v.instant(4, m.record.as_of);
  v.number(5, m.now.level);
  v.number(6, m.before.level);
  v.number(7, m.before.proposed_level);
  v.message(8, ProposalMessage{m.rules, m.now.proposal});
  v.number(9, m.record.generation.ordinal);
  v.number(10, m.record.transaction_number);
  v.number(11, m.record.state.simulated);
}

struct Decoded {
  CitizenRecord& record;
  PersonKey person;
  Instant next_deadline = domain::kNoInstant;
};
void fields(wire::Reader& v, Decoded& m) {
  CitizenRecord& r = m.record;
  v.id(1, m.person);
  v.number(2, r.generation.ordinal);
  v.fixed(3, r.generation.hash);
  v.instant(4, r.as_of);
  v.message(5, r.state);
  v.pass(6);
  v.messages(7, r.contributions);
  v.messages(8, r.refused);
  v.when(9, m.next_deadline);
  v.number(10, r.transaction_number);
  v.pass(11);  // also in the accumulators
  v.pass(12);
  v.id(13, r.moved_to);
  v.messages(14, r.levels);
}

struct EncodedChange {
  const domain::CellDifference& change;
};
void fields(wire::Writer& v, const EncodedChange& m) {
  const auto cell = m.change.cell.bytes();
  v.text(1, std::string_view(cell.data(), cell.size()));
  v.message(2, m.change.value);
}

struct DecodedChange {
  std::string cell;
  domain::CellValue value;
};
void fields(wire::Reader& v, DecodedChange& m) {
  v.bytes(1, m.cell);
  v.message(2, m.value);
}

struct DecodedDelta {
  IndicatorDelta& delta;
  std::vector<DecodedChange> changes;
};
void fields(wire::Reader& v, DecodedDelta& m) {
  v.number(1, m.delta.generation);
  v.messages(2, m.changes);
}

template <class M>
Result<void> read(std::string_view bytes, M& message, const char* name) {
  if (wire::Reader reader(bytes); reader.read(message)) return {};
  return fail(kUndecodable, std::string("not a kronika.state.v1.") + name);
}

}  // namespace

void encode_citizen(const domain::Rules& rules, const CitizenRecord& record,
                    const domain::Evaluation* evaluation, std::string& out) {
  wire::Writer writer(out);
  fields(writer, Encoded{rules, record, evaluation});
}

void encode_stratification(const domain::Rules& rules, const CitizenRecord& record,
                           const domain::PathwayEvaluation& pathway, const EmittedLevel& before,
                           std::string& out) {
  wire::Writer writer(out);
  fields(writer, ChangeMessage{rules, record, pathway, before});
}

Result<void> decode_citizen(std::string_view bytes, CitizenRecord& record) {
  record = CitizenRecord{};
  record.generation.ordinal = 0;
  Decoded message{record, {}, domain::kNoInstant};
  auto done = read(bytes, message, "CitizenStateRecord");
  record.state.person = message.person;
  if (message.next_deadline != domain::kNoInstant) record.next_deadline = message.next_deadline;
  return done;
}

void encode_fold(const domain::CitizenState& state, std::string& out) {
  wire::Writer writer(out);
  domain::fields(writer, state);
}

Result<void> decode_fold(std::string_view bytes, domain::CitizenState& state) {
  state = domain::CitizenState{};
  return read(bytes, state, "CitizenFold");
}

void encode_cell(const IndicatorCell& cell, std::string& out) {
  wire::Writer writer(out);
  fields(writer, cell);
}

Result<void> decode_cell(std::string_view bytes, IndicatorCell& cell) {
  cell = IndicatorCell{};
  return read(bytes, cell, "IndicatorCell");
}

void encode_delta(std::uint32_t generation, std::span<const domain::CellDifference> changes,
                  std::string& out) {
  wire::Writer writer(out);
  writer.number(1, generation);
  for (const auto& change : changes) writer.message(2, EncodedChange{change});
}

Result<void> decode_delta(std::string_view bytes, IndicatorDelta& delta) {
  delta = IndicatorDelta{};
  DecodedDelta message{delta, {}};
  if (auto done = read(bytes, message, "IndicatorDelta"); !done) return done;
  delta.changes.reserve(message.changes.size());
  for (auto& change : message.changes) {
    const auto key = domain::CellKey::from_bytes(change.cell);
    if (!key) return fail(kUndecodable, "IndicatorDelta: a change of no cell");
    delta.changes.push_back({*key, std::move(change.value)});
  }
  return {};
}

}  // namespace kronika::codec
