/* A disk that takes less than it is given, for whatever is started with this in LD_PRELOAD.

   Writes to regular files below CUT_DIRECTORY are cut short at random (CUT_SEED, a number), as the
   system may. After CUT_BYTES of them in a process there is no room: ENOSPC, as on a full disk,
   where the write before it was a short one. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static const char *directory;
static long long left;
static unsigned long long state;

__attribute__((constructor)) static void begin(void) {
    const char *bytes = getenv("CUT_BYTES"), *seed = getenv("CUT_SEED");
    directory = getenv("CUT_DIRECTORY");
    left = bytes ? atoll(bytes) : LLONG_MAX;
    state = (seed ? strtoull(seed, NULL, 10) : 0) * 2862933555777941757ULL + 3037000493ULL;
}

static unsigned long long drawn(void) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return state >> 33;
}

static int is_meant(int file) {
    struct stat found;
    char link[64], path[PATH_MAX];
    if (directory == NULL || fstat(file, &found) || !S_ISREG(found.st_mode)) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return strncmp(path, directory, strlen(directory)) == 0;
}

/* How much of a write is let through; -1 for none, with errno. */
static ssize_t share(int file, size_t size) {
    if (!size || !is_meant(file)) return (ssize_t)size;
    if (left <= 0) {
        errno = ENOSPC;
        return -1;
    }
    size_t taken = size;
    if (taken > 1 && drawn() % 2) taken = 1 + drawn() % taken;
    if ((long long)taken > left) taken = (size_t)left;
    left -= (long long)taken;
    return (ssize_t)taken;
}

ssize_t write(int file, const void *data, size_t size) {
    static ssize_t (*real)(int, const void *, size_t);
    if (!real) real = dlsym(RTLD_NEXT, "write");
    ssize_t taken = share(file, size);
    return taken < 0 ? -1 : real(file, data, (size_t)taken);
}

ssize_t pwrite64(int file, const void *data, size_t size, off64_t at) {
    static ssize_t (*real)(int, const void *, size_t, off64_t);
    if (!real) real = dlsym(RTLD_NEXT, "pwrite64");
    ssize_t taken = share(file, size);
    return taken < 0 ? -1 : real(file, data, (size_t)taken, at);
}

ssize_t pwrite(int file, const void *data, size_t size, off_t at) {
    return pwrite64(file, data, size, at);
}

ssize_t writev(int file, const struct iovec *parts, int count) {
    static ssize_t (*real)(int, const struct iovec *, int);
    if (!real) real = dlsym(RTLD_NEXT, "writev");
    if (!is_meant(file)) return real(file, parts, count);
    for (int number = 0; number < count; number++)
        if (parts[number].iov_len) return write(file, parts[number].iov_base, parts[number].iov_len);
    return 0;
}
