#include "page.h"

#include <algorithm>

#include <kronika/base/bytes.h>
#include <kronika/gateway/errc.h>

namespace kronika::gateway {
namespace {

// token = hex( 0x01 | as_of (8) | known_at (8) | sort time (8) | rank (1) | source version (8) |
// event id (16) )
constexpr char kLayout = 1;
constexpr std::size_t kBytes = 1 + 8 + 8 + 8 + 1 + 8 + 16;

}  // namespace

Result<std::size_t> page_size(int asked, const ServerOptions& options) {
  if (asked < 0) return fail(code(Errc::kPageSizeNegative), "page_size is 0 (default) or more");
  return static_cast<std::size_t>(
      std::min(asked == 0 ? options.default_page_size : asked, options.max_page_size));
}

std::string PageToken::text() const {
  std::string raw(1, kLayout);
  append_be(raw, sortable(visibility.as_of.ms));
  append_be(raw, sortable(visibility.known_at.ms));
  append_be(raw, sortable(after_time.ms));
  raw.push_back(static_cast<char>(after_rank));
  append_be(raw, version);
  raw.append(after_event.view());
  return to_hex(raw);
}

Result<PageToken> PageToken::parse(const std::string& text) {
  const auto raw = from_hex(text);
  if (!raw || raw->size() != kBytes || (*raw)[0] != kLayout) {
    return fail(code(Errc::kPageTokenInvalid),
                "page_token is not one that this gateway gave; begin again without it");
  }
  PageToken token;
  token.visibility.as_of.ms = from_sortable(read_be<std::uint64_t>(*raw, 1));
  token.visibility.known_at.ms = from_sortable(read_be<std::uint64_t>(*raw, 9));
  token.after_time.ms = from_sortable(read_be<std::uint64_t>(*raw, 17));
  token.after_rank = static_cast<std::uint8_t>((*raw)[25]);
  token.version = read_be<std::uint64_t>(*raw, 26);
  token.after_event = *EventId::from_bytes(std::string_view(*raw).substr(34));
  return token;
}

}  // namespace kronika::gateway
