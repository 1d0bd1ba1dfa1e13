// Page sizes and page tokens. A token pins what the first page was asked with (as_of, known_at) and
// the place of the last entry given, so pages fit together while events keep coming. Opaque to
// callers; holds no person.
#pragma once

#include <optional>
#include <string>

#include <kronika/base/ids.h>
#include <kronika/base/result.h>
#include <kronika/domain/event.h>
#include <kronika/domain/journal.h>
#include <kronika/gateway/options.h>

namespace kronika::gateway {

/// Error: page_size_negative. 0 gives the default, more than the limit the limit.
[[nodiscard]] Result<std::size_t> page_size(int asked, const ServerOptions& options);

struct PageToken {
  domain::Visibility visibility;
  Instant after_time;  ///< sort time of the last entry given
  std::uint8_t after_rank = 0;
  EventId after_event;
  std::uint64_t version = 0;  ///< source_version: superseded versions are entries too

  [[nodiscard]] std::string text() const;
  /// Error: page_token_invalid.
  [[nodiscard]] static Result<PageToken> parse(const std::string& text);
};

}  // namespace kronika::gateway
