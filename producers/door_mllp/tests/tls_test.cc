// The same door behind TLS, with and without certificates of clients.
#include "fixture.h"

#include <cstdlib>
#include <filesystem>

#include <boost/asio/ssl.hpp>

namespace kronika::door_mllp {
namespace {

namespace ssl = asio::ssl;

class TlsDoor : public DoorTest {
 protected:
  TlsDoor() {
    std::string name = (std::filesystem::temp_directory_path() / "kronika-mllp-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    options_.listen.cert_file = folder_ / "cert.pem";
    options_.listen.key_file = folder_ / "key.pem";
    const std::string make =
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
        "-days 2 -subj /CN=localhost -keyout " +
        options_.listen.key_file.string() + " -out " + options_.listen.cert_file.string() +
        " 2>/dev/null";
    EXPECT_EQ(std::system(make.c_str()), 0);
  }
  ~TlsDoor() override {
    close();
    std::filesystem::remove_all(folder_);
  }
  /// The code of the answer to one message; empty: no TLS, or no answer.
  std::string send(bool with_certificate) {
    ssl::context context(ssl::context::tls_client);
    context.load_verify_file(options_.listen.cert_file.string());
    context.set_verify_mode(ssl::verify_peer);
    if (with_certificate) {
      context.use_certificate_chain_file(options_.listen.cert_file.string());
      context.use_private_key_file(options_.listen.key_file.string(), ssl::context::pem);
    }
    ssl::stream<Tcp::socket> stream(connect(), context);
    boost::system::error_code fault;
    stream.handshake(ssl::stream_base::client, fault);
    if (fault) return {};
    asio::write(stream, asio::buffer(framed(sample("adt-a01-admission.hl7"))), fault);
    return Sender(stream).code();
  }
  std::filesystem::path folder_;
};

TEST_F(TlsDoor, AnswersBehindTls) {
  open();
  EXPECT_EQ(send(false), "AA");
  Tcp::socket plain = connect();
  Sender sender(plain);
  sender.send(framed(sample("adt-a01-admission.hl7")));
  EXPECT_EQ(sender.answer().find("MSA"), std::string::npos);
}

TEST_F(TlsDoor, AsksForTheClientsCertificateWhereAuthoritiesAreGiven) {
  options_.listen.client_ca_file = options_.listen.cert_file;
  open();
  EXPECT_EQ(send(false), "");
  EXPECT_EQ(send(true), "AA");
}

TEST_F(TlsDoor, ABrokenCertificateIsNamedAtTheStart) {
  options_.listen.cert_file = folder_ / "none.pem";
  const auto started = Server::open(options_, {nullptr, &clock_, nullptr});
  ASSERT_FALSE(started.has_value());
  EXPECT_THAT(started.error().context, testing::HasSubstr("none.pem"));
}

}  // namespace
}  // namespace kronika::door_mllp
