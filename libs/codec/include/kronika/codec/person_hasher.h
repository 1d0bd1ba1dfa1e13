// The one place where an identifier becomes a person key: HMAC-SHA-256 with the deployment's
// secret, first 16 bytes (architecture A2). The secret never changes during a deployment's life;
// its fingerprint is checked at start. Const methods may be called from any thread.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include <kronika/base/ids.h>
#include <kronika/base/result.h>

struct evp_mac_ctx_st;  // OpenSSL's EVP_MAC_CTX

namespace kronika::codec {

class PersonHasher {
 public:
  /// 64 hex digits are 32 bytes; any other content of at least 16 bytes, without trailing white
  /// space, is the secret itself. Error: kKeyFile.
  [[nodiscard]] static Result<PersonHasher> from_file(const std::filesystem::path& file);
  explicit PersonHasher(std::string_view secret);

  /// `cpr`: ten digits, or an eCPR in upper case, as domain::read_cpr gives them.
  [[nodiscard]] PersonKey hash_cpr(std::string_view cpr) const;
  /// An identifier of another system that a setting allows (foreign FHIR). The system is part of
  /// what is hashed, so that such a number never meets a CPR number.
  [[nodiscard]] PersonKey hash_identifier(std::string_view system, std::string_view value) const;

  /// 16 hex digits that name the secret without giving it away.
  [[nodiscard]] std::string fingerprint() const;

 private:
  /// HMAC with the secret in it, to be duplicated for each text.
  std::shared_ptr<const evp_mac_ctx_st> keyed_;
};

}  // namespace kronika::codec
