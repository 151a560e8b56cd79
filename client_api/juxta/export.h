// What libjuxta.so exports: everything else in it is hidden.
#pragma once

#define JUXTA_API __attribute__((visibility("default")))
