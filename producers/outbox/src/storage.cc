#include "storage.h"

#include <algorithm>
#include <sqlite3.h>

namespace kronika::outbox {
namespace {

// Waiting messages have verdict 0. The partial index holds them alone, so a long history costs the
// sender nothing.
constexpr const char* kSchema = R"sql(
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA secure_delete = ON;
  CREATE TABLE IF NOT EXISTS message (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    citizen TEXT NOT NULL,
    source TEXT NOT NULL,
    message BLOB,
    put_ms INTEGER NOT NULL,
    verdict INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    not_before_ms INTEGER NOT NULL DEFAULT 0,
    answered_ms INTEGER,
    sha256 TEXT NOT NULL DEFAULT '',
    reasons TEXT NOT NULL DEFAULT '');
  CREATE INDEX IF NOT EXISTS waiting ON message (citizen, sequence) WHERE verdict = 0;
  CREATE INDEX IF NOT EXISTS answered ON message (answered_ms) WHERE verdict <> 0;
)sql";

constexpr int kBusyMs = 10'000;  // another process puts

}  // namespace

/// A statement in use; reset when it goes.
class Storage::Statement {
 public:
  explicit Statement(sqlite3_stmt* s) : s_(s) {}
  ~Statement() {
    sqlite3_reset(s_);
    sqlite3_clear_bindings(s_);
  }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  Statement& text(int i, std::string_view v) {
    sqlite3_bind_text(s_, i, v.data(), static_cast<int>(v.size()), SQLITE_TRANSIENT);
    return *this;
  }
  Statement& blob(int i, std::string_view v) {
    sqlite3_bind_blob(s_, i, v.data(), static_cast<int>(v.size()), SQLITE_TRANSIENT);
    return *this;
  }
  Statement& number(int i, std::int64_t v) {
    sqlite3_bind_int64(s_, i, v);
    return *this;
  }
  [[nodiscard]] int step() { return sqlite3_step(s_); }
  [[nodiscard]] std::int64_t number(int column) { return sqlite3_column_int64(s_, column); }
  [[nodiscard]] std::string bytes(int column) {
    const void* data = sqlite3_column_blob(s_, column);
    const int size = sqlite3_column_bytes(s_, column);
    return data == nullptr
               ? std::string()
               : std::string(static_cast<const char*>(data), static_cast<std::size_t>(size));
  }

 private:
  sqlite3_stmt* s_;
};

tl::unexpected<Error> Storage::broken(const char* doing) const {
  return fail(kStorage, std::string(doing) + " the outbox's file: " +
                            (db_ == nullptr ? "out of memory" : sqlite3_errmsg(db_)));
}

Storage::~Storage() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(db_);
}

Result<void> Storage::open(const std::filesystem::path& file) {
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  if (sqlite3_open_v2(file.c_str(), &db_, flags, nullptr) != SQLITE_OK) return broken("opening");
  sqlite3_busy_timeout(db_, kBusyMs);
  if (sqlite3_exec(db_, kSchema, nullptr, nullptr, nullptr) != SQLITE_OK) {
    return broken("preparing");
  }
  return {};
}

Result<sqlite3_stmt*> Storage::prepared(const char* sql) {
  sqlite3_stmt*& statement = statements_[sql];
  if (statement == nullptr && sqlite3_prepare_v3(db_, sql, -1, SQLITE_PREPARE_PERSISTENT,
                                                 &statement, nullptr) != SQLITE_OK) {
    return broken("reading");
  }
  return statement;
}

Result<bool> Storage::put(const Message& message, std::int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  const auto s = prepared(
      "INSERT INTO message (id, citizen, source, message, put_ms) VALUES (?, ?, ?, ?, ?) "
      "ON CONFLICT (id) DO NOTHING");
  if (!s) return tl::unexpected(s.error());
  Statement statement(*s);
  statement.text(1, message.id).text(2, message.citizen).text(3, message.source);
  statement.blob(4, message.message).number(5, now_ms);
  if (statement.step() != SQLITE_DONE) return broken("writing");
  return sqlite3_changes(db_) == 1;
}

