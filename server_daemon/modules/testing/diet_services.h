/* The four services of DIET's interoperability test, written in C. */
#ifndef JUXTA_TESTING_DIET_SERVICES_H
#define JUXTA_TESTING_DIET_SERVICES_H

#include "server_daemon/juxta/service_c.h"

#ifdef __cplusplus
extern "C" {
#endif

/* 0, or non-zero if one was refused. */
int testing_register_diet_services(juxta_registry* registry);

#ifdef __cplusplus
}
#endif

#endif
