// Reading of small secret files.
#pragma once

#include <filesystem>
#include <string>

#include <kronika/base/result.h>

namespace kronika::codec {

/// At most 64 KiB. Error: kKeyFile, with the path and what to do.
[[nodiscard]] Result<std::string> read_key_file(const std::filesystem::path& file);

}  // namespace kronika::codec
