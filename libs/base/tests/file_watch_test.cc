#include <fstream>

#include <gtest/gtest.h>

#include <kronika/base/file_watch.h>

namespace kronika {
namespace {

namespace fs = std::filesystem;

class FileWatchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(::testing::TempDir()) /
              ::testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  fs::path write(const std::string& name, const std::string& text) const {
    const fs::path file = folder_ / name;
    std::ofstream(file) << text;
    return file;
  }
  fs::path folder_;
};

TEST_F(FileWatchTest, AChangeCountsOnceAndWhenItHasComeToRest) {
  const fs::path certificate = write("tls.crt", "a");
  const fs::path key = write("tls.key", "b");
  FileWatch watch({certificate, {}, key});
  EXPECT_FALSE(watch.changed());
  EXPECT_FALSE(watch.changed());
  write("tls.crt", "a new one");
  EXPECT_FALSE(watch.changed()) << "the key may still be on its way";
  write("tls.key", "its new key");
  EXPECT_FALSE(watch.changed());
  EXPECT_TRUE(watch.changed());
  EXPECT_FALSE(watch.changed());
}

TEST_F(FileWatchTest, ALinkThatIsSwappedIsAChangeAndSoIsAFileThatGoes) {
  write("one", "same");
  fs::create_directory(folder_ / "next");
  write("next/one", "same");
  fs::create_symlink(folder_ / "one", folder_ / "link");
  FileWatch watch({folder_ / "link"});
  fs::remove(folder_ / "link");
  fs::create_symlink(folder_ / "next/one", folder_ / "link");
  EXPECT_FALSE(watch.changed());
  EXPECT_TRUE(watch.changed());
  fs::remove(folder_ / "link");
  EXPECT_FALSE(watch.changed());
  EXPECT_TRUE(watch.changed());
}

}  // namespace
}  // namespace kronika
