#include "journal_read.h"
#include "view_counts.h"
#include "view_keys.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <utility>

#include <kronika/bus/wire.h>
#include <kronika/canary/canary.h>
#include <kronika/codec/citizen_codec.h>
#include <kronika/codec/errc.h>
#include <kronika/codec/event_codec.h>
#include <kronika/codec/ledger_codec.h>
#include <kronika/codec/publication_codec.h>
#include <kronika/gateway/errc.h>
#include <kronika/gateway/view.h>

namespace kronika::gateway {
namespace {

constexpr std::uint8_t kCitizenStateIndex = 6;
constexpr std::uint8_t kIndicatorStateIndex = 7;
constexpr std::uint8_t kRapportIndex = 8;
constexpr std::uint8_t kPublikationIndex = 9;
static_assert(kViewTopics[kRapportIndex] == bus::kRapport);
static_assert(kViewTopics[kCitizenStateIndex] == bus::kCitizenState);
static_assert(kViewTopics[kIndicatorStateIndex] == bus::kIndicatorState);
static_assert(kViewTopics[kPublikationIndex] == bus::kPublikation);
static_assert(kViewTopics[kFlytningTopic] == bus::kFlytning);
static_assert(kViewTopics[kLedgerTopic] == bus::kLedger);
static_assert(kViewTopics[kDeadLetterTopic] == bus::kDeadLetter);
static_assert(std::size(kViewTopics) == kRawTopic);

std::optional<std::uint8_t> topic_index(std::string_view topic) {
  for (std::size_t i = 0; i < std::size(kViewTopics); ++i) {
    if (kViewTopics[i] == topic) return static_cast<std::uint8_t>(i);
  }
  return std::nullopt;
}

std::string meta_key(std::string_view prefix, TopicPartition at) {
  std::string key(prefix);
  keys::append_topic_partition(key, at.topic, at.partition);
  return key;
}

std::optional<TopicPartition> read_meta_key(std::string_view key, std::string_view prefix) {
  key.remove_prefix(prefix.size());
  if (key.size() != 5) return std::nullopt;
  return TopicPartition{static_cast<std::uint8_t>(key[0]),
                        static_cast<std::int32_t>(read_be<std::uint32_t>(key, 1))};
}

class RocksView final : public View {
 public:
  RocksView(std::unique_ptr<store::StateStore> store, const ViewOptions& options)
      : store_(std::move(store)) {
    if (options.ledger.days > 0) ledger_.emplace(*store_, options.ledger, options.now);
  }

  Result<void> load(const std::string& identity);

  ViewPositions positions() const override {
    const std::shared_lock lock(mutex_);
    return positions_;
  }
  Result<void> apply(std::span<const bus::Record> batch,
                     const std::map<TopicPartition, std::int64_t>& ends) override;
  Result<void> flush() override { return store_->flush(); }

