// Runs a fuzz target over files and folders: what a compiler without libFuzzer uses as the
// regression test of the corpus. Also damages each input a little, always in the same way.
#include "fuzz.h"

#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <string>

namespace {

constexpr std::size_t kMostBytes = 100'000;
constexpr int kDamages = 20;

std::size_t run(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  if (bytes.size() > kMostBytes) return 0;
  const auto one = [](const std::string& input) {
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
  };
  one(bytes);
  std::mt19937 random(static_cast<unsigned>(bytes.size()));
  for (int i = 0; i < kDamages && !bytes.empty(); ++i) {
    std::string damaged = bytes;
    if (i % 4 == 0) damaged.resize(random() % damaged.size());
    for (int k = 0; k < 3 && !damaged.empty(); ++k) {
      damaged[random() % damaged.size()] = static_cast<char>(random());
    }
    one(damaged);
  }
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t inputs = 0;
  for (int i = 1; i < argc; ++i) {
    if (!std::filesystem::is_directory(argv[i])) {
      inputs += run(argv[i]);
      continue;
    }
    for (const auto& entry : std::filesystem::recursive_directory_iterator(argv[i])) {
      if (entry.is_regular_file()) inputs += run(entry.path());
    }
  }
  std::cout << inputs << " inputs, each whole and in " << kDamages << " damaged forms\n";
  return inputs == 0 ? 1 : 0;
}
