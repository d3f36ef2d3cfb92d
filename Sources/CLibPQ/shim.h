// libpq's interface, where pkg-config finds it.
#pragma once

#include <libpq-fe.h>
