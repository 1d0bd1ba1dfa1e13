#include <simdjson.h>

#include <kronika/codec/split.h>

namespace kronika::codec {
namespace {

std::string_view trim(std::string_view text) {
  const auto from = text.find_first_not_of(" \t\r\n");
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(" \t\r\n") - from + 1);
}

}  // namespace

bool is_json_object(std::string_view text) {
  const std::string_view object = trim(text);
  if (object.size() < 2 || object.front() != '{' || object.back() != '}') return false;
  simdjson::dom::parser parser;
  return parser.parse(simdjson::padded_string(object)).error() == simdjson::SUCCESS;
}

std::size_t split_documents(std::string_view bytes,
                            const std::function<void(std::string_view)>& f) {
  const std::string_view all = trim(bytes);
  const auto end = all.find('\n');
  const bool lines = end != std::string_view::npos && is_json_object(all.substr(0, end));
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
