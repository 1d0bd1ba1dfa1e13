// The subcommands of kronika-bench. Each does one thing against a running broker or server and
// prints one JSON object; bench/run.py puts them together.
#pragma once

#include "events.h"

#include <cstdint>
#include <string>
#include <vector>

namespace kronika::bench {

struct KafkaPlace {
  std::string bootstrap_servers;
  std::string prefix;
  int partitions = 6;
};

/// Creates the topics under the prefix and publishes the plan's events, with the headers that an
/// edge writes.
/// `rate`: events a second; 0: as fast as Kafka takes them.
int load(const KafkaPlace& kafka, const Plan& plan, double rate);

struct PassthroughOptions {
  int commit_interval_ms = 100;
  /// "plain": each input record once more. "like-consumer": the records that the citizen consumer
  /// wrote under the same prefix, in the same proportion to the input.
  std::string mode = "plain";
};
/// The ceiling: consumes the event topics and produces in transactions, with librdkafka alone.
int passthrough(const KafkaPlace& kafka, const PassthroughOptions& options);

/// Watches a consumer's committed offsets until it has read all event topics, and what it cost.
struct FollowOptions {
  std::string group;
  int pid = 0;
  double timeout_seconds = 300;
};
int follow(const KafkaPlace& kafka, const FollowOptions& options);

struct LatencyOptions {
  std::string gateway;  ///< host:port
  int events_per_second = 1000;
  double seconds = 30;
  int samples_per_second = 10;
};
/// Publishes at a steady pace and asks the gateway for some of the citizens until it knows of their
/// event.
int latency(const KafkaPlace& kafka, const Plan& plan, const LatencyOptions& options);

struct QueryOptions {
  std::string target;  ///< host:port
  bool echo = false;   ///< the bare echo service instead of the gateway
  int in_flight = 32;
  int response_bytes = 1000;  ///< of the echo service's answers
  double seconds = 5;
  int pid = 0;  ///< of the server, for its CPU time
};
/// Calls a second of GetCitizen for citizens of the plan, or of the echo service.
int queries(const Plan& plan, const QueryOptions& options);

/// A service of the gateway's kind (gRPC's synchronous server with its defaults) that does nothing
/// but answer.
int echo(const std::string& address);

struct StreamOptions {
  std::string target;              ///< host:port
  bool echo = false;               ///< the bare echo stream instead of the gRPC door
  std::vector<std::string> files;  ///< the messages, sent in turn
  int window = 256;                ///< without an answer
  double rate = 0;                 ///< messages a second; 0: as fast as they are answered
  bool deaf = false;               ///< never reads an answer, and sends on as long as it can
  double seconds = 5;
  int pid = 0;  ///< of the server, for its CPU time
};
/// Messages a second over one stream.
int stream(const StreamOptions& options);

/// A service of the gRPC door's kind (gRPC's callback server) that answers each message of a stream
/// with so many bytes.
int echo_stream(const std::string& address, int response_bytes);

struct TaskOptions {
  std::string reference = "data/reference";
  std::string folder;  ///< for the stores; emptied before and after
  std::size_t partitions = 6;
  std::size_t transaction_records = 10'000;
  std::size_t cache_bytes = 64U << 20;
  std::size_t block_cache_bytes = 32U << 20;
};
/// The citizen task alone, with its stores and without Kafka: what is ours to make faster.
int task(const Plan& plan, const TaskOptions& options);

/// Makes the plan's events and checks them, without Kafka: that they are valid, and what they are.
int describe(const Plan& plan, const std::string& reference_folder);

}  // namespace kronika::bench
