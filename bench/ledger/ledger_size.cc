// How many bytes an event takes in the gateway's ledger: feeds a view with messages of invented
// senders, one event each, with their bookings, and prints the size of its files, and the time.
//
//   kronika-bench-ledger [MESSAGES] [--without]      --without: the same events, no ledger kept
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <random>
#include <string>
#include <unistd.h>
#include <vector>

#include <kronika/bus/topics.h>
#include <kronika/bus/wire.h>
#include <kronika/codec/event_codec.h>
#include <kronika/codec/ledger_codec.h>
#include <kronika/codec/schema_ids.h>
#include <kronika/codec/uuid5.h>
#include <kronika/gateway/view.h>

namespace {

using namespace kronika;  // NOLINT(google-build-using-namespace): a program

constexpr int kPartitions = 6;
constexpr int kBatch = 4096;

struct Kept {
  std::string topic, key, value;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  Instant time;
};

std::string random_bytes(std::mt19937_64& random, std::size_t size) {
  std::string bytes;
  while (bytes.size() < size) bytes.push_back(static_cast<char>(random()));
  return bytes;
}

}  // namespace

int main(int argc, char** argv) {
  const int messages = argc > 1 ? std::atoi(argv[1]) : 1'000'000;
  const bool with = argc < 3;
  const auto folder = std::filesystem::temp_directory_path() /
                      ("kronika-ledger-size-" + std::to_string(::getpid()));
  gateway::ViewOptions options;
  options.path = folder;
  options.identity = "bench";
  options.ledger.days = with ? 30 : 0;
  const Instant begin{1'772'000'000'000};
  options.now = begin;
  auto view = gateway::View::open(options);
  if (!view) {
    std::cerr << view.error().context << '\n';
    return 1;
  }
  std::mt19937_64 random(1);
  std::vector<std::int64_t> event_offset(kPartitions), ledger_offset(kPartitions);
  std::vector<Kept> batch;
  std::chrono::nanoseconds spent{};
  const auto write = [&] {
    std::vector<bus::Record> records;
    for (const Kept& kept : batch) {
      bus::Record record;
      record.topic = kept.topic;
      record.partition = kept.partition;
      record.offset = kept.offset;
      record.timestamp = kept.time;
      record.key = kept.key;
      record.value = kept.value;
      records.push_back(record);
    }
    const auto from = std::chrono::steady_clock::now();
    if (auto ok = (*view)->apply(records, {}); !ok) {
      std::cerr << ok.error().context << '\n';
      std::exit(1);
    }
    spent += std::chrono::steady_clock::now() - from;
    batch.clear();
  };
  for (int i = 0; i < messages; ++i) {
    const Instant time{begin.ms + i * 8LL};  // ten million a day
    domain::Event event;
    event.schema_version = 1;
    event.op = domain::Op::kCreate;
    event.source_system = "medcom-hco/990000000000301";
    event.source_message_id = random_bytes(random, 18);
    for (char& c : event.source_message_id) c = static_cast<char>('a' + (c & 15));
    event.sender_org = std::to_string(990'000'000'000'000 + random() % 300);
    event.person_key = *PersonKey::from_bytes(random_bytes(random, 16));
    event.occurred_at = event.recorded_at = time;
    domain::MeasurementRecorded measurement;
    measurement.code_system = "NPU";
    measurement.code = "NPU03011";
    measurement.value = 0.95;
    measurement.unit = "1";
    event.payload = measurement;
    event.event_id = codec::derive_event_id(event);
    const auto p = static_cast<std::int32_t>(random() % kPartitions);
    std::string value;
    bus::append_wire_prefix(codec::kEventSchemaId, value);
    codec::encode_event(event, value);
    const std::int64_t offset = event_offset[static_cast<std::size_t>(p)]++;
    batch.push_back({std::string(bus::kMaaling), std::string(event.person_key.view()),
                     std::move(value), p, offset, time});

    codec::MessageReceived received;
    received.sha256 = random_bytes(random, 32);
    received.message_id = to_hex(random_bytes(random, 16));
    received.sender_org = event.sender_org;
    received.protocol = "medcom-hco";
    received.door = "fhir";
    received.received_at = time;
    received.size_bytes = 4000 + random() % 4000;
    received.adapter_revision = 1;
    received.events = {{event.event_id, std::string(bus::kMaaling), p, offset}};
    received.traceparent =
        "00-" + to_hex(random_bytes(random, 16)) + "-" + to_hex(random_bytes(random, 8)) + "-00";
    received.raw = {p, offset};
    if (i % 50 == 0) received.refused = {{"CODE_UNKNOWN", 1}};
    value.clear();
    bus::append_wire_prefix(codec::kMessageReceivedSchemaId, value);
    codec::encode_message_received(received, value);
    const auto l = static_cast<std::size_t>(random() % kPartitions);
    batch.push_back({std::string(bus::kLedger), "k", std::move(value), static_cast<std::int32_t>(l),
                     ledger_offset[l]++, time});

    codec::LedgerEntry entry;
    entry.event_id = event.event_id;
    entry.outcome = codec::LedgerOutcome::kApplied;
    entry.topic = bus::kMaaling;
    entry.partition = p;
    entry.offset = offset;
    entry.sender_org = event.sender_org;
    entry.record_time = time;
    value.clear();
    bus::append_wire_prefix(codec::kLedgerEntrySchemaId, value);
    codec::encode_ledger_entry(entry, value);
    batch.push_back({std::string(bus::kLedger), "k", std::move(value), p,
                     ledger_offset[static_cast<std::size_t>(p)]++, time});
    if (batch.size() >= kBatch) write();
  }
  write();
  if (auto ok = (*view)->flush(); !ok) return 1;
  std::cout << messages << " messages of one event, " << (with ? "with" : "without")
            << " a ledger: " << static_cast<double>(spent.count()) / messages / 1000
            << " us a message to write\n";
  for (const auto& [family, bytes] : (*view)->usage().live_sst) {
    std::cout << "  " << family << ": " << bytes / 1'000'000 << " MB, "
              << static_cast<double>(bytes) / messages << " bytes a message\n";
  }
  view->reset();
  std::filesystem::remove_all(folder);
  return 0;
}
