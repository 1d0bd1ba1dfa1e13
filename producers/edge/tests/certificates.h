// What the doors' tests of TLS share: an authority of their own, certificates that it signs (made
// with openssl), and a client's look at the certificate that a port shows.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include <kronika/edge/listen.h>

namespace kronika::edge {

inline std::string text_of(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

class Certificates {
 public:
  struct Pair {
    std::filesystem::path cert, key;
  };

  Certificates() {
    std::string name = (std::filesystem::temp_directory_path() / "kronika-tls-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    authority_ = authority("authority");
  }
  ~Certificates() { std::filesystem::remove_all(folder_); }
  Certificates(const Certificates&) = delete;
  Certificates& operator=(const Certificates&) = delete;

  [[nodiscard]] const std::filesystem::path& authority_file() const { return authority_.cert; }
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

  /// Signed by the authority, or by another one; made anew under the same file names when called
  /// again.
  Pair issue(const std::string& file, const std::string& common_name, bool by_a_stranger = false) {
    const Pair by = by_a_stranger ? authority("stranger") : authority_;
    const Pair made{folder_ / (file + ".pem"), folder_ / (file + ".key")};
    const std::string request = (folder_ / (file + ".csr")).string();
    std::ofstream(folder_ / "names")
        << "subjectAltName=DNS:" << common_name << ",DNS:localhost,IP:127.0.0.1\n";
    run("openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=" + common_name +
        " -keyout " + made.key.string() + " -out " + request);
    run("openssl x509 -req -days 2 -in " + request + " -CA " + by.cert.string() + " -CAkey " +
        by.key.string() + " -CAcreateserial -extfile " + (folder_ / "names").string() + " -out " +
        made.cert.string());
    return made;
  }

  /// A server's certificate and, with `clients`, the authority whose clients it takes.
  void protect(Listen& listen, bool clients) {
    const Pair server = issue("server", "first");
    listen.cert_file = server.cert;
    listen.key_file = server.key;
    if (clients) listen.client_ca_file = authority_.cert;
    listen.certificate_refresh = std::chrono::seconds(1);
  }

  /// A connection with `own` or no certificate.
  struct Client {
    Client(const Certificates& of, std::uint16_t port, const Pair* own)
        : context(context_of(of, own)), stream(io, context) {
      stream.next_layer().connect({boost::asio::ip::make_address("127.0.0.1"), port});
      const unsigned char kHttp2[] = {2, 'h', '2'};  // gRPC speaks nothing else; others ignore it
      SSL_set_alpn_protos(stream.native_handle(), kHttp2, sizeof kHttp2);
      boost::system::error_code fault;
      stream.handshake(boost::asio::ssl::stream_base::client, fault);
      connected = !fault;
    }
    static boost::asio::ssl::context context_of(const Certificates& of, const Pair* own) {
      namespace ssl = boost::asio::ssl;
      ssl::context context(ssl::context::tls_client);
      context.load_verify_file(of.authority_.cert.string());
      context.set_verify_mode(ssl::verify_peer);
      if (own == nullptr) return context;
      context.use_certificate_chain_file(own->cert.string());
      context.use_private_key_file(own->key.string(), ssl::context::pem);
      return context;
    }
    boost::asio::io_context io;
    boost::asio::ssl::context context;
    boost::asio::ssl::stream<boost::asio::ip::tcp::socket> stream;
    bool connected = false;
  };

  /// The name in the certificate that the port shows; empty: it speaks no TLS of ours.
  [[nodiscard]] std::string shown_at(std::uint16_t port) const {
    Client client(*this, port, nullptr);
    if (!client.connected) return {};
    X509* certificate = SSL_get_peer_certificate(client.stream.native_handle());
    char name[64] = {};
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name,
                              sizeof name);
    X509_free(certificate);
    return name;
  }

  /// What is answered first to these bytes, with `own` or no certificate; empty: turned away.
  [[nodiscard]] std::string ask(std::uint16_t port, const Pair* own,
                                const std::string& bytes) const {
    Client client(*this, port, own);
    if (!client.connected) return {};
    boost::system::error_code fault;
    boost::asio::write(client.stream, boost::asio::buffer(bytes), fault);
    std::string answer(65536, '\0');
    answer.resize(client.stream.read_some(boost::asio::buffer(answer), fault));
    return answer;
  }

 private:
  static void run(const std::string& command) {
    EXPECT_EQ(std::system((command + " 2>/dev/null").c_str()), 0) << command;
  }
  Pair authority(const std::string& name) {
    Pair made{folder_ / (name + ".pem"), folder_ / (name + ".key")};
    run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=" +
        name + " -keyout " + made.key.string() + " -out " + made.cert.string());
    return made;
  }

  std::filesystem::path folder_;
  Pair authority_;
};

}  // namespace kronika::edge
