// Where each message went: what the topic ledger tells, kept by place, message id, sender, day and
// reason, for the days of a setting. Part of the view: written in the same batches as the
// positions, so every record counts once. Holds no CPR number; the person key of an event is kept
// so that its effect can be told.
//
// One account is joined from three records that may come in any order: MessageReceived (an edge:
// which events at which places), the event on its topic, and LedgerEntry (the citizen task: what
// became of it). Reconciliation compares the three by place: check() follows behind the citizen
// task and notes each event that was handled but not booked, and each booked event that does not
// stand on its topic. A message is compared with its sealed original (topic raw) and its dead
// letter in the same way; raw itself is not read, its content is nobody's business: two messages
// that name one place there, a place behind the end, and one that was deleted before its time tell
// of a loss.
//
//   key p: topic | partition | offset | what it is      -> see src/ledger_keys.h
//
// Thread: stage_*, finish, check and prune for the view's writer; everything else for any thread.
#pragma once

#include <bitset>
#include <chrono>
#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <kronika/base/clock.h>
#include <kronika/base/ids.h>
#include <kronika/base/result.h>
#include <kronika/bus/task.h>
#include <kronika/codec/ledger_codec.h>
#include <kronika/domain/time.h>
#include <kronika/store/state_store.h>

namespace kronika::gateway {

/// A record's place; `topic` is an index into kViewTopics, or kRawTopic (view.h).
struct RecordAt {
  std::uint8_t topic = 0;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  friend auto operator<=>(const RecordAt&, const RecordAt&) = default;
};

enum class EventFate : std::uint8_t {
  kPending,  ///< not handled by the citizen task yet
  kApplied,
  kDuplicate,
  kSuperseded,
  kRejected,
  kKept,        ///< a report by an organisation: no task handles it
  kNotBooked,   ///< handled, and the ledger does not tell what became of it
  kNotOnTopic,  ///< the ledger names it, and another record or none stands at its place
};
[[nodiscard]] std::string_view to_text(EventFate fate);

struct EventAccount {
  RecordAt at;
  EventId id;
  EventFate fate = EventFate::kPending;
  bool irregular = false;
  bool unimplemented = false;
  std::string reason;
  std::optional<PersonKey> person;  ///< of the record on the topic
  std::uint64_t sender = 0;         ///< of the record on the topic; SOR id, 0: none that is one
};
struct MessageAccount {
  /// Nothing for an event that no edge has announced: its sender writes to the topics itself.
  std::optional<codec::MessageReceived> received;
  RecordAt at;  ///< of the message's record in the ledger
  std::vector<EventAccount> events;
  std::vector<RecordAt> lost;  ///< of original and dead letters: not on their topic
};

/// Dead letters of one kind that were neither sent once more nor closed.
struct OpenLetters {
  std::string stage, reason;
  std::uint64_t count = 0;
  Instant oldest;
};

/// What came from one sender on one civil day; events by the day of their record.
struct SenderDay {
  static constexpr std::size_t kSlots = 288;  ///< of five minutes
  std::uint64_t received = 0, accepted = 0, rejected = 0;
  std::uint64_t announced = 0;  ///< events that edges have named, reports left out
  std::uint64_t published = 0;  ///< events on the topics
  std::uint64_t applied = 0, duplicate = 0, superseded = 0, refused = 0;
  std::uint64_t irregular = 0, unimplemented = 0;
  std::uint64_t not_booked = 0, not_on_topic = 0;
  std::uint64_t without_original = 0, without_letter = 0;  ///< messages
  std::int64_t last_message_ms = 0;
  std::bitset<kSlots> active;  ///< five-minute slots with a message

  [[nodiscard]] std::uint64_t booked() const { return applied + duplicate + superseded + refused; }
  /// On the topic and not handled yet.
  [[nodiscard]] std::uint64_t pending() const;
  [[nodiscard]] bool adds_up() const;
};
struct DayRow {
  domain::CivilDate day;
  std::uint64_t sender = 0;  ///< SOR id; 0: none that is one
  SenderDay counts;
};

/// A sender's ordinary silence.
struct Habit {
  Instant last_message;
  /// The longest gap of the last 28 days but one; nothing before three days with messages.
  std::optional<std::chrono::milliseconds> expected_interval;
};

/// How long the ledger is kept, and the topics that it is compared with.
struct LedgerTerms {
  std::int32_t days = 0;
  std::int32_t raw_days = 30, dead_letter_days = 30;
};

struct LedgerBooking;  // src/ledger_values.h
struct LedgerKnown;
struct Claim;  // a message names a place of raw or dead-letter

/// A record of the topic dead-letter.
struct Letter {
  Instant time;
  bool open = true;           ///< neither sent once more nor closed
  std::string stage, reason;  ///< of closed lists
  std::string hash;           ///< first bytes of the message's SHA-256; empty: a consumer's
};

class Ledger {
 public:
  Ledger(store::StateStore& store, const LedgerTerms& terms, Instant now);
  [[nodiscard]] Result<void> load();

