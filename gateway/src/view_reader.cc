#include <atomic>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <kronika/bus/log_reader.h>
#include <kronika/bus/topics.h>
#include <kronika/canary/canary.h>
#include <kronika/gateway/errc.h>
#include <kronika/gateway/view_reader.h>
#include <kronika/telemetry/log.h>

namespace kronika::gateway {
namespace {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;
namespace log = telemetry::log;

// A batch's records own their bytes; the log's live only while they are handed over.
struct Kept {
  int topic = 0;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  Instant timestamp;
  std::string key;
  std::string value;
  bool tombstone = false;
  std::vector<std::pair<std::string, std::string>> headers;  // of dead letters alone
};

class Reader final : public ViewReader {
 public:
  Reader(const ViewReaderOptions& options, View& view, telemetry::Registry& registry,
         telemetry::Loop loop, Events events)
      : options_(options), view_(view), loop_(std::move(loop)), events_(std::move(events)) {
    for (std::size_t t = 0; t < std::size(kViewTopics); ++t) {
      if (!reads(t)) continue;
      position_time_[t] = registry.gauge(
          "kronika_view_position_timestamp_seconds",
          "Time of the last record in the view; now, where the end of the topic was seen",
          {{"topic", std::string(kViewTopics[t])}});
    }
    publications_ =
        registry.gauge("kronika_view_publications", "Publications in the view, all revisions", {});
    records_ = registry.counter("kronika_view_records_total", "Records read into the view");
    batches_ =
        registry.histogram("kronika_view_batch_seconds", "Time to write one batch into the view",
                           telemetry::Buckets::kFast);
  }
  ~Reader() override { stop(); }

  Result<void> open() {
    auto log_reader =
        bus::LogReader::open(options_.client, {.group = "kronika-gateway-view", .watched = true});
    if (!log_reader) return tl::unexpected(log_reader.error());
    log_ = std::move(*log_reader);
    const ViewPositions positions = view_.positions();
    std::vector<bus::PartitionOffset> from;
    for (std::size_t t = 0; t < std::size(kViewTopics); ++t) {
      if (!reads(t)) continue;
      const std::string topic(kViewTopics[t]);
      auto count = log_->partition_count(topic);
      if (!count) return tl::unexpected(count.error());
      for (std::int32_t p = 0; p < *count; ++p) {
        const TopicPartition at{static_cast<std::uint8_t>(t), p};
        const auto known = positions.find(at);
        from.push_back(
            {topic, p,
             known == positions.end() ? bus::LogReader::kBeginning : known->second.next_offset});
        parts_.push_back(at);
      }
    }
    if (auto ok = skip_old_bookings(from); !ok) return ok;
    if (auto ok = find_compared(); !ok) return ok;
    auto ends = log_->ends(from);
    if (!ends) return tl::unexpected(ends.error());
    for (std::size_t i = 0; i < from.size(); ++i) {
      if (from[i].offset > (*ends)[i].offset) {
        return fail(code(Errc::kViewForeign),
                    "the view is ahead of the log: the log was made anew; the view is rebuilt");
      }
      ends_[parts_[i]] = (*ends)[i].offset;
      goal_.push_back((*ends)[i].offset);
    }
    partitions_ = from;
    return log_->assign(from);
  }

  void run() {
    thread_ = std::thread([this] { loop(); });
  }

  std::map<TopicPartition, std::int64_t> log_ends() const override {
    const std::lock_guard lock(mutex_);
    return ends_;
  }

  void stop() override {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
  }

 private:
  [[nodiscard]] static bool is_ledgers(std::size_t topic) {
    return topic == kLedgerTopic || topic == kDeadLetterTopic;
  }
  [[nodiscard]] bool reads(std::size_t topic) const {
    return !is_ledgers(topic) || view_.ledger() != nullptr;
  }

  /// What the reconciliation asks the ends of: also raw, which is not read.
  Result<void> find_compared() {
    if (view_.ledger() == nullptr) return {};
    for (const TopicPartition& at : parts_) {
      if (at.topic < kFlytningTopic || is_ledgers(at.topic)) compared_.push_back(at);
    }
    const auto count = log_->partition_count(std::string(bus::kRaw));
    if (!count) return tl::unexpected(count.error());
    for (std::int32_t p = 0; p < *count; ++p) compared_.push_back({kRawTopic, p});
    return {};
  }

