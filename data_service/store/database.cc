#include "data_service/store/database.h"

#include <sqlite3.h>

#include "common/base/error.h"

namespace juxta::data {

Database::Database(std::filesystem::path file) : file_(std::move(file)) {
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    try {
        if (::sqlite3_open_v2(file_.c_str(), &handle_, flags, nullptr) != SQLITE_OK) fail("open");
        ::sqlite3_extended_result_codes(handle_, 1);
        execute("PRAGMA locking_mode=EXCLUSIVE");
        execute("PRAGMA journal_mode=WAL");
        execute("PRAGMA synchronous=FULL");
        execute("PRAGMA cell_size_check=ON");
    } catch (...) {
        ::sqlite3_close_v2(handle_);
        throw;
    }
}

Database::~Database() { ::sqlite3_close_v2(handle_); }

void Database::execute(const char* sql) {
    if (::sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail(sql);
}

void Database::fail(const char* doing) const {
    const int code = handle_ != nullptr ? ::sqlite3_errcode(handle_) & 0xff : SQLITE_NOMEM;
    ErrorCode kind = ErrorCode::internal;
    if (code == SQLITE_FULL) kind = ErrorCode::out_of_space;
    if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB) kind = ErrorCode::data_lost;
    if (code == SQLITE_BUSY) kind = ErrorCode::unavailable;
    std::string text = file_.string() + ": " + doing;
    if (code != SQLITE_OK && code != SQLITE_ROW && code != SQLITE_DONE) {
        text += std::string(": ") + ::sqlite3_errstr(code);
    }
    throw Error(kind, text);
}

Database::Statement::Statement(Database& database, const char* sql) : database_(database) {
    if (::sqlite3_prepare_v3(database.handle_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement_,
                             nullptr) != SQLITE_OK) {
        database.fail(sql);
    }
}

Database::Statement::~Statement() { ::sqlite3_finalize(statement_); }

Database::Statement& Database::Statement::bind(int place, std::string_view bytes) {
    if (::sqlite3_bind_blob64(statement_, place, bytes.data() == nullptr ? "" : bytes.data(),
                              bytes.size(), SQLITE_STATIC) != SQLITE_OK) {
        database_.fail("bind");
    }
    return *this;
}

Database::Statement& Database::Statement::bind(int place, std::int64_t number) {
    if (::sqlite3_bind_int64(statement_, place, number) != SQLITE_OK) database_.fail("bind");
    return *this;
}

bool Database::Statement::step() {
    const int result = ::sqlite3_step(statement_);
    if (result == SQLITE_ROW) return true;
    if (result != SQLITE_DONE) database_.fail(::sqlite3_sql(statement_));
    return false;
}

void Database::Statement::run() {
    try {
        while (step()) {
        }
    } catch (...) {
        reset();
        throw;
    }
    reset();
}

void Database::Statement::reset() {
    ::sqlite3_reset(statement_);
    ::sqlite3_clear_bindings(statement_);
}

std::string_view Database::Statement::bytes(int column) const {
    const void* first = ::sqlite3_column_blob(statement_, column);
    const auto length = static_cast<std::size_t>(::sqlite3_column_bytes(statement_, column));
    return {static_cast<const char*>(first), length};
}

std::int64_t Database::Statement::number(int column) const {
    return ::sqlite3_column_int64(statement_, column);
}

}  // namespace juxta::data
