#define _GNU_SOURCE
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <pthread.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

// MARK: Landlock

// Rights that the headers of the oldest system we build on (Linux 6.1) do not know; linux/landlock.h of 6.12.
enum {
    access_fs_truncate = 1 << 14,   // Version 3.
    access_fs_ioctl_dev = 1 << 15,  // Version 5.
    access_net = 3,                 // Version 4: to bind and to connect.
    scoped_all = 3,                 // Version 6: abstract sockets and signals.
};

// The ruleset of version 6; the kernel takes the fields that its version has.
struct ruleset {
    __u64 files, net, scoped;
};

int csb_landlock_version(void) {
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return version > 0 ? (int)version : 0;
}

int csb_landlock_deny_all(int version) {
    // All rights of version 1, which are the lowest 13 bits, and "refer" of version 2.
    struct ruleset ruleset = {.files = (1 << 13) - 1};
    size_t size = sizeof ruleset.files;
    if (version >= 2) ruleset.files |= LANDLOCK_ACCESS_FS_REFER;
    if (version >= 3) ruleset.files |= access_fs_truncate;
    if (version >= 5) ruleset.files |= access_fs_ioctl_dev;
    if (version >= 4) {
        ruleset.net = access_net;
        size += sizeof ruleset.net;
    }
    if (version >= 6) {
        ruleset.scoped = scoped_all;
        size += sizeof ruleset.scoped;
    }
    int descriptor = (int)syscall(SYS_landlock_create_ruleset, &ruleset, size, 0);
    if (descriptor < 0) return -errno;
    int result = syscall(SYS_landlock_restrict_self, descriptor, 0) == 0 ? 0 : -errno;
    close(descriptor);
    return result;
}

void csb_close_from(unsigned int first) { close_range(first, ~0U, 0); }

int csb_no_new_privileges(void) {
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return -errno;
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? 0 : -errno;
}

// MARK: Files by name

// Read by the handler of SIGSYS until the process ends; never changed once the filter is installed.
static struct allowed_file {
    const char *path;
    int descriptor;
} *allowed_files;
static size_t allowed_count;

int csb_allow_file(const char *path, int descriptor) {
    struct allowed_file *files = realloc(allowed_files, (allowed_count + 1) * sizeof *files);
    if (!files) return -ENOMEM;
    allowed_files = files;
    const char *copy = strdup(path);
    if (!copy) return -ENOMEM;
    allowed_files[allowed_count++] = (struct allowed_file){.path = copy, .descriptor = descriptor};
    return 0;
}

static long duplicate(int descriptor) {
    lseek(descriptor, 0, SEEK_SET);
    int copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    return copy >= 0 ? copy : -errno;
}

// Answers an `openat` that the filter has trapped (SECCOMP_RET_TRAP, seccomp(2)). Only calls what a signal handler may.
static void answer_open(int signal, siginfo_t *info, void *opaque) {
    (void)signal, (void)info;
    ucontext_t *context = opaque;
#if defined(__x86_64__)
    greg_t *registers = context->uc_mcontext.gregs;
    long call = registers[REG_RAX];
    const char *path = (const char *)(call == SYS_openat ? registers[REG_RSI] : registers[REG_RDI]);
    long flags = call == SYS_openat ? registers[REG_RDX] : registers[REG_RSI];
#define RESULT registers[REG_RAX]
#elif defined(__aarch64__)
    __u64 *registers = context->uc_mcontext.regs;
    const char *path = (const char *)registers[1];
    long flags = (long)registers[2];
#define RESULT registers[0]
#endif
    int saved = errno;
    long result = -EACCES;
    if ((flags & (O_ACCMODE | O_CREAT | O_TRUNC | O_DIRECTORY)) == O_RDONLY) {
        for (size_t index = 0; index < allowed_count; index++) {
            if (strcmp(path, allowed_files[index].path) != 0) continue;
            result = duplicate(allowed_files[index].descriptor);
            break;
        }
    }
    errno = saved;
    RESULT = result;
}

// MARK: Calls

// Calls that decoding, filtering and encoding need, with those of glibc and Swift's runtime.
static const int allowed_calls[] = {
    // Open descriptors.
    SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(pread64), SCMP_SYS(preadv), SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(pwrite64),
    SCMP_SYS(pwritev), SCMP_SYS(lseek), SCMP_SYS(close), SCMP_SYS(close_range), SCMP_SYS(fstat), SCMP_SYS(ftruncate), SCMP_SYS(fsync),
    SCMP_SYS(fdatasync), SCMP_SYS(dup), SCMP_SYS(recvfrom), SCMP_SYS(recvmsg), SCMP_SYS(sendto), SCMP_SYS(sendmsg), SCMP_SYS(shutdown),
    SCMP_SYS(poll), SCMP_SYS(ppoll),
    // Memory.
    SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
    // Threads.
    SCMP_SYS(futex), SCMP_SYS(set_robust_list), SCMP_SYS(get_robust_list), SCMP_SYS(rseq), SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity), SCMP_SYS(sched_getparam), SCMP_SYS(sched_getscheduler), SCMP_SYS(gettid), SCMP_SYS(getcpu),
    SCMP_SYS(membarrier), SCMP_SYS(set_tid_address), SCMP_SYS(exit), SCMP_SYS(exit_group),
    // Signals of its own.
    SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack), SCMP_SYS(restart_syscall),
    // Read-only process and system information.
    SCMP_SYS(getpid), SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(getrusage), SCMP_SYS(sysinfo),
    SCMP_SYS(uname), SCMP_SYS(times), SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(gettimeofday), SCMP_SYS(time),
    SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep), SCMP_SYS(getrandom), SCMP_SYS(getpriority),
};

