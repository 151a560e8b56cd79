// A SQLite database as this project uses one: one process, a few prepared statements, bytes in and
// out. Every commit is on disk when it returns.
//
// Errors, naming the file and what SQLite says: data_lost if the file is damaged, out_of_space if
// the disk is full, else internal.
//
// Threading: one thread at a time; whoever owns it guards it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace juxta::data {

class Database {
public:
    // Opens or makes it; nobody else can while this lives (unavailable). Write-ahead log,
    // synchronous=FULL.
    explicit Database(std::filesystem::path file);
    ~Database();

    void execute(const char* sql);
    const std::filesystem::path& file() const { return file_; }

    [[noreturn]] void fail(const char* doing) const;

    class Statement {
    public:
        Statement(Database& database, const char* sql);
        ~Statement();
        Statement(const Statement&) = delete;
        Statement& operator=(const Statement&) = delete;

        Statement& bind(int place, std::string_view bytes);  // must live until step()
        Statement& bind(int place, std::int64_t number);
        bool step();  // true: a row is here
        void run();   // to the end, then ready for the next time
        void reset();
        std::string_view bytes(int column) const;  // until the next step
        std::int64_t number(int column) const;

    private:
        Database& database_;
        sqlite3_stmt* statement_ = nullptr;
    };

private:
    std::filesystem::path file_;
    sqlite3* handle_ = nullptr;
};

}  // namespace juxta::data