  /// The topics keep more days than the view: what is older is not even read.
  Result<void> skip_old_bookings(std::vector<bus::PartitionOffset>& from) {
    const auto is_fresh = [&](std::size_t i) {
      return is_ledgers(parts_[i].topic) && from[i].offset == bus::LogReader::kBeginning;
    };
    std::vector<bus::PartitionOffset> fresh;
    for (std::size_t i = 0; i < from.size(); ++i) {
      if (is_fresh(i)) fresh.push_back(from[i]);
    }
    if (fresh.empty()) return {};
    const auto begin = log_->offsets_at(fresh, view_.ledger()->since());
    if (!begin) return tl::unexpected(begin.error());
    std::size_t next = 0;
    for (std::size_t i = 0; i < from.size(); ++i) {
      if (is_fresh(i)) from[i].offset = (*begin)[next++].offset;
    }
    return {};
  }

  void loop() {
    while (!stopping_) {
      loop_.turned();
      if (auto ok = reconcile(); !ok) return fail_with(ok.error());
      const auto met = log_->poll(batch_.empty() ? 100ms : 2ms, [this](const bus::Record& record) {
        keep(record);
        return Result<void>();
      });
      if (!met) return fail_with(met.error());
      const bool nothing = *met == bus::LogReader::Met::kNothing;
      const bool full = batch_.size() >= options_.batch_records ||
                        batch_bytes_ >= options_.batch_bytes ||
                        (!batch_.empty() && Steady::now() - batch_begin_ >= options_.batch_time);
      if (nothing || full || *met == bus::LogReader::Met::kEnd) {
        if (auto ok = write(); !ok) return fail_with(ok.error());
      }
      if (nothing) look_at_ends();
    }
    if (auto ok = write(); !ok) return fail_with(ok.error());
    loop_.ended();
  }

  void keep(const bus::Record& record) {
    if (batch_.empty()) batch_begin_ = Steady::now();
    const std::uint8_t topic = parts_[static_cast<std::size_t>(record.topic_index)].topic;
    if (topic == kDeadLetterTopic) return keep_letter(record);
    batch_bytes_ += record.key.size() + record.value.size();
    if (events_.canary && canary::is_canary_key(record.key) &&
        kViewTopics[topic] == bus::kCitizenState) {
      canaries_.emplace_back(record.partition, record.timestamp);
    }
    batch_.push_back({topic,
                      record.partition,
                      record.offset,
                      record.timestamp,
                      std::string(record.key),
                      std::string(record.value),
                      record.tombstone,
                      {}});
  }

  /// Its headers say why it was refused; what it holds is nobody's business here.
  void keep_letter(const bus::Record& record) {
    Kept& kept = batch_.emplace_back();
    kept.topic = kDeadLetterTopic;
    kept.partition = record.partition;
    kept.offset = record.offset;
    kept.timestamp = record.timestamp;
    for (const bus::Header& header : record.headers) {
      kept.headers.emplace_back(header.key, header.value);
      batch_bytes_ += header.key.size() + header.value.size();
    }
  }

  Result<void> write() {
    std::map<TopicPartition, std::int64_t> ends;
    for (std::size_t i = 0; i < parts_.size(); ++i) ends[parts_[i]] = log_->position(i);
    if (batch_.empty() && ends == written_) return {};
    std::vector<bus::Record> records;
    std::deque<std::vector<bus::Header>> headers;  // the records point into it
    records.reserve(batch_.size());
    for (const Kept& kept : batch_) {
      bus::Record record;
      record.topic = kViewTopics[kept.topic];
      record.partition = kept.partition;
      record.offset = kept.offset;
      record.timestamp = kept.timestamp;
      record.key = kept.key;
      record.value = kept.value;
      record.tombstone = kept.tombstone;
      if (!kept.headers.empty()) {
        auto& own = headers.emplace_back();
        for (const auto& [key, value] : kept.headers) own.push_back({key, value});
        record.headers = own;
      }
      records.push_back(record);
    }
    const auto begin = Steady::now();
    if (auto ok = view_.apply(records, ends); !ok) return ok;
    batches_.observe(Steady::now() - begin);
    records_.add(static_cast<double>(batch_.size()));
    written_ = std::move(ends);
    // While the view still reads what is old it would tell of canaries long dead.
    if (caught_up_) {
      for (const auto& [partition, published] : canaries_) events_.canary(partition, published);
    }
    canaries_.clear();
    batch_.clear();
    batch_bytes_ = 0;
    after_write();
    return {};
  }

