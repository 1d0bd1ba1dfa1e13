#include "store_folder.h"
#include "task_core.h"
#include "task_restore.h"
#include "transaction_core.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include <kronika/bus/errc.h>
#include <kronika/bus/partitioner.h>
#include <kronika/bus/task_test_driver.h>

namespace kronika::bus {
namespace {

constexpr std::string_view kClusterId = "memory";

/// Views of a stored record's headers.
std::vector<Header> views(const StoredRecord& stored) {
  std::vector<Header> out;
  out.reserve(stored.headers.size());
  for (const auto& [key, value] : stored.headers) out.push_back({key, value});
  return out;
}

Record view(const StoredRecord& stored, std::string_view topic, std::int32_t partition,
            std::span<const Header> headers) {
  Record r;
  r.topic = topic;
  r.partition = partition;
  r.offset = stored.offset;
  r.timestamp = stored.timestamp;
  r.key = stored.key;
  if (stored.value) r.value = *stored.value;
  r.tombstone = !stored.value;
  r.headers = headers;
  return r;
}

class MemoryOutput final : public TransactionalOutput {
 public:
  MemoryOutput(MemoryLog& log, const Clock& clock, std::string group, std::string compacted_topic)
      : log_(log),
        clock_(clock),
        group_(std::move(group)),
        compacted_topic_(std::move(compacted_topic)),
        compacted_ends_(static_cast<std::size_t>(log.partitions()), kUnknownOffset) {}

  Result<void> begin() override {
    pending_.clear();
    return {};
  }

  Result<void> send(const Outgoing& out) override {
    Pending p;
    p.topic = out.topic;
    p.partition = out.partition ? *out.partition : partition_of(out.key, log_.partitions());
    p.record.timestamp = out.timestamp.value_or(clock_.now());
    p.record.key = out.key;
    if (!out.tombstone) p.record.value = std::string(out.value);
    for (const Header& h : out.headers) p.record.headers.emplace_back(h.key, h.value);
    pending_.push_back(std::move(p));
    return {};
  }

  Result<void> commit(std::span<const TopicOffset> offsets) override {
    if (offsets.empty()) {  // A4: without an offset nothing would fence us
      return fail(code(Errc::kInternalInvariant), "a transaction without an offset");
    }
    if (commits_to_fail > 0) {
      --commits_to_fail;
      return fail(code(Errc::kAbortable), "the test made this commit fail");
    }
    std::vector<std::pair<std::string, std::int32_t>> written;
    for (Pending& p : pending_) {
      const std::int64_t offset = log_.append(p.topic, p.partition, std::move(p.record));
      if (p.topic == compacted_topic_) {
        compacted_ends_.at(static_cast<std::size_t>(p.partition)) = offset + 1;
      }
      written.emplace_back(p.topic, p.partition);
    }
    std::sort(written.begin(), written.end());
    written.erase(std::unique(written.begin(), written.end()), written.end());
    for (const auto& [topic, partition] : written) log_.append_marker(topic, partition);
    for (const TopicOffset& o : offsets) {
      log_.committed[{group_, std::string(o.topic), o.partition}] = o.next_offset;
    }
    pending_.clear();
    if (lose_answer) return fail(code(Errc::kOutcomeUnknown), "the test lost this commit's answer");
    return {};
  }

  Result<void> abort() override {
    pending_.clear();
    return {};
  }

  std::int64_t compacted_end(std::int32_t partition) const override {
    return compacted_ends_.at(static_cast<std::size_t>(partition));
  }

  int commits_to_fail = 0;
  bool lose_answer = false;

 private:
  struct Pending {
    std::string topic;
    std::int32_t partition = 0;
    StoredRecord record;
  };
  MemoryLog& log_;
  const Clock& clock_;
  const std::string group_;
  const std::string compacted_topic_;
  std::vector<Pending> pending_;
  std::vector<std::int64_t> compacted_ends_;
};

class MemorySource final : public RestoreSource {
 public:
  MemorySource(MemoryLog& log, const TaskSpec& spec, std::string group)
      : log_(log), spec_(spec), group_(std::move(group)) {}

