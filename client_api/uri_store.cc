#include "client_api/uri_store.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "client_api/http_get.h"
#include "common/base/random.h"
#include "data_service/core/data_access.h"

namespace juxta::gridrpc {
namespace {

std::string own_name() {
    char name[256] = "";
    ::gethostname(name, sizeof name - 1);
    return name;
}

[[noreturn]] void fail(ErrorCode code, const Uri& uri, const std::string& why) {
    throw Error(code, uri.text + ' ' + why);
}

std::vector<std::byte> read_file(const Uri& uri) {
    std::error_code error;
    const auto size = std::filesystem::file_size(uri.path, error);
    std::ifstream in(uri.path, std::ios::binary);
    if (error || !in) fail(ErrorCode::not_found, uri, "cannot be read: " + error.message());
    std::vector<std::byte> bytes(size);
    in.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size));
    if (in.gcount() != static_cast<std::streamsize>(size))
        fail(ErrorCode::unavailable, uri, "became shorter while it was read");
    return bytes;
}

// Beside the file, then in its place: nobody sees half of it.
void write_file(const Uri& uri, std::span<const std::byte> from) {
    const std::string beside = uri.path + '.' + std::to_string(secure_random());
    std::error_code error;
    {
        std::ofstream out(beside, std::ios::binary | std::ios::trunc);
        out.write(reinterpret_cast<const char*>(from.data()),
                  static_cast<std::streamsize>(from.size()));
        if (!out.flush()) error = {errno, std::generic_category()};
    }
    if (!error) std::filesystem::rename(beside, uri.path, error);
    if (!error) return;
    std::error_code ignored;
    std::filesystem::remove(beside, ignored);
    fail(ErrorCode::out_of_space, uri, "cannot be written: " + error.message());
}

void check_size(const Uri& uri, std::size_t there, std::optional<std::uint64_t> wanted) {
    if (!wanted || *wanted == there) return;
    fail(ErrorCode::invalid_argument, uri,
         "has " + std::to_string(there) + " bytes, its data " + std::to_string(*wanted));
}

}  // namespace

Content content_of(std::vector<std::byte> bytes) {
    auto kept = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
    return {*kept, kept};
}

bool UriStore::is_here(const std::string& host) const {
    return host.empty() || host == "localhost" || host == client_.place().host ||
           host == own_name();
}

Uri UriStore::resolve(Uri uri) const {
    if (uri.kind == Uri::Kind::memory && !is_here(uri.host)) uri.kind = Uri::Kind::platform;
    return uri;
}

void* UriStore::mapped(const std::string& key) const {
    return mappings_.with([&](const Mappings& mappings) -> void* {
        const auto found = mappings.find(key);
        return found == mappings.end() ? nullptr : found->second.data;
    });
}

void UriStore::map(const std::string& key, void* data) {
    mappings_.with([&](Mappings& mappings) {
        if (data == nullptr) {
            mappings.erase(key);
        } else {
            mappings[key] = {data, nullptr};
        }
    });
}

void UriStore::unmap_own(const std::string& key) {
    mappings_.with([&](Mappings& mappings) {
        const auto found = mappings.find(key);
        if (found != mappings.end() && found->second.own) mappings.erase(found);
    });
}

Content UriStore::read_memory(const Uri& uri, std::optional<std::uint64_t> bytes) const {
    const Mapping mapping = mappings_.with([&](const Mappings& mappings) {
        const auto found = mappings.find(uri.path);
        return found == mappings.end() ? Mapping{} : found->second;
    });
    if (mapping.data == nullptr) {
        fail(ErrorCode::not_found, uri,
             "is mapped to no memory: grpc_data_memory_mapping_set does that");
    }
    if (mapping.own && bytes && *bytes > mapping.own->size()) {
        check_size(uri, mapping.own->size(), bytes);
    }
    const auto* from = static_cast<const char*>(mapping.data);
    return {std::as_bytes(std::span(from, bytes ? *bytes : std::strlen(from))), mapping.own};
}

Content UriStore::read(const Uri& uri, std::optional<std::uint64_t> bytes) const {
    switch (uri.kind) {
        case Uri::Kind::memory: return read_memory(uri, bytes);
        case Uri::Kind::http: {
            Content content = content_of(http_get(uri));
            check_size(uri, content.bytes.size(), bytes);
            return content;
        }
        case Uri::Kind::file: {
            if (!is_here(uri.host))
                fail(ErrorCode::not_found, uri, "is on another host, which cannot be reached");
            Content content = content_of(read_file(uri));
            check_size(uri, content.bytes.size(), bytes);
            return content;
        }
        case Uri::Kind::platform: break;
    }
    const auto access = std::make_shared<ReadAccess>(client_.open_untyped(uri.path).read());
    check_size(uri, access->bytes().size(), bytes);
    return {access->bytes(), access};
}

std::optional<DataHandle> UriStore::find(const std::string& id_or_name) const {
    try {
        return client_.open_untyped(id_or_name);
    } catch (const Error& e) {
        if (e.code() != ErrorCode::not_found) throw;
        return std::nullopt;
    }
}

// With a zero byte at the end, so that strings can be used as such.
void UriStore::write_memory(const Uri& uri, std::span<const std::byte> from) {
    mappings_.with([&](Mappings& mappings) {
        Mapping& mapping = mappings[uri.path];
        if (mapping.data == nullptr || (mapping.own && mapping.own->size() <= from.size())) {
            mapping.own = std::make_shared<std::vector<std::byte>>(from.size() + 1);
            mapping.data = mapping.own->data();
        }
        if (mapping.own && mapping.own->size() > from.size())
            (*mapping.own)[from.size()] = std::byte{0};
        if (!from.empty()) std::memcpy(mapping.data, from.data(), from.size());
    });
}

std::optional<DataHandle> UriStore::write(const Uri& uri, std::span<const std::byte> from,
                                          const Keeping& keeping) {
    switch (uri.kind) {
        case Uri::Kind::memory: write_memory(uri, from); return std::nullopt;
        case Uri::Kind::file:
            if (!is_here(uri.host))
                fail(ErrorCode::not_found, uri, "is on another host, which cannot be reached");
            write_file(uri, from);
            return std::nullopt;
        case Uri::Kind::http: fail(ErrorCode::invalid_argument, uri, "can only be read");
        case Uri::Kind::platform: break;
    }
    if (auto there = find(uri.path); there && there->type() == keeping.type) {
        there->put_bytes(from);
        data::SpecChange change;
        change.persistence = keeping.mode;
        client_.data_access().change(there->id(), change);
        return there;
    }
    PutOptions options;
    options.name = uri.path;
    options.persistence = keeping.mode;
    options.host = uri.host;
    return client_.put_bytes(keeping.type, from, options);
}

void UriStore::erase(const Uri& uri) {
    switch (uri.kind) {
        case Uri::Kind::memory: map(uri.path, nullptr); return;
        case Uri::Kind::file: {
            std::error_code error;
            if (!std::filesystem::remove(uri.path, error)) {
                fail(ErrorCode::not_found, uri,
                     error ? "cannot be removed: " + error.message() : "is not there");
            }
            return;
        }
        case Uri::Kind::http: fail(ErrorCode::invalid_argument, uri, "cannot be erased from here");
        case Uri::Kind::platform: break;
    }
    client_.open_untyped(uri.path).free();
}

}  // namespace juxta::gridrpc
