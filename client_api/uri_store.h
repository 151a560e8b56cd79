// Reads and writes what URIs name: mapped memory, files, http servers, data of the platform.
//
// It decides how; whether and when is grpc_data_manager's. Threading: any thread; blocks for the
// transfer. What is mapped must not be changed by its owner meanwhile.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "client_api/data_uri.h"
#include "client_api/juxta/client.h"
#include "common/base/guarded.h"

namespace juxta::gridrpc {

// Bytes, and what keeps them: null for memory that is the caller's.
struct Content {
    std::span<const std::byte> bytes;
    std::shared_ptr<const void> keeper;
};
Content content_of(std::vector<std::byte> bytes);

// How data are kept in the platform.
struct Keeping {
    DataType type;
    Persistence mode = Persistence::volatile_;
};

class UriStore {
public:
    explicit UriStore(Client client) : client_(std::move(client)) {}

    // memory: of another host is a datum of the platform on that host.
    Uri resolve(Uri uri) const;

    // nullptr: nothing is mapped there.
    void* mapped(const std::string& key) const;
    void map(const std::string& key, void* data);  // nullptr: nothing any more
    // Only what the library made.
    void unmap_own(const std::string& key);

    // `bytes`: how many are wanted; nullopt: as many as there are, of memory a string.
    // Throws Error: not_found, invalid_argument (there are not as many), what the platform says.
    Content read(const Uri& uri, std::optional<std::uint64_t> bytes) const;

    // Throws Error. Files are replaced in one step; memory is made where none is mapped; a datum of
    // that name and type gets a new version. The datum, of platform URIs.
    std::optional<DataHandle> write(const Uri& uri, std::span<const std::byte> from,
                                    const Keeping& keeping);

    // Of the platform; nullopt: there is none.
    std::optional<DataHandle> find(const std::string& id_or_name) const;

    // Throws Error: not_found, invalid_argument (it cannot be erased from here).
    void erase(const Uri& uri);

    const Client& client() const { return client_; }

private:
    struct Mapping {
        void* data = nullptr;
        std::shared_ptr<std::vector<std::byte>> own;  // null: the caller's
    };
    using Mappings = std::map<std::string, Mapping>;

    Content read_memory(const Uri& uri, std::optional<std::uint64_t> bytes) const;
    void write_memory(const Uri& uri, std::span<const std::byte> from);
    bool is_here(const std::string& host) const;

    const Client client_;
    Guarded<Mappings> mappings_;
};

}  // namespace juxta::gridrpc
