#include "task_core.h"

#include "rebuild_mark.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

#include <kronika/base/ids.h>
#include <kronika/bus/headers.h>
#include <kronika/bus/topics.h>

namespace kronika::bus {
namespace {

constexpr std::string_view kFaultHeaders = "kronika-dlq-";

// What a restart reads again at most of the compacted topic for states that memory alone held. The
// more, the fewer states are written twice.
constexpr std::int64_t kMaxUnwrittenRecords = 100'000;
constexpr std::int64_t kMaxUnwrittenMs = 60'000;

}  // namespace

TaskCore::TaskCore(Parts parts)
    : spec_(parts.spec),
      partition_(parts.partition),
      output_(parts.output),
      wall_(parts.wall),
      probe_(parts.probe),
      store_(std::move(parts.store)),
      position_(std::move(parts.position)),
      clock_(spec_->input_topics.size()),
      faults_(std::move(parts.fault_path)) {
  position_.next_offsets.resize(spec_->input_topics.size(), kUnknownOffset);
  position_.state_offsets.resize(spec_->input_topics.size(), kUnknownOffset);
  next_offsets_ = position_.next_offsets;
  handled.resize(spec_->input_topics.size());
  clock_.start(position_.clock);
  task_ = spec_->make_task(partition_, *store_);
}

TaskCore::~TaskCore() = default;

void TaskCore::send(const Outgoing& record) {
  if (send_error_) return;
  if (sending_forbidden_) {
    send_error_ = Error{code(Errc::kInternalInvariant), "a task sent a record while it restored"};
    return;
  }
  ++sent;
  if (auto r = output_->send(record); !r) send_error_ = r.error();
}

Result<void> TaskCore::take_send_error() {
  if (!send_error_) return {};
  Error e = std::move(*send_error_);
  send_error_.reset();
  return tl::unexpected(std::move(e));
}

void TaskCore::dead_letter(const Record& record, const DeadLetter& fault) {
  std::vector<Header> headers;
  int attempt = 1;
  for (const Header& h : record.headers) {
    if (!h.key.starts_with(kFaultHeaders)) {
      headers.push_back(h);
    } else if (h.key == "kronika-dlq-attempt") {  // a replayed dead letter that failed again
      int before = 0;
      std::from_chars(h.value.data(), h.value.data() + h.value.size(), before);
      attempt = before + 1;
    }
  }
  const std::string partition = std::to_string(record.partition);
  const std::string offset = std::to_string(record.offset);
  const std::string time = std::to_string(wall_->now().ms);
  const std::string attempts = std::to_string(attempt);
  headers.push_back({"kronika-dlq-stage", fault.stage});
  headers.push_back({"kronika-dlq-reason", fault.reason});
  headers.push_back({"kronika-dlq-detail", fault.detail});
  headers.push_back({"kronika-dlq-topic", record.topic});
  headers.push_back({"kronika-dlq-partition", partition});
  headers.push_back({"kronika-dlq-offset", offset});
  headers.push_back({"kronika-dlq-time", time});
  headers.push_back({"kronika-dlq-attempt", attempts});
  Outgoing out;
  out.topic = kDeadLetter;
  out.key = record.key;
  out.value = record.value;
  out.tombstone = record.tombstone;
  out.headers = headers;
  send(out);
  if (probe_ == nullptr) return;
  probe_->on_dead_letter(fault.stage, fault.reason);
  RefusedReport report{
      record.topic, record.partition, record.offset, fault.stage, fault.reason, {}, {}};
  // A sender's id could be anything, a CPR number too; a UUID is none.
  const auto id = find_header(record.headers, "ce_id").value_or("");
  if (uuid_from_text(id)) report.event_id = id;
  if (const auto parent = find_header(record.headers, kTraceparent)) {
    report.trace_id = trace_id_of(*parent).value_or("");
  }
  probe_->on_refused(report);
}

LastRecord TaskCore::last_record() const {
  if (last_topic_ < 0) return position_.last;
  const std::string_view bytes = last_bytes_;
  return {last_topic_, last_offset_,
          checksum_of(bytes.substr(0, last_key_bytes_), bytes.substr(last_key_bytes_))};
}

bool TaskCore::rebuild_read() const {
  const auto& targets = position_.rebuild.targets;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    // Where transactions write, the target may be a marker, which nobody consumes.
    if (next_offsets_[i] < targets[i] && !clock_.at_end(i)) return false;
  }
  return true;
}

