#include "server_daemon/juxta/service.h"

extern "C" JUXTA_EXPORT void juxta_module(juxta::service::Registry&) {
    throw juxta::service::Failure("no licence today");
}
