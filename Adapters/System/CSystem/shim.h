// What the C library's Swift module leaves out: GNU extensions and macros.
#pragma once
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

extern int accept4(int, struct sockaddr *, socklen_t *, int);

/// accept(2) whose descriptor is close-on-exec from the first moment; blocking, as accepted.
static inline int smtp_accept_cloexec(int listener, struct sockaddr *address, socklen_t *length) {
    return accept4(listener, address, length, SOCK_CLOEXEC);
}

/// The same, but non-blocking.
static inline int smtp_accept_nonblocking(int listener, struct sockaddr *address, socklen_t *length) {
    return accept4(listener, address, length, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

/// A non-blocking, close-on-exec stream socket(2).
static inline int smtp_stream_socket(int family) {
    return socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/// A non-blocking, close-on-exec eventfd(2) that counts from zero.
static inline int smtp_eventfd(void) {
    return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

/// How many processors this process may use; sched_getaffinity(2) without the macros. Not positive if that is unknown.
static inline int smtp_processor_count(void) {
    unsigned long mask[128];
    long size = syscall(SYS_sched_getaffinity, 0, sizeof mask, mask);
    int count = 0;
    for (long i = 0; i < size / (long)sizeof mask[0]; i++) count += __builtin_popcountl(mask[i]);
    return count;
}
