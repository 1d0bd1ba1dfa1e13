#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include <kronika/store/errc.h>
#include <kronika/store/state_store.h>

namespace kronika::store {
namespace {

namespace fs = std::filesystem;

constexpr ColumnFamily kState = 1;
constexpr ColumnFamily kJournal = 2;
constexpr ColumnFamily kDeadlines = 3;

class StateStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "kronika-store-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    options_.path = folder_ + "/db";
    options_.column_families = {{"state", Access::kPointLookup, 0},
                                {"journal", Access::kAppendScan, 16},
                                {"deadlines", Access::kOrderedScan, 0}};
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::unique_ptr<StateStore> open() {
    auto store = StateStore::open(options_);
    EXPECT_TRUE(store) << store.error().context;
    return store ? std::move(*store) : nullptr;
  }

  static std::vector<std::string> keys(const StateStore& store, ColumnFamily cf,
                                       std::string_view prefix) {
    std::vector<std::string> found;
    EXPECT_TRUE(store.scan_prefix(cf, prefix, [&](std::string_view key, std::string_view) {
      found.emplace_back(key);
      return true;
    }));
    return found;
  }

  std::string folder_;
  Options options_;
};

TEST(StoreErrc, SlugsAreUniqueAndRowsAgreeWithThem) {
  std::set<std::string_view> seen;
  for (int i = 1; i <= static_cast<int>(Errc::kLast); ++i) {
    const auto e = static_cast<Errc>(i);
    EXPECT_TRUE(slug(e).starts_with("store_"));
    EXPECT_TRUE(seen.insert(slug(e)).second);
    EXPECT_EQ(code(e).slug(), slug(e));
    EXPECT_EQ(code(e).disposition(), disposition(e));
    EXPECT_EQ(code(e), code(e));
  }
}

TEST_F(StateStoreTest, AbsentKeyIsNothingAndEmptyValueIsAValue) {
  auto store = open();
  EXPECT_EQ(*store->get(kState, "k"), std::nullopt);
  WriteSet w;
  w.put(kState, "k", "");
  ASSERT_TRUE(store->apply(w));
  EXPECT_EQ(*store->get(kState, "k"), "");
}

TEST_F(StateStoreTest, StagedWritesAreInvisibleUntilApplied) {
  auto store = open();
  WriteSet w;
  w.put(kState, "k", "v");
  EXPECT_EQ(*store->get(kState, "k"), std::nullopt);
  ASSERT_TRUE(store->apply(w));
  EXPECT_EQ(*store->get(kState, "k"), "v");
}

TEST_F(StateStoreTest, LastWriteOfABatchWinsWhateverItIs) {
  auto store = open();
  WriteSet w;
  w.put(kState, "a", "1");
  w.put(kState, "b", "1");
  w.erase(kState, "a");
  w.put(kState, "b", "2");
  w.erase(kState, "c");
  w.put(kState, "c", "3");
  w.put(kJournal, "a", "other family");
  ASSERT_TRUE(store->apply(w));
  EXPECT_EQ(*store->get(kState, "a"), std::nullopt);
  EXPECT_EQ(*store->get(kState, "b"), "2");
  EXPECT_EQ(*store->get(kState, "c"), "3");
}

TEST_F(StateStoreTest, PrefixScanSeesItsCitizenOnlyAcrossMemtableAndFiles) {
  auto store = open();
  const std::string a(16, 'a'), b(16, '\xff'), c(16, 'c');
  WriteSet w;
  for (const auto* person : {&c, &a, &b}) {
    for (const char* seq : {"2", "1"}) w.put(kJournal, *person + seq, "x");
  }
  ASSERT_TRUE(store->apply(w));
  ASSERT_TRUE(store->flush());
  w.clear();
  w.put(kJournal, a + "0", "x");
  ASSERT_TRUE(store->apply(w));
  EXPECT_EQ(keys(*store, kJournal, a), (std::vector<std::string>{a + "0", a + "1", a + "2"}));
  EXPECT_EQ(keys(*store, kJournal, b), (std::vector<std::string>{b + "1", b + "2"}));
  EXPECT_EQ(keys(*store, kJournal, std::string(16, 'd')), std::vector<std::string>{});
  EXPECT_EQ(keys(*store, kJournal, a + "1"),
            std::vector<std::string>{a + "1"});       // longer than fixed
  EXPECT_EQ(keys(*store, kJournal, "c").size(), 2U);  // shorter
  EXPECT_EQ(keys(*store, kJournal, "").size(), 7U);
}

TEST_F(StateStoreTest, ScanStopsWhenTheVisitorSaysSo) {
  auto store = open();
  WriteSet w;
  for (char k = 'a'; k < 'k'; ++k) w.put(kDeadlines, std::string(1, k), "");
  ASSERT_TRUE(store->apply(w));
  int seen = 0;
  ASSERT_TRUE(store->scan_range(kDeadlines, "c", "", [&](auto, auto) { return ++seen < 3; }));
  EXPECT_EQ(seen, 3);
}

TEST_F(StateStoreTest, RangeScanIsHalfOpenAndOrdered) {
  auto store = open();
  WriteSet w;
  for (const char* k : {"d", "b", "a", "c"}) w.put(kDeadlines, k, "");
  ASSERT_TRUE(store->apply(w));
  std::string seen;
  ASSERT_TRUE(store->scan_range(kDeadlines, "b", "d", [&](std::string_view k, std::string_view) {
    seen += k;
    return true;
  }));
  EXPECT_EQ(seen, "bc");
}

TEST_F(StateStoreTest, ManyBatchesSurviveReopenAndCompaction) {
  options_.memtable_bytes = 64U << 10;
  std::map<std::string, std::string> expected;
  {
    auto store = open();
    WriteSet w;
    std::uint32_t x = 1;
    for (int batch = 0; batch < 200; ++batch) {
      w.clear();
      for (int i = 0; i < 50; ++i) {
        x = x * 1664525U + 1013904223U;
        const std::string key = "k" + std::to_string(x >> 21U);
        if (x % 7 == 0) {
          w.erase(kState, key);
          expected.erase(key);
        } else {
          const std::string value(x % 200, static_cast<char>('a' + x % 26));
          w.put(kState, key, value);
          expected[key] = value;
        }
      }
      ASSERT_TRUE(store->apply(w));
    }
  }
  auto store = open();
  std::map<std::string, std::string> found;
  ASSERT_TRUE(store->scan_prefix(kState, "", [&](std::string_view k, std::string_view v) {
    found.emplace(k, v);
    return true;
  }));
  EXPECT_EQ(found, expected);
}

TEST_F(StateStoreTest, ACrashTakesAwayNothingFlushedAndBatchesOnlyWholeAndLastFirst) {
  auto store = open();
  for (int i = 1; i <= 2000; ++i) {
    WriteSet w;
    w.put(kState, "k" + std::to_string(i), std::string(100, 'x'));
    w.put(kState, "latest", std::to_string(i));
    w.put(kMeta, "position", std::to_string(i));
    ASSERT_TRUE(store->apply(w));
    if (i == 1000) {
      ASSERT_TRUE(store->flush());
    }
  }
  // What a crash would leave at this moment: the files as they are.
  auto crashed = options_;
  crashed.path += ".crashed";
  std::filesystem::copy(options_.path, crashed.path);
  {
    auto after = StateStore::open(crashed);
    ASSERT_TRUE(after) << after.error().context;
    const auto position = *(*after)->get(kMeta, "position");
    ASSERT_TRUE(position);
    EXPECT_EQ(*(*after)->get(kState, "latest"), position) << "the families are of one batch";
    const int last = std::stoi(*position);
    EXPECT_GE(last, 1000);
    for (int i = 1; i <= 2000; ++i) {
      EXPECT_EQ((*after)->get(kState, "k" + std::to_string(i))->has_value(), i <= last) << i;
    }
  }
  std::filesystem::remove_all(crashed.path);
}

TEST_F(StateStoreTest, SecondOpenIsRefusedAsLocked) {
  auto store = open();
  const auto second = StateStore::open(options_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, code(Errc::kLocked)) << second.error().context;
}

TEST_F(StateStoreTest, ReadOnlyOpenNeedsNoLockAndRefusesWrites) {
  auto store = open();
  WriteSet w;
  w.put(kState, "k", "v");
  ASSERT_TRUE(store->apply(w));
  ASSERT_TRUE(store->flush());
  auto options = options_;
  options.read_only = true;
  auto reader = StateStore::open(options);
  ASSERT_TRUE(reader) << reader.error().context;
  EXPECT_EQ(*(*reader)->get(kState, "k"), "v");
  EXPECT_EQ((*reader)->apply(w).error().code, code(Errc::kReadOnly));
}

TEST_F(StateStoreTest, DamagedFileIsReportedAsCorrupt) {
  {
    auto store = open();
    WriteSet w;
    for (int i = 0; i < 1000; ++i) w.put(kState, "k" + std::to_string(i), std::string(100, 'x'));
    ASSERT_TRUE(store->apply(w));
    ASSERT_TRUE(store->flush());
  }
  for (const auto& entry : fs::directory_iterator(options_.path)) {
    if (entry.path().extension() != ".sst") continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(fs::file_size(entry.path()) / 3));
    file << std::string(64, '\x5a');
  }
  auto store = StateStore::open(options_);
  if (!store) {
    EXPECT_EQ(store.error().code, code(Errc::kCorrupt)) << store.error().context;
    return;
  }
  const auto scanned = (*store)->scan_prefix(kState, "", [](auto, auto) { return true; });
  ASSERT_FALSE(scanned);
  EXPECT_EQ(scanned.error().code, code(Errc::kCorrupt)) << scanned.error().context;
}

