#include "citizen_task_impl.h"
#include "journal_codec.h"

#include <array>
#include <chrono>
#include <cstring>

#include <kronika/base/bytes.h>
#include <kronika/bus/headers.h>
#include <kronika/bus/topics.h>
#include <kronika/bus/wire.h>
#include <kronika/citizen/errc.h>
#include <kronika/codec/event_codec.h>
#include <kronika/codec/schema_ids.h>
#include <kronika/domain/identity.h>

namespace kronika::citizen {

using domain::Admission;
using domain::JournalEntry;

namespace {

constexpr std::chrono::hours kLateAfter{72};  // domain.md 4.2 point 4
constexpr std::size_t kReasons = static_cast<std::size_t>(domain::Reason::kInternalInvariant) + 1;

bool names(const std::vector<codec::RefusedRecord>& refused, const bus::Record& record) {
  return std::any_of(refused.begin(), refused.end(), [&](const codec::RefusedRecord& r) {
    return !codec::loses_to_a_copy(r) && r.offset == record.offset &&
           r.partition == record.partition && r.topic == record.topic;
  });
}

}  // namespace

Error refusal(domain::Reason reason, std::string sentence) {
  static const auto rows = [] {
    std::array<ErrorRow, kReasons> made{};
    for (std::size_t i = 0; i < kReasons; ++i) {
      made[i] = {domain::slug(static_cast<domain::Reason>(i)), Disposition::kRejectRecord};
    }
    return made;
  }();
  return Error{ErrorCode{rows[static_cast<std::size_t>(reason)]}, std::move(sentence)};
}

CitizenTask::CitizenTask(std::int32_t partition, const store::StateStore& store,
                         const Options& options, std::shared_ptr<const domain::Fold> fold)
    : partition_(partition),
      indicator_partitions_(options.indicator_partitions),
      store_(store),
      rules_(options.rules),
      fold_(std::move(fold)),
      probe_(options.probe),
      on_canary_(options.on_canary),
      packed_(options.cache_bytes) {}

// ---- restore

Result<void> CitizenTask::on_state_record(const bus::Record& record, bus::TaskContext& ctx) {
  if (record.key.size() == kPersonBytes) packed_.erase(*PersonKey::from_bytes(record.key));
  if (record.tombstone) {
    ctx.writes().erase(kStates, record.key);
  } else {
    ctx.writes().put(kStates, record.key, record.value);
  }
  return {};
}

Result<void> CitizenTask::on_journal_record(const bus::Record& record, bus::TaskContext& ctx) {
  // The runtime applied what was staged: memory may be given back.
  if (ctx.writes().empty()) (void)keep_states(0, ctx.writes());
  if (ctx.rebuilding()) return rebuild_record(record, ctx);
  return replay_record(record, ctx);
}

Result<void> CitizenTask::replay_record(const bus::Record& record, bus::TaskContext& ctx) {
  if (record.topic_index == kFlytning) return take_flytning(record, Mode::kReplay, ctx);
  if (names(refused_, record)) return {};
  const auto event_bytes = read_event(record, Mode::kReplay);
  if (!event_bytes) return {};
  auto slot = slot_of(entry_.event.person_key);
  if (!slot) return tl::unexpected(slot.error());
  if (names((*slot)->record.refused, record)) return {};
  auto judged = journal_event(**slot, *event_bytes, Mode::kReplay, ctx);
  if (!judged) return tl::unexpected(judged.error());
  return {};
}

Result<void> CitizenTask::on_restored(bus::TaskContext& ctx) {
  // Replay filled slots from a store that was still behind; read afresh from here on.
  on_aborted();
  replaying_ = false;
  deferring_ = ctx.rebuilding();
  return read_states();
}

Result<void> CitizenTask::read_states() {
  packed_.clear();  // the store holds every state: restored, or written before a rebuild emits
  open_.clear();
  deadlines_ = DeadlineIndex();
  outdated_.clear();
  refused_.clear();
  std::optional<Error> fault;
  const auto current = rules_->generation;
  const auto read = [&](std::string_view key, std::string_view value) {
    const auto wire = bus::read_wire(value);
    if (codec::is_progress_key(key)) {
      codec::ProgressRecord progress;
      if (wire && codec::decode_progress(wire->message, progress))
        refused_ = std::move(progress.refused);
      return true;
    }
    codec::CitizenRecord record;
    if (!wire || !codec::decode_citizen(wire->message, record)) {
      fault = Error{code<Errc::kStateDamaged>(),
                    "a citizen-state record does not read back; the store is rebuilt"};
      return false;
    }
    deadlines_.move(record.state.person, std::nullopt, record.next_deadline);
    if (record.generation == current) return true;
    if (record.generation.ordinal > current.ordinal) {
      fault = Error{code<Errc::kNewerGeneration>(),
                    "states were folded with rule generation " +
                        std::to_string(record.generation.ordinal) + ", this build has " +
                        std::to_string(current.ordinal) + "; start the newer rules"};
      return false;
    }
    if (record.generation.ordinal == current.ordinal) {
      fault = Error{code<Errc::kGenerationClash>(), "the rules changed under the same ordinal " +
                                                        std::to_string(current.ordinal) +
                                                        "; raise reference.generation"};
      return false;
    }
    outdated_.push_back(record.state.person);
    return true;
  };
  if (auto done = store_.scan_prefix(kStates, {}, read); !done) return done;
  if (fault) return tl::unexpected(*fault);
  deadlines_.commit();
  committed_refused_ = refused_.size();
  return {};
}

std::optional<bus::Task::Progress> CitizenTask::read_progress(const bus::Record& record) const {
  if (!codec::is_progress_key(record.key)) return std::nullopt;
  const auto wire = bus::read_wire(record.value);
  codec::ProgressRecord stored;
  if (!wire || !codec::decode_progress(wire->message, stored)) return std::nullopt;
  Progress progress{std::vector<std::int64_t>(kInputTopics, 0), stored.transaction_number,
                    stored.as_of};
  for (const auto& position : stored.positions) {
    for (int i = 0; i < kInputTopics; ++i) {
      if (input_topic_name(i) == position.topic)
        progress.next_offsets[static_cast<std::size_t>(i)] = position.next_offset;
    }
  }
  return progress;
}

// ---- slots

Result<Slot*> CitizenTask::slot_of(const PersonKey& person) {
  if (Slot* open = open_.find(person)) return open;
  auto slot = std::make_unique<Slot>();
  const auto decode = [&](std::string_view message) -> Result<void> {
    if (message.empty() || !codec::decode_citizen(message, slot->record)) {
      return fail(code<Errc::kStateDamaged>(),
                  "a citizen-state record does not read back; the store is rebuilt");
    }
    if (slot->never_emitted()) {
      slot->stand_in = 1 + slot->record.refused.size();
      slot->record.as_of = Instant::min();
    }
    return {};
  };
  if (const auto packed = packed_.find(person)) {
    if (probe_ != nullptr) probe_->cache_hits.fetch_add(1, std::memory_order_relaxed);
    if (auto done = decode(packed->record); !done) return tl::unexpected(done.error());
    slot->seen.resize(packed->seen_count);
    if (packed->seen_count > 0)
      std::memcpy(slot->seen.data(), packed->seen, packed->seen_count * sizeof(Seen));
    slot->next_visible = packed->next_visible;
  } else {
    if (probe_ != nullptr) probe_->cache_misses.fetch_add(1, std::memory_order_relaxed);
    auto stored = store_.get(kStates, person.view());
    if (!stored) return tl::unexpected(stored.error());
    if (*stored) {
      if (auto wire = bus::read_wire(**stored)) slot->encoded = wire->message;
      if (auto done = decode(slot->encoded); !done) return tl::unexpected(done.error());
    } else {
      slot->record.state.person = person;
      slot->record.generation = kNeverEmitted;
      slot->record.as_of = Instant::min();
    }
    // Once restored, whoever has a journal has a state or a stand-in: a newcomer's journal need not
    // be looked for.
    if (*stored || replaying_) {
      if (auto done = read_glances(person, *slot); !done) return tl::unexpected(done.error());
    }
  }
  if (slot->never_emitted()) find_redirect(*slot);
  slot->indexed = slot->record.next_deadline;
  return &open_.insert(std::move(slot));
}

Result<void> CitizenTask::read_glances(const PersonKey& person, Slot& slot) {
  bool readable = true;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> owners;  // of event ids: facts
  const auto read = [&](std::string_view key, std::string_view value) {
    if (key.size() == kFactPrefixBytes) {
      slot.links.emplace_back();
      readable = read_link(value, slot.links.back()).has_value();
      return readable;
    }
    const auto seen = glance(key, value);
    readable = seen.has_value();
    if (!readable) return false;
    slot.remember(seen->fact_hash, hash_of(seen->event_id));
    if (seen->direct) owners.emplace_back(hash_of(seen->event_id), seen->fact_hash);
    slot.contested = slot.contested || (seen->direct && seen->further_copy);
    if (seen->visible_from > slot.record.as_of) slot.will_be_visible(seen->visible_from);
    return true;
  };
  if (auto done = store_.scan_prefix(kJournal, person.view(), read); !done) return done;
  if (!readable)
    return fail(code<Errc::kJournalDamaged>(),
                "a journal record does not read back; the store is rebuilt");
  std::sort(owners.begin(), owners.end());
  for (std::size_t i = 1; i < owners.size() && !slot.contested; ++i) {
    slot.contested =
        owners[i].first == owners[i - 1].first && owners[i].second != owners[i - 1].second;
  }
  return {};
}

Result<std::map<std::string, std::string>> CitizenTask::journal_of(const Slot& slot,
                                                                   std::string_view prefix,
                                                                   bus::TaskContext& ctx) const {
  std::map<std::string, std::string> records;
  const auto keep = [&](std::string_view key, std::string_view value) {
    if (key.size() == kJournalKeyBytes) records.emplace(key, value);
    return true;
  };
  if (auto done = store_.scan_prefix(kJournal, prefix, keep); !done)
    return tl::unexpected(done.error());
  for (const std::uint32_t number : slot.staged) {
    const auto write = ctx.writes().at(number);
    if (!write.key.starts_with(prefix)) continue;
    if (write.is_put) {
      records.insert_or_assign(std::string(write.key), std::string(write.value));
    } else {
      records.erase(std::string(write.key));
    }
  }
  return records;
}

Result<std::vector<JournalEntry>> CitizenTask::entries_of(
    const std::map<std::string, std::string>& records) {
  std::vector<JournalEntry> entries(records.size());
  std::size_t i = 0;
  for (const auto& [key, value] : records) {
    if (auto done = read_journal_value(value, entries[i++]); !done)
      return tl::unexpected(done.error());
  }
  return entries;
}

void CitizenTask::touch(Slot& slot) {
  if (slot.touched) return;
  slot.touched = true;
  touched_.push_back(&slot);
}

// ---- one record

Result<std::string_view> CitizenTask::read_event(const bus::Record& record, Mode mode) {
  const auto wire = bus::read_wire(record.value);
  if (!wire)
    return tl::unexpected(
        refusal(domain::Reason::kUndecodable, "the value has no wire prefix (0, schema id)"));
  if (wire->schema_id != codec::kEventSchemaId) {
    return tl::unexpected(refusal(domain::Reason::kSchemaUnknown,
                                  "the schema id is not that of kronika.event.v1.Event"));
  }
  if (auto done = codec::decode_event(wire->message, entry_.event); !done) {
    return tl::unexpected(refusal(domain::Reason::kUndecodable, done.error().context));
  }
  if (entry_.event.person_key.view() != record.key) {
    return tl::unexpected(
        refusal(domain::Reason::kKeyMismatch, "the record's key is not the event's person_key"));
  }
  if (mode != Mode::kReplay) {
    if (auto found = domain::check(*rules_, entry_.event, record.timestamp)) {
      if (found->reason == domain::Reason::kCodeUnknown ||
          found->reason == domain::Reason::kEnumUnknown ||
          found->reason == domain::Reason::kProgrammeUnresolved) {
        count_unknown_codes();
      }
      return tl::unexpected(refusal(found->reason, std::move(found->sentence)));
    }
  }
  entry_.origin = {record.timestamp, static_cast<std::uint8_t>(record.topic_index),
                   record.partition, record.offset};
  entry_.path.clear();
  return wire->message;
}

CitizenTask::Booked CitizenTask::booked_at(const bus::Record& record) {
  Booked booked;
  booked.entry.topic = record.topic;
  booked.entry.partition = record.partition;
  booked.entry.offset = record.offset;
  booked.entry.record_time = record.timestamp;
  if (const auto parent = bus::find_header(record.headers, bus::kTraceparent)) {
    if (const auto trace = bus::trace_id_of(*parent)) {
      booked.entry.trace_id = from_hex(*trace).value_or("");
    }
  }
  return booked;
}

CitizenTask::Booked CitizenTask::booked_refused(const bus::Record& record,
                                                std::string_view reason) {
  Booked booked = booked_at(record);
  booked.entry.outcome = codec::LedgerOutcome::kRejected;
  booked.entry.reason = reason;
  // Read once more: refusals are rare, and what entry_ holds need not be of this record.
  const auto wire = bus::read_wire(record.value);
  domain::Event event;
  if (wire && wire->schema_id == codec::kEventSchemaId &&
      codec::decode_event(wire->message, event)) {
    booked.entry.event_id = event.event_id;
    // A sender that writes to the topics itself may have put anything there.
    if (domain::is_sor_id(event.sender_org)) booked.entry.sender_org = event.sender_org;
  }
  return booked;
}

void CitizenTask::count_unknown_codes() {
  for (const domain::UnknownCode& unknown : unknown_codes_.find(entry_.event)) {
    ++counts_.unknown_codes[domain::code_system_label(unknown.system)];
  }
}

Result<void> CitizenTask::process(const bus::Record& record, bus::TaskContext& ctx) {
  if (record.topic_index == kFlytning) return take_flytning(record, Mode::kLive, ctx);
  const auto event_bytes = read_event(record, Mode::kLive);
  if (!event_bytes) return tl::unexpected(event_bytes.error());
  auto found = slot_of(entry_.event.person_key);
  if (!found) return tl::unexpected(found.error());
  Slot& slot = **found;
  auto judged = journal_event(slot, *event_bytes, Mode::kLive, ctx);
  if (!judged) return tl::unexpected(judged.error());

  touch(slot);
  slot.heard = std::max(slot.heard, record.timestamp);
  if (judged->admission == Admission::kConflict || judged->admission == Admission::kEventIdReused) {
    refuse_copy(record, judged->admission, ctx);
  } else {
    book(slot, *judged, record, ctx);
  }
  for (const auto& replacement : judged->links) {
    if (auto done = send_links(slot, replacement, ctx); !done) return done;
  }
  return {};
}

void CitizenTask::book(Slot& slot, const Judged& judged, const bus::Record& record,
                       bus::TaskContext& ctx) {
  const auto& event = entry_.event;
  Booked booked = booked_at(record);
  booked.entry.event_id = event.event_id;
  booked.entry.sender_org = event.sender_org;
  switch (judged.admission) {
    case Admission::kDuplicate:
      booked.entry.outcome = codec::LedgerOutcome::kDuplicate;
      ++counts_.duplicate;
      if (judged.journal_changed) slot.refold = slot.changed = true;
      break;
    case Admission::kSuperseded:
      booked.entry.outcome = codec::LedgerOutcome::kSuperseded;
      ++counts_.superseded;
      break;
    default:
      booked.entry.outcome = codec::LedgerOutcome::kApplied;
      ++counts_.applied;
      // check() has looked a measurement's code up: what is applied has a known one.
      if (event.type() != domain::EventType::kMeasurementRecorded) count_unknown_codes();
      if (record.timestamp - domain::sort_key(event).time > kLateAfter) ++counts_.late;
      if (event.canary) canaries_.push_back(record.timestamp);
      fold_in(slot, judged.known, booked,
              std::max({ctx.task_clock(), slot.heard, slot.record.as_of}));
  }
  if (booked.awaits_refold) slot.awaiting.push_back(static_cast<std::uint32_t>(booked_.size()));
  booked_.push_back(std::move(booked));
}

void CitizenTask::fold_in(Slot& slot, bool known, Booked& booked, Instant clock) {
  const auto& event = entry_.event;
  const bool moves =
      event.type() ==
      domain::EventType::kCprReplaced;  // handled by citizen_moves.cc, not by the fold
  if (!moves && !domain::Fold::handles(event.type())) {
    booked.entry.unimplemented = true;
    ++counts_.unimplemented;
  }
  slot.changed = true;
  if (slot.record.moved_to) return;  // its events live under the new key (A16)
  if (defers(slot)) return;
  // Amid a rebuild its earlier events are in the journal alone.
  if (slot.never_emitted() && slot.next_visible && *slot.next_visible <= clock) slot.refold = true;
  if (slot.refold) {
    booked.awaits_refold = true;
    return;
  }
  const Instant visible = domain::visible_from(event);
  if (visible > clock) {
    slot.will_be_visible(visible);
    return;
  }
  if (known || event.op == domain::Op::kCancel || !fold_->can_append(slot.record.state, event)) {
    slot.refold = true;
    booked.awaits_refold = true;
    return;
  }
  booked.entry.irregular =
      fold_->append(slot.record.state, event) || event.op == domain::Op::kRevise;
  ++counts_.fast_path;
}

void CitizenTask::on_rejected(const bus::Record& record, std::string_view reason,
                              bus::TaskContext& ctx) {
  if (replaying_ && names(refused_, record)) return;
  codec::RefusedRecord refused{std::string(record.topic), record.partition, record.offset,
                               std::string(reason)};
  if (!replaying_) {
    ++counts_.rejected;
    booked_.push_back(booked_refused(record, reason));
  }
  const auto person = PersonKey::from_bytes(record.key);
  if (person) {
    if (auto slot = slot_of(*person)) {
      touch(**slot);
      (*slot)->changed = true;
      (*slot)->heard = std::max((*slot)->heard, record.timestamp);
      (*slot)->record.refused.push_back(std::move(refused));
      if (replaying_) keep_stand_in(**slot, ctx);
      return;
    }
  }
  refused_.push_back(std::move(refused));
  if (replaying_) keep_progress(ctx);
}

// ---- life cycle

std::optional<Instant> CitizenTask::next_deadline() const {
  if (!deferring_ && outdated_taken_ < outdated_.size()) return Instant::min();
  return deadlines_.earliest();
}

Result<bool> CitizenTask::punctuate(std::size_t limit, bus::TaskContext& ctx) {
  for (; !deferring_ && limit > 0 && outdated_taken_ < outdated_.size(); --limit) {
    auto slot = slot_of(outdated_[outdated_taken_++]);
    if (!slot) return tl::unexpected(slot.error());
    touch(**slot);
    (*slot)->changed = (*slot)->refold = true;
    ++counts_.generation_refolds;
  }
  for (; limit > 0; --limit) {
    const auto due = deadlines_.earliest();
    if (!due || *due > ctx.task_clock()) break;
    const PersonKey person = deadlines_.first();
    auto slot = slot_of(person);
    if (!slot) return tl::unexpected(slot.error());
    touch(**slot);
    (*slot)->changed = true;
    // As of its own deadline: where many fall on one instant, the clock stands before it until the
    // last of them is woken.
    (*slot)->heard = std::max((*slot)->heard, *due);
    deadlines_.move(person, (*slot)->indexed, std::nullopt);  // flush() names the next one
    (*slot)->indexed.reset();
    ++counts_.deadlines;
  }
  const auto next = next_deadline();
  return next && *next <= ctx.task_clock();
}

std::optional<std::int64_t> CitizenTask::keep_states(std::int64_t before, store::WriteSet& writes) {
  const auto write = [&](const PersonKey& person, std::string_view record) {
    buffer_.clear();
    bus::append_wire_prefix(codec::kCitizenStateSchemaId, buffer_);
    buffer_ += record;
    writes.put(kStates, person.view(), buffer_);
  };
  for (const Slot* slot : touched_) {
    const PersonKey& person = slot->person();
    std::string_view record = slot->encoded;
    bool unwritten = slot->emitted;
    if (record.empty()) {
      if (const auto packed = packed_.find(person)) {
        record = packed->record;
        unwritten = packed->unwritten_since != PackedCitizens::kWritten;
      }
    }
    // What is rare is read again: a redirect's links, copies that contradict each other, and in
    // replay alone a citizen without a record.
    if (record.empty() || !slot->links.empty() || slot->contested) {
      if (unwritten) write(person, record);
      packed_.erase(person);
    } else {
      packed_.put(person, record, slot->seen, slot->next_visible,
                  slot->emitted ? slot->record.transaction_number : PackedCitizens::kWritten);
    }
  }
  touched_.clear();
  open_.clear();
  packed_.write_unwritten(before, write);
  packed_.trim(write);
  return packed_.oldest_unwritten();
}

void CitizenTask::on_committed() {
  booked_.clear();
  if (on_canary_) {
    for (const Instant published : canaries_) on_canary_(partition_, published);
  }
  canaries_.clear();
  deadlines_.commit();
  outdated_.erase(outdated_.begin(),
                  outdated_.begin() + static_cast<std::ptrdiff_t>(outdated_taken_));
  outdated_taken_ = 0;
  committed_refused_ = refused_.size();
  if (probe_ != nullptr) {
    const auto add = [](std::atomic<std::uint64_t>& total, std::uint64_t n) {
      total.fetch_add(n, std::memory_order_relaxed);
    };
    add(probe_->applied, counts_.applied);
    add(probe_->duplicate, counts_.duplicate);
    add(probe_->superseded, counts_.superseded);
    add(probe_->rejected, counts_.rejected);
    add(probe_->irregular, counts_.irregular);
    add(probe_->unimplemented, counts_.unimplemented);
    add(probe_->late, counts_.late);
    add(probe_->fast_path, counts_.fast_path);
    add(probe_->refolds, counts_.refolds);
    add(probe_->refolded_events, counts_.refolded_events);
    add(probe_->deadlines, counts_.deadlines);
    add(probe_->generation_refolds, counts_.generation_refolds);
    for (std::size_t i = 0; i < counts_.unknown_codes.size(); ++i) {
      if (counts_.unknown_codes[i] != 0) add(probe_->unknown_codes[i], counts_.unknown_codes[i]);
    }
  }
  counts_ = {};
}

void CitizenTask::on_aborted() {
  // The open slots hold what did not happen; what is packed is as of the last commit.
  touched_.clear();
  open_.clear();
  booked_.clear();
  canaries_.clear();
  deadlines_.abort();
  outdated_taken_ = 0;
  refused_.resize(committed_refused_);
  counts_ = {};
}

std::string_view input_topic_name(int index) {
  static constexpr std::string_view kNames[kInputTopics] = {bus::kHenvisning, bus::kUdskrivning,
                                                            bus::kMaaling,    bus::kForloeb,
                                                            bus::kPerson,     bus::kFlytning};
  return kNames[index];
}

bus::TaskSpec citizen_task_spec(const Options& options) {
  bus::TaskSpec spec;
  spec.name = "citizen";
  for (int i = 0; i < kInputTopics; ++i) spec.input_topics.emplace_back(input_topic_name(i));
  spec.compacted_topic = std::string(bus::kCitizenState);
  spec.rebuilds_journal = true;
  spec.derived_topics = {std::string(bus::kIndicatorDelta), std::string(bus::kIndicatorState)};
  spec.rebuild_min_records = options.rebuild_backlog;
  spec.column_families = {
      {.name = "states", .access = store::Access::kPointLookup},
      {.name = "journal", .access = store::Access::kAppendScan, .prefix_bytes = kPersonBytes},
  };
  auto fold = std::make_shared<const domain::Fold>(*options.rules);
  spec.make_task = [options, fold](std::int32_t partition, const store::StateStore& store) {
    return std::make_unique<CitizenTask>(partition, store, options, fold);
  };
  return spec;
}

}  // namespace kronika::citizen
