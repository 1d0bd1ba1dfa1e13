#include "stream_session.h"

#include "client_conf.h"
#include "client_watch.h"
#include "message_view.h"
#include "rdkafka_error.h"

#include <algorithm>
#include <cstring>
#include <thread>
#include <utility>

#include <kronika/store/errc.h>

namespace kronika::bus {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr std::size_t kRestoreStep = 5000;
constexpr int kMessagesATurn = 2000;  // before time is looked at again
constexpr int kMaxAbortsInARow = 20;
constexpr auto kTick = 10ms;
constexpr auto kSnapshotEvery = 500ms;
constexpr auto kTellEvery = 10s;
constexpr auto kIdleWait = 50ms;
constexpr auto kHeardLately = 8s;  // statistics come every five seconds
constexpr auto kUsageEvery = 5s;   // asking RocksDB takes its lock
constexpr auto kLockPatience = 30s;

}  // namespace

StreamSession::StreamSession(StreamShared& shared)
    : shared_(shared), spec_(*shared.spec), options_(*shared.options) {
  for (const auto& topic : spec_.input_topics)
    full_topics_.push_back(options_.client.prefix + topic);
}

StreamSession::~StreamSession() {
  close_tasks();
  inputs_.reset();
  core_.reset();
  source_.reset();
  output_.reset();
}

Result<void> StreamSession::run() {
  if (auto r = set_up(); !r) {
    // Turned away at the start is a setting to mend. Later a password was changed at the brokers
    // before it was in our file, or the other way round: it comes to rest by itself.
    const bool passing = shared_.known && r.error().code == code(Errc::kUnauthenticated);
    return passing ? fail(code(Errc::kTransient), r.error().context) : r;
  }
  shared_.known = true;
  auto r = loop();
  if (r) r = close_clean();
  close_tasks();
  close_consumer(steady_clock::now() + (r ? 5s : 2s));
  return r;
}