  Result<std::vector<std::optional<std::int64_t>>> committed(std::int32_t partition) override {
    std::vector<std::optional<std::int64_t>> out;
    for (const auto& topic : spec_.input_topics) {
      const auto it = log_.committed.find({group_, topic, partition});
      out.push_back(it == log_.committed.end() ? std::nullopt : std::optional(it->second));
    }
    return out;
  }
  Result<Ends> ends(std::string_view topic, std::int32_t partition) override {
    return Ends{0, log_.end(topic, partition)};
  }
  Result<std::int32_t> partitions(std::string_view) override { return log_.partitions(); }
  Result<void> open(std::string_view topic, std::int32_t partition, std::int64_t from) override {
    topic_ = topic;
    partition_ = partition;
    next_ = from;
    return {};
  }
  Result<Reached> read(std::size_t limit, const Visit& visit) override {
    const auto& records = log_.read(topic_, partition_);
    auto it = std::lower_bound(records.begin(), records.end(), next_,
                               [](const StoredRecord& r, std::int64_t o) { return r.offset < o; });
    for (; it != records.end() && limit > 0; ++it, --limit) {
      const auto headers = views(*it);
      if (auto r = visit(view(*it, topic_, partition_, headers)); !r) {
        return tl::unexpected(r.error());
      }
      next_ = it->offset + 1;
    }
    if (it == records.end()) next_ = log_.end(topic_, partition_);
    return Reached{next_, it == records.end()};
  }
  void close() override {}

 private:
  MemoryLog& log_;
  const TaskSpec& spec_;
  const std::string group_;
  std::string topic_;
  std::int32_t partition_ = 0;
  std::int64_t next_ = 0;
};

class Driver final : public TaskTestDriver {
 public:
  Driver(TaskSpec spec, Options options)
      : spec_(std::move(spec)),
        options_(std::move(options)),
        clock_(options_.start),
        log_(options_.log ? options_.log : std::make_shared<MemoryLog>(options_.partitions)),
        group_("kronika-" + spec_.name),
        memory_(store::MemoryBudget::create(8U << 20, 4U << 20)) {}

  Result<void> start() {
    output_ = std::make_unique<MemoryOutput>(*log_, clock_, group_, spec_.compacted_topic);
    core_ = std::make_unique<TransactionCore>(*output_, options_.limits, clock_, options_.probe);
    for (std::int32_t p = 0; p < log_->partitions(); ++p) {
      StoreFolder folder{options_.folder + "/" + std::to_string(p),
                         &spec_,
                         p,
                         std::string(kClusterId),
                         memory_,
                         1U << 20};
      auto opened = open_store(folder, clock_.now());
      if (!opened) return tl::unexpected(opened.error());
      if (options_.probe != nullptr && !opened->moved_aside.empty())
        options_.probe->on_log("STORE_MOVED_ASIDE", opened->moved_aside);
      TaskCore::Parts parts;
      parts.spec = &spec_;
      parts.partition = p;
      parts.store = std::move(opened->store);
      parts.position = std::move(opened->position);
      parts.output = output_.get();
      parts.wall = &clock_;
      parts.probe = options_.probe;
      parts.fault_path = folder.path + ".faults";
      tasks_.push_back(std::make_unique<TaskCore>(std::move(parts)));
      MemorySource source(*log_, spec_, group_);
      TaskRestore restore(*tasks_.back(), source, options_.probe);
      for (;;) {
        auto done = restore.step(100);
        if (!done) return tl::unexpected(done.error());
        if (*done) break;
      }
    }
    return {};
  }

  void stop() {
    core_.reset();
    tasks_.clear();
    output_.reset();
  }

  std::int64_t pipe(std::string_view topic, std::string_view key, std::string_view value,
                    std::span<const Header> headers, std::optional<Instant> timestamp) override {
    StoredRecord r;
    r.timestamp = timestamp.value_or(clock_.now());
    r.key = key;
    r.value = std::string(value);
    for (const Header& h : headers) r.headers.emplace_back(h.key, h.value);
    return log_->append(topic, partition_of(key, log_->partitions()), std::move(r));
  }
  MemoryLog& log() override { return *log_; }

  Result<std::size_t> poll(std::size_t limit) override {
    std::size_t count = 0;
    for (;;) {
      mark_ends();
      const auto next = oldest_waiting();
      if (!next || count >= limit) break;
      const auto& [task, index, stored] = *next;
      const auto headers = views(*stored);
      Record record = view(*stored, spec_.input_topics[index], task->partition(), headers);
      record.topic_index = static_cast<int>(index);
      auto handled = core_->handle(*task, record);
      if (!handled) return tl::unexpected(handled.error());
      if (*handled == TransactionCore::Handled::kDone) ++count;
      if (*handled == TransactionCore::Handled::kCommitFirst || core_->must_commit()) {
        if (auto r = core_->commit(); !r) return tl::unexpected(r.error());
      }
    }
    for (auto& task : tasks_) {
      if (auto r = core_->wake(*task); !r) return tl::unexpected(r.error());
    }
    return count;
  }

