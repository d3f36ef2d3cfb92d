#pragma once

#include <stddef.h>
#include <sys/types.h>

/// The most descriptors of one message.
#define CDS_MAX_DESCRIPTORS 8

/// Sends bytes with descriptors (`SCM_RIGHTS`, unix(7)).
///
/// `sendmsg` takes its control data through macros, which Swift does not import.
///
/// - Returns: the number of bytes sent, or the negative `errno`.
ssize_t cds_send(int socket, const void *bytes, size_t count, const int *descriptors, size_t descriptor_count);

/// Receives bytes with descriptors, which are closed on exec.
///
/// - Parameter descriptor_count: the capacity of `descriptors`, then how many came; those beyond the capacity are closed.
/// - Returns: the number of bytes received, 0 at the end, or the negative `errno`.
ssize_t cds_receive(int socket, void *bytes, size_t count, int *descriptors, size_t *descriptor_count);
