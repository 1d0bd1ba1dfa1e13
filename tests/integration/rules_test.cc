// The strongest test of `kronika verify --rules`: what it says beforehand is held against what the
// rollout of the same rules then does, with the real programs and a real broker.

#include "support/platform.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <sys/stat.h>
#include <thread>
#include <tuple>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <kronika/base/ids.h>
#include <kronika/bus/topics.h>
#include <kronika/bus/wire.h>
#include <kronika/state/v1/citizen.pb.h>
#include <kronika/state/v1/stratification.pb.h>
#include <kronika/verify/log_source.h>

namespace kronika {
namespace {

using nlohmann::json;
using test_support::Answer;
using test_support::Platform;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

namespace fs = std::filesystem;

constexpr int kCitizens = 24;

/// Events of months ago at 03:17, so that no clock of a rule strikes while the test runs.
std::string event_line(int citizen, int number, const std::string& day, const json& payload) {
  const std::string at = day + "T03:17:00+01:00";
  json event{
      {"cpr", "010150" + std::to_string(1000 + citizen)},
      {"source_system", "PRAKSIS"},
      {"source_message_id", "rules-" + std::to_string(citizen) + "-" + std::to_string(number)},
      {"source_version", 1},
      {"op", "OP_CREATE"},
      {"occurred_at", at},
      {"recorded_at", at},
      {"sender_org", "990000000000101"},
      {"residence_municipality", citizen % 3 == 0 ? "0751" : "0101"}};
  event.update(payload);
  return event.dump() + "\n";
}

json measured(const char* code, double value, const char* unit) {
  return {{"measurement_recorded",
           {{"code_system", "MCS"}, {"code", code}, {"numeric", value}, {"unit", unit}}}};
}
json diagnosed(const char* code) {
  return {{"diagnosis_recorded",
           {{"code_system", "SKS"}, {"code", code}, {"setting", "DIAGNOSIS_SETTING_GP"}}}};
}

/// CAT scores from 4 to 27; half of them have a clinician's level, a third diabetes as well.
std::string population() {
  std::string lines;
  for (int i = 0; i < kCitizens; ++i) {
    int n = 0;
    lines += event_line(i, ++n, "2026-02-03", diagnosed("DJ449"));
    lines += event_line(i, ++n, "2026-02-04", measured("MCS88021", 1, "{score}"));
    lines += event_line(i, ++n, "2026-02-05", measured("MCS88137", 4 + i, "{score}"));
    lines += event_line(i, ++n, "2026-02-06", measured("MCS88022", 0, "1"));
    lines += event_line(i, ++n, "2026-02-07", measured("MCS88023", 85, "%"));
    if (i % 2 == 0) {
      lines +=
          event_line(i, ++n, "2026-02-10",
                     {{"stratification_assessed",
                       {{"programme", "KOL"}, {"level", 1 + i % 3}, {"assessor_role", "GP"}}}});
    }
    if (i % 3 == 0) lines += event_line(i, ++n, "2026-03-02", diagnosed("DE119"));
  }
  return lines;
}

void replace_line(const fs::path& file, const std::string& from, const std::string& to) {
  std::string text = test_support::read_file(file.string());
  const auto at = text.find(from);
  ASSERT_NE(at, std::string::npos) << file << ": " << from;
  text.replace(at, from.size(), to);
  std::ofstream(file) << text;
}

using Record = state::v1::CitizenStateRecord;

class Rules : public testing::Test {
 protected:
  void SetUp() override {
    auto started = Platform::start();
    ASSERT_TRUE(started) << started.error();
    platform_ = std::move(*started);
    const std::string events = folder_.path() + "/events.ndjson";
    std::ofstream(events) << population();
    const Answer published = platform_->cli({"publish", "--strict", events});
    ASSERT_EQ(published.code, 0) << published.output;
    ASSERT_EQ(platform_->cli({"summary"}).code, 0);
    const Answer verified = platform_->cli({"verify"});
    ASSERT_EQ(verified.code, 0) << verified.output;
    bus::ClientOptions client;
    client.bootstrap_servers = platform_->broker().bootstrap_servers();
    auto source = verify::open_kafka_source(client);
    ASSERT_TRUE(source) << source.error().context;
    source_ = std::move(*source);

    fs::copy(KRONIKA_SOURCE_DIR "/data/reference", new_rules_);
    // A threshold of stratification, and a code that no longer opens a pathway.
    replace_line(new_rules_ / "ruleset_branches.csv", "KOL,2026,abe,CAT >= 10,B",
                 "KOL,2026,abe,CAT >= 17,B");
    replace_line(new_rules_ / "ruleset_branches.csv", "KOL,2026,abe,dyspnoea <= 2 and CAT < 10,A",
                 "KOL,2026,abe,dyspnoea <= 2 and CAT < 17,A");
    replace_line(new_rules_ / "diagnoses.csv", "T2D,DIABETES,SKS,DE11,prefix,\n", "");
  }

