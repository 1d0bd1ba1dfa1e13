// The queue on disk: one SQLite database in WAL mode, synced at each commit. One connection,
// guarded by a mutex. SQLite stays in src/.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <kronika/base/result.h>
#include <kronika/outbox/outbox.h>

struct sqlite3;
struct sqlite3_stmt;

namespace kronika::outbox {

struct Due {
  std::int64_t sequence = 0;
  std::string id, message, source;
  int attempts = 0;
};

class Storage {
 public:
  [[nodiscard]] Result<void> open(const std::filesystem::path& file);
  ~Storage();

  [[nodiscard]] Result<bool> put(const Message& message, std::int64_t now_ms);
  /// The first waiting message of each citizen whose pause is over, the oldest first.
  [[nodiscard]] Result<std::vector<Due>> due(std::int64_t now_ms, std::size_t limit);
  /// When the next pause is over; -1: nothing waits.
  [[nodiscard]] Result<std::int64_t> next_due();
  [[nodiscard]] Result<void> answered(std::int64_t sequence, const Answer& answer,
                                      std::int64_t now_ms);
  [[nodiscard]] Result<void> try_again(std::int64_t sequence, std::int64_t not_before_ms);
  [[nodiscard]] Result<std::optional<Answer>> answer(const std::string& id);
  [[nodiscard]] Result<Counts> counts(std::int64_t now_ms);
  [[nodiscard]] Result<void> forget(std::int64_t answered_before_ms);

 private:
  class Statement;
  [[nodiscard]] Result<sqlite3_stmt*> prepared(const char* sql);
  [[nodiscard]] tl::unexpected<Error> broken(const char* doing) const;

  std::mutex mutex_;
  sqlite3* db_ = nullptr;
  std::map<const char*, sqlite3_stmt*> statements_;  // by the literal's address
};

}  // namespace kronika::outbox
