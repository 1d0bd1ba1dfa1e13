// The same door behind TLS, with and without certificates of clients.
#include "certificates.h"
#include "fixture.h"

#include <thread>

namespace kronika::door_grpc {
namespace {

class GrpcTlsTest : public GrpcDoorTest {
 protected:
  void open_with(bool clients) {
    options_.listen.section = "edge_grpc";
    certificates_.protect(options_.listen, clients);
    open();
  }
  std::unique_ptr<v1::IngestService::Stub> stub(const edge::Certificates::Pair* own) {
    grpc::SslCredentialsOptions tls;
    tls.pem_root_certs = edge::text_of(certificates_.authority_file());
    if (own != nullptr) {
      tls.pem_cert_chain = edge::text_of(own->cert);
      tls.pem_private_key = edge::text_of(own->key);
    }
    return v1::IngestService::NewStub(grpc::CreateChannel(
        "127.0.0.1:" + std::to_string(door_->port()), grpc::SslCredentials(tls)));
  }
  grpc::StatusCode send(v1::IngestService::Stub& over) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + 10s);
    v1::PublishRequest request;
    request.set_message(std::string(kGood));
    v1::PublishResponse response;
    return over.Publish(&context, request, &response).error_code();
  }
  grpc::StatusCode send(const edge::Certificates::Pair* own) { return send(*stub(own)); }

  edge::Certificates certificates_;
};

TEST_F(GrpcTlsTest, AnswersBehindTlsAndNotInPlaintext) {
  open_with(false);
  EXPECT_EQ(send(nullptr), grpc::StatusCode::OK);
  EXPECT_EQ(send(*stub_), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(GrpcTlsTest, TurnsAwayClientsWithoutACertificateOrWithAStrangers) {
  open_with(true);
  const auto own = certificates_.issue("client", "hospital");
  const auto strange = certificates_.issue("other", "hospital", true);
  EXPECT_EQ(send(nullptr), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(send(&strange), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(send(&own), grpc::StatusCode::OK);
}

TEST_F(GrpcTlsTest, ARenewedCertificateIsInForceWithoutARestart) {
  open_with(false);
  EXPECT_EQ(certificates_.shown_at(door_->port()), "first");
  (void)certificates_.issue("server", "second");
  const auto until = std::chrono::steady_clock::now() + 10s;
  while (certificates_.shown_at(door_->port()) != "second") {
    ASSERT_LT(std::chrono::steady_clock::now(), until);
    std::this_thread::sleep_for(100ms);
  }
  EXPECT_EQ(send(nullptr), grpc::StatusCode::OK);
}

TEST_F(GrpcTlsTest, SendersAreBoundedByTheirCertificatesNotByTheirCommonAddress) {
  options_.peers.each.connections = 1;
  open_with(true);
  const auto hospital = certificates_.issue("client", "hospital");
  const auto practice = certificates_.issue("other", "practice");
  const auto first = stub(&hospital);
  grpc::ClientContext context;
  const auto stream = first->PublishStream(&context);
  v1::PublishStreamRequest request;
  request.set_message(std::string(kGood));
  v1::PublishStreamResponse response;
  ASSERT_TRUE(stream->Write(request));
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ(send(&hospital), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(send(&practice), grpc::StatusCode::OK);
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(GrpcTlsTest, WithTlsItListensAnywhere) {
  options_.listen.address = "0.0.0.0";
  open_with(false);
  EXPECT_EQ(send(nullptr), grpc::StatusCode::OK);
}

}  // namespace
}  // namespace kronika::door_grpc