TEST_F(StateStoreTest, UnknownColumnFamilyInTheFolderIsAnOptionsError) {
  open().reset();
  options_.column_families.pop_back();
  const auto reopened = StateStore::open(options_);
  ASSERT_FALSE(reopened);
  EXPECT_EQ(reopened.error().code, code(Errc::kOptions)) << reopened.error().context;
}

TEST_F(StateStoreTest, SeveralStoresStayInsideOneMemoryBudget) {
  constexpr std::size_t kCache = 8U << 20;
  options_.memory = MemoryBudget::create(kCache, 4U << 20);
  options_.memtable_bytes = 2U << 20;
  std::vector<std::unique_ptr<StateStore>> stores;
  for (int i = 0; i < 6; ++i) {
    options_.path = folder_ + "/db" + std::to_string(i);
    stores.push_back(open());
  }
  WriteSet w;
  std::uint64_t memtables = 0;
  for (int batch = 0; batch < 40; ++batch) {
    w.clear();
    for (int i = 0; i < 100; ++i) {
      w.put(kState, std::to_string(batch * 100 + i), std::string(1000, 'x'));
    }
    for (auto& store : stores) ASSERT_TRUE(store->apply(w));
  }
  for (auto& store : stores) {
    ASSERT_TRUE(store->flush());
    memtables += store->usage().memtables;
    ASSERT_EQ((*store->get(kState, "3999"))->size(), 1000U);
  }
  EXPECT_LE(memtables, 8U << 20);
  EXPECT_LE(options_.memory->used_bytes(), kCache + (2U << 20));
}

}  // namespace
}  // namespace kronika::store
