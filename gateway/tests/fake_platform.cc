#include "fake_platform.h"

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <stdexcept>

#include <kronika/bus/wire.h>
#include <kronika/codec/citizen_codec.h>
#include <kronika/codec/event_codec.h>
#include <kronika/codec/ledger_codec.h>
#include <kronika/codec/schema_ids.h>
#include <kronika/domain/differences.h>
#include <kronika/refdata/loader.h>

#ifndef KRONIKA_SOURCE_DIR
#error "KRONIKA_SOURCE_DIR must name the source folder"
#endif

namespace kronika::testing {

Instant at(const std::string& local_time) {
  const auto date = domain::parse_date(local_time.substr(0, 10));
  if (!date) throw std::invalid_argument(local_time);
  const int hours = local_time.size() > 10 ? std::atoi(local_time.substr(11, 2).c_str()) : 0;
  const int minutes = local_time.size() > 10 ? std::atoi(local_time.substr(14, 2).c_str()) : 0;
  return domain::from_local(*date, (hours * 60 + minutes) * 60'000).instant;
}

FakePlatform::FakePlatform() {
  const std::string reference = KRONIKA_SOURCE_DIR "/data/reference";
  auto rules = refdata::load(reference, reference + "/organisations.csv", 1);
  if (!rules) throw std::runtime_error(rules.error().context);
  rules_ = *rules;
  fold_ = std::make_unique<domain::Fold>(*rules_);
}

PersonKey FakePlatform::person(std::string_view name) {
  PersonKey key;
  std::uint64_t h = 1469598103934665603ULL;
  for (const char c : name) h = (h ^ static_cast<std::uint8_t>(c)) * 1099511628211ULL;
  for (std::size_t i = 0; i < 16; ++i) {
    key.bytes[i] = static_cast<std::uint8_t>(h >> (8 * (i % 8)));
    h = h * 6364136223846793005ULL + 1442695040888963407ULL;
  }
  return key;
}

domain::Event FakePlatform::event(const PersonKey& person, const std::string& local_time,
                                  domain::Payload payload, const std::string& fact,
                                  std::uint64_t version) {
  domain::Event e;
  const std::uint64_t n = next_fact_++;
  for (std::size_t i = 0; i < 8; ++i) e.event_id.bytes[i] = static_cast<std::uint8_t>(n >> (8 * i));
  e.event_id.bytes[15] = 1;
  e.source_system = "test";
  e.source_message_id = fact.empty() ? "fact-" + std::to_string(n) : fact;
  e.source_version = version;
  e.op = version > 1 ? domain::Op::kRevise : domain::Op::kCreate;
  e.person_key = person;
  e.birth_date = domain::civil_date(1950, 5, 17);
  e.sex = domain::Sex::kFemale;
  e.occurred_at = at(local_time);
  e.time_precision = domain::TimePrecision::kInstant;
  e.recorded_at = e.occurred_at;
  e.sender_org = "990000000000101";
  e.residence_municipality = "0751";
  e.payload = std::move(payload);
  return e;
}

LogRecord& FakePlatform::append(std::string_view topic, int partition, std::string key,
                                std::string value, Instant timestamp) {
  Partition& records = log(topic, partition);
  LogRecord record;
  record.offset = records.empty() ? 0 : records.back().offset + 1;
  record.timestamp = timestamp;
  record.key = std::move(key);
  record.value = std::move(value);
  records.push_back(std::move(record));
  return records.back();
}

void FakePlatform::publish(const domain::Event& event) {
  std::string value;
  bus::append_wire_prefix(codec::kEventSchemaId, value);
  codec::encode_event(event, value);
  if (domain::topic_of(event.type()) == bus::kRapport) {
    append(bus::kRapport, 0, event.sender_org, std::move(value), event.recorded_at);
    return;
  }
  append(domain::topic_of(event.type()), partition_of(event.person_key),
         std::string(event.person_key.view()), std::move(value), event.recorded_at);
}

void FakePlatform::publish_garbage(const PersonKey& person, std::string_view topic) {
  append(topic, partition_of(person), std::string(person.view()), "garbage",
         at("2025-01-01 00:00"));
}

void FakePlatform::consume(const std::string& local_time) { consume(at(local_time)); }

void FakePlatform::consume(Instant as_of) {
  for (int p = 0; p < kPartitions; ++p) consume_partition(p, as_of);
  for (int p = 0; p < kPartitions; ++p) sum_deltas(p, as_of);
}

void FakePlatform::consume_partition(int partition, Instant as_of) {
  std::map<PersonKey, std::vector<domain::JournalEntry>> journals;
  codec::ProgressRecord progress;
  progress.as_of = as_of;
  progress.transaction_number = transaction_[partition] + 1;
  for (std::uint8_t t = 0; t < gateway::kInputTopics; ++t) {
    const std::string topic(gateway::kViewTopics[t]);
    const Partition& records = log(topic, partition);
    progress.positions.push_back({topic, records.empty() ? 0 : records.back().offset + 1});
    for (const LogRecord& record : records) {
      domain::JournalEntry entry;
      const auto wire = bus::read_wire(record.value);
      if (!wire || !codec::decode_event(wire->message, entry.event)) {
        progress.refused.push_back({topic, partition, record.offset, "UNDECODABLE"});
        continue;
      }
      entry.origin = {record.timestamp, t, partition, record.offset};
      auto& journal = journals[entry.event.person_key];
      (void)domain::receive(journal, entry);
    }
  }
  domain::CellDeltas deltas;
  for (const auto& [person, journal] : journals) {
    const auto effective = domain::effective_events(journal, {as_of, Instant::max()});
    codec::CitizenRecord record;
    record.generation = rules_->generation;
    record.as_of = as_of;
    record.state = fold_->refold(person, effective.events);
    record.contributions = fold_->contributions(record.state, as_of);
    const domain::Evaluation evaluation = fold_->evaluate(record.state, as_of);
    record.next_deadline = effective.next_visible;
    if (evaluation.next_change &&
        (!record.next_deadline || *evaluation.next_change < *record.next_deadline)) {
      record.next_deadline = evaluation.next_change;
    }
    record.transaction_number = progress.transaction_number;
    domain::add_difference(emitted_[person], record.contributions, record.state.canary, deltas);
    emitted_[person] = record.contributions;
    std::string value;
    bus::append_wire_prefix(codec::kCitizenStateSchemaId, value);
    codec::encode_citizen(*rules_, record, &evaluation, value);
    append(bus::kCitizenState, partition, std::string(person.view()), std::move(value), as_of);
  }
  std::map<int, domain::CellDifferences> by_target;
  for (const auto& [key, delta] : deltas) {
    const auto raw = key.bytes();
    by_target[static_cast<std::uint8_t>(raw[5]) % kPartitions].push_back({key, delta});
  }
  for (const auto& [target, changes] : by_target) {
    std::string value;
    bus::append_wire_prefix(codec::kIndicatorDeltaSchemaId, value);
    codec::encode_delta(rules_->generation.ordinal, changes, value);
    LogRecord& record =
        append(bus::kIndicatorDelta, target, std::to_string(partition), std::move(value), as_of);
    record.headers = {{"kronika-source-partition", std::to_string(partition)},
                      {"kronika-transaction", std::to_string(progress.transaction_number)}};
  }
  transaction_[partition] = progress.transaction_number;
  std::string value;
  bus::append_wire_prefix(codec::kProgressSchemaId, value);
  codec::encode_progress(progress, value);
  append(bus::kCitizenState, partition, codec::progress_key(partition), std::move(value), as_of);
}

void FakePlatform::sum_deltas(int partition, Instant as_of) {
  std::set<domain::CellKey> changed;
  for (const LogRecord& record : log(bus::kIndicatorDelta, partition)) {
    if (record.offset < summed_[partition]) continue;
    const auto wire = bus::read_wire(record.value);
    codec::IndicatorDelta delta;
    if (!wire || !codec::decode_delta(wire->message, delta))
      throw std::runtime_error("a delta of our own");
    for (const auto& change : delta.changes) {
      cells_[partition][change.cell] += change.value;
      changed.insert(change.cell);
    }
    summed_[partition] = record.offset + 1;
  }
  for (const domain::CellKey& key : changed) {
    const auto raw = key.bytes();
    std::string value;
    bus::append_wire_prefix(codec::kIndicatorCellSchemaId, value);
    codec::encode_cell({cells_[partition][key], rules_->generation.ordinal}, value);
    append(bus::kIndicatorState, partition, std::string(raw.data(), raw.size()), std::move(value),
           as_of);
  }
  codec::ProgressRecord progress;
  progress.as_of = as_of;
  progress.transaction_number =
      1 + static_cast<std::int64_t>(log(bus::kIndicatorState, partition).size());
  progress.positions.push_back({std::string(bus::kIndicatorDelta), summed_[partition]});
  std::string value;
  bus::append_wire_prefix(codec::kProgressSchemaId, value);
  codec::encode_progress(progress, value);
  append(bus::kIndicatorState, partition, codec::progress_key(partition), std::move(value), as_of);
}

void FakePlatform::feed(gateway::View& view) {
  std::vector<bus::Record> batch;
  std::deque<std::vector<bus::Header>> headers;  // the records point into it
  const gateway::ViewPositions seen = view.positions();
  for (std::uint8_t t = 0; t < std::size(gateway::kViewTopics); ++t) {
    for (int p = 0; p < kPartitions; ++p) {
      const auto position = seen.find({t, p});
      for (const LogRecord& record : log(gateway::kViewTopics[t], p)) {
        if (position != seen.end() && record.offset < position->second.next_offset) continue;
        bus::Record r;
        r.topic = gateway::kViewTopics[t];
        r.partition = p;
        r.offset = record.offset;
        r.timestamp = record.timestamp;
        r.key = record.key;
        r.value = record.value;
        r.tombstone = record.tombstone;
        auto& own = headers.emplace_back();
        for (const auto& [key, value] : record.headers) own.push_back({key, value});
        r.headers = own;
        batch.push_back(r);
      }
    }
  }
  if (auto ok = view.apply(batch, {}); !ok) throw std::runtime_error(ok.error().context);
}

domain::Payload assessed(const std::string& programme, std::uint32_t level) {
  domain::StratificationAssessed e;
  e.programme = programme;
  e.level = level;
  e.assessor_role = "GP";
  return e;
}

domain::Payload referral(const std::string& referral_id, const std::string& programme) {
  domain::ReferralSent e;
  e.referral_id = referral_id;
  e.receiver_org = "990000000000301";
  e.requested_service = domain::RequestedService::kMunicipalRehab;
  e.programme = programme;
  return e;
}

domain::Payload accepted(const std::string& referral_id) {
  domain::VisitationDecided e;
  e.referral_id = referral_id;
  e.decision = domain::VisitationDecision::kAccept;
  return e;
}

domain::Payload spo2(double percent) {
  domain::MeasurementRecorded e;
  e.code_system = "NPU";
  e.code = "NPU03011";
  e.value = percent;
  e.unit = "%";
  return e;
}

}  // namespace kronika::testing
