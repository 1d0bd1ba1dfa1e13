// What an outbox can fail with. Sending does not fail: it goes on until there is an answer.
#pragma once

#include <kronika/base/result.h>

namespace kronika::outbox {

namespace rows {
inline constexpr ErrorRow kStorage{"outbox_storage", Disposition::kFatal};
inline constexpr ErrorRow kTaken{"outbox_taken", Disposition::kFatal};
}  // namespace rows

/// The file cannot be opened, read or written; the text says what SQLite said.
inline constexpr ErrorCode kStorage{rows::kStorage};
/// Another process sends from this file: two would overtake each other.
inline constexpr ErrorCode kTaken{rows::kTaken};

}  // namespace kronika::outbox
