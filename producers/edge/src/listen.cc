#include <fstream>
#include <utility>

#include <kronika/edge/errc.h>
#include <kronika/edge/listen.h>

namespace kronika::edge {
namespace {

bool is_loopback(const std::string& address) {
  return address == "localhost" || address == "::1" || address == "[::1]" ||
         address.starts_with("127.");
}

}  // namespace

Listen listen_of(const config::DoorListen& settings, std::string section) {
  return {.section = std::move(section),
          .address = settings.address,
          .port = settings.port,
          .plaintext_guarded_by = settings.plaintext_guarded_by,
          .cert_file = settings.cert_file,
          .key_file = settings.key_file,
          .client_ca_file = settings.client_ca_file};
}

Result<void> check(const Listen& listen) {
  const std::string& s = listen.section;
  if (listen.cert_file.empty() != listen.key_file.empty()) {
    return fail(kListen, s + ".cert_file and " + s + ".key_file belong together; give both");
  }
  if (!listen.client_ca_file.empty() && !listen.tls()) {
    return fail(kListen, s + ".client_ca_file needs " + s + ".cert_file: there is no TLS without");
  }
  for (const auto& file : {listen.cert_file, listen.key_file, listen.client_ca_file}) {
    if (!file.empty() && !std::ifstream(file)) {
      return fail(kListen, file.string() + " cannot be read");
    }
  }
  if (!listen.tls() && !is_loopback(listen.address) && listen.plaintext_guarded_by.empty()) {
    return fail(kListen, s + ".address " + listen.address +
                             " is not a loopback address, and without " + s +
                             ".cert_file citizens' data would cross the network unprotected. Give "
                             "a certificate, or say in " +
                             s + ".plaintext_guarded_by what guards the port");
  }
  return {};
}

Error port_taken(const Listen& listen, std::string_view why) {
  return {kListen, "port " + std::to_string(listen.port) + " of " + listen.address +
                       " cannot be listened on (" + std::string(why) + "): choose another with " +
                       listen.section + ".port"};
}

}  // namespace kronika::edge
