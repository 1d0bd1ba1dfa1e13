// Where each message went: what the topic ledger tells, kept by place, message id, sender, day and
// reason, for the days of a setting. Part of the view: written in the same batches as the
// positions, so every record counts once. Holds no CPR number; the person key of an event is kept
// so that its effect can be told.
//
// One account is joined from three records that may come in any order: MessageReceived (an edge:
// which events at which places), the event on its topic, and LedgerEntry (the citizen task: what
// became of it). Reconciliation compares the three by place: check() follows behind the citizen
// task and notes each event that was handled but not booked, and each booked event that does not
// stand on its topic.
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

/// A record's place; `topic` is an index into kViewTopics.
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
};
struct MessageAccount {
  /// Nothing for an event that no edge has announced: its sender writes to the topics itself.
  std::optional<codec::MessageReceived> received;
  RecordAt at;  ///< of the message's record in the ledger
  std::vector<EventAccount> events;
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

struct LedgerBooking;  // src/ledger_values.h
struct LedgerKnown;

class Ledger {
 public:
  Ledger(store::StateStore& store, std::int32_t days, Instant now);
  [[nodiscard]] Result<void> load();

  // ---- writing
  void stage_event(const bus::Record& record, RecordAt at, store::WriteSet& writes);
  [[nodiscard]] Result<void> stage_booking(const bus::Record& record, RecordAt at,
                                           store::WriteSet& writes);
  /// Puts what the batch has counted into `writes`.
  void finish(store::WriteSet& writes);

  using Offsets = std::map<std::pair<std::uint8_t, std::int32_t>, std::int64_t>;
  /// One step of the reconciliation. `read`: next offsets of the view; `handled`: of the citizen
  /// task; `ends`: of the
  /// ledger's partitions and the event topics' now. Compares what was handled at an earlier step
  /// once everything that the ledger held then has been read.
  [[nodiscard]] Result<void> check(const Offsets& read, const Offsets& handled,
                                   const Offsets& ends);
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
  void stage_message(std::string_view message, const codec::MessageReceived& received, RecordAt at,
                     store::WriteSet& writes);
  SenderDay& counts_of(std::uint16_t day, std::uint64_t sender);  // under mutex_
  void mark(RecordAt at, std::uint16_t day, store::WriteSet& writes);
  void count_booking(const LedgerBooking& booking, int by);  // under mutex_
  /// Each announced place at or behind these offsets, and in partitions that `from` does not name.
  using AnnouncedAt = std::function<void(RecordAt at, std::string_view announced)>;
  [[nodiscard]] Result<void> scan_announced(const Offsets& from, const AnnouncedAt& found) const;
  [[nodiscard]] Result<void> find_beyond(const Offsets& ends);
  [[nodiscard]] Result<void> compare(std::uint8_t topic, std::int32_t partition, std::int64_t to,
                                     std::size_t& budget);
  void note(const RecordAt& at, const LedgerKnown& known, store::WriteSet& writes);
  void put_touched(store::WriteSet& writes);
  [[nodiscard]] Result<LedgerKnown> known_at(const RecordAt& at) const;
  [[nodiscard]] Result<EventAccount> event_at(const RecordAt& at, const EventId* announced,
                                              const Offsets& handled) const;
  [[nodiscard]] Result<std::optional<MessageAccount>> message_at(const RecordAt& at,
                                                                 const Offsets& handled) const;
  [[nodiscard]] Result<Page> page_of(std::string_view index, std::string_view to,
                                     const Range& range, std::size_t place_bytes,
                                     const Offsets& handled) const;

  store::StateStore& store_;
  const std::int32_t kept_days_;
  // owned by the writer
  Offsets frontier_;  // behind the highest booked offset: an earlier one is booked once more
  std::map<RecordAt, std::string> batch_bookings_;
  std::map<std::pair<std::pair<std::uint8_t, std::int32_t>, std::uint16_t>, std::int64_t> marks_;
  std::optional<std::pair<Offsets, Offsets>> waiting_;  // handled and ends of the step at hand
  std::string buffer_;
  // guarded by mutex_
  mutable std::mutex mutex_;
  Instant since_;
  std::map<DayKey, SenderDay> counts_;
  std::map<std::uint16_t, std::size_t> senders_of_day_;
  std::map<DayKey, bool> touched_;
  Offsets compared_;
};

}  // namespace kronika::gateway
