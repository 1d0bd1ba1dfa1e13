// Errors as values. A function that can fail returns Result<T>; the Error names a code, and the
// code names what the runtime must do about it (Disposition). Error is plain data and is copied
// whole.
//
//   Result<Offset> read();                      // declare functions [[nodiscard]]
//   if (auto r = read(); !r) return tl::unexpected(r.error());
//
// Each library has one errc.h that makes its ErrorCode rows; see
// libs/store/include/kronika/store/errc.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace kronika {

/// What the runtime does about an error.
enum class Disposition : std::uint8_t {
  kRetryCall,      ///< retry the call, bounded and with backoff (gRPC UNAVAILABLE)
  kAbortTxn,       ///< abort, drop staged writes, seek back to the committed offsets (ABORTED)
  kTaskMigrated,   ///< producer fenced: close dirty, new producer, rejoin (ABORTED)
  kTaskCorrupted,  ///< commit outcome unknown or store damaged: new producer, re-read offsets,
                   ///< catch up (DATA_LOSS)
  kRejectRecord,   ///< the record's own fault: dead letter in the same transaction, go on
                   ///< (INVALID_ARGUMENT)
  kFatal,          ///< nothing here can mend it: stop with a hint (INTERNAL)
};

/// One row of a library's error table. `slug` is the metric label, log field, dead-letter header
/// and ErrorInfo.reason; it is unique over all libraries.
struct ErrorRow {
  std::string_view slug;
  Disposition disposition;
};

/// Points to a constexpr ErrorRow with static storage duration; equal codes point to the same row.
class ErrorCode {
 public:
  constexpr explicit ErrorCode(const ErrorRow& row) : row_(&row) {}
  [[nodiscard]] constexpr std::string_view slug() const { return row_->slug; }
  [[nodiscard]] constexpr Disposition disposition() const { return row_->disposition; }
  friend constexpr bool operator==(ErrorCode a, ErrorCode b) { return a.row_ == b.row_; }

 private:
  const ErrorRow* row_;
};

/// `context` says where and what to try; never patient data.
struct Error {
  ErrorCode code;
  std::string context;
};

template <class T>
using Result = tl::expected<T, Error>;

[[nodiscard]] inline tl::unexpected<Error> fail(ErrorCode code, std::string context) {
  return tl::unexpected<Error>(Error{code, std::move(context)});
}

}  // namespace kronika
