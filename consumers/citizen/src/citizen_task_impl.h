// The citizen task, declared here because its parts lie in four files: citizen_task.cc (restore,
// one record, life cycle), citizen_flush.cc (what a transaction emits), citizen_moves.cc (a
// person's way to a new key, A16) and citizen_rebuild.cc (folding everyone once, A8).
#pragma once

#include "citizen_slot.h"
#include "deadline_index.h"

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <kronika/base/bytes.h>
#include <kronika/citizen/citizen_task.h>
#include <kronika/codec/citizen_codec.h>
#include <kronika/codec/ledger_codec.h>
#include <kronika/domain/checks.h>
#include <kronika/domain/differences.h>
#include <kronika/domain/fold.h>
#include <kronika/domain/unknown_codes.h>

namespace kronika::citizen {

inline constexpr std::string_view kStage = "citizen";

inline std::uint64_t hash_of(const EventId& id) { return read_be<std::uint64_t>(id.view(), 8); }
inline std::uint64_t hash_of(const domain::Event& event) {
  return domain::fact_hash(event.source_system, event.source_message_id);
}

/// The error by which process() refuses a record; its slug is the reason code of domain.md 4.3.
[[nodiscard]] Error refusal(domain::Reason reason, std::string sentence);

class CitizenTask final : public bus::Task {
 public:
  CitizenTask(std::int32_t partition, const store::StateStore& store, const Options& options,
              std::shared_ptr<const domain::Fold> fold);

  Result<void> on_state_record(const bus::Record& record, bus::TaskContext& ctx) override;
  Result<void> on_journal_record(const bus::Record& record, bus::TaskContext& ctx) override;
  Result<void> on_restored(bus::TaskContext& ctx) override;
  Result<void> process(const bus::Record& record, bus::TaskContext& ctx) override;
  void on_rejected(const bus::Record& record, std::string_view reason,
                   bus::TaskContext& ctx) override;
  Result<bool> punctuate(std::size_t limit, bus::TaskContext& ctx) override;
  std::optional<Instant> next_deadline() const override;
  Result<void> flush(bus::TaskContext& ctx) override;
  std::optional<std::int64_t> keep_states(std::int64_t before, store::WriteSet& writes) override;
  void on_committed() override;
  void on_aborted() override;
  Result<void> on_rebuild_read(bus::TaskContext& ctx) override;
  bool rebuilt() const override { return outdated_taken_ == outdated_.size(); }
  std::optional<Progress> read_progress(const bus::Record& record) const override;

 private:
  /// An event of this transaction, for the ledger; sent at flush(), when it is known whether it was
  /// irregular.
  struct Booked {
    codec::LedgerEntry entry;
    bool awaits_refold = false;
  };
  /// A ledger entry for the record's place on Kafka, nothing else filled in.
  static Booked booked_at(const bus::Record& record);
  /// The entry of a refused record, with what the event in it says of itself, where it can be read.
  static Booked booked_refused(const bus::Record& record, std::string_view reason);
  /// Replay of the journal (A5) emits nothing and knows what was refused; a rebuild's (A8) emits
  /// nothing and judges again.
  enum class Mode : std::uint8_t { kLive, kReplay, kRebuild };

  // Rebuild (A8).
  Result<void> rebuild_record(const bus::Record& record, bus::TaskContext& ctx);
  Result<void> replay_record(const bus::Record& record, bus::TaskContext& ctx);
  /// Left to the end of the rebuild that reads now: the journal has its events, a stand-in its
  /// place.
  [[nodiscard]] bool defers(const Slot& slot) const { return deferring_ && slot.never_emitted(); }
  void keep_stand_in(Slot& slot, bus::TaskContext& ctx);
  /// Reads from the states: deadlines, and who must be folded again.
  Result<void> read_states();
  Result<void> read_refused();

  // Reading.
  /// Reads the event into entry_; returns its bytes.
  Result<std::string_view> read_event(const bus::Record& record, Mode mode);
  /// Of entry_: counts codes that are in no table.
  void count_unknown_codes();
  Result<Slot*> slot_of(const PersonKey& person);
  Result<void> read_glances(const PersonKey& person, Slot& slot);
  /// The journal records under a key prefix, with what this transaction staged, as (key, value).
  Result<std::map<std::string, std::string>> journal_of(const Slot& slot, std::string_view prefix,
                                                        bus::TaskContext& ctx) const;
  static Result<std::vector<domain::JournalEntry>> entries_of(
      const std::map<std::string, std::string>& records);
  void touch(Slot& slot);