Result<void> StreamSession::set_up() {
  credentials_.emplace(options_.client);
  output_ = std::make_unique<KafkaOutput>(
      KafkaOutput::Settings{options_.client, "kronika-" + spec_.name + "-" + shared_.instance,
                            options_.transaction_timeout, spec_.compacted_topic, options_.probe});
  // Before the consumer exists: what a former life of ours left open is ended before offsets are
  // read.
  if (auto r = output_->init(shared_.stop); !r) return r;
  cluster_id_ = output_->cluster_id();
  if (cluster_id_.empty())
    return fail(code(Errc::kTransient), "the broker did not name its cluster");

  // With a queue a partition the client's limit counts for each; a backlog seldom fills more than a
  // sixteenth of them, because their records are taken in the order of time.
  auto own =
      reader(options_.client.prefix + "kronika-" + spec_.name, true,
             std::max(1024, options_.consumer_queue_kbytes / 16 / std::max(1, options_.threads)));
  own.emplace_back("group.instance.id", shared_.instance);
  own.emplace_back("partition.assignment.strategy", "range");
  own.emplace_back("session.timeout.ms", std::to_string(options_.session_timeout.count()));
  own.emplace_back("heartbeat.interval.ms", std::to_string(std::max<std::int64_t>(
                                                500, options_.session_timeout.count() / 8)));
  add_statistics(own);
  auto conf = make_conf(options_.client, own);
  if (!conf) return tl::unexpected(conf.error());
  rd_kafka_conf_set_rebalance_cb(conf->get(), &StreamSession::on_rebalance);
  rd_kafka_conf_set_error_cb(conf->get(), &StreamSession::on_error);
  rd_kafka_conf_set_opaque(conf->get(), this);
  rd_kafka_conf_set_stats_cb(conf->get(), &StreamSession::on_stats);
  heard_at_ = shared_.wall->now();
  auto client = make_client(RD_KAFKA_CONSUMER, std::move(*conf));
  if (!client) return tl::unexpected(client.error());
  consumer_ = std::move(*client);
  rd_kafka_poll_set_consumer(consumer_.get());
  inputs_ = std::make_unique<InputQueues>(consumer_.get(), full_topics_);
  output_->set_consumer(consumer_.get());
  core_ =
      std::make_unique<TransactionCore>(*output_, options_.limits, *shared_.wall, options_.probe);
  source_ = std::make_unique<KafkaRestoreSource>(spec_, options_.client, consumer_.get());

  const auto topics = new_partitions(static_cast<int>(full_topics_.size()));
  for (const auto& topic : full_topics_) {
    rd_kafka_topic_partition_list_add(topics.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  }
  const auto err = rd_kafka_subscribe(consumer_.get(), topics.get());
  if (err != RD_KAFKA_RESP_ERR_NO_ERROR) return tl::unexpected(error_of(err, "subscribing"));
  return {};
}

void StreamSession::on_rebalance(rd_kafka_t*, rd_kafka_resp_err_t err,
                                 rd_kafka_topic_partition_list_t* partitions, void* opaque) {
  auto& self = *static_cast<StreamSession*>(opaque);
  self.pending_ = {err, RdPartitions(rd_kafka_topic_partition_list_copy(partitions)), true};
}

int StreamSession::on_stats(rd_kafka_t*, char* text, std::size_t bytes, void* opaque) {
  auto& self = *static_cast<StreamSession*>(opaque);
  if (take_statistics({text, bytes})) self.heard_at_ = self.shared_.wall->now();
  return 0;  // the library frees the text
}

void StreamSession::on_error(rd_kafka_t*, int err, const char*, void* opaque) {
  auto& self = *static_cast<StreamSession*>(opaque);
  if (err == RD_KAFKA_RESP_ERR__FATAL) self.consumer_fatal_ = true;
  if (self.options_.probe != nullptr) {
    self.options_.probe->on_client_error(
        err == RD_KAFKA_RESP_ERR__FATAL ? ClientErrorKind::kFatal : ClientErrorKind::kTransient,
        rd_kafka_err2name(static_cast<rd_kafka_resp_err_t>(err)));
  }
}

Result<void> StreamSession::serve_consumer() {
  for (int i = 0; i < kMessagesATurn; ++i) {
    const RdMessage message(rd_kafka_consumer_poll(consumer_.get(), 0));
    if (pending_.waiting) {
      if (auto r = rebalance(); !r) return r;
    }
    if (consumer_fatal_) {
      char text[512];
      const auto err = rd_kafka_fatal_error(consumer_.get(), text, sizeof text);
      return fail(code(Errc::kClientFatal), std::string("the consumer cannot go on: ") +
                                                rd_kafka_err2name(err) + ": " + text);
    }
    if (!message) break;
    auto r = on_message(*message);
    if (!r) r = recover(r.error());
    if (!r) return r;
  }
  return {};
}

Result<void> StreamSession::loop() {
  const auto expects = [this](std::int32_t partition, std::size_t topic) {
    const Slot* slot = slot_of(partition);
    if (slot == nullptr || !slot->core || slot->core->clock().at_end(topic)) return false;
    // The end is reported a fetch later than it is reached; the watermark of the last fetch knows
    // it at once. Markers keep a transactional topic below it, until its end is reported.
    std::int64_t low = 0;
    std::int64_t high = -1;
    const auto err = rd_kafka_get_watermark_offsets(consumer_.get(), full_topics_[topic].c_str(),
                                                    partition, &low, &high);
    return err != RD_KAFKA_RESP_ERR_NO_ERROR || high < 0 || slot->core->next_offset(topic) < high;
  };
  while (!shared_.stop && !shared_.again) {
    auto now = steady_clock::now();
    shared_.last_turn_ms = shared_.wall->now().ms;
    const bool restoring = std::any_of(slots_.begin(), slots_.end(), [](const Slot& s) {
      return s.state == TaskState::kRestoring;
    });
    // Rebalances and the group's errors; records come by their own queues.
    if (auto r = serve_consumer(); !r) return r;
    inputs_->begin_turn();
    bool idle = true;
    for (int i = 0; i < kMessagesATurn; ++i) {
      const RdMessage message = inputs_->next(now, expects);
      if (!message) break;
      idle = false;
      auto r = on_message(*message);
      if (!r) r = recover(r.error());
      if (!r) return r;
      if (core_->must_commit()) {
        if (r = commit(); !r) return r;
      }
      // The clock of the commit is read once in a while, not once a record.
      if ((i & 63) == 63 && core_->commit_due(steady_clock::now())) break;
    }
    if (idle && !restoring)
      inputs_->wait(core_->open() ? 5ms : std::chrono::milliseconds(kIdleWait));
    now = steady_clock::now();
    if (core_->commit_due(now) || (idle && core_->quiet_due(now))) {
      if (auto r = commit(); !r) return r;
    }
    if (auto r = housekeeping(now); !r) return r;
  }
  return {};
}

StreamSession::Slot* StreamSession::slot_of(std::int32_t partition) {
  const auto index = static_cast<std::size_t>(partition);
  return index < by_partition_.size() ? by_partition_[index] : nullptr;
}

int StreamSession::topic_index(const rd_kafka_message_t& message) {
  for (const auto& [handle, index] : topic_cache_) {
    if (handle == message.rkt) return index;
  }
  const char* name = rd_kafka_topic_name(message.rkt);
  for (std::size_t i = 0; i < full_topics_.size(); ++i) {
    if (full_topics_[i] == name) {
      topic_cache_.emplace_back(message.rkt, static_cast<int>(i));
      return static_cast<int>(i);
    }
  }
  return -1;
}

Result<void> StreamSession::on_message(const rd_kafka_message_t& message) {
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR &&
      message.err != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    return on_client_message(message);
  }
  Slot* slot = slot_of(message.partition);
  if (slot == nullptr || slot->state != TaskState::kRunning) return {};
  const int index = topic_index(message);
  if (index < 0) return {};
  const auto i = static_cast<std::size_t>(index);
  if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    core_->end_seen(*slot->core, i, message.offset);
    slot->end_seen[i] = true;
    return {};
  }
  const Record record = view_of(message, spec_.input_topics[i], index, headers_);
  for (;;) {
    auto handled = core_->handle(*slot->core, record);
    if (!handled) return tl::unexpected(handled.error());
    if (*handled != TransactionCore::Handled::kCommitFirst) return {};
    if (auto r = core_->commit(); !r) return r;
  }
}

