// Requests and responses of a method live in one arena a call: a citizen's answer has dozens of
// small messages, and freeing them one by one is a measurable part of the call. Used with
// CallbackService::SetMessageAllocatorFor_<method>().
#pragma once

#include <array>
#include <cstddef>

#include <google/protobuf/arena.h>
#include <grpcpp/support/message_allocator.h>

namespace kronika::gateway {

template <class Request, class Response>
class ArenaAllocator final : public grpc::MessageAllocator<Request, Response> {
 public:
  grpc::MessageHolder<Request, Response>* AllocateMessages() override { return new Holder; }

 private:
  class Holder final : public grpc::MessageHolder<Request, Response> {
   public:
    Holder() : arena_(first_block_.data(), first_block_.size()) {
      this->set_request(google::protobuf::Arena::CreateMessage<Request>(&arena_));
      this->set_response(google::protobuf::Arena::CreateMessage<Response>(&arena_));
    }
    void Release() override { delete this; }

   private:
    alignas(std::max_align_t) std::array<char, 4096> first_block_;
    google::protobuf::Arena arena_;
  };
};

}  // namespace kronika::gateway
