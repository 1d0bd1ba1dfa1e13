// One record of the topic dead-letter, and which of them are meant.
//
//   const DeadLetter letter = read_dead_letter(record);
//   if (selection.matches(letter)) ...
//
// Two kinds: an edge's letter holds a whole message, sealed; a consumer's letter holds the record
// that it refused, as it was. Plain data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <kronika/base/clock.h>
#include <kronika/base/result.h>
#include <kronika/bus/task.h>
#include <kronika/codec/ledger_codec.h>

namespace kronika::deadletters {

struct DeadLetter {
  codec::RecordPlace at;
  Instant time;  ///< of the record: when it was refused
  std::string key, value;
  std::vector<std::pair<std::string, std::string>> headers;

  /// Header kronika-dlq-`name`; empty: there is none. Names: stage reason reasons detail position
  /// source protocol door sender hash, and topic partition offset attempt of a consumer's.
  [[nodiscard]] std::string fault(std::string_view name) const;
  [[nodiscard]] std::string header(std::string_view name) const;
  /// The header, or of a consumer's letter the sender that the event in it names.
  [[nodiscard]] std::string sender() const;
  /// "reason=facts", separated by spaces; of a consumer's letter its one reason.
  [[nodiscard]] std::string reasons() const;
  /// Where it came from: a file, or a record's place.
  [[nodiscard]] std::string source() const;
  /// An edge's: the value is a sealed message.
  [[nodiscard]] bool sealed() const;
};

[[nodiscard]] DeadLetter read_dead_letter(const bus::Record& record);

/// "3:17".
[[nodiscard]] std::string text_of(const codec::RecordPlace& place);
/// Error: kSelection.
[[nodiscard]] Result<codec::RecordPlace> read_place(std::string_view text);

/// All conditions that are given must hold; none given: every letter.
struct Selection {
  std::vector<codec::RecordPlace> places{};
  std::string stage{};
  std::string reason{};                 ///< also one of several reasons of a message
  std::string sender{};                 ///< SOR id
  std::optional<Instant> from{}, to{};  ///< to: excluded

  [[nodiscard]] bool empty() const;
  [[nodiscard]] bool matches(const DeadLetter& letter) const;
};

}  // namespace kronika::deadletters