  // ---- writing
  void stage_event(const bus::Record& record, RecordAt at, store::WriteSet& writes);
  [[nodiscard]] Result<void> stage_booking(const bus::Record& record, RecordAt at,
                                           store::WriteSet& writes);
  /// A record of the topic dead-letter; its headers are read, its value is not.
  [[nodiscard]] Result<void> stage_letter(const bus::Record& record, RecordAt at,
                                          store::WriteSet& writes);
  /// Puts what the batch has counted into `writes`.
  void finish(store::WriteSet& writes);

  using Offsets = std::map<std::pair<std::uint8_t, std::int32_t>, std::int64_t>;
  struct Log {
    Offsets read;     ///< next offsets of the view
    Offsets handled;  ///< of the citizen task
    Offsets ends;     ///< now, of the event topics, the ledger, dead-letter and raw
    Offsets begins;   ///< first offsets of dead-letter and raw
  };
  /// One step of the reconciliation. Compares what was handled at an earlier step once everything
  /// that the ledger held then has been read.
  [[nodiscard]] Result<void> check(const Log& log, Instant now);
  /// Forgets the days before the setting's.
  [[nodiscard]] Result<void> prune(Instant now);

  // ---- reading
  /// Nothing older is held.
  [[nodiscard]] Instant since() const;
  struct Range {
    Instant from, to;   ///< to: excluded
    std::string after;  ///< of an earlier page
    std::size_t limit = 100;
  };
  struct Page {
    std::vector<MessageAccount> messages;
    std::string next;  ///< empty: there is no more
  };
  /// The sender's id of the message, or the SHA-256 of its bytes in hex; the oldest first.
  [[nodiscard]] Result<Page> by_message(std::string_view id, const Offsets& handled,
                                        std::size_t limit) const;
  [[nodiscard]] Result<Page> by_sender(std::uint64_t sender, const Range& range,
                                       const Offsets& handled) const;
  /// Also by outcome (DUPLICATE, SUPERSEDED) or mark (IRREGULAR, UNIMPLEMENTED) of an event.
  [[nodiscard]] Result<Page> by_reason(std::string_view reason, const Range& range,
                                       const Offsets& handled) const;
  /// The messages that these events came with, each once.
  [[nodiscard]] Result<std::vector<MessageAccount>> by_events(const std::vector<RecordAt>& events,
                                                              const Offsets& handled) const;

  [[nodiscard]] std::vector<DayRow> days(domain::CivilDate from, domain::CivilDate to,
                                         std::optional<std::uint64_t> sender) const;
  struct Missing {
    domain::CivilDate day;
    std::uint64_t sender = 0;
    RecordAt at;
    EventFate fate = EventFate::kNotBooked;
  };
  [[nodiscard]] Result<std::vector<Missing>> missing(domain::CivilDate from, domain::CivilDate to,
                                                     std::size_t limit) const;
  [[nodiscard]] std::size_t unbalanced_senders() const;
  /// Of all days that are held.
  struct MissingCounts {
    std::uint64_t events = 0, originals = 0, letters = 0;
  };
  [[nodiscard]] MissingCounts missing_counts() const;
  [[nodiscard]] Result<std::vector<OpenLetters>> open_letters() const;
  /// Timestamp of the oldest event that the citizen task has not handled; nothing: none waits.
  [[nodiscard]] Result<std::optional<Instant>> oldest_pending(const Offsets& handled) const;
  /// Of senders that `group` gives the same name together.
  using Group = std::function<std::string(std::uint64_t sender)>;
  [[nodiscard]] std::map<std::string, Habit> habits(const Group& group) const;
  /// Events that an edge has announced at places that the view has not read yet (`read`: next
  /// offsets of the event topics): the ledger may be ahead of the events that it tells of.
  [[nodiscard]] Result<std::int64_t> announced_beyond(const Offsets& read) const;
  /// Every place below was compared.
  [[nodiscard]] Offsets compared() const;

  /// 0 where the text is no SOR id of at most 19 digits.
  [[nodiscard]] static std::uint64_t sender_code(std::string_view sor_id);

