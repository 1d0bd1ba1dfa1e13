// What would become of a dead letter now, and sending it once more.
//
//   Replayer replayer(tools, sealer, clock, audit, purpose);
//   for (const DeadLetter& letter : chosen) plans.push_back(replayer.plan(letter));  // changes
//   nothing auto done = replayer.replay(letters);      // some dozen at a time
//
// An edge's letter goes through the current adapters as if it had just come in (edge.h), a
// consumer's record back to its topic; both with the lineage in the ledger and in the header
// kronika-replay-of. A letter that would meet the same refusals again is left where it is. Sent
// twice, it changes nothing: the same bytes give the same fact keys, and the second copies are
// duplicates. What would change something when it came twice (a difference of figures) is not sent;
// the plan says what to do instead. Thread: one at a time.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <kronika/base/clock.h>
#include <kronika/base/result.h>
#include <kronika/codec/seal.h>
#include <kronika/deadletters/audit.h>
#include <kronika/deadletters/dead_letter.h>
#include <kronika/edge/edge.h>

namespace kronika::deadletters {

enum class Verdict : std::uint8_t {
  kAccepted,       ///< nothing of it is refused any more
  kPartly,         ///< some facts are accepted, others refused
  kRefused,        ///< refused for other reasons than before
  kUnchanged,      ///< the same refusals again: not sent
  kNotReplayable,  ///< sending it once more would not mend it; the sentence says what does
};
/// "accepted", "partly", "refused", "unchanged", "not replayable".
[[nodiscard]] std::string_view to_text(Verdict verdict);

struct Plan {
  Verdict verdict = Verdict::kNotReplayable;
  std::size_t events = 0;
  std::size_t ignored = 0;
  std::string reasons;   ///< "UNIT_MISSING=1"; of what is refused
  std::string sentence;  ///< why, where it is not accepted whole
};

struct Attempt {
  codec::RecordPlace letter;
  Plan plan;
  bool sent = false;
  std::vector<codec::PublishedEvent> events;     ///< where they stand now
  std::vector<codec::RecordPlace> dead_letters;  ///< of what was refused again
};

class Replayer {
 public:
  Replayer(const edge::Tools& tools, const edge::Options& options, const Clock& clock,
           AuditLog& audit, std::string purpose);

  [[nodiscard]] Plan plan(const DeadLetter& letter) const;
  /// Audited before and after. Errors: kAuditAway (nothing was sent), edge_*, bus_* (what was sent
  /// before stands; again is safe).
  [[nodiscard]] Result<std::vector<Attempt>> replay(const std::vector<DeadLetter>& letters);
  /// Nobody needs to look at them any more (the sender has mended and sent it again): they are no
  /// longer open. Audited before. Errors: as replay().
  [[nodiscard]] Result<void> close(const std::vector<DeadLetter>& letters);

 private:
  [[nodiscard]] Plan plan_message(const DeadLetter& letter) const;
  [[nodiscard]] Plan plan_record(const DeadLetter& letter) const;
  [[nodiscard]] Plan plan_move(const DeadLetter& letter) const;
  [[nodiscard]] Plan plan_event(const DeadLetter& letter) const;
  [[nodiscard]] Result<void> send_messages(const std::vector<const DeadLetter*>& letters,
                                           const std::vector<Attempt*>& attempts);
  [[nodiscard]] Result<void> send_record(const DeadLetter& letter, Attempt& attempt);
  /// Returns when Kafka has it.
  [[nodiscard]] Result<bus::Published> publish(const bus::Outgoing& record);
  [[nodiscard]] Result<void> book_event(const DeadLetter& letter, const Attempt& attempt,
                                        Instant now);
  [[nodiscard]] Result<void> book_closed(const std::vector<DeadLetter>& letters, Instant now);

  edge::Tools tools_;
  edge::Options options_;
  const Clock* clock_;
  AuditLog* audit_;
  std::string purpose_;
};

/// How the last attempt with each letter ended, from the audit's records.
class Replays {
 public:
  void add(const bus::Record& audit_record);
  /// "accepted", "partly", "refused", "closed"; empty: it is open.
  [[nodiscard]] std::string outcome(const codec::RecordPlace& letter) const;

 private:
  std::map<std::pair<std::int32_t, std::int64_t>, std::pair<Instant, std::string>> last_;
};

/// The letter's bytes: an edge's message opened with the key file, a consumer's event as JSON (hex
/// where it cannot be read). Writes the audit record first. Errors: kAuditAway, codec_seal_broken.
[[nodiscard]] Result<std::string> open_letter(const DeadLetter& letter, const codec::Sealer& sealer,
                                              AuditLog& audit, std::string purpose, Instant now);

}  // namespace kronika::deadletters