  void after_write() {
    bool reached = true;
    std::array<bool, std::size(kViewTopics)> topic_at_end;
    topic_at_end.fill(true);
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      reached = reached && log_->position(i) >= goal_[i];
      topic_at_end[parts_[i].topic] = topic_at_end[parts_[i].topic] && log_->at_end(i);
    }
    std::array<Instant, std::size(kViewTopics)> last{};
    for (const auto& [at, position] : view_.positions())
      last[at.topic] = std::max(last[at.topic], position.last_record_time);
    for (std::size_t t = 0; t < std::size(kViewTopics); ++t) {
      if (topic_at_end[t]) {
        // The end that was seen is the end now, as long as brokers answer.
        const Instant seen{SystemClock().now().ms - log_->silence().count()};
        position_time_[t].set(static_cast<double>(seen.ms) / 1000);
      } else {
        position_time_[t].set(static_cast<double>(last[t].ms) / 1000);
      }
    }
    publications_.set(static_cast<double>(view_.publication_count()));
    if (reached && !std::exchange(caught_up_, true) && events_.caught_up) events_.caught_up();
  }

  // While nothing comes: the end is where we stand, or where the brokers say it is.
  void look_at_ends() {
    if (Steady::now() - looked_at_ends_ < 1s) return;
    looked_at_ends_ = Steady::now();
    bool behind = false;
    {
      const std::lock_guard lock(mutex_);
      for (std::size_t i = 0; i < parts_.size(); ++i) {
        if (log_->at_end(i)) {
          ends_[parts_[i]] = std::max(ends_[parts_[i]], log_->position(i));
        } else {
          behind = true;
        }
      }
    }
    after_write();
    if (!behind) return;
    const auto ends = log_->ends(partitions_);
    if (!ends) return;  // the brokers are away: the last answer stands
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < parts_.size(); ++i) ends_[parts_[i]] = (*ends)[i].offset;
  }

  /// Every few seconds, also while records keep coming.
  Result<void> reconcile() {
    if (view_.ledger() == nullptr || Steady::now() - reconciled_ < options_.reconcile_every) {
      return {};
    }
    reconciled_ = Steady::now();
    std::vector<bus::PartitionOffset> all, kept;
    for (const TopicPartition& at : compared_) {
      all.push_back({std::string(topic_name(at.topic)), at.partition, 0});
      if (is_kept(at)) kept.push_back(all.back());
    }
    const auto begins = log_->beginnings(kept);
    if (!begins) return {};  // the brokers are away
    const auto ends = log_->ends(all);
    if (!ends) return {};
    View::LogBounds bounds;
    std::size_t next = 0;
    for (std::size_t i = 0; i < compared_.size(); ++i) {
      bounds.ends[compared_[i]] = (*ends)[i].offset;
      if (is_kept(compared_[i])) bounds.begins[compared_[i]] = (*begins)[next++].offset;
    }
    return view_.check_ledger(SystemClock().now(), bounds);
  }
  /// Of the topics that hold what messages are kept in.
  [[nodiscard]] static bool is_kept(const TopicPartition& at) {
    return at.topic == kRawTopic || at.topic == kDeadLetterTopic;
  }

  void fail_with(const Error& error) {
    loop_.ended();
    if (events_.failed) events_.failed(error);
  }

  // constant after open()
  const ViewReaderOptions options_;
  View& view_;
  const telemetry::Loop loop_;
  const Events events_;
  std::vector<TopicPartition> parts_;
  std::vector<bus::PartitionOffset> partitions_;
  std::vector<TopicPartition> compared_;
  std::vector<std::int64_t> goal_;  // the log's ends at the start
  telemetry::Gauge position_time_[std::size(kViewTopics)];
  telemetry::Gauge publications_;
  telemetry::Counter records_;
  telemetry::Histogram batches_;
  // owned by the reader's thread
  std::unique_ptr<bus::LogReader> log_;
  std::vector<Kept> batch_;
  std::vector<std::pair<std::int32_t, Instant>> canaries_;  // of the batch
  std::size_t batch_bytes_ = 0;
  Steady::time_point batch_begin_, looked_at_ends_, reconciled_;
  std::map<TopicPartition, std::int64_t> written_;
  bool caught_up_ = false;
  // guarded by mutex_
  mutable std::mutex mutex_;
  std::map<TopicPartition, std::int64_t> ends_;

  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<ViewReader>> ViewReader::start(const ViewReaderOptions& options, View& view,
                                                      telemetry::Registry& registry,
                                                      telemetry::Loop loop, Events events) {
  auto reader =
      std::make_unique<Reader>(options, view, registry, std::move(loop), std::move(events));
  if (auto ok = reader->open(); !ok) return tl::unexpected(ok.error());
  reader->run();
  return reader;
}

Result<std::string> cluster_id(const bus::ClientOptions& client) {
  auto reader = bus::LogReader::open(client, {.group = "kronika-gateway-view"});
  if (!reader) return tl::unexpected(reader.error());
  return (*reader)->cluster_id();
}

}  // namespace kronika::gateway
