#include "credentials.h"

#include "client_conf.h"
#include "client_watch.h"

#include <vector>

#include <kronika/bus/errc.h>

namespace kronika::bus {
namespace {

using namespace std::chrono_literals;
constexpr auto kLookEvery = 5s;

std::string property(const ClientOptions& client, const char* name) {
  const auto found = client.properties.find(name);
  return found == client.properties.end() ? std::string() : found->second;
}

std::vector<std::filesystem::path> files_of(const ClientOptions& client) {
  return {property(client, "ssl.ca.location"), property(client, "ssl.certificate.location"),
          property(client, "ssl.key.location"), client.password_file};
}

}  // namespace

CredentialWatch::CredentialWatch(const ClientOptions& client)
    : client_(client), files_(files_of(client)) {}

bool CredentialWatch::renewed(std::chrono::steady_clock::time_point now) {
  if (now < next_look_) return false;
  next_look_ = now + kLookEvery;
  if (!files_.changed()) return false;
  // Made and thrown away: files that do not fit each other must not cost the client that works.
  auto made = make_conf(client_, {}).and_then([](RdConf conf) {
    return make_client(RD_KAFKA_PRODUCER, std::move(conf));
  });
  tell_credentials(made ? std::nullopt : std::optional<std::string>(made.error().context));
  return made.has_value();
}

Refusal::Refusal(const ClientOptions& client) : user_(property(client, "sasl.username")) {}

void Refusal::note(rd_kafka_resp_err_t err, const char* reason) {
  if (err != RD_KAFKA_RESP_ERR__AUTHENTICATION && err != RD_KAFKA_RESP_ERR__SSL) return;
  const std::scoped_lock lock(mutex_);
  err_ = err;
  reason_ = reason != nullptr ? reason : "";
}

std::optional<Error> Refusal::definite(std::string_view doing) const {
  const std::scoped_lock lock(mutex_);
  if (err_ != RD_KAFKA_RESP_ERR__AUTHENTICATION) return std::nullopt;
  return Error{code(Errc::kUnauthenticated),
               std::string(doing) + ": Kafka does not take user " + user_ +
                   " with this password; see kafka.sasl_username, kafka.sasl_password_file (the "
                   "client says: " +
                   reason_ + ")"};
}

Error Refusal::told(Error error, std::string_view doing) const {
  if (error.code.disposition() != Disposition::kRetryCall) return error;
  if (auto refused = definite(doing)) return std::move(*refused);
  const std::scoped_lock lock(mutex_);
  if (err_ != RD_KAFKA_RESP_ERR__SSL) return error;
  return {code(Errc::kUnauthenticated),
          std::string(doing) +
              ": no TLS with Kafka; see kafka.ssl_ca_file, kafka.ssl_certificate_file (the client "
              "says: " +
              reason_ + ")"};
}

}  // namespace kronika::bus