Result<void> StreamSession::on_client_message(const rd_kafka_message_t& message) {
  const bool about_group = message.err == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED;
  const char* topic = message.rkt != nullptr ? rd_kafka_topic_name(message.rkt) : "";
  const Error error =
      error_of(message.err, "consuming",
               about_group ? options_.client.prefix + "kronika-" + spec_.name : topic, "Read");
  switch (error.code.disposition()) {
    case Disposition::kRetryCall:
    case Disposition::kAbortTxn:
    case Disposition::kRejectRecord:
      return {};  // the client mends these itself; counted by on_error
    case Disposition::kTaskMigrated:
    case Disposition::kTaskCorrupted:
      return tl::unexpected(error);
    case Disposition::kFatal:
      break;
  }
  // A partition that does not run yet has no position to complain about; a missing topic may still
  // be created, a password that was changed comes to our file or to the brokers.
  const Slot* slot = slot_of(message.partition);
  if (error.code == code(Errc::kTopicMismatch) || error.code == code(Errc::kUnauthenticated) ||
      (error.code == code(Errc::kLogTruncated) &&
       (slot == nullptr || slot->state != TaskState::kRunning))) {
    shared_.log("CONSUMER_ERROR", error.context);
    return {};
  }
  return tl::unexpected(error);
}

Result<void> StreamSession::commit() {
  auto r = core_->commit();
  if (!r) return recover(r.error());
  aborts_in_a_row_ = 0;
  return r;
}

Result<void> StreamSession::recover(const Error& error) {
  const bool first_gap = error.code == code(Errc::kLogGap) && error.context != gap_;
  if (first_gap) gap_ = error.context;
  const Disposition d = error.code.disposition();
  if (!first_gap && d != Disposition::kAbortTxn && d != Disposition::kRetryCall) {
    return tl::unexpected(error);
  }
  if (++aborts_in_a_row_ > kMaxAbortsInARow) {
    return fail(code(Errc::kClientFatal), "no transaction came through in " +
                                              std::to_string(kMaxAbortsInARow) +
                                              " attempts; the last failed with: " + error.context);
  }
  shared_.log("TRANSACTION_ABORTED", std::string(error.code.slug()) + ": " + error.context);
  if (auto r = core_->abort(error.code.slug()); !r) return r;
  // The second time in a row is no accident: give the broker, or whatever it is, some time.
  if (aborts_in_a_row_ > 1) {
    std::this_thread::sleep_for(std::min(20ms * (1 << std::min(aborts_in_a_row_, 6)), 1000ms));
  }
  return place();
}

