#include "client_api/core/configuration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "common/base/error.h"
#include "tests/mutation.h"

namespace juxta::client {
namespace {

class Folder {
public:
    Folder() {
        std::string pattern =
            (std::filesystem::temp_directory_path() / "juxta-conf-XXXXXX").string();
        path_ = ::mkdtemp(pattern.data());
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    std::string write(const std::string& name, const std::string& text) const {
        const auto file = path_ / name;
        std::filesystem::create_directories(file.parent_path());
        std::ofstream(file) << text;
        return file.string();
    }
    std::string path() const { return path_.string(); }

private:
    std::filesystem::path path_;
};

Environment with(std::map<std::string, std::string> variables) {
    return [variables](const std::string& name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        if (found == variables.end()) return std::nullopt;
        return found->second;
    };
}

// The text of the Error, after its code.
std::string refusal(const std::string& text) {
    try {
        parse_configuration(text, "client.conf");
    } catch (const Error& e) {
        return std::string(name_of(e.code())) + ": " + e.what();
    }
    return "accepted";
}

TEST(Configuration, has_keys_values_and_comments) {
    const Configuration read = parse_configuration(
        "# a platform\n\n master_agent = corbaloc:iiop:127.0.0.1:2809/MasterAgent  # "
        "here\r\nplatform=p\nhost = h1\n"
        "cluster=c1",
        "client.conf");
    EXPECT_EQ(read.master_agent, "127.0.0.1:2809");
    EXPECT_EQ(read.platform, "p");
    EXPECT_EQ(read.host, "h1");
    EXPECT_EQ(read.cluster, "c1");
    EXPECT_EQ(parse_configuration("master_agent = host:1", "f").master_agent, "host:1");
}

TEST(Configuration, that_is_wrong_is_refused_with_its_line) {
    const std::string agent = "master_agent = h:1\n";
    EXPECT_EQ(refusal(agent + "\nwhat"),
              "invalid_argument: client.conf:3: 'what' is not KEY = VALUE");
    EXPECT_THAT(refusal(agent + "port = 1"),
                ::testing::StartsWith("invalid_argument: client.conf:2: unknown key 'port"));
    EXPECT_EQ(refusal(agent + "host ="), "invalid_argument: client.conf:2: host has no value");
    EXPECT_EQ(refusal(agent + agent),
              "invalid_argument: client.conf:2: master_agent is given twice");
    EXPECT_EQ(refusal("host = h"), "invalid_argument: client.conf: master_agent is missing");
    EXPECT_EQ(refusal(""), "invalid_argument: client.conf: master_agent is missing");
}

TEST(Configuration, whose_agent_is_no_address_is_refused) {
    for (const char* address :
         {"h", "h:", ":1", "h:0", "h:65536", "h:1x", "h:-1", "corbaloc:iiop:h:1",
          "corbaloc:iiop:h:1/Other", "corbaloc:iiop:h/MasterAgent"}) {
        EXPECT_THAT(refusal(std::string("master_agent = ") + address),
                    ::testing::StartsWith("invalid_argument: client.conf:1:"))
            << address;
    }
}

TEST(Configuration, comes_from_the_file_given_before_all_others) {
    const Folder folder;
    const std::string given = folder.write("given", "master_agent = given:1\n");
    const std::string named = folder.write("named", "master_agent = named:1\n");
    folder.write("last", "p\n");
    folder.write("platforms/p/client.conf", "master_agent = last:1\n");
    const auto environment = with({{"JUXTA_CONFIG", named}, {"JUXTA_STATE_DIR", folder.path()}});
    EXPECT_EQ(find_configuration(given, environment).master_agent, "given:1");
    EXPECT_EQ(find_configuration({}, environment).master_agent, "named:1");
    EXPECT_EQ(find_configuration({}, with({{"JUXTA_STATE_DIR", folder.path()}})).master_agent,
              "last:1");
}

TEST(Configuration, lies_below_the_home_when_no_state_folder_is_set) {
    const Folder folder;
    folder.write(".local/state/juxta/last", "p");
    folder.write(".local/state/juxta/platforms/p/client.conf", "master_agent = home:1\n");
    EXPECT_EQ(find_configuration({}, with({{"HOME", folder.path()}})).master_agent, "home:1");
}

TEST(Configuration, that_is_nowhere_is_not_found) {
    const Folder folder;
    const auto code_of = [&](const std::string& file, const Environment& environment) {
        try {
            find_configuration(file, environment);
        } catch (const Error& e) {
            return e.code();
        }
        return ErrorCode::internal;
    };
    EXPECT_EQ(code_of(folder.path() + "/none", with({})), ErrorCode::not_found);
    EXPECT_EQ(code_of({}, with({{"JUXTA_CONFIG", folder.path() + "/none"}})), ErrorCode::not_found);
    EXPECT_EQ(code_of({}, with({{"JUXTA_STATE_DIR", folder.path()}})), ErrorCode::not_found);
    EXPECT_EQ(code_of({}, with({})), ErrorCode::not_found);
    folder.write("last", "gone\n");
    EXPECT_EQ(code_of({}, with({{"JUXTA_STATE_DIR", folder.path()}})), ErrorCode::not_found);
    folder.write("last", "../../etc\n");
    EXPECT_EQ(code_of({}, with({{"JUXTA_STATE_DIR", folder.path()}})), ErrorCode::invalid_argument);
    EXPECT_EQ(code_of(folder.path(), with({})), ErrorCode::invalid_argument)
        << "a folder is no configuration";
}

TEST(Configuration, takes_its_place_from_the_environment_first_and_the_machine_last) {
    const Folder folder;
    const std::string file = folder.write("f", "master_agent = h:1\nhost = h1\ncluster = c1\n");
    const std::string bare = folder.write("bare", "master_agent = h:1\n");
    const Configuration moved =
        find_configuration(file, with({{"JUXTA_HOST", "h2"}, {"JUXTA_CLUSTER", "c2"}}));
    EXPECT_EQ(moved.host, "h2");
    EXPECT_EQ(moved.cluster, "c2");
    EXPECT_EQ(find_configuration(file, with({})).host, "h1");
    EXPECT_FALSE(find_configuration(bare, with({})).host.empty());
    EXPECT_TRUE(find_configuration(bare, with({})).cluster.empty());
}

TEST(Configuration, survives_mutated_files) {
    survives_mutations(
        "# Written by juxta.\nmaster_agent = corbaloc:iiop:127.0.0.1:2809/MasterAgent\n"
        "host = h1\n\ncluster=c1  # the first\nplatform = default",
        5000, [](const std::string& text) { parse_configuration(text, "client.conf"); });
}

}  // namespace
}  // namespace juxta::client
