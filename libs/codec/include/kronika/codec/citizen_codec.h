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
#include <string>
#include <string_view>
#include <vector>

#include <kronika/base/result.h>
#include <kronika/codec/ledger_codec.h>
#include <kronika/domain/citizen.h>
#include <kronika/domain/evaluation.h>
#include <kronika/domain/indicators.h>
#include <kronika/domain/rules.h>

namespace kronika::codec {

/// kronika.state.v1.CitizenStateRecord without its summary, which is for readers of the topic.
struct CitizenRecord {
  domain::Generation generation;
  Instant as_of;
  domain::CitizenState state;                       ///< state.person is the record's key
  std::vector<domain::Contribution> contributions;  ///< as last emitted
  std::vector<RefusedRecord> refused;
  std::optional<Instant> next_deadline;
  std::int64_t transaction_number = 0;
  std::optional<PersonKey> moved_to;  ///< A16: the key that holds this person's events now
};

/// `evaluation` is that of record.state at record.as_of; the summary is made from it. nullptr: no
/// summary (a redirect).
void encode_citizen(const domain::Rules& rules, const CitizenRecord& record,
                    const domain::Evaluation* evaluation, std::string& out);
/// Passes over the summary.
[[nodiscard]] Result<void> decode_citizen(std::string_view bytes, CitizenRecord& record);

/// The accumulators alone (kronika.state.v1.CitizenFold): what `verify` and the property tests
/// compare byte by byte.
void encode_fold(const domain::CitizenState& state, std::string& out);
[[nodiscard]] Result<void> decode_fold(std::string_view bytes, domain::CitizenState& state);

/// Of each source partition, the last transaction whose delta a cell contains.
struct SourcePosition {
  std::int32_t source_partition = 0;
  std::int64_t transaction_number = 0;
  friend bool operator==(const SourcePosition&, const SourcePosition&) = default;
};
/// kronika.state.v1.IndicatorCell: a delta (no sources), or a cell of indicator-state.
struct IndicatorCell {
  domain::CellValue value;
  std::vector<SourcePosition> sources;
  std::uint32_t generation = 0;
  friend bool operator==(const IndicatorCell&, const IndicatorCell&) = default;
};
void encode_cell(const IndicatorCell& cell, std::string& out);
[[nodiscard]] Result<void> decode_cell(std::string_view bytes, IndicatorCell& cell);

}  // namespace kronika::codec
