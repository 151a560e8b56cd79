#include "client_api/grid_data.h"

#include <gtest/gtest.h>

#include "client_api/data_uri.h"

namespace juxta::gridrpc {
namespace {

Uri uri(const char* text) { return parse_uri(text).value_or(Uri{}); }

TEST(DataUri, names_memory_files_servers_and_data) {
    EXPECT_EQ(uri("memory:/A").path, "A");
    EXPECT_EQ(uri("memory://h1/A/b").host, "h1");
    EXPECT_EQ(uri("memory://h1/A/b").path, "A/b");
    EXPECT_EQ(uri("file:/x/y").path, "/x/y");
    EXPECT_EQ(uri("file:x").path, "x");
    EXPECT_EQ(uri("FILE://localhost/x").host, "localhost");
    EXPECT_EQ(uri("dfs://h1/x").kind, Uri::Kind::file);
    EXPECT_EQ(uri("HTTP://server:8080/a?b=c").port, 8080);
    EXPECT_EQ(uri("http://server").path, "/");
    EXPECT_EQ(uri("juxta:d:7f3a").path, "d:7f3a");
    EXPECT_EQ(uri("juxta://h2/C").host, "h2");
}

TEST(DataUri, refuses_what_is_none) {
    for (const char* text :
         {"", "A", ":", "memory:", "memory:/", "memory://h1", "file:", "http:/x", "http://",
          "http://h:0/", "http://h:99999/", "http://h:x/", "gopher:/x", "juxta:", "file:a\nb"}) {
        EXPECT_FALSE(parse_uri(text)) << text;
    }
}

TEST(SavedDescription, comes_back_as_it_was) {
    Description said;
    said.type = GRPC_INT;
    said.dimensions = {3, 4};
    said.inputs = {uri("memory:/A"), uri("http://h/x y")};
    said.outputs = {uri("file:/x"), uri("juxta:B")};
    said.modes = {Persistence::sticky, Persistence::volatile_};
    const DataId id = DataId::make("c1");
    const SavedDescription saved = parse_description(to_text(said, to_string(id)));
    EXPECT_EQ(saved.id, to_string(id));
    EXPECT_EQ(saved.description.type, said.type);
    EXPECT_EQ(saved.description.dimensions, said.dimensions);
    EXPECT_EQ(saved.description.inputs, said.inputs);
    EXPECT_EQ(saved.description.outputs, said.outputs);
    EXPECT_EQ(saved.description.modes, said.modes);
    EXPECT_EQ(*saved.description.bytes(), 48u);
}

TEST(SavedDescription, refuses_what_is_none) {
    const std::string head = "juxta grpc_data 1\n";
    for (const std::string& text :
         {std::string(), std::string("x"), head, head + "type GRPC_NONE", head + "dimensions 3",
          head + "type GRPC_INT\ndimensions three", head + "type GRPC_INT\ninput gopher:/x",
          head + "type GRPC_INT\nmode GRPC_NONE", head + "type GRPC_INT\ndatum 17",
          head + "type GRPC_INT\ncolour red",
          head + "type GRPC_INT\nmode GRPC_STICKY\nmode GRPC_STICKY",
          head + "type GRPC_INT\ndimensions 9999999999 9999999999"}) {
        EXPECT_THROW(parse_description(text), Error) << text;
    }
}

TEST(DataTable, knows_its_handles_only) {
    DataTable table;
    const auto data = std::make_shared<GridData>();
    const grpc_data_t handle = table.add(data);
    EXPECT_EQ(table.find(handle), data);
    EXPECT_EQ(table.find(&table), nullptr);
    EXPECT_EQ(table.find(nullptr), nullptr);
    const auto other = std::make_shared<GridData>();
    EXPECT_TRUE(table.replace(handle, other));
    EXPECT_EQ(table.find(handle), other);
    EXPECT_TRUE(table.close(handle));
    EXPECT_FALSE(table.close(handle));
    EXPECT_FALSE(table.replace(handle, other));
    EXPECT_NE(table.add(data), handle) << "a handle is not used twice";
}

}  // namespace
}  // namespace juxta::gridrpc
