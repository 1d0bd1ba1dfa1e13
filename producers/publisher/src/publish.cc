#include "documents.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <utility>

#include <kronika/bus/topics.h>
#include <kronika/bus/wire.h>
#include <kronika/codec/ledger_codec.h>
#include <kronika/codec/schema_ids.h>
#include <kronika/codec/uuid5.h>
#include <kronika/publisher/event_publisher.h>
#include <kronika/publisher/publish.h>

namespace kronika::publisher {
namespace {

constexpr std::size_t kIgnoredNames = 1000;
constexpr std::uint64_t kProgressEvery = 1000;  ///< documents

/// A refused message whose dead letter has its place; the ledger entry names that place.
struct Kept {
  std::string hash;
  std::string reason;
  std::string sender;
  bus::Published place;
};

/// A file's name in headers and rows; a name that holds a run of ten digits may hold a CPR number.
std::string safe_name(const std::string& path) {
  std::string name = std::filesystem::path(path).filename().string();
  std::size_t run = 0;
  for (std::size_t i = 0; i <= name.size(); ++i) {
    const bool digit = i < name.size() && name[i] >= '0' && name[i] <= '9';
    const bool hyphen = i < name.size() && name[i] == '-' && run == 6;
    if (digit) {
      ++run;
    } else if (!hyphen) {
      if (run == 10) return "(file name withheld)";
      run = 0;
    }
  }
  return name;
}

class Run {
 public:
  Run(const PublishOptions& options, const PublishTools& tools)
      : options_(options), tools_(tools), out_(*tools.bus), kept_(std::make_shared<KeptList>()) {}

  PublishReport all() {
    Paths paths = expand(options_.paths);
    report_.failures = std::move(paths.failures);
    report_.skipped_files = paths.skipped;
    for (const std::string& file : paths.files) {
      if (stopped_) break;
      one_path(file);
    }
    close();
    progress(true);
    return std::move(report_);
  }

 private:
  struct KeptList {
    std::mutex mutex;
    std::vector<Kept> list;  ///< guarded by mutex
  };

  void one_path(const std::string& path) {
    if (path == "-") {
      if (options_.input != nullptr) documents(*options_.input, "-");
      return;
    }
    std::ifstream in(path, std::ios::binary);
    if (!in || std::filesystem::is_directory(path)) {
      report_.failures.push_back(path + ": cannot be read (" + std::strerror(errno) + ")");
      return;
    }
    documents(in, path);
  }

  void documents(std::istream& in, const std::string& path) {
    for_each_document(
        in, options_.max_message_bytes,
        [&](std::string_view bytes, std::size_t number) {
          document(bytes, number == 1 ? path : path + "#" + std::to_string(number),
                   safe_name(path));
          return !stopped_;
        },
        [&](std::size_t number) {
          report_.failures.push_back(path + "#" + std::to_string(number) + ": larger than " +
                                     std::to_string(options_.max_message_bytes) +
                                     " bytes; split it, or raise ingest.max_message_bytes");
        });
  }

  void document(std::string_view bytes, const std::string& place, const std::string& file) {
    ++report_.messages;
    const codec::Translation t = codec::translate(bytes, *tools_.adapters, tools_.clock->now());
    ++report_.by_protocol[std::string(codec::to_text(t.protocol))];
    Trace trace;
    std::vector<const codec::Refused*> refusals;
    for (const codec::Outcome& outcome : t.outcomes) {
      if (stopped_) return;
      if (const auto* accepted = std::get_if<codec::Accepted>(&outcome)) {
        if (auto sent = out_.publish(accepted->event, trace); !sent) return stop(sent.error());
        ++report_.events;
        ++report_.by_type[std::string(domain::event_type_name(accepted->event.type()))];
        if (sender_.empty()) sender_ = accepted->event.sender_org;
      } else if (const auto* refused = std::get_if<codec::Refused>(&outcome)) {
        refusals.push_back(refused);
      } else {
        ++report_.ignored;
        count_ignored(std::get<codec::Ignored>(outcome).what);
      }
    }
    if (refusals.empty()) {
      ++report_.messages_accepted;
    } else {
      refuse(bytes, place, file, t, refusals, trace);
    }
    sender_.clear();
    progress(false);
  }

  /// Names come from the message: a hostile stream must not fill the memory with them.
  void count_ignored(const std::string& what) {
    const bool known =
        report_.by_ignored.size() < kIgnoredNames || report_.by_ignored.contains(what);
    ++report_.by_ignored[known ? what : "other"];
  }