Result<void> StreamSession::place() {
  const auto list = new_partitions(32);
  inputs_->drop_heads();
  for (const Slot& slot : slots_) {
    if (slot.state != TaskState::kRunning) continue;
    inputs_->open(slot.partition);
    for (std::size_t i = 0; i < full_topics_.size(); ++i) {
      rd_kafka_topic_partition_list_add(list.get(), full_topics_[i].c_str(), slot.partition)
          ->offset = slot.core->next_offset(i);
    }
  }
  const auto err = rd_kafka_assign(consumer_.get(), list.get());
  if (err != RD_KAFKA_RESP_ERR_NO_ERROR) return tl::unexpected(error_of(err, "assigning"));
  return {};
}

Result<void> StreamSession::housekeeping(SteadyTime now) {
  output_->poll();
  if (now >= next_tick_) {
    next_tick_ = now + kTick;
    for (Slot& slot : slots_) {
      if (slot.state != TaskState::kRunning) continue;
      auto r = core_->wake(*slot.core);
      if (!r) r = recover(r.error());
      if (!r) return r;
    }
  }
  if (auto r = restore_some(); !r) return r;
  if (now >= next_usage_) {
    next_usage_ = now + kUsageEvery;
    look_at_stores();
  }
  if (credentials_->renewed(now)) shared_.again = true;  // the clients are made anew at this commit
  if (now >= next_snapshot_) {
    next_snapshot_ = now + kSnapshotEvery;
    publish_snapshot();
  }
  return {};
}

Result<void> StreamSession::open_core(Slot& slot) {
  StoreFolder folder;
  folder.path = options_.state_folder + "/" + spec_.name + "/" + std::to_string(slot.partition);
  folder.spec = &spec_;
  folder.partition = slot.partition;
  folder.cluster_id = cluster_id_;
  folder.memory = options_.memory;
  folder.memtable_bytes = options_.memtable_bytes;
  folder.max_age = options_.max_store_age;
  auto opened = open_store(folder, shared_.wall->now());
  if (!opened) return tl::unexpected(opened.error());
  if (!opened->moved_aside.empty()) shared_.log("STORE_MOVED_ASIDE", opened->moved_aside);
  TaskCore::Parts parts;
  parts.spec = &spec_;
  parts.partition = slot.partition;
  parts.store = std::move(opened->store);
  parts.position = std::move(opened->position);
  parts.output = output_.get();
  parts.wall = shared_.wall;
  parts.probe = options_.probe;
  parts.fault_path = folder.path + ".faults";
  slot.core = std::make_unique<TaskCore>(std::move(parts));
  slot.restore = std::make_unique<TaskRestore>(*slot.core, *source_, options_.probe);
  return {};
}

Result<void> StreamSession::restore_some() {
  const auto now = steady_clock::now();
  const auto it = std::find_if(slots_.begin(), slots_.end(),
                               [&](const Slot& s) { return s.state == TaskState::kRestoring; });
  if (it == slots_.end()) return {};
  Slot& slot = *it;
  if (now < slot.retry_at) return {};
  Result<bool> done = false;
  if (!slot.core) {
    if (auto r = open_core(slot); !r) done = tl::unexpected(r.error());
  }
  if (done) done = slot.restore->step(kRestoreStep);
  if (!done) {
    const Error& error = done.error();
    const Disposition d = error.code.disposition();
    // A thread of this process that lost the partition to this one may still be closing its store.
    const bool locked = error.code == store::code(store::Errc::kLocked);
    if (locked && slot.locked_since == SteadyTime{}) slot.locked_since = now;
    if (d == Disposition::kRetryCall || (locked && now - slot.locked_since < kLockPatience)) {
      shared_.log("RESTORE_RETRY", std::string(error.code.slug()) + ": " + error.context);
      slot.retry_at = now + 500ms;
      return {};
    }
    if (d == Disposition::kTaskCorrupted && slot.wiped == 0) {
      // Damaged, another's, or ahead of the log: what it holds can be had from the log again.
      shared_.log("STORE_MOVED_ASIDE", error.context);
      ++slot.wiped;
      slot.restore.reset();
      slot.core.reset();
      slot.usage = {};
      source_->close();
      return move_aside(options_.state_folder + "/" + spec_.name + "/" +
                        std::to_string(slot.partition));
    }
    return tl::unexpected(error);
  }
  if (!*done) {
    tell_progress(slot, now);
    return {};
  }
  slot.restore.reset();
  slot.state = TaskState::kRunning;
  const bool rebuilds = slot.core->position().rebuild.phase != RebuildPhase::kNone;
  shared_.log(rebuilds ? "TASK_REBUILDING" : "TASK_RUNNING",
              spec_.name + "-" + std::to_string(slot.partition));
  publish_snapshot();
  return place();
}

