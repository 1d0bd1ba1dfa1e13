#include "table.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <limits>

namespace kronika::config {
namespace {

using std::chrono::milliseconds;

constexpr std::int64_t kKiB = 1024, kMiB = 1024 * kKiB, kGiB = 1024 * kMiB;
constexpr std::int64_t kSecond = 1'000, kMinute = 60 * kSecond, kHour = 60 * kMinute;

constexpr Row text(std::string_view name, std::string_view fallback, std::string_view doc,
                   void (*apply)(Settings&, const Value&), bool local = false) {
  return {name, Type::kText, fallback, "", 0, 0, "", doc, apply, local};
}
constexpr Row path(std::string_view name, std::string_view fallback, std::string_view doc,
                   void (*apply)(Settings&, const Value&)) {
  return {name, Type::kPath, fallback, "", 0, 0, "", doc, apply, true};
}
constexpr Row number(std::string_view name, std::string_view fallback, std::string_view unit,
                     std::int64_t min, std::int64_t max, std::string_view doc,
                     void (*apply)(Settings&, const Value&), bool local = false) {
  return {name, Type::kInteger, fallback, unit, min, max, "", doc, apply, local};
}
constexpr Row port(std::string_view name, std::string_view fallback, std::string_view doc,
                   void (*apply)(Settings&, const Value&)) {
  return number(name, fallback, "", 1, 65'535, doc, apply, true);
}

// clang-format off
const Row kRows[] = {
  path("data_dir", "var/data", "Folder for everything that the programs keep: stores, views and, on one machine, Kafka's log.",
       [](Settings& s, const Value& v) { s.data_dir = v.text; }),
  text("instance", "local", "Name of this process's place, unique among replicas and stable over restarts (in Kubernetes the pod's name); ends group.instance.id and transactional.id.",
       [](Settings& s, const Value& v) { s.instance = v.text; }, true),

  text("kafka.bootstrap_servers", "127.0.0.1:9092", "Brokers to ask first, host:port, separated by commas.",
       [](Settings& s, const Value& v) { s.kafka.bootstrap_servers = v.text; }, true),
  text("kafka.topic_prefix", "", "Put before every topic, group and transactional id, so that several deployments share a cluster.",
       [](Settings& s, const Value& v) { s.kafka.topic_prefix = v.text; }),
  number("kafka.partitions", "6", "", 1, 1'000, "Partitions of each topic, used when topics are created. Changing it later is a migration: a citizen's key would move.",
       [](Settings& s, const Value& v) { s.kafka.partitions = static_cast<std::int32_t>(v.number); }),
  number("kafka.replication", "1", "", 1, 9, "Copies of each topic, used when topics are created; 3 in a cluster.",
       [](Settings& s, const Value& v) { s.kafka.replication = static_cast<std::int32_t>(v.number); }),
  number("kafka.dead_letter_days", "30", "days", 1, 36'500, "How long the topic dead-letter keeps what was refused; `kronika topics create` sets it, also on a topic that exists.",
       [](Settings& s, const Value& v) { s.kafka.dead_letter_days = static_cast<std::int32_t>(v.number); }),
  number("kafka.raw_days", "30", "days", 1, 36'500, "How long the topic raw keeps the sealed bytes of every message.",
       [](Settings& s, const Value& v) { s.kafka.raw_days = static_cast<std::int32_t>(v.number); }),
  number("kafka.ledger_days", "400", "days", 1, 36'500, "How long the topic ledger keeps the accounts of messages and events.",
       [](Settings& s, const Value& v) { s.kafka.ledger_days = static_cast<std::int32_t>(v.number); }),
  number("kafka.audit_days", "400", "days", 1, 36'500, "How long the topic audit keeps what people did; at least as long as dead letters, whose replays it tells.",
       [](Settings& s, const Value& v) { s.kafka.audit_days = static_cast<std::int32_t>(v.number); }),
  number("kafka.transaction_timeout_ms", "15000", "ms", kSecond, 15 * kMinute, "How long a dead process's open transaction may block every reader of committed records.",
       [](Settings& s, const Value& v) { s.kafka.transaction_timeout = milliseconds(v.number); }),
  number("kafka.session_timeout_ms", "20000", "ms", 6 * kSecond, 30 * kMinute, "After this silence a consumer's partitions go to another; a restart within it moves nothing.",
       [](Settings& s, const Value& v) { s.kafka.session_timeout = milliseconds(v.number); }),
  number("kafka.request_timeout_ms", "30000", "ms", kSecond, 10 * kMinute, "Limit for administrative requests and for the acknowledgement of a published message.",
       [](Settings& s, const Value& v) { s.kafka.request_timeout = milliseconds(v.number); }),

  {"kafka.security_protocol", Type::kChoice, "plaintext", "", 0, 0, "plaintext ssl sasl_plaintext sasl_ssl", "How the brokers are spoken to: ssl = TLS, the client known by its certificate; sasl_ssl = TLS and a user with a password. plaintext and sasl_plaintext are for one machine.",
       [](Settings& s, const Value& v) { s.kafka.security_protocol = v.text; }, false},
  {"kafka.sasl_mechanism", Type::kChoice, "SCRAM-SHA-512", "", 0, 0, "SCRAM-SHA-512 SCRAM-SHA-256 PLAIN", "How the user is proved, with sasl_ssl and sasl_plaintext.",
       [](Settings& s, const Value& v) { s.kafka.sasl_mechanism = v.text; }, false},
  text("kafka.sasl_username", "", "The process's Kafka user; its ACLs are those of docs/operations.md, Security.",
       [](Settings& s, const Value& v) { s.kafka.sasl_username = v.text; }, true),
  path("kafka.sasl_password_file", "", "File whose first line is the user's password. Read again when it changes.",
       [](Settings& s, const Value& v) { s.kafka.sasl_password_file = v.text; }),
  path("kafka.ssl_ca_file", "", "PEM file of the authority that signed the brokers' certificates. Empty: the system's authorities.",
       [](Settings& s, const Value& v) { s.kafka.ssl_ca_file = v.text; }),
  path("kafka.ssl_certificate_file", "", "PEM file of this client's certificate, where the brokers know clients by one (mTLS). Read again when it changes, as key and authority are.",
       [](Settings& s, const Value& v) { s.kafka.ssl_certificate_file = v.text; }),
  path("kafka.ssl_key_file", "", "PEM file of that certificate's key.",
       [](Settings& s, const Value& v) { s.kafka.ssl_key_file = v.text; }),

  path("identity.secret_file", "var/secrets/person-key.hex", "File with the secret (64 hex digits) from which person keys are made. It never changes: with another one no citizen is found again.",
       [](Settings& s, const Value& v) { s.identity.secret_file = v.text; }),
  {"identity.extra_identifier_systems", Type::kList, "", "", 0, 0, "", "Systems of foreign identifiers that are hashed into the person key where a message from abroad carries no CPR number; the first that a message has is taken. Empty: such messages are refused.",
       [](Settings& s, const Value& v) { s.identity.extra_identifier_systems = v.list; }, false},
  text("identity.default_sender_org", "", "SOR id (11 digits or more) that stands for a sender whose message names none, such as one from abroad. Empty: such messages are refused.",
       [](Settings& s, const Value& v) { s.identity.default_sender_org = v.text; }),

  path("seal.key_file", "var/secrets/seal.hex", "File with the keys that seal raw messages (topics raw and dead-letter), one a month: kronika keys makes them (docs/data_protection.md). One key alone (64 hex digits, AES-256) is taken as of no month. Read again when it changes.",
       [](Settings& s, const Value& v) { s.seal_key_file = v.text; }),

  path("reference.dir", "data/reference", "Folder of codes, municipalities, thresholds and rule sets.",
       [](Settings& s, const Value& v) { s.reference.dir = v.text; }),
  path("reference.organisations_file", "data/reference/organisations.csv", "Register of sending and treating organisations with their sector, municipality and region.",
       [](Settings& s, const Value& v) { s.reference.organisations_file = v.text; }),
  number("reference.generation", "1", "", 1, 1'000'000'000, "Ordinal of the rules: raise it by one with every change of the reference files, and every citizen is folded again with them. Equal ordinals with other files refuse to start.",
       [](Settings& s, const Value& v) { s.reference.generation = static_cast<std::uint32_t>(v.number); }),

  number("ingest.max_message_bytes", "5MiB", "bytes", kKiB, 7 * kMiB, "A longer message is refused at the edge, before it is parsed. The topics raw and dead-letter take 8 MiB a record.",
       [](Settings& s, const Value& v) { s.ingest.max_message_bytes = static_cast<std::size_t>(v.number); }),

  number("ingest.max_inflight_messages", "4096", "", 1, 100'000, "Messages of one edge process that wait for Kafka's acknowledgement; further ones are answered \"try again\" at once.",
       [](Settings& s, const Value& v) { s.ingest.max_inflight_messages = static_cast<std::size_t>(v.number); }),
  number("ingest.max_inflight_bytes", "24MiB", "bytes", kMiB, kGiB, "Bytes of these messages together; a byte takes up to four in memory while it waits.",
       [](Settings& s, const Value& v) { s.ingest.max_inflight_bytes = static_cast<std::size_t>(v.number); }),
  number("ingest.ack_timeout_ms", "10000", "ms", kSecond, 10 * kMinute, "A message that Kafka has not acknowledged after this time is answered \"try again\".",
       [](Settings& s, const Value& v) { s.ingest.ack_timeout = milliseconds(v.number); }),
  number("ingest.peer_share_percent", "50", "", 1, 100, "Of ingest.max_inflight_* and of the room for unfinished messages, what one peer may take: whoever a client's certificate names, else an address. More is answered \"try again\". Behind a proxy without certificates all senders are one peer: set 100.",
       [](Settings& s, const Value& v) { s.ingest.peer_share_percent = static_cast<std::size_t>(v.number); }),
  number("ingest.peer_max_connections", "100", "", 0, 100'000, "Connections (of gRPC calls and streams) of one peer open at a time in a process; 0: as many as the door takes.",
       [](Settings& s, const Value& v) { s.ingest.peer_max_connections = static_cast<std::size_t>(v.number); }),
  number("ingest.peer_messages_per_second", "5000", "", 0, 1'000'000, "Messages a second of one peer; a message counts once more for each 16 KiB. A faster peer is read more slowly, then answered \"try again\". 0: no bound.",
       [](Settings& s, const Value& v) { s.ingest.peer_messages_per_second = static_cast<double>(v.number); }),
  number("ingest.peer_faults_per_second", "100", "", 0, 1'000'000, "The same for messages of which nothing can be used, and for bytes that are no message. 0: no bound.",
       [](Settings& s, const Value& v) { s.ingest.peer_faults_per_second = static_cast<double>(v.number); }),

  text("edge_grpc.address", "127.0.0.1", "Address that the gRPC ingest API listens on. Without certificate only a loopback address is accepted.",
       [](Settings& s, const Value& v) { s.edge_grpc.listen.address = v.text; }, true),
  text("edge_grpc.plaintext_guarded_by", "", "What guards the port where edge_grpc.address is no loopback address and no certificate is given, in your own words (\"sidecar proxy, network policy kronika\").",
       [](Settings& s, const Value& v) { s.edge_grpc.listen.plaintext_guarded_by = v.text; }),
  port("edge_grpc.port", "50052", "Port of the gRPC ingest API.",
       [](Settings& s, const Value& v) { s.edge_grpc.listen.port = static_cast<std::uint16_t>(v.number); }),
  path("edge_grpc.cert_file", "", "PEM file of the server's certificate and its chain; with it and edge_grpc.key_file the gRPC ingest API speaks TLS. Read again when it changes.",
       [](Settings& s, const Value& v) { s.edge_grpc.listen.cert_file = v.text; }),
  path("edge_grpc.key_file", "", "PEM file of the certificate's key.",
       [](Settings& s, const Value& v) { s.edge_grpc.listen.key_file = v.text; }),
  path("edge_grpc.client_ca_file", "", "PEM file of authorities; given, a client must show a certificate of one of them (mTLS).",
       [](Settings& s, const Value& v) { s.edge_grpc.listen.client_ca_file = v.text; }),
  number("edge_grpc.window", "256", "", 1, 10'000, "Messages of one stream that may be unanswered; the server reads on when one is answered and the answer is read.",
       [](Settings& s, const Value& v) { s.edge_grpc.window = static_cast<std::size_t>(v.number); }),
  number("edge_grpc.max_calls", "200", "", 1, 100'000, "Calls and streams open at a time; a further one is answered UNAVAILABLE.",
       [](Settings& s, const Value& v) { s.edge_grpc.max_calls = static_cast<std::int32_t>(v.number); }),
  port("edge_grpc.metrics_port", "9467", "Where /metrics is served.",
       [](Settings& s, const Value& v) { s.edge_grpc.listen.metrics_port = static_cast<std::uint16_t>(v.number); }),
  number("edge_grpc.health_port", "9477", "", 0, 65'535, "Where gRPC health is served to probes, in plaintext; 0: nowhere.",
       [](Settings& s, const Value& v) { s.edge_grpc.listen.health_port = static_cast<std::uint16_t>(v.number); }, true),

  text("edge_fhir.address", "127.0.0.1", "Address that the FHIR endpoint listens on. Without certificate only a loopback address is accepted.",
       [](Settings& s, const Value& v) { s.edge_fhir.listen.address = v.text; }, true),
  text("edge_fhir.plaintext_guarded_by", "", "What guards the port where edge_fhir.address is no loopback address and no certificate is given, in your own words (\"sidecar proxy, network policy kronika\").",
       [](Settings& s, const Value& v) { s.edge_fhir.listen.plaintext_guarded_by = v.text; }),
  port("edge_fhir.port", "8444", "Port of the FHIR endpoint.",
       [](Settings& s, const Value& v) { s.edge_fhir.listen.port = static_cast<std::uint16_t>(v.number); }),
  path("edge_fhir.cert_file", "", "PEM file of the server's certificate and its chain; with it and edge_fhir.key_file the FHIR endpoint speaks TLS. Read again when it changes.",
       [](Settings& s, const Value& v) { s.edge_fhir.listen.cert_file = v.text; }),
  path("edge_fhir.key_file", "", "PEM file of the certificate's key.",
       [](Settings& s, const Value& v) { s.edge_fhir.listen.key_file = v.text; }),
  path("edge_fhir.client_ca_file", "", "PEM file of authorities; given, a client must show a certificate of one of them (mTLS).",
       [](Settings& s, const Value& v) { s.edge_fhir.listen.client_ca_file = v.text; }),
  number("edge_fhir.threads", "2", "", 1, 64, "Threads that read requests and translate messages.",
       [](Settings& s, const Value& v) { s.edge_fhir.threads = static_cast<std::int32_t>(v.number); }),
  number("edge_fhir.max_connections", "500", "", 1, 100'000, "Connections open at a time; a further one is answered 503 and closed.",
       [](Settings& s, const Value& v) { s.edge_fhir.max_connections = static_cast<std::int32_t>(v.number); }),
  number("edge_fhir.request_timeout_ms", "30000", "ms", 100, 10 * kMinute, "Time from a request's first byte to its last; also for taking an answer. A slower client is cut off.",
       [](Settings& s, const Value& v) { s.edge_fhir.request_timeout = milliseconds(v.number); }),
  number("edge_fhir.idle_timeout_ms", "60000", "ms", 100, kHour, "Time that a connection may wait between two requests.",
       [](Settings& s, const Value& v) { s.edge_fhir.idle_timeout = milliseconds(v.number); }),
  port("edge_fhir.metrics_port", "9468", "Where /metrics is served.",
       [](Settings& s, const Value& v) { s.edge_fhir.listen.metrics_port = static_cast<std::uint16_t>(v.number); }),
  number("edge_fhir.health_port", "9478", "", 0, 65'535, "Where gRPC health is served to probes, in plaintext; 0: nowhere.",
       [](Settings& s, const Value& v) { s.edge_fhir.listen.health_port = static_cast<std::uint16_t>(v.number); }, true),

  text("edge_mllp.address", "127.0.0.1", "Address that the MLLP endpoint listens on. Without certificate only a loopback address is accepted.",
       [](Settings& s, const Value& v) { s.edge_mllp.listen.address = v.text; }, true),
  text("edge_mllp.plaintext_guarded_by", "", "What guards the port where edge_mllp.address is no loopback address and no certificate is given, in your own words (\"sidecar proxy, network policy kronika\").",
       [](Settings& s, const Value& v) { s.edge_mllp.listen.plaintext_guarded_by = v.text; }),
  port("edge_mllp.port", "2575", "Port of the MLLP endpoint.",
       [](Settings& s, const Value& v) { s.edge_mllp.listen.port = static_cast<std::uint16_t>(v.number); }),
  path("edge_mllp.cert_file", "", "PEM file of the server's certificate and its chain; with it and edge_mllp.key_file the MLLP endpoint speaks TLS. Read again when it changes.",
       [](Settings& s, const Value& v) { s.edge_mllp.listen.cert_file = v.text; }),
  path("edge_mllp.key_file", "", "PEM file of the certificate's key.",
       [](Settings& s, const Value& v) { s.edge_mllp.listen.key_file = v.text; }),
  path("edge_mllp.client_ca_file", "", "PEM file of authorities; given, a client must show a certificate of one of them (mTLS).",
       [](Settings& s, const Value& v) { s.edge_mllp.listen.client_ca_file = v.text; }),
  number("edge_mllp.threads", "2", "", 1, 64, "Threads that read connections and translate messages.",
       [](Settings& s, const Value& v) { s.edge_mllp.threads = static_cast<std::int32_t>(v.number); }),
  number("edge_mllp.max_connections", "500", "", 1, 100'000, "Connections open at a time; a further one is closed.",
       [](Settings& s, const Value& v) { s.edge_mllp.max_connections = static_cast<std::int32_t>(v.number); }),
  number("edge_mllp.max_buffered_bytes", "32MiB", "bytes", kMiB, kGiB, "Bytes of unfinished messages over all connections; a message that does not fit is answered \"try again\" and not kept.",
       [](Settings& s, const Value& v) { s.edge_mllp.max_buffered_bytes = static_cast<std::size_t>(v.number); }),
  number("edge_mllp.message_timeout_ms", "30000", "ms", 100, 10 * kMinute, "Time from a message's first byte to its last; also for the TLS handshake and for taking an answer. A slower sender is cut off.",
       [](Settings& s, const Value& v) { s.edge_mllp.message_timeout = milliseconds(v.number); }),
  number("edge_mllp.idle_timeout_ms", "600000", "ms", 100, 24 * kHour, "Time that a connection may wait between two messages.",
       [](Settings& s, const Value& v) { s.edge_mllp.idle_timeout = milliseconds(v.number); }),
  port("edge_mllp.metrics_port", "9469", "Where /metrics is served.",
       [](Settings& s, const Value& v) { s.edge_mllp.listen.metrics_port = static_cast<std::uint16_t>(v.number); }),
  number("edge_mllp.health_port", "9479", "", 0, 65'535, "Where gRPC health is served to probes, in plaintext; 0: nowhere.",
       [](Settings& s, const Value& v) { s.edge_mllp.listen.health_port = static_cast<std::uint16_t>(v.number); }, true),

  number("citizen.threads", "1", "", 1, 64, "Stream threads; partitions are divided among the threads of all replicas.",
       [](Settings& s, const Value& v) { s.citizen.threads = static_cast<std::int32_t>(v.number); }),
  number("citizen.commit_interval_ms", "100", "ms", 1, kMinute, "A transaction is committed after this time at the latest; longer means fewer, larger transactions and later figures.",
       [](Settings& s, const Value& v) { s.citizen.commit_interval = milliseconds(v.number); }),
  number("citizen.commit_records", "10000", "", 1, 10'000'000, "A transaction is committed after this many input records at the latest.",
       [](Settings& s, const Value& v) { s.citizen.commit_records = static_cast<std::size_t>(v.number); }),
  number("citizen.cache_bytes", "64MiB", "bytes", kMiB, 64 * kGiB, "Packed states of citizens kept in memory, over all tasks of the process.",
       [](Settings& s, const Value& v) { s.citizen.cache_bytes = static_cast<std::size_t>(v.number); }),
  number("citizen.block_cache_bytes", "32MiB", "bytes", kMiB, 64 * kGiB, "RocksDB's block cache, over all tasks; index, filter and memtables are charged to it.",
       [](Settings& s, const Value& v) { s.citizen.block_cache_bytes = static_cast<std::size_t>(v.number); }),
  number("citizen.memtable_bytes", "8MiB", "bytes", 64 * kKiB, kGiB, "Size of one column family's memtable.",
       [](Settings& s, const Value& v) { s.citizen.memtable_bytes = static_cast<std::size_t>(v.number); }),
  number("citizen.deadline_batch", "1000", "", 1, 1'000'000, "Citizens woken by the clock in one transaction.",
       [](Settings& s, const Value& v) { s.citizen.deadline_batch = static_cast<std::size_t>(v.number); }),
  number("citizen.rebuild_backlog", "100000", "", 0, 1'000'000'000'000, "Where nothing derived exists and at least this many records wait in a partition, they are rebuilt from: read without emitting, each citizen folded once at the end. 0: never; then a citizen-state that was emptied is refused.",
       [](Settings& s, const Value& v) { s.citizen.rebuild_backlog = v.number; }),
  port("citizen.metrics_port", "9464", "Where /metrics is served.",
       [](Settings& s, const Value& v) { s.citizen.metrics_port = static_cast<std::uint16_t>(v.number); }),
  number("citizen.health_port", "9474", "", 0, 65'535, "Where gRPC health is served to probes, in plaintext; 0: nowhere.",
       [](Settings& s, const Value& v) { s.citizen.health_port = static_cast<std::uint16_t>(v.number); }, true),

  number("indicators.threads", "1", "", 1, 64, "Stream threads; partitions are divided among the threads of all replicas.",
       [](Settings& s, const Value& v) { s.indicators.threads = static_cast<std::int32_t>(v.number); }),
  number("indicators.commit_interval_ms", "100", "ms", 1, kMinute, "A transaction is committed after this time at the latest.",
       [](Settings& s, const Value& v) { s.indicators.commit_interval = milliseconds(v.number); }),
  number("indicators.commit_records", "20000", "", 1, 10'000'000, "A transaction is committed after this many input records at the latest.",
       [](Settings& s, const Value& v) { s.indicators.commit_records = static_cast<std::size_t>(v.number); }),
  number("indicators.cache_bytes", "32MiB", "bytes", kMiB, 64 * kGiB, "Cells kept in memory, over all tasks of the process.",
       [](Settings& s, const Value& v) { s.indicators.cache_bytes = static_cast<std::size_t>(v.number); }),
  number("indicators.block_cache_bytes", "16MiB", "bytes", kMiB, 64 * kGiB, "RocksDB's block cache, over all tasks.",
       [](Settings& s, const Value& v) { s.indicators.block_cache_bytes = static_cast<std::size_t>(v.number); }),
  number("indicators.memtable_bytes", "4MiB", "bytes", 64 * kKiB, kGiB, "Size of one column family's memtable.",
       [](Settings& s, const Value& v) { s.indicators.memtable_bytes = static_cast<std::size_t>(v.number); }),
  number("indicators.deadline_batch", "1000", "", 1, 1'000'000, "Deadlines fired in one transaction.",
       [](Settings& s, const Value& v) { s.indicators.deadline_batch = static_cast<std::size_t>(v.number); }),
  port("indicators.metrics_port", "9465", "Where /metrics is served.",
       [](Settings& s, const Value& v) { s.indicators.metrics_port = static_cast<std::uint16_t>(v.number); }),
  number("indicators.health_port", "9475", "", 0, 65'535, "Where gRPC health is served to probes, in plaintext; 0: nowhere.",
       [](Settings& s, const Value& v) { s.indicators.health_port = static_cast<std::uint16_t>(v.number); }, true),

  text("gateway.address", "127.0.0.1", "Address that the gateway listens on. Without certificate only a loopback address is accepted.",
       [](Settings& s, const Value& v) { s.gateway.address = v.text; }, true),
  text("gateway.plaintext_guarded_by", "", "What guards the port where gateway.address is no loopback address and no certificate is given, in your own words (\"sidecar proxy, network policy kronika\"). Empty: refused.",
       [](Settings& s, const Value& v) { s.gateway.plaintext_guarded_by = v.text; }),
  path("gateway.cert_file", "", "PEM file of the server's certificate and its chain; with it and gateway.key_file the gateway speaks TLS. Read again when it changes.",
       [](Settings& s, const Value& v) { s.gateway.cert_file = v.text; }),
  path("gateway.key_file", "", "PEM file of the certificate's key.",
       [](Settings& s, const Value& v) { s.gateway.key_file = v.text; }),
  path("gateway.client_ca_file", "", "PEM file of authorities; given, a client must show a certificate of one of them (mTLS).",
       [](Settings& s, const Value& v) { s.gateway.client_ca_file = v.text; }),
  port("gateway.port", "50051", "gRPC port of the gateway; command-line tool and grpcurl connect to it.",
       [](Settings& s, const Value& v) { s.gateway.port = static_cast<std::uint16_t>(v.number); }),
  number("gateway.default_page_size", "100", "", 1, 10'000, "Entries in an answer where the caller names no page size.",
       [](Settings& s, const Value& v) { s.gateway.default_page_size = static_cast<std::int32_t>(v.number); }),
  number("gateway.max_page_size", "1000", "", 1, 100'000, "Largest page; a larger wish is cut to it.",
       [](Settings& s, const Value& v) { s.gateway.max_page_size = static_cast<std::int32_t>(v.number); }),
  number("gateway.default_deadline_ms", "5000", "ms", 1, 10 * kMinute, "Time for a call whose caller names no deadline.",
       [](Settings& s, const Value& v) { s.gateway.default_deadline = milliseconds(v.number); }),
  number("gateway.max_deadline_ms", "60000", "ms", 1, kHour, "Longest time that a call may take, whatever its caller asks.",
       [](Settings& s, const Value& v) { s.gateway.max_deadline = milliseconds(v.number); }),
  number("gateway.block_cache_bytes", "32MiB", "bytes", kMiB, 64 * kGiB, "RocksDB's block cache of the gateway's view.",
       [](Settings& s, const Value& v) { s.gateway.block_cache_bytes = static_cast<std::size_t>(v.number); }),
  number("gateway.memtable_bytes", "8MiB", "bytes", 64 * kKiB, kGiB, "Size of one column family's memtable.",
       [](Settings& s, const Value& v) { s.gateway.memtable_bytes = static_cast<std::size_t>(v.number); }),
  number("gateway.answer_cache_bytes", "48MiB", "bytes", 0, 64 * kGiB, "Answers about citizens as of now that the gateway keeps ready, until the citizen's state changes or a deadline passes; 0 keeps none.",
       [](Settings& s, const Value& v) { s.gateway.answer_cache_bytes = static_cast<std::size_t>(v.number); }),
  number("gateway.ledger_days", "30", "days", 0, 3'650, "Days for which the gateway can tell where a message went; it takes some 350 bytes a message on disk (docs/operations.md). 0: not at all. What is not kept yet comes when the view is read anew.",
       [](Settings& s, const Value& v) { s.gateway.ledger_days = static_cast<std::int32_t>(v.number); }),
  path("gateway.residents_file", "", "Resident counts by municipality, sex, age band and quarter (docs/api.md, indicators), the denominators of I-01, I-02, I-19 and I-20. Empty: residents.csv in data_dir if it is there; without any, their rates are NO_DATA.",
       [](Settings& s, const Value& v) { s.gateway.residents_file = v.text; }),
  text("gateway.data_start", "", "Civil date (2020-01-01) since when the data of the platform are complete. Incidence (I-02) is published for periods that begin 1825 days later or more; empty: not at all.",
       [](Settings& s, const Value& v) { s.gateway.data_start = v.text; }),
  number("gateway.canary_interval_ms", "30000", "ms", 0, kHour, "How often the gateway publishes a canary, one synthetic citizen's event a partition, by which freshness is measured when nobody sends; 0: never. Of several gateways one does.",
       [](Settings& s, const Value& v) { s.gateway.canary_interval = milliseconds(v.number); }),
  port("gateway.metrics_port", "9466", "Where /metrics is served.",
       [](Settings& s, const Value& v) { s.gateway.metrics_port = static_cast<std::uint16_t>(v.number); }),
  number("gateway.health_port", "9476", "", 0, 65'535, "Where gRPC health is served to probes, in plaintext; 0: nowhere.",
       [](Settings& s, const Value& v) { s.gateway.health_port = static_cast<std::uint16_t>(v.number); }, true),

  path("cli.gateway_ca_file", "", "PEM file of the authority that signed the gateway's certificate; given, the command-line tool speaks TLS to it.",
       [](Settings& s, const Value& v) { s.cli.gateway_ca_file = v.text; }),
  path("cli.cert_file", "", "PEM file of the tool's own certificate, for a gateway with gateway.client_ca_file.",
       [](Settings& s, const Value& v) { s.cli.cert_file = v.text; }),
  path("cli.key_file", "", "PEM file of that certificate's key.",
       [](Settings& s, const Value& v) { s.cli.key_file = v.text; }),
  text("cli.gateway_name", "", "Name that stands in the gateway's certificate, where it is not gateway.address.",
       [](Settings& s, const Value& v) { s.cli.gateway_name = v.text; }),

  text("metrics.address", "127.0.0.1", "Address that every program's /metrics listens on. Without certificate only a loopback address is accepted.",
       [](Settings& s, const Value& v) { s.metrics.address = v.text; }, true),
  text("metrics.plaintext_guarded_by", "", "What guards the pages where metrics.address is no loopback address and no certificate is given, in your own words (\"network policy: Prometheus only\"). Empty: refused.",
       [](Settings& s, const Value& v) { s.metrics.plaintext_guarded_by = v.text; }),
  path("metrics.cert_file", "", "PEM file of a certificate and its chain; with it and metrics.key_file the pages are served over TLS. Read again when it changes.",
       [](Settings& s, const Value& v) { s.metrics.cert_file = v.text; }),
  path("metrics.key_file", "", "PEM file of the certificate's key.",
       [](Settings& s, const Value& v) { s.metrics.key_file = v.text; }),
  path("metrics.client_ca_file", "", "PEM file of authorities; given, Prometheus must show a certificate of one of them (mTLS).",
       [](Settings& s, const Value& v) { s.metrics.client_ca_file = v.text; }),
  text("health.address", "127.0.0.1", "Address that every program's health port listens on; in Kubernetes the pod's, for the kubelet asks from outside.",
       [](Settings& s, const Value& v) { s.health.address = v.text; }, true),
  number("health.loop_stall_ms", "30000", "ms", kSecond, kHour, "A loop that has not turned for this long makes the process not live.",
       [](Settings& s, const Value& v) { s.health.loop_stall = milliseconds(v.number); }),
  number("health.ready_lag_ms", "30000", "ms", 1, 24 * kHour, "A process is ready once it has restored and lags behind its input by less than this.",
       [](Settings& s, const Value& v) { s.health.ready_lag = milliseconds(v.number); }),

  {"log.level", Type::kChoice, "info", "", 0, 0, "debug info warn error", "Least important lines that are logged. Read again from the file on SIGHUP.",
       [](Settings& s, const Value& v) { s.log_level = v.text; }, true},

  number("sim.citizens", "400", "", 1, 10'000'000, "Citizens that `kronika simulate` makes where no number is given.",
       [](Settings& s, const Value& v) { s.sim.citizens = static_cast<std::int32_t>(v.number); }),
  number("sim.months", "24", "", 1, 240, "Months of simulated history.",
       [](Settings& s, const Value& v) { s.sim.months = static_cast<std::int32_t>(v.number); }),
  number("sim.seed", "1", "", 0, std::numeric_limits<std::int64_t>::max(), "The same seed gives the same population.",
       [](Settings& s, const Value& v) { s.sim.seed = static_cast<std::uint64_t>(v.number); }),

  {"local.secure", Type::kChoice, "no", "", 0, 0, "no yes password", "yes: the local broker speaks TLS, knows its users by their certificates and holds them to their rights, and the gateway speaks TLS; password: likewise, users by their passwords. Only scripts/stack.sh uses it, for a data folder from its beginning.",
       [](Settings& s, const Value& v) { s.local.secure = v.text != "no"; }, true},
  port("local.controller_port", "9093", "Port of the local broker's controller. Only scripts/stack.sh uses it.",
       [](Settings& s, const Value& v) { s.local.controller_port = static_cast<std::uint16_t>(v.number); }),
  number("local.kafka_heap_mb", "512", "MiB", 128, 65'536, "Heap of the local broker. Only scripts/stack.sh uses it.",
       [](Settings& s, const Value& v) { s.local.kafka_heap_mb = static_cast<std::int32_t>(v.number); }, true),
};
// clang-format on

struct Section {
  std::string_view name, doc;
};
constexpr Section kSections[] = {
    {"", "Where things lie, and who this process is."},
    {"kafka",
     "The broker, and what is fixed when topics are created. Properties of the client library go "
     "under `client:`."},
    {"identity", "From a person's identifier to a person key."},
    {"seal", "Sealing of raw messages."},
    {"reference", "Codes, thresholds, organisations."},
    {"ingest", "Limits at the edge, of every door."},
    {"edge_grpc", "The gRPC ingest API (kronika-edge-grpc)."},
    {"edge_fhir", "The FHIR endpoint (kronika-edge-fhir)."},
    {"edge_mllp", "HL7 v2 over MLLP (kronika-edge-mllp)."},
    {"citizen", "The consumer that keeps each citizen's state."},
    {"indicators", "The consumer that sums the indicators."},
    {"gateway", "The query service."},
    {"cli", "How the command-line tool reaches a gateway that speaks TLS."},
    {"metrics", "The metrics pages."},
    {"health", "When a process counts as live and as ready."},
    {"log", "Logs, one JSON object a line."},
    {"sim", "Defaults of the simulated population."},
    {"local", "The broker that runs beside the programs on one machine."},
};

struct Refused {
  std::string_view property, reason;
};
// Each of these would break a guarantee of docs/architecture.md, or is set by a setting of ours.
constexpr Refused kRefused[] = {
    {"enable.auto.commit", "offsets are committed inside the transaction"},
    {"enable.auto.offset.store", "processed offsets are tracked by the runtime"},
    {"isolation.level", "consumers read committed records only"},
    {"partitioner", "a citizen's partition must be the same for every producer"},
    {"transactional.id", "it is made from instance and thread"},
    {"enable.idempotence", "without it a retry doubles records"},
    {"acks", "an acknowledged record must be on every in-sync replica"},
    {"request.required.acks", "an acknowledged record must be on every in-sync replica"},
    {"partition.assignment.strategy", "co-partitioned topics need the range assignor"},
    {"auto.offset.reset", "a missing offset must be seen, not skipped"},
    {"group.id", "it is fixed for each consumer"},
    {"group.instance.id", "it is made from instance and thread"},
    {"bootstrap.servers", "use kafka.bootstrap_servers"},
    {"metadata.broker.list", "use kafka.bootstrap_servers"},
    {"sasl.password", "use kafka.sasl_password_file; secrets stand in files only"},
    {"session.timeout.ms", "use kafka.session_timeout_ms"},
    {"transaction.timeout.ms", "use kafka.transaction_timeout_ms"},
};

}  // namespace

std::span<const Row> rows() { return kRows; }

const Row* find_row(std::string_view name) {
  const auto* at = std::find_if(std::begin(kRows), std::end(kRows),
                                [&](const Row& row) { return row.name == name; });
  return at == std::end(kRows) ? nullptr : at;
}

std::string_view section_doc(std::string_view section) {
  for (const auto& s : kSections) {
    if (s.name == section) return s.doc;
  }
  return "";
}

std::string environment_name(std::string_view name) {
  std::string result = "KRONIKA_";
  for (const char c : name) {
    result += c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return result;
}

std::string_view section_of(std::string_view name) {
  const auto dot = name.find('.');
  return dot == std::string_view::npos ? std::string_view() : name.substr(0, dot);
}

std::optional<std::string> why_client_property_is_refused(std::string_view property) {
  for (const auto& refused : kRefused) {
    if (refused.property == property) return std::string(refused.reason);
  }
  return std::nullopt;
}

std::vector<std::string_view> refused_client_properties() {
  std::vector<std::string_view> names;
  for (const auto& refused : kRefused) names.push_back(refused.property);
  return names;
}

}  // namespace kronika::config
