#pragma once

#include <stddef.h>

/// The version of Landlock that the kernel has (landlock(7)); 0 where it has none or refuses to say.
int csb_landlock_version(void);

/// Denies this thread, and those that it starts from then on, every access to files by name, to ports and to processes outside
/// (landlock_restrict_self(2)). Open descriptors stay usable.
///
/// - Returns: 0, or the negative `errno`.
int csb_landlock_deny_all(int version);

/// Closes all descriptors from `first` on (close_range(2)).
void csb_close_from(unsigned int first);

/// Sets `PR_SET_NO_NEW_PRIVS` and clears `PR_SET_DUMPABLE` (prctl(2)), so that other processes cannot read its memory.
///
/// - Returns: 0, or the negative `errno`.
int csb_no_new_privileges(void);

/// Lets a file still be opened by its name, for reading. Must be called before ``csb_filter_calls``.
///
/// - Parameter path: copied.
/// - Parameter descriptor: the open file, which must stay open.
/// - Returns: 0, or the negative `errno`.
int csb_allow_file(const char *path, int descriptor);

/// Installs the filter of system calls for all threads of the process (seccomp(2)).
///
/// Allowed is what decoding, filtering and encoding with open descriptors take. `execve`, sockets, `ptrace` and the like end the
/// process (SIGSYS); any other call answers with EPERM. Opening an allowed file gives a duplicate of its descriptor; opening anything
/// else answers with EACCES.
///
/// - Returns: 0, or the negative `errno`.
int csb_filter_calls(void);