  // One event into the journal (citizen_journal.cc).
  struct Judged {
    domain::Admission admission = domain::Admission::kApplied;
    bool journal_changed = false;
    bool known = false;                ///< its fact or event id was in the journal before
    std::vector<domain::Event> links;  ///< CprReplaced whose effective version may have changed
  };
  Result<Judged> journal_event(Slot& slot, std::string_view event_bytes, Mode mode,
                               bus::TaskContext& ctx);
  /// An event of the canary: of a fact's versions only the newest is kept.
  Result<Judged> journal_canary(Slot& slot, std::string_view event_bytes, Mode mode,
                                bus::TaskContext& ctx);
  Result<Judged> judge_known(Slot& slot, std::string_view event_bytes, Mode mode,
                             bus::TaskContext& ctx);
  /// Where an entry lies, or belongs, in the journal.
  struct Place {
    std::string key;
    std::optional<domain::JournalEntry> same;  ///< what lies there: the entry is a copy of it
    /// Set where its version has too many contradicting copies: the one of them received last, and
    /// `key` is that one's.
    std::optional<domain::JournalEntry> last;
    std::string last_key;
  };
  Result<Place> place_of(const Slot& slot, const domain::JournalEntry& incoming,
                         bus::TaskContext& ctx) const;
  /// What `stored` is among the copies of this citizen, and whose standing it changes. `same`: what
  /// the journal holds of it so far.
  Result<void> judge(Slot& slot, const domain::JournalEntry* same,
                     const domain::JournalEntry& stored, Judged& judged, bus::TaskContext& ctx);
  void put_entry(Slot& slot, std::string_view key, const domain::JournalEntry& entry,
                 std::string_view event_bytes, Mode mode, bus::TaskContext& ctx);
  void erase_entry(Slot& slot, const std::string& key, bus::TaskContext& ctx);
  /// A copy that does not stand: dead-lettered and booked; the citizen's record names it.
  void refuse_copy(const bus::Record& record, domain::Admission why, bus::TaskContext& ctx);
  /// A copy that stands again after all, because what took its place does not.
  void restore_standing(const domain::JournalEntry& entry);
  void evict(Slot& slot, const domain::JournalEntry& loser, domain::Standing why,
             bus::TaskContext& ctx);
  void book(Slot& slot, const Judged& judged, const bus::Record& record, bus::TaskContext& ctx);
  void fold_in(Slot& slot, bool known, Booked& booked, Instant clock);

  // Moves between person keys.
  Result<void> take_flytning(const bus::Record& record, Mode mode, bus::TaskContext& ctx);
  Result<void> take_link(Slot& slot, const codec::MoveLink& link, Mode mode, bus::TaskContext& ctx);
  Result<void> take_moved(Slot& slot, const codec::MovedEvent& moved, const bus::Record& record,
                          Mode mode, bus::TaskContext& ctx);
  Result<void> send_links(Slot& slot, const domain::Event& replacement, bus::TaskContext& ctx);
  /// Where this citizen's events go: the link that counts, and whether it is not void.
  struct Route {
    std::optional<Link> last;
    bool holds = false;
  };
  static Route route_of(const Slot& slot);
  /// The route changed from `before`: withdraws what was forwarded through it, and forwards through
  /// what holds now.
  Result<void> redirect(Slot& slot, const Route& before, bus::TaskContext& ctx);
  void send_probe(const Link& link, const Slot& slot, bool withdrawn, bus::TaskContext& ctx);
  void forward(const Slot& slot, const domain::JournalEntry& entry, std::string_view event_bytes,
               bool withdrawn, bus::TaskContext& ctx);
  void forward_through(const Link& link, const Slot& slot, const domain::JournalEntry& entry,
                       std::string_view event_bytes, bool withdrawn, bus::TaskContext& ctx);
  void put_link(Slot& slot, const Link& link, bus::TaskContext& ctx);
  /// A stand-in does not say where the citizen has moved; its links do.
  static void find_redirect(Slot& slot);
  /// An entry came back to this citizen.
  Result<void> note_cycle(Slot& slot, const domain::Event& event, const codec::MovedEvent& moved,
                          const bus::Record& record, Mode mode, bus::TaskContext& ctx);

  // flush().
  Result<void> refold(Slot& slot, Instant as_of, bus::TaskContext& ctx);
  void emit_record(Slot& slot, Instant as_of, bus::TaskContext& ctx);
  void emit_level_changes(Slot& slot, const domain::Evaluation& evaluation, bus::TaskContext& ctx);
  void emit_ledger(bus::TaskContext& ctx);
  void emit_deltas(bus::TaskContext& ctx);
  /// So that the canary reaches the indicator task, whose cells it seldom changes: differences of
  /// nothing, under the canary's key.
  void emit_canary(bus::TaskContext& ctx);
  void emit_progress(bus::TaskContext& ctx);
  /// Stages the progress record and leaves it in buffer_.
  void keep_progress(bus::TaskContext& ctx);

  const std::int32_t partition_;
  const std::int32_t indicator_partitions_;
  const store::StateStore& store_;
  const std::shared_ptr<const domain::Rules> rules_;
  const std::shared_ptr<const domain::Fold> fold_;
  Probe* const probe_;
  const std::function<void(std::int32_t, Instant)> on_canary_;

  bool replaying_ = true;       ///< restore: what was emitted before is not emitted again
  bool deferring_ = false;      ///< a rebuild reads
  bool refused_known_ = false;  ///< refused_ was read from the store, in a rebuild's replay

  PackedCitizens packed_;
  DeadlineIndex deadlines_;
  std::deque<PersonKey> outdated_;             ///< folded with an older rule generation (A8)
  std::size_t outdated_taken_ = 0;             ///< of outdated_, in the open transaction
  std::vector<codec::RefusedRecord> refused_;  ///< of this partition, where no citizen can be named
  std::size_t committed_refused_ = 0;
  std::uint64_t refolds_ = 0;  ///< to measure one in some

  // Of the open transaction.
  OpenSlots open_;
  std::vector<Slot*> touched_;  ///< of open_
  std::vector<Booked> booked_;
  std::vector<Instant> canaries_;  ///< timestamps of the canary's events that were applied
  struct Counts {
    std::uint64_t applied = 0, duplicate = 0, superseded = 0, rejected = 0, irregular = 0,
                  unimplemented = 0, late = 0, fast_path = 0, refolds = 0, refolded_events = 0,
                  deadlines = 0, generation_refolds = 0;
    std::array<std::uint64_t, domain::kCodeSystemLabels.size()> unknown_codes{};
  } counts_;

  // Reused from record to record.
  domain::JournalEntry entry_;
  domain::UnknownCodeFinder unknown_codes_{*rules_};
  std::string buffer_;
  domain::DifferenceSum differences_;
  std::vector<domain::CellDifferences> differences_by_partition_;
};

}  // namespace kronika::citizen
