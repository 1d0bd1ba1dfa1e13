// Every error has a gRPC status and says why.
#include "status.h"

#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include <google/rpc/error_details.pb.h>
#include <google/rpc/status.pb.h>
#include <gtest/gtest.h>

#include <kronika/bus/errc.h>
#include <kronika/gateway/errc.h>

namespace kronika::gateway {
namespace {

TEST(Status, NoErrorMapsToUnknownOrOkAndSlugsAreUnique) {
  std::set<std::string_view> slugs;
  for (const ErrorRow& row : detail::kRows) {
    const auto code = status_code(ErrorCode(row));
    EXPECT_NE(code, grpc::StatusCode::UNKNOWN) << row.slug;
    EXPECT_NE(code, grpc::StatusCode::OK) << row.slug;
    EXPECT_FALSE(row.slug.empty());
    EXPECT_TRUE(slugs.insert(row.slug).second) << row.slug;
  }
  for (const ErrorRow& row : bus::detail::kRows) {
    EXPECT_NE(status_code(ErrorCode(row)), grpc::StatusCode::UNKNOWN) << row.slug;
    EXPECT_TRUE(slugs.insert(row.slug).second) << row.slug;
  }
}

TEST(Status, CarriesTheSlugAsErrorInfo) {
  const grpc::Status status =
      to_status({code(Errc::kCitizenUnknown), "no event of this citizen is known"});
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  google::rpc::Status details;
  ASSERT_TRUE(details.ParseFromString(status.error_details()));
  EXPECT_EQ(details.code(), static_cast<int>(grpc::StatusCode::NOT_FOUND));
  ASSERT_EQ(details.details_size(), 1);
  google::rpc::ErrorInfo info;
  ASSERT_TRUE(details.details(0).UnpackTo(&info));
  EXPECT_EQ(info.reason(), "citizen_unknown");
  EXPECT_EQ(info.domain(), "kronika");
}

TEST(Status, EveryReasonStandsInTheApiPage) {
  std::ifstream file(KRONIKA_SOURCE_DIR "/docs/api.md");
  std::stringstream page;
  page << file.rdbuf();
  for (const ErrorRow& row : detail::kRows) {
    EXPECT_NE(page.str().find("| " + std::string(row.slug) + " |"), std::string::npos) << row.slug;
  }
}

TEST(Status, AnUnimplementedIndicatorIsUnimplemented) {
  EXPECT_EQ(status_code(code(Errc::kIndicatorUnimplemented)), grpc::StatusCode::UNIMPLEMENTED);
}

}  // namespace
}  // namespace kronika::gateway
