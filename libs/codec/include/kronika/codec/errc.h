// The errors of this library. A message's own fault is kRejectRecord; a bad key file stops the
// process at start.
#pragma once

#include <kronika/base/result.h>

namespace kronika::codec {

namespace rows {
inline constexpr ErrorRow kUndecodable{"codec_undecodable", Disposition::kRejectRecord};
inline constexpr ErrorRow kSchemaUnknown{"codec_schema_unknown", Disposition::kRejectRecord};
inline constexpr ErrorRow kSealBroken{"codec_seal_broken", Disposition::kRejectRecord};
inline constexpr ErrorRow kSealKeyGone{"codec_seal_key_gone", Disposition::kRejectRecord};
inline constexpr ErrorRow kKeyFile{"codec_key_file", Disposition::kFatal};
}  // namespace rows

/// The bytes are not the message they should be.
inline constexpr ErrorCode kUndecodable{rows::kUndecodable};
/// Event.schema_version is newer than this build.
inline constexpr ErrorCode kSchemaUnknown{rows::kSchemaUnknown};
/// Sealed bytes were changed or cut.
inline constexpr ErrorCode kSealBroken{rows::kSealBroken};
/// The key that sealed them was destroyed, or is not in the file of keys.
inline constexpr ErrorCode kSealKeyGone{rows::kSealKeyGone};
/// A secret or key file is missing, unreadable or too short.
inline constexpr ErrorCode kKeyFile{rows::kKeyFile};

}  // namespace kronika::codec
