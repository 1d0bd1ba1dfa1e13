#include "fixture.h"

#include <fstream>
#include <sstream>
#include <stdexcept>

#include <kronika/base/bytes.h>
#include <kronika/bus/topics.h>

namespace kronika::compat {
namespace {

using bus::MemoryLog;
using bus::StoredRecord;

constexpr std::int32_t kPartitions = 1;

void append_text(std::string& out, std::string_view text) {
  append_be(out, static_cast<std::uint32_t>(text.size()));
  out += text;
}

class Reader {
 public:
  explicit Reader(std::string bytes) : bytes_(std::move(bytes)) {}
  [[nodiscard]] bool done() const { return at_ == bytes_.size(); }
  template <class T>
  T number() {
    need(sizeof(T));
    const T value = read_be<T>(bytes_, at_);
    at_ += sizeof(T);
    return value;
  }
  std::string text() {
    const auto size = number<std::uint32_t>();
    need(size);
    std::string out = bytes_.substr(at_, size);
    at_ += size;
    return out;
  }

 private:
  void need(std::size_t size) const {
    if (bytes_.size() - at_ < size) throw std::runtime_error("log.bin is cut short");
  }
  std::string bytes_;
  std::size_t at_ = 0;
};

std::string bytes_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw std::runtime_error(file.string() + " cannot be read");
  std::stringstream bytes;
  bytes << in.rdbuf();
  return bytes.str();
}

StoredRecord read_record(Reader& bytes) {
  StoredRecord record;
  record.timestamp.ms = static_cast<std::int64_t>(bytes.number<std::uint64_t>());
  record.key = bytes.text();
  const bool has_value = bytes.number<std::uint8_t>() != 0;
  std::string value = bytes.text();
  if (has_value) record.value = std::move(value);
  for (auto left = bytes.number<std::uint16_t>(); left > 0; --left) {
    std::string name = bytes.text();
    record.headers.emplace_back(std::move(name), bytes.text());
  }
  return record;
}

}  // namespace

std::vector<std::string> fixture_topics() {
  std::vector<std::string> names;
  for (const auto& topic : bus::topic_definitions()) names.emplace_back(topic.name);
  return names;
}

void write_fixture(const Fixture& fixture, const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  std::ofstream text(folder / "release.txt");
  text << "release " << fixture.release << "\nrules " << fixture.generation.ordinal << ' '
       << fixture.generation.hash << "\nclock " << fixture.now.ms << '\n';
  for (const std::string& topic : fixture_topics())
    text << "end " << topic << ' ' << fixture.log->end(topic, 0) << '\n';
  for (const auto& [place, offset] : fixture.log->committed) {
    text << "position " << std::get<0>(place) << ' ' << std::get<1>(place) << ' '
         << std::get<2>(place) << ' ' << offset << '\n';
  }
  std::string out;
  for (const std::string& topic : fixture_topics()) {
    const auto& records = fixture.log->read(topic, 0);
    append_text(out, topic);
    append_be(out, static_cast<std::uint32_t>(records.size()));
    for (const StoredRecord& record : records) {
      append_be(out, static_cast<std::uint64_t>(record.offset));
      append_be(out, static_cast<std::uint64_t>(record.timestamp.ms));
      append_text(out, record.key);
      append_be(out, static_cast<std::uint8_t>(record.value ? 1 : 0));
      append_text(out, record.value.value_or(""));
      append_be(out, static_cast<std::uint16_t>(record.headers.size()));
      for (const auto& [name, value] : record.headers) {
        append_text(out, name);
        append_text(out, value);
      }
    }
  }
  std::ofstream(folder / "log.bin", std::ios::binary) << out;
}

Fixture read_fixture(const std::filesystem::path& folder) {
  Fixture fixture;
  fixture.log = std::make_shared<MemoryLog>(kPartitions);
  Reader records(bytes_of(folder / "log.bin"));
  while (!records.done()) {
    const std::string topic = records.text();
    for (auto count = records.number<std::uint32_t>(); count > 0; --count) {
      const auto offset = static_cast<std::int64_t>(records.number<std::uint64_t>());
      // Markers of transactions took the offsets in between.
      while (fixture.log->end(topic, 0) < offset) fixture.log->append_marker(topic, 0);
      fixture.log->append(topic, 0, read_record(records));
    }
  }
  std::istringstream lines(bytes_of(folder / "release.txt"));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string word, group, topic;
    std::int32_t partition = 0;
    std::int64_t offset = 0;
    words >> word;
    if (word == "release") words >> fixture.release;
    if (word == "rules") words >> fixture.generation.ordinal >> fixture.generation.hash;
    if (word == "clock") words >> fixture.now.ms;
    if (word == "end") {
      words >> topic >> offset;
      while (fixture.log->end(topic, 0) < offset) fixture.log->append_marker(topic, 0);
    }
    if (word == "position") {
      words >> group >> topic >> partition >> offset;
      fixture.log->committed[{group, topic, partition}] = offset;
    }
    if (!words) throw std::runtime_error("release.txt: " + line);
  }
  return fixture;
}

}  // namespace kronika::compat