// Calls that only injected code makes; they kill the process.
static const int hostile_calls[] = {
    SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(fork), SCMP_SYS(vfork), SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev), SCMP_SYS(pidfd_getfd), SCMP_SYS(socket), SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(listen),
    SCMP_SYS(accept4), SCMP_SYS(bpf), SCMP_SYS(mount), SCMP_SYS(pivot_root), SCMP_SYS(chroot), SCMP_SYS(setns), SCMP_SYS(unshare),
    SCMP_SYS(init_module), SCMP_SYS(finit_module), SCMP_SYS(keyctl), SCMP_SYS(userfaultfd), SCMP_SYS(perf_event_open),
    SCMP_SYS(io_uring_setup), SCMP_SYS(setuid), SCMP_SYS(setresuid), SCMP_SYS(capset),
};

static int add_rules(scmp_filter_ctx filter, uint32_t opening) {
#define TRY(call)                                 \
    do {                                          \
        int result = (call);                      \
        if (result != 0) return result;           \
    } while (0)
    const uint32_t allow = SCMP_ACT_ALLOW;
    for (size_t index = 0; index < sizeof allowed_calls / sizeof *allowed_calls; index++)
        TRY(seccomp_rule_add(filter, allow, allowed_calls[index], 0));
    for (size_t index = 0; index < sizeof hostile_calls / sizeof *hostile_calls; index++)
        TRY(seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, hostile_calls[index], 0));
    TRY(seccomp_rule_add(filter, opening, SCMP_SYS(openat), 0));
#if defined(__x86_64__)
    TRY(seccomp_rule_add(filter, opening, SCMP_SYS(open), 0));
#endif
    // glibc tries `clone3`, whose arguments a filter cannot see, and then `clone`: for threads, not for processes.
    TRY(seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0));
    TRY(seccomp_rule_add(filter, allow, SCMP_SYS(clone), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD)));
    // Memory that is written is never run.
    TRY(seccomp_rule_add(filter, allow, SCMP_SYS(mmap), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)));
    TRY(seccomp_rule_add(filter, allow, SCMP_SYS(mprotect), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)));
    // glibc's `fstat`. A path that is not empty passes too: a filter cannot see it, and Landlock does not restrict stat(2).
    TRY(seccomp_rule_add(
        filter, allow, SCMP_SYS(newfstatat), 1, SCMP_A3(SCMP_CMP_MASKED_EQ, AT_EMPTY_PATH, AT_EMPTY_PATH)));
    // The time of an open file, not of a named one.
    TRY(seccomp_rule_add(filter, allow, SCMP_SYS(utimensat), 1, SCMP_A1(SCMP_CMP_EQ, 0)));
    // Limits are read, not set; and only those of this process.
    TRY(seccomp_rule_add(filter, allow, SCMP_SYS(prlimit64), 2, SCMP_A0(SCMP_CMP_EQ, 0), SCMP_A2(SCMP_CMP_EQ, 0)));
    TRY(seccomp_rule_add(filter, allow, SCMP_SYS(prctl), 1, SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME)));
    TRY(seccomp_rule_add(filter, allow, SCMP_SYS(setpriority), 2, SCMP_A0(SCMP_CMP_EQ, PRIO_PROCESS), SCMP_A1(SCMP_CMP_EQ, 0)));
    const int duplicating[] = {F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL};
    for (size_t index = 0; index < sizeof duplicating / sizeof *duplicating; index++)
        TRY(seccomp_rule_add(filter, allow, SCMP_SYS(fcntl), 1, SCMP_A1(SCMP_CMP_EQ, duplicating[index])));
    // A signal to itself, as abort(3) sends it.
    TRY(seccomp_rule_add(filter, allow, SCMP_SYS(tgkill), 1, SCMP_A0(SCMP_CMP_EQ, getpid())));
    // The handler of SIGSYS stays.
    TRY(seccomp_rule_add(filter, allow, SCMP_SYS(rt_sigaction), 1, SCMP_A0(SCMP_CMP_NE, SIGSYS)));
#undef TRY
    return 0;
}

// glibc reads /proc/sys/vm/overcommit_memory once, when a thread's heap first shrinks (`check_may_shrink_heap`, malloc/arena.c). Threads
// that end do that with all signals blocked, and a blocked SIGSYS ends the process. So a heap shrinks here, before files are trapped.
static void *shrink_heap(void *unused) {
    enum { pieces = 256, size = 64 << 10 };
    static void *held[pieces];
    for (int index = 0; index < pieces; index++) held[index] = malloc(size);
    for (int index = pieces - 1; index >= 0; index--) free(held[index]);
    return unused;
}

static int let_heap_shrink(void) {
    pthread_t thread;
    int result = pthread_create(&thread, NULL, shrink_heap, NULL);
    return result == 0 ? -pthread_join(thread, NULL) : -result;
}

int csb_filter_calls(void) {
    struct sigaction action = {.sa_sigaction = answer_open, .sa_flags = SA_SIGINFO | SA_NODEFER};
    if (allowed_count > 0 && sigaction(SIGSYS, &action, NULL) != 0) return -errno;
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (!filter) return -ENOMEM;
    int result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    if (result == 0 && allowed_count > 0) result = let_heap_shrink();
    if (result == 0) result = add_rules(filter, allowed_count > 0 ? SCMP_ACT_TRAP : SCMP_ACT_ERRNO(EACCES));
    if (result == 0) result = seccomp_load(filter);
    seccomp_release(filter);
    return result;
}