 private:
  using DayKey = std::pair<std::uint16_t, std::uint64_t>;

  [[nodiscard]] Result<void> stage_entry(const codec::LedgerEntry& entry, Instant written,
                                         RecordAt at, store::WriteSet& writes);
  [[nodiscard]] Result<void> stage_message(std::string_view message,
                                           const codec::MessageReceived& received, RecordAt at,
                                           store::WriteSet& writes);
  SenderDay& counts_of(std::uint16_t day, std::uint64_t sender);  // under mutex_
  void mark(RecordAt at, std::uint16_t day, store::WriteSet& writes);
  void count_booking(const LedgerBooking& booking, int by);  // under mutex_
  /// Each announced place at or behind these offsets, and in partitions that `from` does not name.
  using AnnouncedAt = std::function<void(RecordAt at, std::string_view announced)>;
  [[nodiscard]] Result<void> scan_announced(const Offsets& from, const AnnouncedAt& found) const;
  [[nodiscard]] Result<void> find_beyond(const Offsets& ends);
  [[nodiscard]] Result<void> check_events(const Log& log);
  [[nodiscard]] Result<void> compare(std::uint8_t topic, std::int32_t partition, std::int64_t to,
                                     std::size_t& budget);
  // ---- originals and dead letters: src/ledger_kept.cc
  void stage_claim(const codec::MessageReceived& received, RecordAt message, RecordAt kept,
                   std::uint16_t day, store::WriteSet& writes);
  [[nodiscard]] Result<void> close_letter(const codec::RecordPlace& place, std::uint16_t day,
                                          store::WriteSet& writes);
  void count_letter(const Letter& letter, int by);
  [[nodiscard]] Result<void> load_letters();
  [[nodiscard]] Result<void> forget_letters(const RecordAt& from, const RecordAt& to);
  [[nodiscard]] Result<void> check_kept(const Log& log, Instant now);
  struct Kept;  // one partition of raw or dead-letter at one step
  [[nodiscard]] Result<void> compare_kept(const Kept& part, std::int64_t from, std::int64_t to,
                                          std::int64_t& done);
  [[nodiscard]] Result<void> judge(const Kept& part, const RecordAt& at,
                                   const std::vector<Claim>& claims,
                                   const std::optional<Letter>& letter, store::WriteSet& writes);
  [[nodiscard]] Result<std::string> written_last(const std::vector<Claim>& claims) const;
  [[nodiscard]] Result<void> note_lost(const Claim& claim, const RecordAt& at,
                                       store::WriteSet& writes);
  void note(const RecordAt& at, const LedgerKnown& known, store::WriteSet& writes);
  void put_touched(store::WriteSet& writes);
  [[nodiscard]] Result<LedgerKnown> known_at(const RecordAt& at) const;
  [[nodiscard]] Result<EventAccount> event_at(const RecordAt& at, const EventId* announced,
                                              const Offsets& handled) const;
  [[nodiscard]] Result<void> find_lost(MessageAccount& account) const;
  [[nodiscard]] Result<std::optional<MessageAccount>> message_at(const RecordAt& at,
                                                                 const Offsets& handled) const;
  [[nodiscard]] Result<Page> page_of(std::string_view index, std::string_view to,
                                     const Range& range, std::string_view reason,
                                     const Offsets& handled) const;

  store::StateStore& store_;
  const LedgerTerms terms_;
  // owned by the writer
  Offsets frontier_;  // behind the highest booked offset: an earlier one is booked once more
  std::map<RecordAt, std::string> batch_bookings_;
  std::map<std::pair<std::pair<std::uint8_t, std::int32_t>, std::uint16_t>, std::int64_t> marks_;
  std::optional<std::pair<Offsets, Offsets>> waiting_;  // handled and ends of the step at hand
  std::map<RecordAt, Letter> batch_letters_;
  std::set<RecordAt> batch_closed_;
  Offsets begins_;  // of dead-letter and raw, below which everything was judged
  std::string buffer_;
  // guarded by mutex_
  mutable std::mutex mutex_;
  Instant since_;
  std::map<DayKey, SenderDay> counts_;
  std::map<std::uint16_t, std::size_t> senders_of_day_;
  std::map<DayKey, bool> touched_;
  /// Of raw and dead-letter it goes back to a place that is named late.
  Offsets compared_;
  std::map<std::pair<std::string, std::string>, std::uint64_t> open_letters_;  // stage, reason
};

}  // namespace kronika::gateway
