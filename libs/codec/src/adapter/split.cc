#include <simdjson.h>

#include <kronika/codec/split.h>

namespace kronika::codec {
namespace {

std::string_view trim(std::string_view text) {
  const auto from = text.find_first_not_of(" \t\r\n");
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(" \t\r\n") - from + 1);
}

bool is_object(std::string_view line) {
  if (line.size() < 2 || line.front() != '{' || line.back() != '}') return false;
  simdjson::dom::parser parser;
  return parser.parse(simdjson::padded_string(line)).error() == simdjson::SUCCESS;
}

}  // namespace

std::size_t split_documents(std::string_view bytes,
                            const std::function<void(std::string_view)>& f) {
  const std::string_view all = trim(bytes);
  const auto end = all.find('\n');
  const bool lines = end != std::string_view::npos && is_object(trim(all.substr(0, end)));
  if (!lines) {
    f(bytes);
    return 1;
  }
  std::size_t n = 0;
  for (std::string_view rest = all; !rest.empty();) {
    const auto cut = rest.find('\n');
    const std::string_view line = trim(rest.substr(0, cut));
    rest = cut == std::string_view::npos ? std::string_view{} : rest.substr(cut + 1);
    if (line.empty()) continue;
    f(line);
    ++n;
  }
  return n;
}

}  // namespace kronika::codec
