// Every sample message against what a person agreed it should become (expected.csv, column "why").
// The project's own samples always; the public collection beside the project (../shared/data) where
// it exists. A file without a row, and a row whose file is in neither place, fail: the table stays
// complete.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <kronika/codec/adapter.h>
#include <kronika/codec/event_codec.h>
#include <kronika/codec/split.h>
#include <kronika/refdata/loader.h>

namespace kronika {
namespace {

namespace fs = std::filesystem;

const fs::path kSource = KRONIKA_SOURCE_DIR;
const fs::path kOwn = kSource / "data/samples";
const fs::path kShared = kSource / "../shared/data";
// 1 June 2026: after every sample was sent.
constexpr Instant kReceived{1780272000000};

struct Row {
  std::string file, protocol, accepted, refused, ignored, reasons, why;
};

std::vector<Row> expected() {
  std::ifstream in(kSource / "tests/conformance/expected.csv");
  std::string line;
  std::getline(in, line);
  EXPECT_EQ(line, "file,protocol,accepted,refused,ignored,reasons,why");
  std::vector<Row> rows;
  while (std::getline(in, line)) {
    std::istringstream cells(line);
    Row r;
    for (std::string* cell :
         {&r.file, &r.protocol, &r.accepted, &r.refused, &r.ignored, &r.reasons}) {
      std::getline(cells, *cell, ',');
    }
    std::getline(cells, r.why);
    rows.push_back(r);
  }
  return rows;
}

std::string read(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

const codec::AdapterSettings& settings() {
  static const auto rules =
      refdata::load((kSource / "data/reference").string(),
                    (kSource / "data/reference/organisations.csv").string(), 1)
          .value();
  static const codec::PersonHasher hasher("a secret of the conformance test");
  static const codec::AdapterSettings s{
      rules.get(), &hasher, {"https://github.com/synthetichealth/synthea"}, "990000000000201"};
  return s;
}

/// The row that this file gives, without its "why"; with what happened in detail, for the message
/// of a failure.
std::pair<Row, std::string> actual(const std::string& name, const std::string& bytes) {
  int accepted = 0, refused = 0, ignored = 0;
  std::map<std::string, int> reasons;
  std::map<std::string, int> types;
  std::map<std::string, int> ignorances;
  std::ostringstream detail;
  std::string protocol;
  codec::split_documents(bytes, [&](std::string_view document) {
    const codec::Translation t = codec::translate(document, settings(), kReceived);
    protocol = codec::to_text(t.protocol);
    for (const codec::Outcome& o : t.outcomes) {
      if (const auto* a = std::get_if<codec::Accepted>(&o)) {
        ++accepted;
        ++types[std::string(domain::event_type_name(a->event.type()))];
      } else if (const auto* r = std::get_if<codec::Refused>(&o)) {
        ++refused;
        ++reasons[std::string(domain::slug(r->reason()))];
        for (const codec::Fault& f : r->faults) {
          detail << "  " << domain::slug(f.reason) << " | " << f.position << " | " << f.sentence
                 << "\n";
        }
      } else {
        ++ignored;
        ++ignorances[std::get<codec::Ignored>(o).what];
      }
    }
  });
  std::string reason_text;
  for (const auto& [slug, n] : reasons) {
    reason_text += (reason_text.empty() ? "" : " ") + slug + "=" + std::to_string(n);
  }
  for (const auto& [type, n] : types) detail << "  accepted " << n << " " << type << "\n";
  for (const auto& [what, n] : ignorances) detail << "  ignored " << n << " " << what << "\n";
  return {{name, protocol, std::to_string(accepted), std::to_string(refused),
           std::to_string(ignored), reason_text, ""},
          detail.str()};
}

std::vector<std::pair<std::string, fs::path>> samples(const fs::path& root) {
  std::vector<std::pair<std::string, fs::path>> files;
  if (!fs::is_directory(root)) return files;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    const std::string extension = entry.path().extension().string();
    if (!entry.is_regular_file() || extension == ".md" || extension == ".txt") continue;
    files.emplace_back(fs::relative(entry.path(), root).generic_string(), entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

void check_folder(const fs::path& root) {
  std::map<std::string, Row> table;
  for (const Row& r : expected()) table[r.file] = r;
  const bool print = std::getenv("KRONIKA_CONFORMANCE_PRINT") != nullptr;
  for (const auto& [name, path] : samples(root)) {
    const auto [row, detail] = actual(name, read(path));
    if (print) {
      std::cout << row.file << "," << row.protocol << "," << row.accepted << "," << row.refused
                << "," << row.ignored << "," << row.reasons << ",\n"
                << detail;
      continue;
    }
    const auto it = table.find(name);
    if (it == table.end()) {
      ADD_FAILURE() << name << " has no row in tests/conformance/expected.csv; it gives\n"
                    << detail;
      continue;
    }
    const Row& want = it->second;
    EXPECT_EQ(row.protocol, want.protocol) << name;
    EXPECT_EQ(row.accepted, want.accepted) << name << "\n" << detail;
    EXPECT_EQ(row.refused, want.refused) << name << "\n" << detail;
    EXPECT_EQ(row.ignored, want.ignored) << name << "\n" << detail;
    EXPECT_EQ(row.reasons, want.reasons) << name << "\n" << detail;
    EXPECT_FALSE(want.why.empty()) << name << ": a person must be able to agree";
  }
}

TEST(Conformance, TheProjectsOwnSamplesBecomeWhatTheTableSays) { check_folder(kOwn); }

TEST(Conformance, ThePublicSamplesBecomeWhatTheTableSays) {
  if (!fs::is_directory(kShared))
    GTEST_SKIP() << "no ../shared/data beside the project: nothing to read";
  check_folder(kShared);
}

TEST(Conformance, NoRowIsLeftOver) {
  std::set<std::string> names;
  for (const fs::path& root : {kOwn, kShared}) {
    for (const auto& [name, path] : samples(root)) names.insert(name);
  }
  std::set<std::string> rows;
  for (const Row& r : expected()) {
    EXPECT_TRUE(rows.insert(r.file).second) << r.file << " stands twice";
    if (!fs::is_directory(kShared)) continue;
    EXPECT_TRUE(names.contains(r.file)) << r.file << " does not exist";
  }
}

TEST(Conformance, AResendGivesTheSameAnswer) {
  for (const fs::path& root : {kOwn, kShared}) {
    for (const auto& [name, path] : samples(root)) {
      const std::string bytes = read(path);
      const auto ids = [&] {
        std::vector<EventId> found;
        codec::split_documents(bytes, [&](std::string_view document) {
          for (const auto& o :
               codec::translate(document, settings(), kReceived + std::chrono::hours(24))
                   .outcomes) {
            if (const auto* a = std::get_if<codec::Accepted>(&o))
              found.push_back(a->event.event_id);
          }
        });
        return found;
      };
      const auto first = ids();
      EXPECT_EQ(first, ids()) << name;
      EXPECT_EQ(std::set<EventId>(first.begin(), first.end()).size(), first.size())
          << name << ": an id serves two facts";
    }
  }
}

TEST(Conformance, ASecondEpisodeIdentifierMakesNoSecondStay) {
  const auto id = [](const char* file) {
    const auto t =
        codec::translate(read(kOwn / "medcom-hospitalnotification" / file), settings(), kReceived);
    return std::get<codec::Accepted>(t.outcomes.at(0)).event.event_id;
  };
  EXPECT_EQ(id("Bundle-a5e5b880-c087-4055-b9ec-99108695f81d.json"),
            id("Bundle-n73ccf30-80b9-4bd2-bf50-1ac1914498f0.json"));
}

TEST(Conformance, NoPersonNumberReachesAnEventOrARefusal) {
  const std::vector<std::string> numbers{"2509479989",  "250947-9989", "0101509991", "0202459992",
                                         "0303609993",  "030360-9993", "3102479989", "0404749994",
                                         "040474-9994", "3102749994"};
  for (const fs::path& root : {kOwn, kShared}) {
    for (const auto& [name, path] : samples(root)) {
      codec::split_documents(read(path), [&, n = name](std::string_view document) {
        for (const auto& o : codec::translate(document, settings(), kReceived).outcomes) {
          std::string text;
          if (const auto* a = std::get_if<codec::Accepted>(&o)) {
            codec::encode_event(a->event, text);
            text += a->position;
          }
          if (const auto* r = std::get_if<codec::Refused>(&o)) {
            for (const auto& f : r->faults) text += f.position + f.sentence;
          }
          if (const auto* i = std::get_if<codec::Ignored>(&o)) text = i->what + i->position;
          for (const auto& number : numbers) EXPECT_EQ(text.find(number), std::string::npos) << n;
        }
      });
    }
  }
}

}  // namespace
}  // namespace kronika