  Result<std::optional<std::string>> state(const PersonKey& person) const override {
    return store_->get(keys::kStates, person.view());
  }
  Result<std::vector<std::pair<PersonKey, std::string>>> states(
      const std::optional<PersonKey>& after, std::size_t limit) const override;
  std::uint64_t state_version(const PersonKey& person) const override {
    return state_versions_[version_slot(person)].load(std::memory_order_acquire);
  }
  Result<std::vector<domain::JournalEntry>> journal(const PersonKey& person) const override;
  Result<domain::AreaCells> cells(domain::Indicator indicator, domain::Quarter period,
                                  bool rolling) const override;
  Result<domain::ReportingCells> reporting(domain::Quarter period) const override;
  std::uint64_t cells_version(domain::Indicator indicator) const override {
    return cell_versions_[static_cast<std::size_t>(indicator)].load(std::memory_order_acquire);
  }
  Result<std::vector<domain::ReportRecord>> reports(std::string_view organisation) const override;
  ViewCounts counts() const override {
    const std::shared_lock lock(mutex_);
    return counts_;
  }
  std::int64_t refused() const override {
    const std::shared_lock lock(mutex_);
    return static_cast<std::int64_t>(refused_.size());
  }
  std::map<TopicPartition, std::int64_t> handled() const override {
    const std::shared_lock lock(mutex_);
    return handled_;
  }
  std::uint64_t awaiting_refold() const override {
    const std::shared_lock lock(mutex_);
    std::uint64_t citizens = 0;
    for (const auto& [at, progress] : progress_) {
      if (at.topic == kCitizenStateIndex) citizens += progress.awaiting_refold;
    }
    return citizens;
  }
  std::optional<Instant> indicators_as_of() const override {
    const std::shared_lock lock(mutex_);
    std::optional<Instant> earliest;
    for (const auto& [at, progress] : progress_) {
      if (at.topic != kIndicatorStateIndex) continue;
      earliest = earliest ? std::min(*earliest, progress.as_of) : progress.as_of;
    }
    return earliest;
  }
  Result<std::vector<domain::Publication>> publications(
      domain::Indicator indicator, const std::optional<domain::PublicationPeriod>& period,
      const std::optional<domain::PublicationName>& after, std::size_t limit) const override;
  Result<std::optional<domain::Publication>> publication(
      const domain::PublicationName& name) const override;
  std::int64_t publication_count() const override {
    const std::shared_lock lock(mutex_);
    return publication_count_;
  }
  const Ledger* ledger() const override { return ledger_ ? &*ledger_ : nullptr; }
  Result<void> check_ledger(Instant now, const LogBounds& bounds) override;
  Result<std::vector<RecordAt>> records(const PersonKey& person) const override;
  store::Usage usage() const override { return store_->usage(); }

 private:
  template <class Take>
  Result<void> each_cell(domain::Indicator indicator, domain::Quarter period, bool rolling,
                         Take take) const;

  // What one batch changes in memory, put in force after the store has taken it.
  struct Pending {
    ViewPositions positions;
    std::map<TopicPartition, codec::ProgressRecord> progress;
    std::vector<keys::Place> refused;
    ViewCounts counts;
    bool counts_changed = false;
    std::map<PersonKey, std::string> states;  // of this batch: a citizen may come twice
    std::set<std::uint8_t> indicators;
    std::set<std::string> publications;  // keys
  };
  Result<void> stage(const bus::Record& record, TopicPartition at, store::WriteSet& writes,
                     Pending& pending);
  static void stage_report(const bus::Record& record, store::WriteSet& writes);
  Result<void> stage_state(const bus::Record& record, std::string_view message,
                           store::WriteSet& writes, Pending& pending) const;
  Result<void> stage_publication(const bus::Record& record, std::string_view message,
                                 store::WriteSet& writes, Pending& pending) const;
  void stage_progress(std::string_view message, TopicPartition at, store::WriteSet& writes,
                      Pending& pending) const;

  const std::unique_ptr<store::StateStore> store_;
  std::optional<Ledger> ledger_;
  mutable std::shared_mutex mutex_;
  // guarded by mutex_
  ViewPositions positions_;
  std::map<TopicPartition, codec::ProgressRecord> progress_;
  std::map<TopicPartition, std::int64_t> handled_;  // next offset of the citizen task, by input
  std::set<keys::Place> refused_;
  ViewCounts counts_;
  std::int64_t publication_count_ = 0;
  // own synchronisation
  std::array<std::atomic<std::uint64_t>, 256> cell_versions_{};
  // Citizens share these by their keys, which are hashes: an early change to another's costs one
  // answer.
  static constexpr std::size_t kVersionSlots = 1U << 16;
  std::array<std::atomic<std::uint64_t>, kVersionSlots> state_versions_{};

