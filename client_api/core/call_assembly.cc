#include "client_api/core/call_assembly.h"

#include <algorithm>

#include "client_api/core/data_transfer.h"
#include "common/base/error.h"

namespace juxta::client {
namespace {

constexpr std::uint64_t kAllInline = std::uint64_t{1} << 20;

struct ReadBack {
    std::string argument;
    std::span<std::byte> destination;
    bool freed = false;  // afterwards: nobody else frees it
};

// Builds the order argument by argument.
class Assembly {
public:
    Assembly(const Profile& profile, const CallTerms& terms, data::DataAccess& access)
        : profile_(profile),
          terms_(terms),
          access_(access),
          temporary_(std::make_shared<TemporaryData>(access)) {
        call_.order.id = RequestId::make();
        call_.order.client = access.client();
        call_.order.service = profile.full_name();
        call_.order.deadline_s = terms.deadline_s;
        call_.order.keep_result = terms.detached;
        call_.request.id = call_.order.id;
        call_.request.service = call_.order.service;
        call_.request.server = terms.server;
        call_.retry = profile.retry;
        call_.server_required = terms.server_required;
        call_.detached = terms.detached;
    }

    void add(const ArgumentSpec& spec, const Matched& matched) {
        spec_ = &spec;
        call_.order.arguments.push_back(
            std::visit([this](const auto& item) { return one(item); }, matched));
    }

    NewCall take() {
        if (!temporary_->empty() || !read_back_.empty()) {
            call_.complete = [access = &access_, temporary = temporary_,
                              wanted = std::move(read_back_)](CallResult& result) {
                for (const ReadBack& item : wanted) deliver(*access, item, result);
            };
        }
        return std::move(call_);
    }

private:
    Argument one(std::monostate) { return std::monostate{}; }

    Argument one(const Value& value) {
        if (call_.request.inline_bytes + value.bytes.size() > kAllInline) {
            throw Error(ErrorCode::invalid_argument,
                        profile_.name + ": argument " + spec_->name + " has " +
                            std::to_string(value.bytes.size()) +
                            " bytes; strings and files of one call may have 1 MiB together");
        }
        call_.request.inline_bytes += value.bytes.size();
        return value;
    }

    Argument one(const ArrayView& array) {
        if (array.results) read_back_.push_back({spec_->name, *array.results});
        const bool small = array.bytes.size() <= kInlineLimit &&
                           call_.request.inline_bytes + array.bytes.size() <= kAllInline;
        if (small) return one(Value{array.type, {array.bytes.begin(), array.bytes.end()}});
        if (terms_.detached) {
            throw Error(ErrorCode::invalid_argument,
                        profile_.name + ": argument " + spec_->name + " has " +
                            std::to_string(array.bytes.size()) +
                            " bytes; a call that outlives its client takes more than 64 KiB only "
                            "as a datum: put it "
                            "first");
        }
        const DataSpec spec = for_this_client(array.type);
        const DataId id = put(access_, spec, array.bytes).id;
        // What the service changes is for the caller, as an output.
        if (spec_->mode == Mode::in || array.results) temporary_->add(id);
        return datum(id);
    }

    Argument one(const DataId& id) { return datum(id); }

    // Its type is checked where it is placed.
    Argument one(const PendingOutput& pending) { return pending; }

    Argument one(const DatumName& name) {
        const data::DatumDescription found = access_.find(name.text);
        const std::size_t dimensions = spec_->rank == Rank::vector ? 1 : 2;
        const DataType& type = found.spec.type;
        if (type.element != spec_->element || type.shape.size() != dimensions) {
            throw Error(ErrorCode::invalid_argument,
                        profile_.name + ": argument " + spec_->name + " (" +
                            std::string(name_of(spec_->mode)) + ") is " +
                            std::string(name_of(spec_->element)) + " " +
                            std::string(name_of(spec_->rank)) + "; datum '" + name.text + "' is " +
                            to_string(type));
        }
        return datum(found.id);
    }

    Argument one(const OutputWish& wish) {
        WantedOutput wanted;
        if (wish.destination) {
            wanted.spec = for_this_client({});
            read_back_.push_back({spec_->name, *wish.destination, true});
        } else if (wish.spec) {
            wanted.spec = *wish.spec;
            wanted.spec.client = access_.client();
        } else if (!wish.name.empty()) {
            wanted.spec.name = wish.name;
            wanted.spec.copies = terms_.copies;
        } else {
            wanted.spec = for_this_client({});
            if (terms_.detached) wanted.spec.lifetime = Lifetime::until_freed;
        }
        wanted.spec.type = {spec_->element, {}};
        wanted.spec.client = access_.client();
        return wanted;
    }

    Argument datum(const DataId& id) {
        call_.request.data.push_back(id);
        call_.request.data_arguments.push_back(spec_->name);
        return id;
    }

    DataSpec for_this_client(const DataType& type) const {
        DataSpec spec;
        spec.type = type;
        spec.persistence = Persistence::volatile_;
        spec.lifetime = Lifetime::client;
        spec.client = access_.client();
        spec.preferred_host = access_.place().host;
        return spec;
    }

    static void copy(const Value& value, const ReadBack& item) {
        if (value.bytes.size() != item.destination.size()) {
            throw Error(ErrorCode::internal, "the server returned " + to_string(value.type) +
                                                 " for output " + item.argument + ", which has " +
                                                 std::to_string(item.destination.size()) +
                                                 " bytes");
        }
        std::ranges::copy(value.bytes, item.destination.begin());
    }

    static void deliver(data::DataAccess& access, const ReadBack& item, CallResult& result) {
        if (result.state != CallState::done) return;
        const auto output =
            std::find_if(result.outputs.begin(), result.outputs.end(),
                         [&](const Output& each) { return each.name == item.argument; });
        if (output != result.outputs.end() && output->value) {
            copy(*output->value, item);
            output->value.reset();
            return;
        }
        if (output == result.outputs.end() || !output->id) {
            throw Error(ErrorCode::internal,
                        "the server returned no data for output " + item.argument);
        }
        TemporaryData freed(access);
        if (item.freed) freed.add(*output->id);
        fetch(access, *output->id, item.destination);
        output->id.reset();
    }

    const Profile& profile_;
    const CallTerms& terms_;
    data::DataAccess& access_;
    const ArgumentSpec* spec_ = nullptr;
    std::shared_ptr<TemporaryData> temporary_;
    std::vector<ReadBack> read_back_;
    NewCall call_;
};

}  // namespace

NewCall assemble(const Profile& profile, const std::vector<Matched>& arguments,
                 const CallTerms& terms, data::DataAccess& access) {
    ensure(arguments.size() == profile.arguments.size(),
           "arguments were matched with this profile");
    Assembly assembly(profile, terms, access);
    for (std::size_t i = 0; i < arguments.size(); ++i)
        assembly.add(profile.arguments[i], arguments[i]);
    return assembly.take();
}

}  // namespace juxta::client