  template <class Visit>
  void read(std::string_view topic, const Visit& visit) {
    const auto partitions = source_->partitions(std::string(topic));
    ASSERT_TRUE(partitions);
    for (std::int32_t p = 0; p < *partitions; ++p) {
      const auto done =
          source_->read(std::string(topic), p, [&](const bus::Record& record) -> Result<void> {
            visit(record);
            return {};
          });
      ASSERT_TRUE(done) << done.error().context;
    }
  }
  /// What readers of citizen-state see of each citizen, without what every record has anew.
  std::map<std::string, std::string> citizens() {
    std::map<std::string, std::string> found;
    read(bus::kCitizenState, [&](const bus::Record& record) {
      if (record.key.size() != 16) return;
      Record message;
      const auto wire = bus::read_wire(record.value);
      ASSERT_TRUE(wire && message.ParseFromArray(wire->message.data(),
                                                 static_cast<int>(wire->message.size())));
      Record seen;
      *seen.mutable_summary() = message.summary();
      *seen.mutable_contributions() = message.contributions();
      found[to_hex(record.key)] = seen.SerializeAsString();
    });
    return found;
  }
  /// Changes of levels that generation `generation` wrote, by programme and levels.
  using Levels = std::map<std::tuple<std::string, std::uint32_t, std::uint32_t>, int>;
  Levels levels_of(std::uint32_t generation) {
    Levels found;
    read(bus::kStratification, [&](const bus::Record& record) {
      state::v1::StratificationChange change;
      const auto wire = bus::read_wire(record.value);
      ASSERT_TRUE(wire && change.ParseFromArray(wire->message.data(),
                                                static_cast<int>(wire->message.size())));
      if (change.generation() == generation) {
        ++found[{change.programme(), change.previous_proposed_level(), change.proposal().level()}];
      }
    });
    return found;
  }
  /// `kronika indicator cells`: the exact value by the rest of its line.
  std::map<std::string, json> cells() {
    const Answer answer = platform_->cli({"indicator", "cells"});
    EXPECT_EQ(answer.code, 0) << answer.output;
    std::map<std::string, json> found;
    std::istringstream lines(answer.output);
    for (std::string line; std::getline(lines, line);) {
      json key = json::parse(line);
      json value = taken(key);
      if (!key["canary"]) found[key.dump()] = value;
    }
    return found;
  }
  static json taken(json& key) {
    json value;
    for (const char* name : {"numerator", "numerator2", "denominator", "unknown", "excluded",
                             "sum_thousandths", "buckets"}) {
      value[name] = key[name];
      key.erase(name);
    }
    return value;
  }
  /// Raises the generation in all programs.
  void roll_out() {
    platform_->set("KRONIKA_REFERENCE_DIR", new_rules_.string());
    platform_->set("KRONIKA_REFERENCE_ORGANISATIONS_FILE",
                   (new_rules_ / "organisations.csv").string());
    platform_->set("KRONIKA_REFERENCE_GENERATION", "2");
    for (const char* name : {"kronika-gateway", "kronika-indicators", "kronika-citizen"}) {
      platform_->kill_program(name);
      platform_->start_program(name);
    }
    Answer verified;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(90);
    while (verified.code != 0 && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::seconds(1));
      verified = platform_->cli({"verify", "--no-gateway"});
    }
    ASSERT_EQ(verified.code, 0) << verified.output;
  }

