// What a transaction of the citizen task emits: one record a touched citizen, its level changes,
// the differences of its cells, the ledger, and the progress record.

#include "citizen_task_impl.h"
#include "journal_codec.h"

#include <algorithm>
#include <chrono>

#include <kronika/base/bytes.h>
#include <kronika/bus/partitioner.h>
#include <kronika/bus/topics.h>
#include <kronika/bus/wire.h>
#include <kronika/codec/schema_ids.h>

namespace kronika::citizen {

namespace {

/// Some 100 KiB: far below a broker's limit of a record.
constexpr std::size_t kChangesPerRecord = 4096;
/// Of so many refolds one is measured: each takes two looks at the clock and two locks.
constexpr std::uint64_t kMeasured = 16;

}  // namespace

Result<void> CitizenTask::flush(bus::TaskContext& ctx) {
  differences_.clear();
  for (Slot* slot : touched_) {
    if (!slot->changed) continue;
    if (defers(*slot)) {
      keep_stand_in(*slot, ctx);
      continue;
    }
    const Instant as_of = std::max({slot->record.as_of, ctx.task_clock(), slot->heard});
    if (slot->next_visible && *slot->next_visible <= as_of) slot->refold = true;
    if (slot->refold && !slot->record.moved_to) {
      if (auto done = refold(*slot, as_of, ctx); !done) return done;
    }
    emit_record(*slot, as_of, ctx);
  }
  emit_deltas(ctx);
  emit_canary(ctx);
  emit_ledger(ctx);
  emit_progress(ctx);
  return {};
}

Result<void> CitizenTask::refold(Slot& slot, Instant as_of, bus::TaskContext& ctx) {
  using Clock = std::chrono::steady_clock;
  const bool measured = probe_ != nullptr && probe_->on_refold && ++refolds_ % kMeasured == 0;
  const auto begun = measured ? Clock::now() : Clock::time_point();
  const auto records = journal_of(slot, slot.person().view(), ctx);
  if (!records) return tl::unexpected(records.error());
  const auto entries = entries_of(*records);
  if (!entries) return tl::unexpected(entries.error());
  auto effective = domain::effective_events(*entries, {.as_of = as_of});
  slot.next_visible = effective.next_visible;

  const bool wants_trace = !slot.awaiting.empty();
  domain::Trace trace;
  slot.record.state =
      fold_->refold(PersonKey(slot.person()), effective.events, wants_trace ? &trace : nullptr);
  ++counts_.refolds;
  counts_.refolded_events += effective.events.size();
  if (measured) probe_->on_refold(Clock::now() - begun, effective.events.size());
  if (!wants_trace) return {};
  // As append() says it on the fast path: by the fold, or a revision of a fact that was never
  // created.
  const auto irregular = [&](const EventId& id) {
    return std::any_of(trace.begin(), trace.end(),
                       [&](const domain::TraceStep& step) {
                         return step.event_id == id && domain::irregular(step);
                       }) ||
           std::any_of(
               effective.revised_without_create.begin(), effective.revised_without_create.end(),
               [&](const domain::JournalEntry* entry) { return entry->event.event_id == id; });
  };
  for (const std::uint32_t number : slot.awaiting) {
    auto& entry = booked_[number].entry;
    entry.irregular = irregular(entry.event_id);
  }
  return {};
}

void CitizenTask::emit_record(Slot& slot, Instant as_of, bus::TaskContext& ctx) {
  auto& record = slot.record;
  record.generation = rules_->generation;
  record.as_of = as_of;
  record.transaction_number = ctx.transaction_number();
  std::vector<domain::Contribution> contributions;
  std::optional<domain::Evaluation> evaluation;
  record.next_deadline = slot.next_visible;
  if (!record.moved_to) {
    evaluation = fold_->evaluate(record.state, as_of);
    contributions = fold_->contributions(record.state, as_of);
    if (evaluation->next_change &&
        (!record.next_deadline || *evaluation->next_change < *record.next_deadline)) {
      record.next_deadline = evaluation->next_change;
    }
  } else {
    record.next_deadline.reset();
  }
  if (contributions != record.contributions) {
    differences_.add(record.contributions, contributions, record.state.canary);
    record.contributions = std::move(contributions);
  }
  if (evaluation) emit_level_changes(slot, *evaluation, ctx);

  buffer_.clear();
  bus::append_wire_prefix(codec::kCitizenStateSchemaId, buffer_);
  codec::encode_citizen(*rules_, record, evaluation ? &*evaluation : nullptr, buffer_);
  bus::Outgoing out{.topic = bus::kCitizenState,
                    .partition = partition_,
                    .key = slot.person().view(),
                    .value = buffer_};
  // Whoever sees the canary's record knows by it when its event was published.
  if (record.state.canary && slot.heard > Instant::min()) out.timestamp = slot.heard;
  ctx.send(out);
  slot.emitted = true;  // written by keep_states()
  deadlines_.move(slot.person(), slot.indexed, record.next_deadline);
  slot.indexed = record.next_deadline;
  slot.encoded = std::string_view(buffer_).substr(bus::kWirePrefixBytes);
}

void CitizenTask::emit_level_changes(Slot& slot, const domain::Evaluation& evaluation,
                                     bus::TaskContext& ctx) {
  auto& record = slot.record;
  std::vector<codec::EmittedLevel> levels;
  for (const auto& pathway : evaluation.pathways) {
    if (!pathway.current) continue;
    const codec::EmittedLevel now{pathway.programme, pathway.episode, pathway.level,
                                  pathway.proposal.level};
    codec::EmittedLevel before{pathway.programme, pathway.episode, 0, 0};
    for (const auto& level : record.levels) {
      if (level.programme == now.programme) before = level;
    }
    if (now.level != 0 || now.proposed_level != 0) levels.push_back(now);
    if (now.level == before.level && now.proposed_level == before.proposed_level) continue;
    std::string value;
    bus::append_wire_prefix(codec::kStratificationSchemaId, value);
    codec::encode_stratification(*rules_, record, pathway, before, value);
    ctx.send({.topic = bus::kStratification,
              .partition = partition_,
              .key = slot.person().view(),
              .value = value});
  }
  record.levels = std::move(levels);
}

void CitizenTask::emit_deltas(bus::TaskContext& ctx) {
  auto differences = differences_.take();
  if (differences.empty()) return;
  // Which task's transaction a difference belongs to: `kronika verify` compares two cuts by it
  // (A10).
  const std::string source = std::to_string(partition_);
  const std::string transaction = std::to_string(ctx.transaction_number());
  const bus::Header headers[] = {{"kronika-source-partition", source},
                                 {"kronika-transaction", transaction}};
  std::string key;
  append_be(key, static_cast<std::uint32_t>(partition_));
  differences_by_partition_.resize(static_cast<std::size_t>(indicator_partitions_));
  for (auto& difference : differences) {
    const auto cell = difference.cell.bytes();
    const auto to = bus::partition_of({cell.data(), cell.size()}, indicator_partitions_);
    differences_by_partition_[static_cast<std::size_t>(to)].push_back(std::move(difference));
  }
  for (std::int32_t to = 0; to < indicator_partitions_; ++to) {
    auto& changes = differences_by_partition_[static_cast<std::size_t>(to)];
    for (std::size_t from = 0; from < changes.size(); from += kChangesPerRecord) {
      const std::size_t count = std::min(kChangesPerRecord, changes.size() - from);
      buffer_.clear();
      bus::append_wire_prefix(codec::kIndicatorDeltaSchemaId, buffer_);
      codec::encode_delta(rules_->generation.ordinal, {changes.data() + from, count}, buffer_);
      ctx.send({.topic = bus::kIndicatorDelta,
                .partition = to,
                .key = key,
                .value = buffer_,
                .headers = headers});
    }
    changes.clear();
  }
}

void CitizenTask::emit_canary(bus::TaskContext& ctx) {
  if (canaries_.empty() || deferring_) return;
  const std::string source = std::to_string(partition_);
  const std::string transaction = std::to_string(ctx.transaction_number());
  const bus::Header headers[] = {{"kronika-source-partition", source},
                                 {"kronika-transaction", transaction}};
  buffer_.clear();
  bus::append_wire_prefix(codec::kIndicatorDeltaSchemaId, buffer_);
  codec::encode_delta(rules_->generation.ordinal, {}, buffer_);
  ctx.send({.topic = bus::kIndicatorDelta,
            .partition = partition_ % indicator_partitions_,
            .key = codec::kCanaryDeltaKey,
            .value = buffer_,
            .headers = headers,
            .timestamp = canaries_.back()});
}

void CitizenTask::emit_ledger(bus::TaskContext& ctx) {
  for (const auto& booked : booked_) {
    const auto& entry = booked.entry;
    if (entry.irregular) ++counts_.irregular;
    buffer_.clear();
    bus::append_wire_prefix(codec::kLedgerEntrySchemaId, buffer_);
    codec::encode_ledger_entry(entry, buffer_);
    ctx.send({.topic = bus::kLedger,
              .partition = partition_,
              .key = entry.event_id.view(),
              .value = buffer_});
  }
}

void CitizenTask::emit_progress(bus::TaskContext& ctx) {
  keep_progress(ctx);
  const auto key = codec::progress_key(partition_);
  ctx.send({.topic = bus::kCitizenState, .partition = partition_, .key = key, .value = buffer_});
}

void CitizenTask::keep_progress(bus::TaskContext& ctx) {
  codec::ProgressRecord progress;
  progress.as_of = ctx.task_clock();
  progress.transaction_number = ctx.transaction_number();
  const auto offsets = ctx.next_offsets();
  for (int i = 0; i < kInputTopics; ++i) {
    progress.positions.push_back(
        {std::string(input_topic_name(i)), offsets[static_cast<std::size_t>(i)]});
  }
  progress.refused = refused_;
  progress.awaiting_refold = deferring_ ? std::max<std::uint64_t>(1, outdated_.size())
                                        : outdated_.size() - outdated_taken_;
  buffer_.clear();
  bus::append_wire_prefix(codec::kProgressSchemaId, buffer_);
  codec::encode_progress(progress, buffer_);
  ctx.writes().put(kStates, codec::progress_key(partition_), buffer_);
}

}  // namespace kronika::citizen
