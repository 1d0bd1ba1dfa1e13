// The adapters alone: bytes of a sample message to its events (codec::translate), beside the
// parse-only speed of the JSON library that they use, and the whole way through the edge (sealed
// twice, booked) with a Kafka in memory. One core, release build. Aims: MedCom bundle 40,000/s and
// 30 % of parse-only; HL7 v2 150,000/s.
#include "fake_bus.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include <benchmark/benchmark.h>
#include <simdjson.h>

#include <kronika/codec/adapter.h>
#include <kronika/edge/edge.h>
#include <kronika/refdata/loader.h>

namespace {

using namespace kronika;  // NOLINT(google-build-using-namespace): a program of its own

constexpr Instant kReceived{1'795'000'000'000};

std::string sample(const std::string& file) {
  std::ifstream in(KRONIKA_SOURCE_DIR "/data/samples/" + file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (text.str().empty()) {
    std::fprintf(stderr, "data/samples/%s is missing\n", file.c_str());
    std::exit(1);
  }
  return text.str();
}

struct Tools {
  std::shared_ptr<const domain::Rules> rules =
      refdata::load(KRONIKA_SOURCE_DIR "/data/reference",
                    KRONIKA_SOURCE_DIR "/data/reference/organisations.csv", 1)
          .value();
  codec::PersonHasher hasher{"a secret for benchmarks only"};
  codec::Sealer sealer{std::array<std::uint8_t, 32>{5}};
  codec::AdapterSettings adapters;
  Tools() {
    adapters.rules = rules.get();
    adapters.hasher = &hasher;
    adapters.default_sender_org = "990000000000101";
  }
};
Tools& tools() {
  static Tools all;
  return all;
}

void count(benchmark::State& state, const std::string& bytes) {
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
}

void translate(benchmark::State& state, const std::string& file) {
  const std::string bytes = sample(file);
  std::size_t facts = 0;
  for (auto _ : state) {
    const codec::Translation t = codec::translate(bytes, tools().adapters, kReceived);
    facts = t.outcomes.size();
    benchmark::DoNotOptimize(facts);
  }
  state.counters["facts"] = static_cast<double>(facts);
  count(state, bytes);
}

// The library at its best: parser and padded copy are kept, and nothing is read of what it found.
void parse_only(benchmark::State& state, const std::string& file) {
  const std::string bytes = sample(file);
  const simdjson::padded_string padded(bytes);
  simdjson::dom::parser parser;
  for (auto _ : state) {
    simdjson::dom::element root;
    if (parser.parse(padded).get(root) != simdjson::SUCCESS) std::abort();
    benchmark::DoNotOptimize(root);
  }
  count(state, bytes);
}

void through_the_edge(benchmark::State& state, const std::string& file) {
  const std::string bytes = sample(file);
  edge::FakeBus bus;
  edge::Edge edge({&tools().adapters, &tools().sealer, &bus, nullptr}, {});
  for (auto _ : state) {
    bool answered = false;
    edge.submit({.bytes = bytes, .received = kReceived},
                [&](const Result<edge::Account>&) { answered = true; });
    (void)bus.flush(std::chrono::milliseconds(0));
    if (!answered) std::abort();
    bus.records.clear();
  }
  count(state, bytes);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string hn =
      "medcom-hospitalnotification/Bundle-a5e5b880-c087-4055-b9ec-99108695f81d.json";
  const std::string hco =
      "medcom-homecareobservation/Bundle-401cbc36-db1e-4fe0-bf90-6df331dde179.json";
  for (const auto& [name, file] : {std::pair<std::string, std::string>{"hospital_notification", hn},
                                   {"home_care_observation", hco}}) {
    benchmark::RegisterBenchmark(("translate/" + name).c_str(), translate, file);
    benchmark::RegisterBenchmark(("parse_only/" + name).c_str(), parse_only, file);
    benchmark::RegisterBenchmark(("edge/" + name).c_str(), through_the_edge, file);
  }
  for (const auto& [name, file] :
       {std::pair<std::string, std::string>{"hl7_admission", "hl7v2-dk/adt-a01-admission.hl7"},
        {"hl7_observation", "hl7v2-dk/oru-r01-latin1.hl7"}}) {
    benchmark::RegisterBenchmark(("translate/" + name).c_str(), translate, file);
    benchmark::RegisterBenchmark(("edge/" + name).c_str(), through_the_edge, file);
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
