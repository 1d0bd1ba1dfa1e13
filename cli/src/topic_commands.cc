#include "commands.h"

#include <iostream>

#include <nlohmann/json.hpp>

namespace kronika::cli {
namespace {

int print(const Context& context, const Result<bus::TopicsReport>& result) {
  if (!result) return report(context, result.error());
  if (context.json) {
    context.out << nlohmann::json{{"created", result->created},
                                  {"altered", result->altered},
                                  {"differences", result->differences}}
                       .dump()
                << '\n';
    return kDone;
  }
  for (const std::string& topic : result->created) context.out << "created " << topic << '\n';
  for (const std::string& topic : result->altered) {
    context.out << "set the retention of " << topic << '\n';
  }
  for (const std::string& sentence : result->differences) context.out << sentence << '\n';
  if (result->created.empty() && result->altered.empty() && result->differences.empty()) {
    context.out << "All topics are there and as they should be.\n";
  }
  return kDone;
}

}  // namespace

int topics_create(const Context& context) {
  return print(context, bus::ensure_topics(client_options(context), topic_settings(context)));
}

int topics_check(const Context& context) {
  return print(context, bus::check_topics(client_options(context), topic_settings(context)));
}

}  // namespace kronika::cli
