#include "documents.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include <kronika/codec/split.h>

namespace kronika::publisher {
namespace fs = std::filesystem;

namespace {

bool is_message_file(const fs::path& file) {
  const std::string name = file.filename().string();
  const std::string extension = file.extension().string();
  return !name.starts_with('.') && extension != ".md" && extension != ".txt";
}

bool blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

}  // namespace

Paths expand(const std::vector<std::string>& paths) {
  Paths out;
  for (const std::string& path : paths) {
    std::error_code fault;
    if (path == "-" || !fs::is_directory(path, fault)) {
      out.files.push_back(path);
      continue;
    }
    std::vector<std::string> found;
    fs::recursive_directory_iterator it(path, fault);
    for (; !fault && it != fs::recursive_directory_iterator(); it.increment(fault)) {
      if (!it->is_regular_file(fault)) continue;
      if (is_message_file(it->path())) {
        found.push_back(it->path().string());
      } else {
        ++out.skipped;
      }
    }
    if (fault)
      out.failures.push_back(path + ": the folder cannot be read (" + fault.message() + ")");
    std::sort(found.begin(), found.end());
    out.files.insert(out.files.end(), found.begin(), found.end());
  }
  return out;
}

void for_each_document(std::istream& in, std::size_t limit,
                       const std::function<bool(std::string_view, std::size_t)>& f,
                       const std::function<void(std::size_t)>& too_long) {
  std::string text;
  std::string line;
  std::size_t number = 0;
  // A first line that is an object of its own begins NDJSON; anything else is one document to the
  // end.
  while (std::getline(in, line)) {
    if (!blank(line)) break;
  }
  if (!in && blank(line)) {
    (void)f(line, 1);  // an empty file is a message too: a refused one
    return;
  }
  if (in.eof() || !codec::is_json_object(line)) {
    text = std::move(line);
    bool whole = true;
    char buffer[64 * 1024];
    if (!in.eof()) text += '\n';
    while (in.read(buffer, sizeof buffer) || in.gcount() > 0) {
      text.append(buffer, static_cast<std::size_t>(in.gcount()));
      if (text.size() > limit) {
        whole = false;
        break;
      }
    }
    if (!whole || text.size() > limit) return too_long(1);
    (void)f(text, 1);
    return;
  }
  do {
    if (blank(line)) continue;
    ++number;
    if (line.size() > limit) {
      too_long(number);
    } else if (!f(line, number)) {
      return;
    }
  } while (std::getline(in, line));
}

}  // namespace kronika::publisher
