// Reads partitions of the log by hand, committed records only, without a group: for the gateway's
// view, verify, the command line and restore. Bounded ("to the end as of now") or for ever.
//
//   auto reader = LogReader::open(client);
//   auto ends = (*reader)->ends({{"citizen-state", 0}});           // before: what "now" means
//   (*reader)->assign({{"citizen-state", 0, LogReader::kBeginning}});
//   (*reader)->read_to(*ends, [](const Record& r) -> Result<void> { ... });
//
// Topics are without prefix. Thread: one at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <kronika/base/result.h>
#include <kronika/bus/options.h>
#include <kronika/bus/task.h>

namespace kronika::bus {

struct PartitionOffset {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
};

class LogReader {
 public:
  static constexpr std::int64_t kBeginning = -2;

  struct Options {
    /// Never joined; only named to the broker. `client.prefix` comes before it.
    std::string group = "kronika-cli-reader";
    int queue_kbytes = 16'384;  ///< fetched ahead at most
    /// Tells the process's ClientWatch of brokers and ends, and goes on with renewed certificates
    /// or a renewed password. Only for a reader that is polled all the time.
    bool watched = false;
  };
  /// Errors: bus_config. The broker need not be up.
  [[nodiscard]] static Result<std::unique_ptr<LogReader>> open(const ClientOptions& client,
                                                               const Options& options);
  [[nodiscard]] static Result<std::unique_ptr<LogReader>> open(const ClientOptions& client) {
    return open(client, Options{});
  }
  virtual ~LogReader() = default;

  /// Replaces what is read. Offsets: the next one to be handed out, or kBeginning.
  [[nodiscard]] virtual Result<void> assign(const std::vector<PartitionOffset>& from) = 0;

  /// What poll() met.
  enum class Met : std::uint8_t { kNothing, kRecord, kEnd };
  using Visit = std::function<Result<void>(const Record&)>;
  /// Waits up to `timeout` for one record and hands it over, or notes that a partition's end was
  /// seen. Record:: topic_index is the index into what assign() was given. Errors: the visitor's;
  /// bus_log_truncated, bus_topic_ mismatch, bus_config. A broker that is away is no error:
  /// kNothing.
  [[nodiscard]] virtual Result<Met> poll(std::chrono::milliseconds timeout, const Visit& visit) = 0;
  /// Next offset to be handed out: behind every record seen, and behind the markers where the end
  /// was seen.
  [[nodiscard]] virtual std::int64_t position(std::size_t index) const = 0;
  /// The last (stable) end of the partition was seen at position(), and nothing since.
  [[nodiscard]] virtual bool at_end(std::size_t index) const = 0;

  /// Of a `watched` reader: how long ago a broker was last known to answer, to some seconds; 0 of
  /// another.
  [[nodiscard]] virtual std::chrono::milliseconds silence() const = 0;

  /// Polls until each assigned partition has reached `ends` (in the order of assign()), as ends()
  /// gave them. An end seen below is only the last stable offset: it reads on. Records behind an
  /// end may be handed over too. Errors: as poll(); bus_timed_out when nothing moved for
  /// `patience`.
  [[nodiscard]] virtual Result<void> read_to(
      const std::vector<PartitionOffset>& ends, const Visit& visit,
      std::chrono::milliseconds patience = std::chrono::seconds(30)) = 0;

  /// High watermarks, open transactions included; the offset of each argument is ignored.
  /// Errors: bus_timed_out, bus_transient, bus_topic_mismatch.
  [[nodiscard]] virtual Result<std::vector<PartitionOffset>> ends(
      const std::vector<PartitionOffset>& partitions) = 0;
  /// The first offsets that the log still holds.
  [[nodiscard]] virtual Result<std::vector<PartitionOffset>> beginnings(
      const std::vector<PartitionOffset>& partitions) = 0;
  /// The first record at or after `time`, by the records' timestamps; the end where there is none.
  /// Errors: as ends().
  [[nodiscard]] virtual Result<std::vector<PartitionOffset>> offsets_at(
      const std::vector<PartitionOffset>& partitions, Instant time) = 0;
  /// Committed next offsets of a group, stable; -1 where there is none.
  [[nodiscard]] virtual Result<std::vector<PartitionOffset>> committed(
      const std::string& group, const std::vector<PartitionOffset>& partitions) = 0;
  /// The id that the cluster gave itself when it was made: what a copy of its log is a copy of.
  /// Errors: bus_timed_out.
  [[nodiscard]] virtual Result<std::string> cluster_id() = 0;
  /// How many partitions the topic has. Errors: bus_topic_mismatch when it does not exist.
  [[nodiscard]] virtual Result<std::int32_t> partition_count(const std::string& topic) = 0;
};

}  // namespace kronika::bus