Result<void> TaskCore::begin_emitting() {
  if (auto r = write_states(); !r) return r;
  // All that was published before the targets were taken has been handled: a true clock (A9), and
  // no citizen is folded as of a time before its own events.
  clock_.advance_to(position_.rebuild.clock);
  if (auto r = guarded([&] { return task_->on_rebuild_read(*this); }); !r) return r;
  position_.rebuild.phase = RebuildPhase::kEmitting;
  return {};
}

void TaskCore::send_opening_mark() {
  if (!genesis_due_) return;
  marks_sent_ = true;
  const std::string key = genesis_key(partition_);
  const std::string value = encode_genesis(position_.rebuild);
  send({.topic = spec_->compacted_topic, .partition = partition_, .key = key, .value = value});
}

void TaskCore::send_closing_mark() {
  if (position_.rebuild.phase != RebuildPhase::kEmitting || !task_->rebuilt()) return;
  closing_ = true;
  const std::string key = rebuilt_key(partition_);
  send({.topic = spec_->compacted_topic, .partition = partition_, .key = key, .value = "1"});
}

Result<void> TaskCore::apply(Position position) {
  if (closing_) position.rebuild = {};
  position.last = last_record();
  position.saved_at = wall_->now();
  writes_.put(store::kMeta, kPositionKey, encode_position(position));
  if (auto r = store_->apply(writes_); !r) return r;
  writes_.clear();
  if (marks_sent_) genesis_due_ = false;
  marks_sent_ = closing_ = false;
  position_ = std::move(position);
  return {};
}

Result<void> TaskCore::apply_commit(Position position, std::int64_t compacted_end) {
  compacted_end_ = std::max(compacted_end_, position_.compacted_next);
  const Instant now = wall_->now();
  unwritten_.push_back({position.transaction_number, compacted_end_, now});
  compacted_end_ = std::max(compacted_end_, compacted_end);
  const auto young = std::find_if(unwritten_.begin(), unwritten_.end(), [&](const Begun& b) {
    return compacted_end_ - b.compacted_end <= kMaxUnwrittenRecords &&
           now.ms - b.at.ms <= kMaxUnwrittenMs;
  });
  const std::int64_t before =
      young == unwritten_.end() ? position.transaction_number + 1 : young->transaction;
  const auto oldest = task_->keep_states(before, writes_);
  while (!unwritten_.empty() && (!oldest || unwritten_.front().transaction < *oldest)) {
    unwritten_.pop_front();
  }
  position.compacted_next = unwritten_.empty() ? compacted_end_ : unwritten_.front().compacted_end;
  return apply(std::move(position));
}

Result<void> TaskCore::write_states() {
  if (unwritten_.empty()) return {};
  (void)task_->keep_states(std::numeric_limits<std::int64_t>::max(), writes_);
  unwritten_.clear();
  Position position = position_;
  position.compacted_next = compacted_end_;
  return apply(std::move(position));
}

Result<void> TaskCore::flush_store() {
  if (auto r = write_states(); !r) return r;
  return store_->flush();
}

void TaskCore::roll_back() {
  writes_.clear();
  marks_sent_ = closing_ = false;
  last_topic_ = -1;
  next_offsets_ = position_.next_offsets;
  clock_.rollback();
  send_error_.reset();
  sent = 0;
  handled.assign(handled.size(), 0);
}

}  // namespace kronika::bus