  test_support::TempFolder folder_{"kronika-rules"};
  const fs::path new_rules_ = fs::path(folder_.path()) / "reference";
  std::unique_ptr<Platform> platform_;
  std::unique_ptr<verify::LogSource> source_;
};

TEST_F(Rules, TheDryRunNamesExactlyWhatTheRolloutThenChanges) {
  const std::string people = folder_.path() + "/people.txt";
  const Answer told = platform_->cli(
      {"verify", "--rules", new_rules_.string(), "--exact", "--citizens", people, "--json"});
  ASSERT_EQ(told.code, 1) << told.output;
  const json report = json::parse(told.output);
  EXPECT_EQ(report["citizens"], kCitizens);
  EXPECT_EQ(report["proposed"]["ordinal"], 2);
  EXPECT_EQ(report["present"]["ordinal"], 1);
  struct stat status{};
  ASSERT_EQ(::stat(people.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600);

  const auto citizens_before = citizens();
  const auto cells_before = cells();
  roll_out();
  const auto citizens_after = citizens();
  const auto cells_after = cells();

  std::set<std::string> changed, named;
  for (const auto& [person, seen] : citizens_after) {
    if (citizens_before.at(person) != seen) changed.insert(person);
  }
  std::ifstream lines(people);
  for (std::string line; std::getline(lines, line);) named.insert(line.substr(0, line.find('\t')));
  EXPECT_EQ(named, changed);
  EXPECT_EQ(report["changed"], changed.size());
  // CAT 10 to 16, and a third of the others with diabetes.
  EXPECT_EQ(changed.size(), 7U + 5U);

  std::map<std::string, json> cells_told = cells_before;
  for (json cell : report["cells"]) {
    const json before = cell["before"];
    const json after = cell["after"];
    cell.erase("before");
    cell.erase("after");
    const std::string key = cell.dump();
    if (cells_before.contains(key)) {
      EXPECT_EQ(before, cells_before.at(key)) << key;
    }
    cells_told[key] = after;
    const bool zero = after["numerator"] == 0 && after["denominator"] == 0 &&
                      after["unknown"] == 0 && after["excluded"] == 0 && after["numerator2"] == 0;
    if (zero) cells_told.erase(key);
  }
  EXPECT_EQ(cells_told, cells_after);
  EXPECT_NE(cells_before, cells_after);

  Levels levels_told;
  for (const json& change : report["changes"]) {
    if (change["field"] != "proposed_level" || change["programme"] != "KOL") continue;
    levels_told[{"KOL", std::stoi(change["before"].get<std::string>()),
                 std::stoi(change["after"].get<std::string>())}] = change["citizens"];
  }
  EXPECT_EQ(levels_told, levels_of(2));
  EXPECT_EQ(levels_told, (Levels{{{"KOL", 2, 1}, 7}}));

  // Rolled out: this program with these settings changes nothing more.
  const Answer again = platform_->cli({"verify", "--rules", "configured"});
  EXPECT_EQ(again.code, 0) << again.output;
  EXPECT_THAT(again.output, HasSubstr("NOTHING CHANGES"));
}

TEST_F(Rules, ItRefusesNumbersThatMayNotFollowAndKeepsPeopleAndSmallCountsBack) {
  const std::string nobody = folder_.path() + "/nobody";
  const Answer same = platform_->cli(
      {"verify", "--rules", new_rules_.string(), "--generation", "1", "--citizens", nobody});
  EXPECT_FALSE(fs::exists(nobody));
  EXPECT_EQ(same.code, 2) << same.output;
  EXPECT_THAT(same.output, HasSubstr("generation 1 is in force with other files"));
  EXPECT_EQ(platform_->cli({"verify", "--rules", folder_.path() + "/nowhere"}).code, 2);
  EXPECT_EQ(platform_->cli({"verify", "--exact"}).code, 2);

  const std::string taken = folder_.path() + "/taken";
  std::ofstream(taken) << "something";
  const Answer file =
      platform_->cli({"verify", "--rules", new_rules_.string(), "--citizens", taken});
  EXPECT_EQ(file.code, 2) << file.output;
  EXPECT_EQ(test_support::read_file(taken), "something");

  const Answer text = platform_->cli({"verify", "--rules", new_rules_.string()});
  EXPECT_EQ(text.code, 1) << text.output;
  EXPECT_THAT(text.output, HasSubstr("CHANGES: generation 2"));
  const Answer rounded = platform_->cli({"verify", "--rules", new_rules_.string(), "--json"});
  const json report = json::parse(rounded.output);
  EXPECT_EQ(report["changed"], 10);  // 12
  EXPECT_FALSE(report.contains("cells"));
  for (const json& row : report["rows"]) {
    for (const char* side : {"before", "after"}) {
      for (const auto& [name, figure] : row[side].items())
        EXPECT_TRUE(figure == "<5" || figure.get<int>() % 5 == 0) << row.dump();
    }
  }
  for (const auto& [person, seen] : citizens()) {
    EXPECT_THAT(text.output, Not(HasSubstr(person)));
    EXPECT_THAT(rounded.output, Not(HasSubstr(person)));
  }
}

}  // namespace
}  // namespace kronika