  void refuse(std::string_view bytes, const std::string& place, const std::string& file,
              const codec::Translation& t, const std::vector<const codec::Refused*>& refusals,
              Trace& trace) {
    ++report_.messages_refused;
    std::map<std::string, int> reasons;
    for (const auto* refused : refusals) {
      ++report_.refused;
      const codec::Fault& first = refused->faults.front();
      const std::string slug(domain::slug(first.reason));
      ++report_.by_reason[slug];
      ++reasons[slug];
      if (report_.refused_rows.size() < options_.max_refused_rows) {
        report_.refused_rows.push_back({place, first.position, slug, first.sentence});
      }
    }
    const codec::Fault& first = refusals.front()->faults.front();
    std::string all;
    for (const auto& [slug, n] : reasons)
      all += (all.empty() ? "" : " ") + slug + "=" + std::to_string(n);
    const std::string hash = codec::sha256_hex(bytes);
    const std::string sealed = tools_.sealer->seal(bytes);
    const std::string time = domain::to_text(tools_.clock->now());
    const std::string trace_header = trace.header(/*always_sampled=*/true);
    const std::array<bus::Header, 11> headers{{{"kronika-dlq-stage", "edge"},
                                               {"kronika-dlq-reason", domain::slug(first.reason)},
                                               {"kronika-dlq-reasons", all},
                                               {"kronika-dlq-detail", first.sentence},
                                               {"kronika-dlq-position", first.position},
                                               {"kronika-dlq-source", file},
                                               {"kronika-dlq-protocol", codec::to_text(t.protocol)},
                                               {"kronika-dlq-hash", hash},
                                               {"kronika-dlq-time", time},
                                               {"content-type", "application/vnd.kronika.sealed"},
                                               {"traceparent", trace_header}}};
    bus::Outgoing record;
    record.topic = bus::kDeadLetter;
    record.key = hash;
    record.value = sealed;
    record.headers = headers;
    const auto sent =
        out_.send(record, [kept = kept_, hash, reason = std::string(domain::slug(first.reason)),
                           sender = sender_](const bus::Published& placed) {
          const std::lock_guard lock(kept->mutex);
          kept->list.push_back({hash, reason, sender, placed});
        });
    if (!sent) stop(sent.error());
  }

  /// Waits for Kafka, then books the refused messages under the places of their dead letters.
  void close() {
    if (!finish()) return;
    const std::lock_guard lock(kept_->mutex);
    for (const Kept& kept : kept_->list) {
      codec::LedgerEntry entry;
      entry.outcome = codec::LedgerOutcome::kRejected;
      entry.reason = kept.reason;
      entry.topic = bus::kDeadLetter;
      entry.partition = kept.place.partition;
      entry.offset = kept.place.offset;
      entry.sender_org = kept.sender;
      std::string value;
      bus::append_wire_prefix(codec::kLedgerEntrySchemaId, value);
      codec::encode_ledger_entry(entry, value);
      bus::Outgoing record;
      record.topic = bus::kLedger;
      record.key = kept.hash;
      record.value = value;
      if (auto sent = out_.send(record); !sent) return stop(sent.error());
    }
    if (!kept_->list.empty()) (void)finish();
  }

  bool finish() {
    const auto totals = out_.finish(options_.flush_timeout);
    if (!totals) {
      stop(totals.error());
      return false;
    }
    report_.acknowledged = totals->acknowledged;
    if (totals->failed == 0) return true;
    report_.failures.push_back("Kafka did not take " + std::to_string(totals->failed) +
                               " records, the first because: " + totals->first_failure->context);
    stopped_ = true;
    return false;
  }

  void stop(const Error& error) {
    if (stopped_) return;
    stopped_ = true;
    report_.failures.push_back("Kafka: " + error.context + " (" + std::string(error.code.slug()) +
                               ")");
  }

  void progress(bool last) {
    if (options_.progress == nullptr) return;
    if (!last && report_.messages % kProgressEvery != 0) return;
    *options_.progress << "\r" << report_.messages << " messages, " << report_.events << " events, "
                       << report_.messages_accepted << " accepted, " << report_.messages_refused
                       << " refused, " << report_.ignored << " resources ignored"
                       << (last ? "\n" : "") << std::flush;
  }

  const PublishOptions& options_;
  const PublishTools& tools_;
  EventPublisher out_;
  std::shared_ptr<KeptList> kept_;
  PublishReport report_;
  std::string sender_;  ///< of the message being read
  bool stopped_ = false;
};

}  // namespace

PublishReport run_publish(const PublishOptions& options, const PublishTools& tools) {
  return Run(options, tools).all();
}

int exit_code(const PublishReport& report, bool strict) {
  if (!report.failures.empty()) return 3;
  return strict && report.messages_refused > 0 ? 1 : 0;
}

}  // namespace kronika::publisher
