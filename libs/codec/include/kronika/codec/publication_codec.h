// Publications as bytes of kronika.state.v1.Publication (the topic publikation).
//
//   std::string bytes = encode_publication(publication);
//   Result<domain::Publication> read = decode_publication(bytes);
//
// Not for the hot path. Thread: any.
#pragma once

#include <string>
#include <string_view>

#include <kronika/base/result.h>
#include <kronika/domain/publication.h>

namespace kronika::codec {

[[nodiscard]] std::string encode_publication(const domain::Publication& publication);
/// Errors: codec_undecodable. Tables of a kind that this build does not know are left out.
[[nodiscard]] Result<domain::Publication> decode_publication(std::string_view bytes);

}  // namespace kronika::codec
