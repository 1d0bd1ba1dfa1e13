// Every setting of every program, typed, as the programs use them. Filled by load() (load.h) from
// the table in src/table.cc, which holds name, default, unit, limits and meaning of each;
// docs/config.md is generated from it.
//
// Plain values: copy what you need into your own options struct where you wire the program
// (main.cc); libraries other than the roots do not include this header.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace kronika::config {

struct Kafka {
  std::string bootstrap_servers;
  std::string topic_prefix;
  std::int32_t partitions = 0;
  std::int32_t replication = 0;
  std::int32_t dead_letter_days = 0;
  std::int32_t raw_days = 0;
  std::int32_t ledger_days = 0;
  std::int32_t audit_days = 0;
  std::chrono::milliseconds transaction_timeout{};
  std::chrono::milliseconds session_timeout{};
  std::chrono::milliseconds request_timeout{};
  std::string security_protocol;  ///< plaintext, ssl, sasl_plaintext, sasl_ssl
  std::string sasl_mechanism;
  std::string sasl_username;
  std::filesystem::path sasl_password_file;
  std::filesystem::path ssl_ca_file;
  std::filesystem::path ssl_certificate_file;  ///< of this client, where the broker wants one
  std::filesystem::path ssl_key_file;
  /// librdkafka properties: those handed through (what would break a guarantee was refused), and
  /// those that the security settings above come to, without the password. May hold secrets of its
  /// own (ssl.key.password): never printed.
  std::vector<std::pair<std::string, std::string>> client;
};

/// The consumers, one each for citizen and indicators.
struct Consumer {
  std::int32_t threads = 0;
  std::chrono::milliseconds commit_interval{};
  std::size_t commit_records = 0;
  std::size_t cache_bytes =
      0;  ///< folded states (citizen) or cells (indicators) kept in memory, all tasks
  std::size_t block_cache_bytes = 0;  ///< RocksDB's block cache, all tasks
  std::size_t memtable_bytes = 0;     ///< one column family's memtable
  std::size_t deadline_batch = 0;     ///< citizens woken in one transaction
  std::int64_t rebuild_backlog = 0;   ///< records of a partition; 0: never rebuild (citizen alone)
  std::uint16_t metrics_port = 0;
  std::uint16_t health_port = 0;  ///< 0: none
};

struct Gateway {
  std::string address;
  std::filesystem::path cert_file;  ///< empty: plaintext
  std::filesystem::path key_file;
  std::filesystem::path client_ca_file;  ///< empty: clients need no certificate
  std::string plaintext_guarded_by;      ///< empty: loopback addresses only
  std::uint16_t port = 0;
  std::int32_t default_page_size = 0;
  std::int32_t max_page_size = 0;
  std::chrono::milliseconds default_deadline{};
  std::chrono::milliseconds max_deadline{};
  std::size_t block_cache_bytes = 0;
  std::size_t memtable_bytes = 0;
  std::size_t answer_cache_bytes = 0;
  std::int32_t ledger_days = 0;
  std::filesystem::path residents_file;  ///< empty: none
  std::string data_start;                ///< civil date, checked by its reader; empty: not said
  std::chrono::milliseconds canary_interval{};  ///< 0: no canary
  std::uint16_t metrics_port = 0;
  std::uint16_t health_port = 0;  ///< 0: none
};

struct Identity {
  std::filesystem::path secret_file;  ///< read with read_secret()
  /// Systems (URIs) of foreign identifiers that are hashed into the person key where there is no
  /// CPR number.
  std::vector<std::string> extra_identifier_systems;
  std::string default_sender_org;  ///< SOR id of senders that name none; empty: they are refused
};

struct Reference {
  std::filesystem::path dir;
  std::filesystem::path organisations_file;
  std::uint32_t generation = 0;  ///< ordinal of the rule generation (architecture A8)
};

/// How the command-line tool reaches a gateway that speaks TLS.
struct Cli {
  std::filesystem::path gateway_ca_file;  ///< empty: plaintext
  std::filesystem::path cert_file;        ///< for a gateway that wants a client's certificate
  std::filesystem::path key_file;
  std::string gateway_name;  ///< in the gateway's certificate; empty: its address
};

struct Metrics {
  std::string address;
  std::string plaintext_guarded_by;  ///< empty: loopback addresses only, or TLS
  std::filesystem::path cert_file;   ///< empty: plaintext
  std::filesystem::path key_file;
  std::filesystem::path client_ca_file;  ///< empty: Prometheus needs no certificate
};

struct Health {
  std::string address;
  std::chrono::milliseconds loop_stall{};
  std::chrono::milliseconds ready_lag{};
};

struct Ingest {
  std::size_t max_message_bytes = 0;
  std::size_t max_inflight_messages = 0;
  std::size_t max_inflight_bytes = 0;
  std::chrono::milliseconds ack_timeout{};
  std::size_t peer_share_percent = 0;    ///< of what may be under way; 100: all of it
  std::size_t peer_max_connections = 0;  ///< 0: no bound
  double peer_messages_per_second = 0;   ///< 0: no bound
  double peer_faults_per_second = 0;     ///< 0: no bound
};

/// What every door of the edge has.
struct DoorListen {
  std::string address;
  std::string plaintext_guarded_by;  ///< empty: plaintext on loopback addresses only
  std::uint16_t port = 0;
  std::filesystem::path cert_file;  ///< empty: plaintext
  std::filesystem::path key_file;
  std::filesystem::path client_ca_file;  ///< empty: clients need no certificate
  std::uint16_t metrics_port = 0;
  std::uint16_t health_port = 0;  ///< 0: none
};
struct EdgeGrpc {
  DoorListen listen;
  std::size_t window = 0;  ///< unanswered messages of a stream
  std::int32_t max_calls = 0;
};
struct EdgeFhir {
  DoorListen listen;
  std::int32_t threads = 0;
  std::int32_t max_connections = 0;
  std::chrono::milliseconds request_timeout{};
  std::chrono::milliseconds idle_timeout{};
};
struct EdgeMllp {
  DoorListen listen;
  std::int32_t threads = 0;
  std::int32_t max_connections = 0;
  std::size_t max_buffered_bytes = 0;
  std::chrono::milliseconds message_timeout{};
  std::chrono::milliseconds idle_timeout{};
};

struct Simulation {
  std::int32_t citizens = 0;
  std::int32_t months = 0;
  std::uint64_t seed = 0;
};

/// Used by scripts/stack.sh alone, for the broker that it starts.
struct Local {
  bool secure = false;
  std::uint16_t controller_port = 0;
  std::int32_t kafka_heap_mb = 0;
};

struct Settings {
  std::filesystem::path data_dir;
  std::string instance;
  std::string log_level;  ///< debug, info, warn, error
  Kafka kafka;
  Identity identity;
  std::filesystem::path seal_key_file;
  Reference reference;
  Ingest ingest;
  EdgeGrpc edge_grpc;
  EdgeFhir edge_fhir;
  EdgeMllp edge_mllp;
  Consumer citizen;
  Consumer indicators;
  Gateway gateway;
  Cli cli;
  Metrics metrics;
  Health health;
  Simulation sim;
  Local local;
};

}  // namespace kronika::config
