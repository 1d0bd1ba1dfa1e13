#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <kronika/telemetry/errc.h>
#include <kronika/telemetry/service.h>

namespace kronika::telemetry {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

/// Certificates made and pages fetched with the openssl program: another implementation than ours
/// would be better still, but it is the one that a build machine has.
class TlsPageTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("kronika-tls-" + std::to_string(::getpid()));
    fs::create_directories(folder_);
    make_certificate("server");
    make_certificate("client");
  }
  void TearDown() override { fs::remove_all(folder_); }

  [[nodiscard]] fs::path file(const std::string& name) const { return folder_ / name; }
  void make_certificate(const std::string& name) {
    const std::string command =
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "
        "/CN=" +
        name + " -addext subjectAltName=IP:127.0.0.1 -keyout " + file(name + ".key").string() +
        " -out " + file(name + ".pem").string() + " 2>/dev/null";
    ASSERT_EQ(std::system(command.c_str()), 0);
  }
  /// What GET /metrics answers; empty where the handshake or the request fails.
  std::string fetch(std::uint16_t port, const std::string& more = "") {
    const std::string out = file("answer").string();
    const std::string command =
        "printf 'GET /metrics HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n' | timeout 10 openssl s_client "
        "-quiet "
        "-verify_return_error -CAfile " +
        file("server.pem").string() + " -connect 127.0.0.1:" + std::to_string(port) + " " + more +
        " >" + out + " 2>/dev/null";
    [[maybe_unused]] const int ended = std::system(command.c_str());
    std::ifstream in(out);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  fs::path folder_;
  Registry registry_;
};

TEST_F(TlsPageTest, ServesThePageOverTlsAndTakesANewCertificateWithoutARestart) {
  const auto page = Exposer::open(
      registry_, "127.0.0.1", 0, {.cert_file = file("server.pem"), .key_file = file("server.key")});
  ASSERT_TRUE(page) << page.error().context;
  registry_.gauge("kronika_test", "a figure").set(5);
  EXPECT_THAT(fetch((*page)->port()), HasSubstr("kronika_test 5"));
  make_certificate("server");  // the client trusts the new one alone
  fs::last_write_time(file("server.pem"), fs::file_time_type::clock::now());
  EXPECT_THAT(fetch((*page)->port()), HasSubstr("kronika_test 5"));
}

TEST_F(TlsPageTest, WhereClientsMustShowACertificateNobodyElseReadsThePage) {
  const auto page = Exposer::open(registry_, "127.0.0.1", 0,
                                  {.cert_file = file("server.pem"),
                                   .key_file = file("server.key"),
                                   .client_ca_file = file("client.pem")});
  ASSERT_TRUE(page) << page.error().context;
  registry_.gauge("kronika_test", "a figure").set(5);
  EXPECT_EQ(fetch((*page)->port()), "");
  EXPECT_THAT(fetch((*page)->port(), "-cert " + file("client.pem").string() + " -key " +
                                         file("client.key").string()),
              HasSubstr("kronika_test 5"));
}

TEST_F(TlsPageTest, AKeyThatDoesNotFitRefusesWithTheSettingsName) {
  const auto page = Exposer::open(
      registry_, "127.0.0.1", 0, {.cert_file = file("server.pem"), .key_file = file("client.key")});
  ASSERT_FALSE(page);
  EXPECT_THAT(page.error().context, HasSubstr("metrics.key_file"));
}

TEST_F(TlsPageTest, PlaintextBeyondLoopbackNeedsASettingThatSaysWhatGuardsIt) {
  const auto refused = Exposer::open(registry_, "0.0.0.0", 0);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, code<Errc::kMetricsAddress>());
  EXPECT_THAT(refused.error().context, HasSubstr("metrics.plaintext_guarded_by"));
  EXPECT_TRUE(Exposer::open(registry_, "0.0.0.0", 0, {.plaintext_guarded_by = "a test"}));
}

TEST_F(TlsPageTest, TheEndOfEachCertificateIsAMetricAndAMissingFileHasEnded) {
  const auto service = Service::open({.certificates = {{"gateway", file("server.pem")},
                                                       {"kafka_ca", file("none.pem")},
                                                       {"door", {}}}},
                                     "127.0.0.1", 0);
  ASSERT_TRUE(service) << service.error().context;
  const auto text = (*service)->registry().text();
  EXPECT_THAT(text,
              HasSubstr("kronika_certificate_not_after_timestamp_seconds{purpose=\"gateway\"} 1"));
  EXPECT_THAT(text,
              HasSubstr("kronika_certificate_not_after_timestamp_seconds{purpose=\"kafka_ca\"} 0"));
  EXPECT_THAT(text, Not(HasSubstr("purpose=\"door\"")));
}

}  // namespace
}  // namespace kronika::telemetry