  static std::size_t version_slot(const PersonKey& person) {
    return (std::size_t{person.bytes[0]} << 8 | person.bytes[1]) % kVersionSlots;
  }
  void step_state_versions(const Pending& pending) {
    std::set<std::size_t> slots;
    for (const auto& [person, record] : pending.states) slots.insert(version_slot(person));
    for (const std::size_t slot : slots) {
      state_versions_[slot].fetch_add(1, std::memory_order_acq_rel);
    }
  }
  void keep_handled(const TopicPartition& at, const codec::ProgressRecord& progress) {
    if (at.topic != kCitizenStateIndex) return;
    for (const codec::TopicPosition& p : progress.positions) {
      if (const auto topic = topic_index(p.topic)) handled_[{*topic, at.partition}] = p.next_offset;
    }
  }
};

Result<void> RocksView::load(const std::string& identity) {
  // A ledger that was not kept from the beginning would miss the events that were read before.
  const std::string wanted =
      std::string(keys::kViewLayout) + (ledger_ ? "/ledger/" : "/") + identity;
  auto stored = store_->get(store::kMeta, keys::kIdentity);
  if (!stored) return tl::unexpected(stored.error());
  if (!*stored) {
    store::WriteSet writes;
    writes.put(store::kMeta, keys::kIdentity, wanted);
    if (auto ok = store_->apply(writes); !ok) return ok;
    return ledger_ ? ledger_->load() : Result<void>();
  }
  if (**stored != wanted) {
    return fail(code(Errc::kViewForeign),
                "the view on disk is of another cluster, prefix or layout");
  }
  if (ledger_) {
    if (auto ok = ledger_->load(); !ok) return ok;
  }
  auto done = store_->scan_prefix(
      store::kMeta, keys::kPositionPrefix, [&](std::string_view key, std::string_view value) {
        const auto at = read_meta_key(key, keys::kPositionPrefix);
        if (at && value.size() == 16) {
          positions_[*at] = {static_cast<std::int64_t>(read_be<std::uint64_t>(value, 0)),
                             Instant{from_sortable(read_be<std::uint64_t>(value, 8))}};
        }
        return true;
      });
  if (!done) return done;
  done = store_->scan_prefix(store::kMeta, keys::kProgressPrefix,
                             [&](std::string_view key, std::string_view value) {
                               const auto at = read_meta_key(key, keys::kProgressPrefix);
                               codec::ProgressRecord progress;
                               if (at && codec::decode_progress(value, progress)) {
                                 keep_handled(*at, progress);
                                 progress_[*at] = std::move(progress);
                               }
                               return true;
                             });
  if (!done) return done;
  done = store_->scan_prefix(
      store::kMeta, keys::kRefusedPrefix, [&](std::string_view key, std::string_view) {
        if (const auto place = keys::read_place(key.substr(keys::kRefusedPrefix.size())))
          refused_.insert(*place);
        return true;
      });
  if (!done) return done;
  auto counts = store_->get(store::kMeta, keys::kCounts);
  if (!counts) return tl::unexpected(counts.error());
  if (*counts) counts_ = decode_counts(**counts);
  return store_->scan_prefix(keys::kPublications, std::string_view(&keys::kHead, 1),
                             [&](std::string_view, std::string_view) {
                               ++publication_count_;
                               return true;
                             });
}

Result<void> RocksView::apply(std::span<const bus::Record> batch,
                              const std::map<TopicPartition, std::int64_t>& ends) {
  store::WriteSet writes;
  Pending pending;
  {
    const std::shared_lock lock(mutex_);
    pending.positions = positions_;
    pending.counts = counts_;
  }
  std::set<TopicPartition> touched;
  for (const bus::Record& record : batch) {
    const auto topic = topic_index(record.topic);
    if (!topic) continue;
    const TopicPartition at{*topic, record.partition};
    ViewPosition& position = pending.positions[at];
    if (record.offset < position.next_offset) continue;  // seen before
    if (auto ok = stage(record, at, writes, pending); !ok) return ok;
    position = {record.offset + 1, record.timestamp};
    touched.insert(at);
  }
  for (const auto& [at, end] : ends) {
    ViewPosition& position = pending.positions[at];
    if (end <= position.next_offset) continue;
    position.next_offset = end;
    touched.insert(at);
  }
  if (touched.empty()) return {};
  for (const TopicPartition& at : touched) {
    std::string value;
    append_be(value, static_cast<std::uint64_t>(pending.positions[at].next_offset));
    append_be(value, sortable(pending.positions[at].last_record_time.ms));
    writes.put(store::kMeta, meta_key(keys::kPositionPrefix, at), value);
  }
  if (ledger_) ledger_->finish(writes);
  if (pending.counts_changed)
    writes.put(store::kMeta, keys::kCounts, encode_counts(pending.counts));

  step_state_versions(pending);  // odd: being written
  const auto written = store_->apply(writes);
  step_state_versions(pending);
  if (!written) return written;
  const std::unique_lock lock(mutex_);
  positions_ = std::move(pending.positions);
  counts_ = std::move(pending.counts);
  for (auto& [at, progress] : pending.progress) {
    keep_handled(at, progress);
    progress_[at] = std::move(progress);
  }
  refused_.insert(pending.refused.begin(), pending.refused.end());
  publication_count_ += static_cast<std::int64_t>(pending.publications.size());
  for (const std::uint8_t indicator : pending.indicators) {
    cell_versions_[indicator].fetch_add(1, std::memory_order_acq_rel);
  }
  return {};
}

Result<void> RocksView::stage(const bus::Record& record, TopicPartition at, store::WriteSet& writes,
                              Pending& pending) {
  if (at.topic == kRapportIndex) {
    stage_report(record, writes);
    return {};
  }
  const RecordAt place{at.topic, at.partition, record.offset};
  if (at.topic == kLedgerTopic) {
    return ledger_ ? ledger_->stage_booking(record, place, writes) : Result<void>();
  }
  if (at.topic == kDeadLetterTopic) {
    return ledger_ ? ledger_->stage_letter(record, place, writes) : Result<void>();
  }
  if (ledger_ && at.topic < kFlytningTopic) ledger_->stage_event(record, place, writes);
  std::string_view message;
  if (!record.tombstone) {
    const auto wire = bus::read_wire(record.value);
    if (!wire) return {};  // the consumer of the topic dead-letters it
    message = wire->message;
  }
  if (at.topic < kInputTopics) {
    if (record.tombstone || record.key.size() != 16) return {};
    // A version every half minute for ever, of a citizen that nobody asks for.
    if (canary::is_canary_key(record.key)) return {};
    std::string key(record.key);
    keys::append_place(key, {at.topic, at.partition, record.offset});
    std::string value;
    append_be(value, sortable(record.timestamp.ms));
    value.append(message);
    writes.put(keys::kJournal, key, value);
    return {};
  }
  if (at.topic == kPublikationIndex) return stage_publication(record, message, writes, pending);
  if (codec::is_progress_key(record.key)) {
    if (!record.tombstone) stage_progress(message, at, writes, pending);
    return {};
  }
  if (at.topic == kCitizenStateIndex) return stage_state(record, message, writes, pending);
  const auto key = domain::CellKey::from_bytes(record.key);
  if (!key) return {};
  pending.indicators.insert(static_cast<std::uint8_t>(key->indicator));
  if (record.tombstone) {
    writes.erase(keys::kCells, record.key);
  } else {
    writes.put(keys::kCells, record.key, message);
  }
  return {};
}

// Kept also where nobody can read it: no other reader of the topic would say so.
void RocksView::stage_report(const bus::Record& record, store::WriteSet& writes) {
  const auto wire = bus::read_wire(record.value);
  std::string value;
  append_be(value, sortable(record.timestamp.ms));
  value.push_back(wire ? 1 : 0);
  if (wire) value.append(wire->message);
  writes.put(keys::kReports, keys::report_key(record.key, record.partition, record.offset), value);
}

/// What nobody can read is not served; the topic keeps it.
Result<void> RocksView::stage_publication(const bus::Record& record, std::string_view message,
                                          store::WriteSet& writes, Pending& pending) const {
  if (record.tombstone) return {};
  auto publication = codec::decode_publication(message);
  if (!publication) return {};
  const domain::PublicationName name{publication->indicator, publication->period,
                                     publication->revision};
  const std::string body = keys::publication_key(keys::kBody, name);
  auto known = store_->get(keys::kPublications, body);
  if (!known) return tl::unexpected(known.error());
  // A revision is written once; where a writer went round the rule, the first copy stands.
  if (*known || !pending.publications.insert(body).second) return {};
  writes.put(keys::kPublications, body, message);
  publication->tables.clear();
  writes.put(keys::kPublications, keys::publication_key(keys::kHead, name),
             codec::encode_publication(*publication));
  return {};
}

Result<void> RocksView::stage_state(const bus::Record& record, std::string_view message,
                                    store::WriteSet& writes, Pending& pending) const {
  const auto person = PersonKey::from_bytes(record.key);
  if (!person) return {};
  const auto in_batch = pending.states.find(*person);
  if (in_batch != pending.states.end()) {
    count_state(in_batch->second, -1, pending.counts);
  } else {
    auto before = store_->get(keys::kStates, record.key);
    if (!before) return tl::unexpected(before.error());
    if (*before) count_state(**before, -1, pending.counts);
  }
  pending.counts_changed = true;
  pending.states[*person] = std::string(message);
  if (record.tombstone) {
    writes.erase(keys::kStates, record.key);
    return {};
  }
  count_state(message, 1, pending.counts);
  writes.put(keys::kStates, record.key, message);
  return {};
}

void RocksView::stage_progress(std::string_view message, TopicPartition at, store::WriteSet& writes,
                               Pending& pending) const {
  codec::ProgressRecord progress;
  if (!codec::decode_progress(message, progress)) return;
  writes.put(store::kMeta, meta_key(keys::kProgressPrefix, at), message);
  for (const codec::RefusedRecord& refused : progress.refused) {
    const auto topic = topic_index(refused.topic);
    if (!topic) continue;
    const keys::Place place{*topic, refused.partition, refused.offset};
    std::string key(keys::kRefusedPrefix);
    keys::append_place(key, place);
    writes.put(store::kMeta, key, refused.reason);
    pending.refused.push_back(place);
  }
  pending.progress[at] = std::move(progress);
}

Result<std::vector<std::pair<PersonKey, std::string>>> RocksView::states(
    const std::optional<PersonKey>& after, std::size_t limit) const {
  std::vector<std::pair<PersonKey, std::string>> out;
  const auto done = store_->sweep(keys::kStates, after ? after->view() : std::string_view(),
                                  [&](std::string_view key, std::string_view value) {
                                    const auto person = PersonKey::from_bytes(key);
                                    if (person && (!after || *after < *person)) {
                                      out.emplace_back(*person, value);
                                    }
                                    return out.size() < limit;
                                  });
  if (!done) return tl::unexpected(done.error());
  return out;
}

Result<std::vector<domain::JournalEntry>> RocksView::journal(const PersonKey& person) const {
  // The limits first, the state after them: the state then names every refused record below the
  // limits.
  std::map<TopicPartition, std::int64_t> handled;
  {
    const std::shared_lock lock(mutex_);
    handled = handled_;
  }
  std::set<keys::Place> refused;
  auto record = state(person);
  if (!record) return tl::unexpected(record.error());
  if (*record) {
    codec::CitizenRecord parsed;
    if (!codec::decode_citizen(**record, parsed)) {
      return fail(code(Errc::kViewRecordUnreadable),
                  "the citizen's state record cannot be read; delete the view");
    }
    for (const codec::RefusedRecord& r : parsed.refused) {
      if (codec::loses_to_a_copy(r)) continue;
      if (const auto topic = topic_index(r.topic)) refused.insert({*topic, r.partition, r.offset});
    }
  }
  JournalReader reader;
  const auto done = store_->scan_prefix(
      keys::kJournal, person.view(), [&](std::string_view key, std::string_view value) {
        const auto place = keys::read_place(key.substr(16));
        if (!place || value.size() < 8 || refused.contains(*place)) return true;
        const auto next = handled.find({place->topic, place->partition});
        if (next == handled.end() || place->offset >= next->second) return true;
        const Instant timestamp{from_sortable(read_be<std::uint64_t>(value, 0))};
        reader.add({timestamp, place->topic, place->partition, place->offset},
                   kViewTopics[place->topic] == bus::kFlytning, value.substr(8));
        return true;
      });
  if (!done) return tl::unexpected(done.error());
  return reader.take();
}

Result<void> RocksView::check_ledger(Instant now, const LogBounds& bounds) {
  if (!ledger_) return {};
  Ledger::Log log;
  const auto offsets = [](const std::map<TopicPartition, std::int64_t>& from, Ledger::Offsets& to) {
    for (const auto& [at, offset] : from) to[{at.topic, at.partition}] = offset;
  };
  {
    const std::shared_lock lock(mutex_);
    for (const auto& [at, position] : positions_) {
      log.read[{at.topic, at.partition}] = position.next_offset;
    }
    offsets(handled_, log.handled);
  }
  offsets(bounds.ends, log.ends);
  offsets(bounds.begins, log.begins);
  if (auto ok = ledger_->check(log, now); !ok) return ok;
  return ledger_->prune(now);
}

Result<std::vector<RecordAt>> RocksView::records(const PersonKey& person) const {
  std::vector<RecordAt> found;
  const auto done = store_->scan_prefix(
      keys::kJournal, person.view(), [&](std::string_view key, std::string_view) {
        const auto place = keys::read_place(key.substr(16));
        if (place && place->topic < kFlytningTopic) {
          found.push_back({place->topic, place->partition, place->offset});
        }
        return true;
      });
  if (!done) return tl::unexpected(done.error());
  return found;
}

Result<std::vector<domain::ReportRecord>> RocksView::reports(std::string_view organisation) const {
  std::vector<domain::ReportRecord> out;
  const auto done = store_->scan_prefix(
      keys::kReports, keys::report_prefix(organisation),
      [&](std::string_view key, std::string_view value) {
        if (key.size() < keys::kReportPlaceBytes || value.size() < 9) return true;
        const std::size_t place = key.size() - keys::kReportPlaceBytes + 1;
        domain::ReportRecord& record = out.emplace_back();
        record.key = std::string(key.substr(0, place - 1));
        record.origin = {Instant{from_sortable(read_be<std::uint64_t>(value, 0))}, kRapportIndex,
                         static_cast<std::int32_t>(read_be<std::uint32_t>(key, place)),
                         static_cast<std::int64_t>(read_be<std::uint64_t>(key, place + 4))};
        if (value[8] == 0) return true;
        const auto decoded = codec::decode_event(value.substr(9), record.event.emplace());
        if (decoded) return true;
        record.event.reset();
        if (decoded.error().code == codec::kSchemaUnknown) {
          record.fault = domain::Reason::kSchemaUnknown;
        }
        return true;
      });
  if (!done) return tl::unexpected(done.error());
  return out;
}

template <class Take>
Result<void> RocksView::each_cell(domain::Indicator indicator, domain::Quarter period, bool rolling,
                                  Take take) const {
  domain::CellKey first;
  first.indicator = indicator;
  first.period = period;
  first.rolling = rolling;
  const auto bytes = first.bytes();
  bool readable = true;
  // indicator (1) | flags (1) | period (2): the cells of one period lie together.
  codec::IndicatorCell cell;
  const auto done = store_->scan_prefix(keys::kCells, std::string_view(bytes.data(), 4),
                                        [&](std::string_view key, std::string_view value) {
                                          const auto cell_key = domain::CellKey::from_bytes(key);
                                          readable = cell_key && codec::decode_cell(value, cell);
                                          if (readable) take(*cell_key, cell.value);
                                          return readable;
                                        });
  if (!done) return tl::unexpected(done.error());
  if (!readable)
    return fail(code(Errc::kViewRecordUnreadable),
                "an indicator cell cannot be read; delete the view");
  return {};
}

Result<domain::AreaCells> RocksView::cells(domain::Indicator indicator, domain::Quarter period,
                                           bool rolling) const {
  domain::AreaCells out;
  auto read = each_cell(indicator, period, rolling,
                        [&out](const domain::CellKey& key, const domain::CellValue& value) {
                          domain::add_cell(key, value, out);
                        });
  if (!read) return tl::unexpected(read.error());
  return out;
}

Result<domain::ReportingCells> RocksView::reporting(domain::Quarter period) const {
  domain::ReportingCells out;
  auto read = each_cell(domain::Indicator::kI24ReportingCompleteness, period, false,
                        [&out](const domain::CellKey& key, const domain::CellValue& value) {
                          domain::add_reporting(key, value, out);
                        });
  if (!read) return tl::unexpected(read.error());
  return out;
}

Result<std::vector<domain::Publication>> RocksView::publications(
    domain::Indicator indicator, const std::optional<domain::PublicationPeriod>& period,
    const std::optional<domain::PublicationName>& after, std::size_t limit) const {
  std::string prefix(1, keys::kHead);
  if (indicator != domain::Indicator::kNone) {
    prefix.push_back(static_cast<char>(indicator));
    if (period) prefix = keys::publication_key(keys::kHead, {indicator, *period, 0});
  }
  const std::string from = after ? keys::publication_key(keys::kHead, *after) : std::string();
  std::vector<domain::Publication> out;
  bool readable = true;
  const auto done = store_->scan_prefix(keys::kPublications, prefix,
                                        [&](std::string_view key, std::string_view value) {
                                          if (key <= from) return true;
                                          auto head = codec::decode_publication(value);
                                          readable = head.has_value();
                                          if (readable) out.push_back(std::move(*head));
                                          return readable && out.size() < limit;
                                        });
  if (!done) return tl::unexpected(done.error());
  if (!readable) {
    return fail(code(Errc::kViewRecordUnreadable), "a publication cannot be read; delete the view");
  }
  return out;
}

Result<std::optional<domain::Publication>> RocksView::publication(
    const domain::PublicationName& name) const {
  std::string found;
  const auto done =
      store_->scan_prefix(keys::kPublications, keys::publication_key(keys::kBody, name),
                          [&](std::string_view, std::string_view value) {
                            found = value;  // revisions ascend: the last one stays
                            return true;
                          });
  if (!done) return tl::unexpected(done.error());
  if (found.empty()) return std::nullopt;
  auto read = codec::decode_publication(found);
  if (!read) {
    return fail(code(Errc::kViewRecordUnreadable), "a publication cannot be read; delete the view");
  }
  return std::optional(std::move(*read));
}

}  // namespace

Result<std::unique_ptr<View>> View::open(const ViewOptions& options) {
  store::Options opts;
  opts.path = options.path;
  opts.column_families = {
      {"journal", store::Access::kAppendScan, 16},      {"states", store::Access::kPointLookup, 0},
      {"cells", store::Access::kOrderedScan, 0},        {"reports", store::Access::kOrderedScan, 0},
      {"publications", store::Access::kOrderedScan, 0}, {"ledger", store::Access::kOrderedScan, 0}};
  opts.block_cache_bytes = options.block_cache_bytes;
  opts.memtable_bytes = options.memtable_bytes;
  auto store = store::StateStore::open(opts);
  if (!store) return tl::unexpected(store.error());
  auto view = std::make_unique<RocksView>(std::move(*store), options);
  if (auto ok = view->load(options.identity); !ok) return tl::unexpected(ok.error());
  return view;
}

}  // namespace kronika::gateway
