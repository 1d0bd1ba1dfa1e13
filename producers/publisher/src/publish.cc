#include "documents.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <mutex>
#include <utility>

#include <kronika/edge/text.h>
#include <kronika/publisher/publish.h>

namespace kronika::publisher {
namespace {

constexpr std::size_t kIgnoredNames = 1000;
constexpr std::uint64_t kProgressEvery = 1000;  ///< documents
constexpr std::chrono::milliseconds kMoment{20};

/// What the answers fill; they may come after the run has given up waiting for them.
struct Books {
  std::mutex mutex;
  // Guarded by mutex.
  PublishReport report;
  std::map<std::uint64_t, std::vector<RefusedRow>> rows;  ///< by document: answers overtake
  std::size_t row_count = 0;
  bool stopped = false;
};

enum class Attempt : std::uint8_t { kUnderWay, kAgain, kLeft };

class Run {
 public:
  Run(const PublishOptions& options, const PublishTools& tools)
      : options_(options),
        tools_(tools),
        books_(std::make_shared<Books>()),
        edge_(tools.edge, tools.limits) {}

  PublishReport all() {
    Paths paths = expand(options_.paths);
    books_->report.failures = std::move(paths.failures);
    books_->report.skipped_files = paths.skipped;
    for (const std::string& file : paths.files) {
      if (stopped()) break;
      one_path(file);
    }
    edge_.stop();
    const bool drained = edge_.drain(options_.flush_timeout);
    const std::lock_guard lock(books_->mutex);
    PublishReport report = std::move(books_->report);
    if (!drained) {
      report.failures.emplace_back(
          "Kafka did not acknowledge everything in time; is the broker up?");
    }
    for (auto& [document, rows] : books_->rows) {
      std::move(rows.begin(), rows.end(), std::back_inserter(report.refused_rows));
    }
    progress(report, true);
    return report;
  }

 private:
  void one_path(const std::string& path) {
    if (path == "-") {
      if (options_.input != nullptr) documents(*options_.input, "-");
      return;
    }
    std::ifstream in(path, std::ios::binary);
    if (!in || std::filesystem::is_directory(path)) {
      failure(path + ": cannot be read (" + std::strerror(errno) + ")");
      return;
    }
    documents(in, path);
  }

  void documents(std::istream& in, const std::string& path) {
    const std::string source = edge::without_person_number(
        std::filesystem::path(path).filename().string(), "(file name withheld)");
    for_each_document(
        in, tools_.limits.max_message_bytes,
        [&](std::string_view bytes, std::size_t number) {
          document(bytes, number == 1 ? path : path + "#" + std::to_string(number), source);
          return !stopped();
        },
        [&](std::size_t number) {
          failure(path + "#" + std::to_string(number) + ": larger than " +
                  std::to_string(tools_.limits.max_message_bytes) +
                  " bytes; split it, or raise ingest.max_message_bytes");
        });
  }

  void document(std::string_view bytes, const std::string& place, const std::string& source) {
    const std::uint64_t number = documents_++;
    for (;;) {
      while (edge_.load().share >= 1) (void)tools_.edge.bus->flush(kMoment);
      const auto attempt = std::make_shared<std::atomic<Attempt>>(Attempt::kUnderWay);
      edge_.submit({.bytes = bytes,
                    .door = edge::Door::kFile,
                    .source = source,
                    .received = tools_.clock->now()},
                   [books = books_, most_rows = options_.max_refused_rows, number, place,
                    attempt](const Result<edge::Account>& account) {
                     // While the bytes are still at hand, "busy" is no answer to report.
                     Attempt under_way = Attempt::kUnderWay;
                     const bool busy = !account && account.error().code == edge::kBusy;
                     if (busy && attempt->compare_exchange_strong(under_way, Attempt::kAgain))
                       return;
                     book(*books, account, number, place, most_rows);
                   });
      if (attempt->exchange(Attempt::kLeft) != Attempt::kAgain) break;
      (void)tools_.edge.bus->flush(kMoment);
    }
    const std::lock_guard lock(books_->mutex);
    ++books_->report.messages;
    progress(books_->report, false);
  }

  static void book(Books& books, const Result<edge::Account>& account, std::uint64_t number,
                   const std::string& place, std::size_t most_rows) {
    const std::lock_guard lock(books.mutex);
    PublishReport& report = books.report;
    if (!account) {
      if (!books.stopped) report.failures.push_back(place + ": " + account.error().context);
      // A message that is too large is its own fault; anything else is Kafka's, and the next would
      // fare no better.
      books.stopped = books.stopped || account.error().code != edge::kTooLarge;
      return;
    }
    ++report.by_protocol[std::string(codec::to_text(account->protocol))];
    ++(account->whole() ? report.messages_accepted : report.messages_refused);
    report.events += account->accepted;
    report.refused += account->refused;
    report.ignored += account->ignored;
    // The original and the ledger's record, and a dead letter where something was refused.
    report.acknowledged += account->accepted + 2 + (account->whole() ? 0 : 1);
    for (const edge::Fact& fact : account->facts) {
      if (const auto* accepted = std::get_if<edge::AcceptedFact>(&fact)) {
        ++report.by_type[std::string(domain::event_type_name(accepted->type))];
      } else if (const auto* refused = std::get_if<codec::Refused>(&fact)) {
        const codec::Fault& first = refused->faults.front();
        const std::string slug(domain::slug(first.reason));
        ++report.by_reason[slug];
        if (books.row_count++ >= most_rows) continue;
        books.rows[number].push_back({place, first.position, slug, first.sentence});
      } else {
        count_ignored(report, std::get<codec::Ignored>(fact).what);
      }
    }
  }

  /// Names come from the message: a hostile stream must not fill the memory with them.
  static void count_ignored(PublishReport& report, const std::string& what) {
    const bool known = report.by_ignored.size() < kIgnoredNames || report.by_ignored.contains(what);
    ++report.by_ignored[known ? what : "other"];
  }

  void failure(std::string sentence) {
    const std::lock_guard lock(books_->mutex);
    books_->report.failures.push_back(std::move(sentence));
  }

  [[nodiscard]] bool stopped() const {
    const std::lock_guard lock(books_->mutex);
    return books_->stopped;
  }

  void progress(const PublishReport& report, bool last) const {
    if (options_.progress == nullptr) return;
    if (!last && report.messages % kProgressEvery != 0) return;
    *options_.progress << "\r" << report.messages << " messages, " << report.events << " events, "
                       << report.messages_accepted << " accepted, " << report.messages_refused
                       << " refused, " << report.ignored << " resources ignored"
                       << (last ? "\n" : "") << std::flush;
  }

  const PublishOptions& options_;
  const PublishTools& tools_;
  const std::shared_ptr<Books> books_;
  edge::Edge edge_;
  std::uint64_t documents_ = 0;
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
