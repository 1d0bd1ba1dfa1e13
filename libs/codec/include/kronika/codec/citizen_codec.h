// The records of the compacted topics citizen-state and indicator-state: domain values to bytes and
// back, like events (event_codec.h) read and written without generated code in between, because
// the citizen task writes one a citizen and transaction.
//
// Encoding is deterministic: equal states have equal bytes. Functions are free of state; encoders
// append to `out`, decoders overwrite, and fail with kUndecodable on anything that is not the
// message.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <kronika/base/result.h>
#include <kronika/codec/ledger_codec.h>
#include <kronika/domain/citizen.h>
#include <kronika/domain/differences.h>
#include <kronika/domain/evaluation.h>
#include <kronika/domain/indicators.h>
#include <kronika/domain/rules.h>

namespace kronika::codec {

/// The levels of one pathway as last emitted on the topic stratification.
struct EmittedLevel {
  domain::ProgrammeIndex programme = domain::kNoProgramme;
  std::uint16_t episode = 0;
  std::uint8_t level = 0;           ///< the clinician's; 0: none
  std::uint8_t proposed_level = 0;  ///< 0: UNKNOWN
  friend bool operator==(const EmittedLevel&, const EmittedLevel&) = default;
};

/// kronika.state.v1.CitizenStateRecord without its summary, which is for readers of the topic.
struct CitizenRecord {
  domain::Generation generation;
  Instant as_of;
  domain::CitizenState state;                       ///< state.person is the record's key
  std::vector<domain::Contribution> contributions;  ///< as last emitted
  std::vector<RefusedRecord> refused;
  std::optional<Instant> next_deadline;
  std::int64_t transaction_number = 0;
  std::vector<EmittedLevel> levels;   ///< of current episodes that have either
  std::optional<PersonKey> moved_to;  ///< A16: the key that holds this person's events now
};

/// `evaluation` is that of record.state at record.as_of; the summary is made from it. nullptr: no
/// summary (a redirect).
void encode_citizen(const domain::Rules& rules, const CitizenRecord& record,
                    const domain::Evaluation* evaluation, std::string& out);
/// Passes over the summary.
[[nodiscard]] Result<void> decode_citizen(std::string_view bytes, CitizenRecord& record);

/// kronika.state.v1.StratificationChange of one pathway of `record`, with `before` as last emitted.
void encode_stratification(const domain::Rules& rules, const CitizenRecord& record,
                           const domain::PathwayEvaluation& pathway, const EmittedLevel& before,
                           std::string& out);

/// The accumulators alone (kronika.state.v1.CitizenFold): what `verify` and the property tests
/// compare byte by byte.
void encode_fold(const domain::CitizenState& state, std::string& out);
[[nodiscard]] Result<void> decode_fold(std::string_view bytes, domain::CitizenState& state);

/// kronika.state.v1.IndicatorCell: a cell of indicator-state.
struct IndicatorCell {
  domain::CellValue value;
  std::uint32_t generation = 0;
  friend bool operator==(const IndicatorCell&, const IndicatorCell&) = default;
};
void encode_cell(const IndicatorCell& cell, std::string& out);
[[nodiscard]] Result<void> decode_cell(std::string_view bytes, IndicatorCell& cell);

/// kronika.state.v1.IndicatorDelta: what a transaction changed in cells of one partition.
struct IndicatorDelta {
  std::uint32_t generation = 0;
  domain::CellDifferences changes;
};
void encode_delta(std::uint32_t generation, std::span<const domain::CellDifference> changes,
                  std::string& out);
/// A change whose cell is no cell key fails like bytes that are no message.
[[nodiscard]] Result<void> decode_delta(std::string_view bytes, IndicatorDelta& delta);

}  // namespace kronika::codec
