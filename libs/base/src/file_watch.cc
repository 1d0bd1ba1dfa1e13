#include <sys/stat.h>
#include <utility>

#include <kronika/base/file_watch.h>

namespace kronika {

FileWatch::FileWatch(std::vector<std::filesystem::path> files) : files_(std::move(files)) {
  std::erase_if(files_, [](const auto& file) { return file.empty(); });
  taken_ = seen_ = look();
}

bool FileWatch::changed() {
  auto now = look();
  const bool settled = now != taken_ && now == seen_;
  if (settled) taken_ = now;
  seen_ = std::move(now);
  return settled;
}

std::vector<FileWatch::Stamp> FileWatch::look() const {
  std::vector<Stamp> stamps;
  for (const auto& file : files_) {
    struct stat info{};
    if (stat(file.c_str(), &info) != 0) {
      stamps.emplace_back();
      continue;
    }
    stamps.push_back({true, info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec, info.st_ino,
                      static_cast<std::uint64_t>(info.st_size)});
  }
  return stamps;
}

}  // namespace kronika