Result<std::vector<Due>> Storage::due(std::int64_t now_ms, std::size_t limit) {
  const std::lock_guard lock(mutex_);
  const auto s = prepared(
      "SELECT m.sequence, m.id, m.message, m.source, m.attempts FROM message m JOIN "
      "(SELECT min(sequence) AS first FROM message WHERE verdict = 0 GROUP BY citizen) f "
      "ON m.sequence = f.first WHERE m.not_before_ms <= ? ORDER BY m.sequence LIMIT ?");
  if (!s) return tl::unexpected(s.error());
  Statement statement(*s);
  statement.number(1, now_ms).number(2, static_cast<std::int64_t>(limit));
  std::vector<Due> found;
  int step = 0;
  while ((step = statement.step()) == SQLITE_ROW) {
    found.push_back({statement.number(0), statement.bytes(1), statement.bytes(2),
                     statement.bytes(3), static_cast<int>(statement.number(4))});
  }
  if (step != SQLITE_DONE) return broken("reading");
  return found;
}

Result<std::int64_t> Storage::next_due() {
  const std::lock_guard lock(mutex_);
  const auto s = prepared(
      "SELECT coalesce(min(m.not_before_ms), -1) FROM message m JOIN "
      "(SELECT min(sequence) AS first FROM message WHERE verdict = 0 GROUP BY citizen) f "
      "ON m.sequence = f.first");
  if (!s) return tl::unexpected(s.error());
  Statement statement(*s);
  if (statement.step() != SQLITE_ROW) return broken("reading");
  return statement.number(0);
}

Result<void> Storage::answered(std::int64_t sequence, const Answer& answer, std::int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  const auto s = prepared(
      "UPDATE message SET verdict = ?, answered_ms = ?, sha256 = ?, reasons = ?, message = NULL "
      "WHERE sequence = ?");
  if (!s) return tl::unexpected(s.error());
  Statement statement(*s);
  statement.number(1, static_cast<int>(answer.verdict)).number(2, now_ms);
  statement.text(3, answer.sha256).text(4, answer.reasons).number(5, sequence);
  if (statement.step() != SQLITE_DONE) return broken("writing");
  return {};
}

Result<void> Storage::try_again(std::int64_t sequence, std::int64_t not_before_ms) {
  const std::lock_guard lock(mutex_);
  const auto s =
      prepared("UPDATE message SET attempts = attempts + 1, not_before_ms = ? WHERE sequence = ?");
  if (!s) return tl::unexpected(s.error());
  Statement statement(*s);
  statement.number(1, not_before_ms).number(2, sequence);
  if (statement.step() != SQLITE_DONE) return broken("writing");
  return {};
}

Result<std::optional<Answer>> Storage::answer(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto s = prepared("SELECT verdict, sha256, reasons FROM message WHERE id = ?");
  if (!s) return tl::unexpected(s.error());
  Statement statement(*s);
  statement.text(1, id);
  const int step = statement.step();
  if (step == SQLITE_DONE) return std::nullopt;
  if (step != SQLITE_ROW) return broken("reading");
  return Answer{id, static_cast<Verdict>(statement.number(0)), statement.bytes(1),
                statement.bytes(2)};
}

Result<Counts> Storage::counts(std::int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  const auto s = prepared("SELECT verdict, count(*), min(put_ms) FROM message GROUP BY verdict");
  if (!s) return tl::unexpected(s.error());
  Statement statement(*s);
  Counts counts;
  int step = 0;
  while ((step = statement.step()) == SQLITE_ROW) {
    const std::int64_t n = statement.number(1);
    switch (static_cast<Verdict>(statement.number(0))) {
      case Verdict::kWaiting:
        counts.waiting = n;
        counts.oldest_waiting_ms = std::max<std::int64_t>(0, now_ms - statement.number(2));
        break;
      case Verdict::kAccepted:
        counts.accepted = n;
        break;
      case Verdict::kPartlyRefused:
        counts.partly_refused = n;
        break;
      case Verdict::kRefused:
        counts.refused = n;
        break;
      case Verdict::kUnsendable:
        counts.unsendable = n;
        break;
    }
  }
  if (step != SQLITE_DONE) return broken("reading");
  return counts;
}

Result<void> Storage::forget(std::int64_t answered_before_ms) {
  const std::lock_guard lock(mutex_);
  const auto s = prepared("DELETE FROM message WHERE verdict <> 0 AND answered_ms < ?");
  if (!s) return tl::unexpected(s.error());
  Statement statement(*s);
  statement.number(1, answered_before_ms);
  if (statement.step() != SQLITE_DONE) return broken("writing");
  return {};
}

}  // namespace kronika::outbox
