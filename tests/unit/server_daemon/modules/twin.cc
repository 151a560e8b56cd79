#include "server_daemon/juxta/service.h"

extern "C" JUXTA_EXPORT void juxta_module(juxta::service::Registry& registry) {
    registry.add("echo", {"in"}, [](double) {});
}