void StreamSession::tell_progress(Slot& slot, SteadyTime now) {
  const std::int64_t left = slot.restore->remaining();
  if (slot.told_at == SteadyTime{}) {
    slot.told_at = now;
    slot.left_then = left;
  }
  if (now - slot.told_at < kTellEvery) return;
  const double seconds = std::chrono::duration<double>(now - slot.told_at).count();
  // What is left can grow when the next topic is planned.
  const auto rate = static_cast<std::int64_t>(
      static_cast<double>(std::max<std::int64_t>(0, slot.left_then - left)) / seconds);
  std::string text = spec_.name + "-" + std::to_string(slot.partition) + ": " +
                     std::to_string(left) + " records left, " + std::to_string(rate) + " a second";
  if (rate > 0) text += ", " + std::to_string(left / rate) + " s to go";
  shared_.log("RESTORE_PROGRESS", text);
  slot.told_at = now;
  slot.left_then = left;
}

Result<void> StreamSession::rebalance() {
  Pending pending = std::move(pending_);
  pending_ = {};
  if (pending.err == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    if (options_.probe != nullptr) options_.probe->on_rebalance(RebalanceKind::kAssign);
    auto r = assign(*pending.partitions);
    publish_snapshot();
    return r;
  }
  auto r = revoke();
  inputs_->clear();
  rd_kafka_assign(consumer_.get(), nullptr);
  publish_snapshot();
  return r;
}

Result<void> StreamSession::assign(const rd_kafka_topic_partition_list_t& partitions) {
  std::vector<std::pair<std::int32_t, std::size_t>> counts;  // partition, inputs assigned
  for (int i = 0; i < partitions.cnt; ++i) {
    const auto& p = partitions.elems[i];
    auto it = std::find_if(counts.begin(), counts.end(),
                           [&](const auto& c) { return c.first == p.partition; });
    if (it == counts.end()) it = counts.insert(counts.end(), {p.partition, 0});
    ++it->second;
  }
  std::sort(counts.begin(), counts.end());
  by_partition_.clear();
  slots_.clear();
  inputs_->clear();
  for (const auto& [partition, inputs] : counts) {
    Slot slot;
    slot.partition = partition;
    slot.end_seen.assign(full_topics_.size(), false);
    if (inputs == full_topics_.size()) {
      slot.state = TaskState::kRestoring;
    } else {
      shared_.log("TASK_INCOMPLETE",
                  spec_.name + "-" + std::to_string(partition) +
                      " does not run: not all its input topics are assigned to it; have they the "
                      "same number of partitions?");
    }
    slots_.push_back(std::move(slot));
  }
  for (Slot& slot : slots_) {
    const auto index = static_cast<std::size_t>(slot.partition);
    if (by_partition_.size() <= index) by_partition_.resize(index + 1);
    by_partition_[index] = &slot;
  }
  shared_.log("ASSIGNED", std::to_string(slots_.size()) + " partitions");
  return place();  // nothing yet; each task's partitions join when it is restored
}

Result<void> StreamSession::revoke() {
  const bool lost = rd_kafka_assignment_lost(consumer_.get()) != 0;
  if (options_.probe != nullptr) {
    options_.probe->on_rebalance(lost ? RebalanceKind::kLost : RebalanceKind::kRevoke);
  }
  Result<void> r;
  if (lost) {
    // Somebody else may own the partitions by now; a commit would only be fenced.
    r = core_->abort("assignment_lost");
  } else {
    r = core_->commit();
    if (!r && r.error().code.disposition() == Disposition::kAbortTxn) {
      r = core_->abort(r.error().code.slug());
    }
    for (Slot& slot : slots_) {  // spares the next owner of this folder a part of its restore
      if (r && slot.state == TaskState::kRunning) r = slot.core->write_states();
    }
  }
  close_tasks();
  shared_.log(lost ? "ASSIGNMENT_LOST" : "REVOKED", "");
  return r;
}

void StreamSession::close_tasks() {
  if (source_) source_->close();
  if (core_) {
    for (const Slot& slot : slots_) {
      if (slot.core) core_->forget(*slot.core);
    }
  }
  by_partition_.clear();
  slots_.clear();
}

