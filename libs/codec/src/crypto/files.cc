#include "crypto/files.h"

#include <fstream>

#include <kronika/codec/errc.h>

namespace kronika::codec {

Result<std::string> read_key_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return fail(kKeyFile, file.string() + ": cannot be read; create it or set its path");
  std::string content(64 * 1024, '\0');
  in.read(content.data(), static_cast<std::streamsize>(content.size()));
  content.resize(static_cast<std::size_t>(in.gcount()));
  return content;
}

}  // namespace kronika::codec