  Result<void> commit() override { return core_->commit(); }
  Result<void> abort() override { return core_->abort("test"); }

  Result<void> run() override {
    constexpr int kPatience = 10;
    int aborts = 0;
    for (;;) {
      auto polled = poll(SIZE_MAX);
      auto done = polled ? core_->commit() : Result<void>(tl::unexpected(polled.error()));
      if (!done) {
        const Error error = done.error();
        if (auto r = core_->abort(error.code.slug()); !r) return r;
        if (error.code.disposition() != Disposition::kAbortTxn || ++aborts >= kPatience) {
          return tl::unexpected(error);
        }
        continue;
      }
      aborts = 0;
      mark_ends();
      const bool idle =
          !oldest_waiting() && std::none_of(tasks_.begin(), tasks_.end(),
                                            [&](const auto& task) { return core_->due(*task); });
      if (idle) return {};
    }
  }

  Result<void> crash() override {
    stop();
    return start();
  }
  Result<void> crash_after_commit() override {
    output_->lose_answer = true;
    // The answer is lost by design; an error of another kind is the test's to see.
    if (auto r = core_->commit(); !r && r.error().code != code(Errc::kOutcomeUnknown)) return r;
    return crash();
  }
  Result<void> lose_store() override {
    stop();
    for (std::int32_t p = 0; p < log_->partitions(); ++p) {
      std::filesystem::remove_all(options_.folder + "/" + std::to_string(p));
    }
    return start();
  }
  Result<void> restart() override {
    if (auto r = core_->commit(); !r) return r;
    for (auto& task : tasks_) {
      if (auto r = task->flush_store(); !r) return r;
    }
    return crash();
  }
  void fail_commits(int count) override { output_->commits_to_fail = count; }

  void advance_to(Instant t) override { clock_.set(std::max(t, clock_.now())); }
  Instant now() const override { return clock_.now(); }
  Task& task(std::int32_t p) override { return core_of(p).task(); }
  const store::StateStore& store(std::int32_t p) const override { return core_of(p).store(); }
  Instant task_clock(std::int32_t p) const override { return core_of(p).task_clock(); }
  std::int64_t transaction_number(std::int32_t p) const override {
    return core_of(p).position().transaction_number;
  }

 private:
  struct Waiting {
    TaskCore* task;
    std::size_t index;
    const StoredRecord* record;
  };

  TaskCore& core_of(std::int32_t p) const { return *tasks_.at(static_cast<std::size_t>(p)); }

  const StoredRecord* next_of(const TaskCore& task, std::size_t index) const {
    const auto& records = log_->read(spec_.input_topics[index], task.partition());
    const auto it = std::lower_bound(
        records.begin(), records.end(), task.next_offset(index),
        [](const StoredRecord& r, std::int64_t offset) { return r.offset < offset; });
    return it == records.end() ? nullptr : &*it;
  }

  std::optional<Waiting> oldest_waiting() const {
    std::optional<Waiting> best;
    for (const auto& task : tasks_) {
      for (std::size_t i = 0; i < spec_.input_topics.size(); ++i) {
        const StoredRecord* r = next_of(*task, i);
        if (r != nullptr && (!best || r->timestamp < best->record->timestamp)) {
          best = Waiting{task.get(), i, r};
        }
      }
    }
    return best;
  }

  void mark_ends() {
    for (auto& task : tasks_) {
      for (std::size_t i = 0; i < spec_.input_topics.size(); ++i) {
        if (next_of(*task, i) == nullptr) {
          core_->end_seen(*task, i, log_->end(spec_.input_topics[i], task->partition()));
        }
      }
    }
  }

  const TaskSpec spec_;
  const Options options_;
  ManualClock clock_;
  std::shared_ptr<MemoryLog> log_;
  const std::string group_;
  std::shared_ptr<store::MemoryBudget> memory_;
  std::unique_ptr<MemoryOutput> output_;
  std::vector<std::unique_ptr<TaskCore>> tasks_;
  std::unique_ptr<TransactionCore> core_;
};

}  // namespace

Result<std::unique_ptr<TaskTestDriver>> TaskTestDriver::create(TaskSpec spec, Options options) {
  auto driver = std::make_unique<Driver>(std::move(spec), std::move(options));
  if (auto r = driver->start(); !r) return tl::unexpected(r.error());
  return driver;
}

}  // namespace kronika::bus
