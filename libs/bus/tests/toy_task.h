// A small task for tests of the runtime: counts records per key, keeps a journal, has deadlines,
// and breaks on demand. What it writes suffices to prove exactly-once from the outside:
//   compacted topic (citizen-state)  key -> "count=<n> woken=<m>"; "progress" -> positions and
//   transaction number ledger                           one record an input record: key = key,
//   value = "<topic>:<partition>:<offset>"
// Input values: "bad" is rejected; "boom" throws in process; "boom-flush" throws in flush; "abort"
// calls abort(); "at=<ms>" asks to be woken then; "to=<key>" sends that key a "moved" record on
// flytning.
#pragma once

#include <cstdlib>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include <kronika/bus/errc.h>
#include <kronika/bus/task.h>
#include <kronika/bus/topics.h>

namespace kronika::bus::testing {

inline constexpr store::ColumnFamily kToyState = 1;
inline constexpr store::ColumnFamily kToyJournal = 2;

class ToyTask final : public Task {
 public:
  ToyTask(std::int32_t partition, const store::StateStore& store)
      : partition_(partition), store_(store) {}

  struct Entry {
    std::int64_t count = 0;
    std::int64_t woken = 0;
    std::int64_t deadline = 0;  // 0: none
    [[nodiscard]] std::string text() const {
      return "count=" + std::to_string(count) + " woken=" + std::to_string(woken) +
             " deadline=" + std::to_string(deadline);
    }
  };

  Result<void> on_state_record(const Record& record, TaskContext& ctx) override {
    if (record.key == "progress") return {};
    ++state_records;
    ctx.writes().put(kToyState, record.key, record.value);
    return {};
  }
  Result<void> on_journal_record(const Record& record, TaskContext& ctx) override {
    ++journal_records;
    if (record.value == "bad") return fail(code(Errc::kWireMagic), "bad");
    journal(record, ctx);
    return {};
  }
  Result<void> on_restored(TaskContext& ctx) override {
    deadlines_.clear();
    entries_.clear();
    return ctx.store().scan_prefix(kToyState, "", [&](std::string_view key, std::string_view v) {
      const Entry e = parse(v);
      if (e.deadline != 0) deadlines_.insert({e.deadline, std::string(key)});
      return true;
    });
  }
  Result<void> process(const Record& record, TaskContext& ctx) override {
    if (record.value == "bad") return fail(code(Errc::kWireMagic), "bad");
    if (record.value == "boom") throw std::runtime_error("boom");
    if (record.value == "abort") std::abort();
    if (record.value == "boom-flush") boom_in_flush_ = true;
    if (record.value.starts_with("to=")) {
      ctx.send({.topic = kFlytning, .key = record.value.substr(3), .value = "moved"});
    }
    Entry& e = entry(std::string(record.key));
    ++e.count;
    if (record.value.starts_with("at=")) {
      e.deadline = std::stoll(std::string(record.value.substr(3)));
      deadlines_.insert({e.deadline, std::string(record.key)});
    }
    journal(record, ctx);
    const std::string identity = std::string(record.topic) + ":" +
                                 std::to_string(record.partition) + ":" +
                                 std::to_string(record.offset);
    ctx.send({.topic = kLedger, .key = record.key, .value = identity, .headers = record.headers});
    return {};
  }
  void on_rejected(const Record& record, std::string_view reason, TaskContext&) override {
    rejected.emplace_back(std::string(record.value) + " " + std::string(reason));
  }
  Result<bool> punctuate(std::size_t limit, TaskContext& ctx) override {
    while (!deadlines_.empty() && deadlines_.begin()->first <= ctx.task_clock().ms) {
      if (limit-- == 0) return true;
      const auto [at, key] = *deadlines_.begin();
      deadlines_.erase(deadlines_.begin());
      Entry& e = entry(key);
      if (e.deadline != at) continue;  // replaced since
      ++e.woken;
      e.deadline = 0;
    }
    return false;
  }
  std::optional<Instant> next_deadline() const override {
    if (deadlines_.empty()) return std::nullopt;
    return Instant{deadlines_.begin()->first};
  }
  Result<void> flush(TaskContext& ctx) override {
    if (boom_in_flush_) throw std::runtime_error("boom in flush");
    for (const auto& key : dirty_) {
      const std::string text = entries_[key].text();
      ctx.writes().put(kToyState, key, text);
      ctx.send({.topic = kCitizenState, .partition = partition_, .key = key, .value = text});
    }
    std::string progress =
        std::to_string(ctx.transaction_number()) + " " + std::to_string(ctx.task_clock().ms);
    for (const auto offset : ctx.next_offsets()) progress += " " + std::to_string(offset);
    ctx.send(
        {.topic = kCitizenState, .partition = partition_, .key = "progress", .value = progress});
    return {};
  }
  void on_committed() override { dirty_.clear(); }
  void on_aborted() override {
    ++aborts;
    boom_in_flush_ = false;
    entries_.clear();
    dirty_.clear();
    deadlines_.clear();
    // A test's shortcut: the deadlines are read again from the store.
    const auto r = store_.scan_prefix(kToyState, "", [&](std::string_view key, std::string_view v) {
      const Entry e = parse(v);
      if (e.deadline != 0) deadlines_.insert({e.deadline, std::string(key)});
      return true;
    });
    if (!r) std::abort();
  }
  std::optional<Progress> read_progress(const Record& record) const override {
    if (record.key != "progress") return std::nullopt;
    Progress p;
    const std::string text(record.value);
    char* at = nullptr;
    p.transaction_number = std::strtoll(text.c_str(), &at, 10);
    p.as_of.ms = std::strtoll(at, &at, 10);
    while (*at != 0) p.next_offsets.push_back(std::strtoll(at, &at, 10));
    return p;
  }

  [[nodiscard]] static Entry parse(std::string_view text) {
    Entry e;
    std::sscanf(std::string(text).c_str(), "count=%ld woken=%ld deadline=%ld", &e.count, &e.woken,
                &e.deadline);
    return e;
  }

  int state_records = 0, journal_records = 0, aborts = 0;
  std::vector<std::string> rejected;

 private:
  Entry& entry(const std::string& key) {
    dirty_.insert(key);
    const auto [it, fresh] = entries_.try_emplace(key);
    if (fresh) {
      const auto stored = store_.get(kToyState, key);
      if (!stored) std::abort();
      if (*stored) it->second = parse(**stored);
    }
    return it->second;
  }
  static void journal(const Record& record, TaskContext& ctx) {
    std::string key(record.key);
    key.resize(16, '.');
    key += std::string(record.topic) + ":" + std::to_string(record.offset);
    ctx.writes().put(kToyJournal, key, record.value);
  }

  const std::int32_t partition_;
  const store::StateStore& store_;
  std::map<std::string, Entry> entries_;
  std::set<std::string> dirty_;
  std::set<std::pair<std::int64_t, std::string>> deadlines_;
  bool boom_in_flush_ = false;
};

inline TaskSpec toy_spec() {
  TaskSpec spec;
  spec.name = "toy";
  spec.input_topics = {std::string(kHenvisning), std::string(kMaaling), std::string(kFlytning)};
  spec.compacted_topic = std::string(kCitizenState);
  spec.rebuilds_journal = true;
  spec.column_families = {{"state", store::Access::kPointLookup, 0},
                          {"journal", store::Access::kAppendScan, 16}};
  spec.make_task = [](std::int32_t partition, const store::StateStore& store) {
    return std::make_unique<ToyTask>(partition, store);
  };
  return spec;
}

}  // namespace kronika::bus::testing
