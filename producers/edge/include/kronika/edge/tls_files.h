// The certificates of a door that speaks TLS on sockets of its own (gRPC brings its own TLS): the
// context in force, made anew when the files change, and whom a client's certificate names.
//
//   auto files = TlsFiles::open(listen);
//   ... each accepted connection: ssl::stream(std::move(socket), *(*files)->current())
//
// Thread: current() from one thread at a time; what it returns may be used and kept anywhere.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <kronika/base/result.h>
#include <kronika/edge/listen.h>

namespace boost::asio::ssl {
class context;
}  // namespace boost::asio::ssl
struct ssl_st;

namespace kronika::edge {

class TlsFiles {
 public:
  using Context = std::shared_ptr<boost::asio::ssl::context>;

  /// TLS 1.2 and newer; clients must show a certificate where `listen` names authorities. Errors:
  /// edge_listen, with the file.
  [[nodiscard]] static Result<std::unique_ptr<TlsFiles>> open(const Listen& listen);

  /// Looks at the files once in `listen.certificate_refresh`. Files that cannot be used leave the
  /// last context in force, and are tried again.
  [[nodiscard]] Context current();

 private:
  using Stamps = std::vector<std::filesystem::file_time_type>;
  TlsFiles(Listen listen, Context context, Stamps read);

  const Listen listen_;
  Context context_;
  Stamps read_;  ///< of the files that context_ was made from
  std::chrono::steady_clock::time_point look_at_;
};

/// The first name (DNS, URI, e-mail or IP address) that the client's certificate is made out to,
/// else its common name; empty where there is no certificate.
[[nodiscard]] std::string certificate_name(ssl_st* connection);

}  // namespace kronika::edge