Result<void> StreamSession::close_clean() {
  auto r = core_->commit();
  if (!r) {
    // Correctness needs no clean exit (A5): the records come again.
    shared_.log("TRANSACTION_ABORTED", r.error().context);
    if (auto aborted = core_->abort(r.error().code.slug()); !aborted) return aborted;
    return {};
  }
  for (Slot& slot : slots_) {
    if (slot.state != TaskState::kRunning) continue;
    if (r = slot.core->flush_store(); !r) return r;
  }
  return r;
}

void StreamSession::close_consumer(SteadyTime deadline) {
  if (!consumer_) return;
  inputs_.reset();
  // A static member does not leave the group. rd_kafka_consumer_close() can hang, so it is asked
  // and waited for.
  const RdQueue queue(rd_kafka_queue_new(consumer_.get()));
  const RdError error(rd_kafka_consumer_close_queue(consumer_.get(), queue.get()));
  while (!error && rd_kafka_consumer_closed(consumer_.get()) == 0 &&
         steady_clock::now() < deadline) {
    const RdEvent event(rd_kafka_queue_poll(queue.get(), 50));
    if (event && rd_kafka_event_type(event.get()) == RD_KAFKA_EVENT_REBALANCE) {
      rd_kafka_assign(consumer_.get(), nullptr);
    }
    if (pending_.waiting) {
      pending_ = {};
      rd_kafka_assign(consumer_.get(), nullptr);
    }
  }
  output_->set_consumer(nullptr);
  if (error || rd_kafka_consumer_closed(consumer_.get()) == 0) {
    shared_.log("CONSUMER_CLOSE_TIMEOUT", "the consumer did not close in time and is abandoned");
    (void)consumer_.release();  // destroying it would wait for what does not come
  }
}

void StreamSession::look_at_stores() {
  for (Slot& slot : slots_) {
    if (!slot.core) continue;
    store::Usage now = slot.core->store().usage();
    shared_.store_stall_micros += now.write_stall_micros - slot.usage.write_stall_micros;
    shared_.store_background_errors += now.background_errors - slot.usage.background_errors;
    slot.usage = std::move(now);
  }
}

void StreamSession::publish_snapshot() {
  std::vector<TaskStatus> tasks;
  bool caught_up = !slots_.empty();
  // The end that was seen is the end now, as long as brokers answer.
  const Instant wall = shared_.wall->now();
  const Instant end_seen_at = wall - heard_at_ < kHeardLately ? wall : heard_at_;
  for (const Slot& slot : slots_) {
    TaskStatus t;
    t.partition = slot.partition;
    t.state = slot.state;
    t.store_path = options_.state_folder + "/" + spec_.name + "/" + std::to_string(slot.partition);
    if (slot.restore) t.restore_remaining = slot.restore->remaining();
    if (slot.core) {
      t.transaction_number = slot.core->position().transaction_number;
      t.clock = slot.core->clock().now();
      t.store = slot.usage;
      if (slot.core->position().rebuild.phase != RebuildPhase::kNone) {
        caught_up = false;
        if (slot.state == TaskState::kRunning) t.state = TaskState::kRebuilding;
      }
    }
    for (std::size_t i = 0; i < full_topics_.size(); ++i) {
      InputStatus in;
      in.topic = spec_.input_topics[i];
      if (slot.core && slot.state == TaskState::kRunning) {
        std::int64_t low = 0;
        std::int64_t high = -1;
        in.position = slot.core->position().next_offsets[i];
        in.at_end = slot.core->clock().at_end(i);
        in.position_time = in.at_end ? end_seen_at : slot.core->clock().last_handled(i);
        if (rd_kafka_get_watermark_offsets(consumer_.get(), full_topics_[i].c_str(), slot.partition,
                                           &low, &high) == RD_KAFKA_RESP_ERR_NO_ERROR &&
            high >= 0) {
          in.high_watermark = high;
          // At the end the difference is markers only (or open transactions), which nobody can
          // consume.
          if (!in.at_end) in.lag = std::max<std::int64_t>(0, high - in.position);
        }
      }
      caught_up = caught_up && slot.end_seen[i];
      t.inputs.push_back(std::move(in));
    }
    tasks.push_back(std::move(t));
  }
  const std::lock_guard lock(shared_.mutex);
  shared_.tasks = std::move(tasks);
  shared_.caught_up = caught_up;
}

}  // namespace kronika::bus
