#include "agent/corba/detached_book.h"

#include <fstream>
#include <iterator>

#include "common/base/error.h"
#include "common/log/log.h"
#include "common/orb/model_wire.h"

namespace juxta::agent {
namespace {

namespace fs = std::filesystem;

std::optional<DetachedCall> decode(std::string& content) {
    try {
        cdrMemoryStream stream(content.data(), content.size());
        Wire::ScheduleRequest request;
        Wire::CallOrder order;
        request <<= stream;
        order <<= stream;
        const CORBA::Boolean never = stream.unmarshalBoolean();
        return DetachedCall{orb::from_wire(request), orb::from_wire(order),
                            never ? Retry::never : Retry::always};
    } catch (const CORBA::Exception&) {
    } catch (const Error&) {
    }
    return std::nullopt;
}

}  // namespace

DetachedBook::DetachedBook(fs::path folder) : folder_(std::move(folder)) {
    if (folder_.empty()) return;
    std::error_code failed;
    fs::create_directories(folder_, failed);
    if (failed) {
        throw Error(ErrorCode::unavailable, "detached calls cannot be kept in " + folder_.string() +
                                                ": " + failed.message());
    }
}

fs::path DetachedBook::file_of(const RequestId& id) const {
    return folder_ / to_string(id).substr(2);
}

void DetachedBook::keep(const DetachedCall& call) const {
    if (folder_.empty()) return;
    cdrMemoryStream stream;
    const Wire::ScheduleRequest request = orb::to_wire(call.request);
    const Wire::CallOrder order = orb::to_wire(call.order);
    request >>= stream;
    order >>= stream;
    stream.marshalBoolean(call.retry == Retry::never);
    const fs::path file = file_of(call.order.id);
    const fs::path draft = file.string() + ".new";
    std::ofstream out(draft, std::ios::binary);
    out.write(static_cast<const char*>(stream.bufPtr()),
              static_cast<std::streamsize>(stream.bufSize()));
    out.close();
    std::error_code failed;
    if (out) fs::rename(draft, file, failed);
    if (out && !failed) return;
    fs::remove(draft, failed);
    throw Error(ErrorCode::unavailable, "the detached call " + to_string(call.order.id) +
                                            " cannot be kept in " + folder_.string() +
                                            " (no space?); it was not accepted");
}

void DetachedBook::forget(const RequestId& id) const noexcept {
    if (folder_.empty()) return;
    std::error_code ignored;
    fs::remove(file_of(id), ignored);
}

std::vector<DetachedCall> DetachedBook::read() const {
    std::vector<DetachedCall> calls;
    if (folder_.empty()) return calls;
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(folder_)) files.push_back(entry.path());
    for (const fs::path& file : files) {
        std::ifstream in(file, std::ios::binary);
        std::string content{std::istreambuf_iterator<char>(in), {}};
        if (auto call = decode(content)) {
            calls.push_back(std::move(*call));
        } else {
            log::warning("{} is no detached call and is removed", file.string());
            std::error_code ignored;
            fs::remove(file, ignored);
        }
    }
    return calls;
}

}  // namespace juxta::agent
