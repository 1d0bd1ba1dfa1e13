#include <array>
#include <memory>
#include <mutex>
#include <pwd.h>
#include <unistd.h>

#include <kronika/bus/headers.h>
#include <kronika/bus/topics.h>
#include <kronika/bus/wire.h>
#include <kronika/codec/schema_ids.h>
#include <kronika/deadletters/audit.h>
#include <kronika/deadletters/errc.h>

namespace kronika::deadletters {
namespace {

std::string user_name() {
  std::array<char, 4096> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(::geteuid(), &entry, buffer.data(), buffer.size(), &found) == 0 &&
      found != nullptr) {
    return found->pw_name;
  }
  return "uid " + std::to_string(::geteuid());
}

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

/// Shared with answers that may come after the wait is over.
struct Tally {
  std::mutex mutex;
  std::size_t written = 0;       ///< guarded by mutex
  std::optional<Error> failure;  ///< guarded by mutex: the first
};

}  // namespace

codec::AuditRecord record_of(std::string action, const codec::RecordPlace& letter,
                             std::string purpose, Instant now) {
  codec::AuditRecord record;
  record.time = now;
  record.actor = user_name();
  record.host = host_name();
  record.action = std::move(action);
  record.topic = bus::kDeadLetter;
  record.partition = letter.partition;
  record.offset = letter.offset;
  record.purpose = std::move(purpose);
  return record;
}

Result<void> AuditLog::write(const std::vector<codec::AuditRecord>& records) {
  const auto tally = std::make_shared<Tally>();
  const auto refuse = [](const Error& cause) {
    return fail(kAuditAway, "the audit record could not be written, so nothing was done: " +
                                cause.context + " (" + std::string(cause.code.slug()) + ")");
  };
  std::string value;
  for (const codec::AuditRecord& record : records) {
    value.clear();
    bus::append_wire_prefix(codec::kAuditSchemaId, value);
    codec::encode_audit(record, value);
    bus::Outgoing out;
    out.topic = bus::kAudit;
    out.key = record.actor;
    out.value = value;
    out.timestamp = record.time;
    const auto queued = bus_->publish(out, [tally](const Result<bus::Published>& result) {
      const std::lock_guard lock(tally->mutex);
      if (result) {
        ++tally->written;
      } else if (!tally->failure) {
        tally->failure = result.error();
      }
    });
    if (!queued) return refuse(queued.error());
  }
  if (auto flushed = bus_->flush(timeout_); !flushed) return refuse(flushed.error());
  const std::lock_guard lock(tally->mutex);
  if (tally->failure) return refuse(*tally->failure);
  return {};
}

}  // namespace kronika::deadletters
