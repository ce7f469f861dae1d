/*
 * Preloaded into a server: makes one write or one sync of one kind of file fail, as a dying disk does.
 *
 *   FAULT_CALL   write (fwrite, fflush, write, pwrite) or sync (fdatasync, fsync)
 *   FAULT_PATH   ending of the file's path
 *   FAULT_NTH    which matching call fails, counted from 1 after arming
 *   FAULT_ARMED  a file: nothing is counted before it exists
 *   FAULT_SAID   a file that gets a line when the call has failed, so that a test knows that it happened
 *
 * The call fails with EIO and does nothing. LevelDB 1.20 writes through stdio, whose own system calls cannot be
 * replaced from outside libc, so the stdio calls themselves are.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The header offers it as a macro, too. */
#undef fwrite_unlocked

static atomic_int seen;

static int fails(const char *call, int fd) {
  const char *wanted = getenv("FAULT_CALL"), *ending = getenv("FAULT_PATH");
  const char *armed = getenv("FAULT_ARMED"), *said = getenv("FAULT_SAID"), *nth = getenv("FAULT_NTH");
  char link[64], path[4096];
  ssize_t length, tail;
  if (!wanted || !ending || !armed || !said || !nth || fd < 0 || strcmp(wanted, call)) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  length = readlink(link, path, sizeof path - 1);
  tail = (ssize_t)strlen(ending);
  if (length < tail) return 0;
  path[length] = 0;
  if (strcmp(path + length - tail, ending) || access(armed, F_OK)) return 0;
  if (atomic_fetch_add(&seen, 1) + 1 != atoi(nth)) return 0;
  int report = open(said, O_WRONLY | O_CREAT | O_APPEND, 0600);
  if (report >= 0) {
    /* The real write: this file's own ending is not the one that fails. */
    dprintf(report, "%s of %s failed\n", call, path);
    close(report);
  }
  errno = EIO;
  return 1;
}

#define REAL(type, name, ...) \
  static type (*real)(__VA_ARGS__); \
  if (!real) real = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

size_t fwrite_unlocked(const void *data, size_t size, size_t count, FILE *file) {
  REAL(size_t, "fwrite_unlocked", const void *, size_t, size_t, FILE *);
  return fails("write", fileno(file)) ? 0 : real(data, size, count, file);
}

size_t fwrite(const void *data, size_t size, size_t count, FILE *file) {
  REAL(size_t, "fwrite", const void *, size_t, size_t, FILE *);
  return fails("write", fileno(file)) ? 0 : real(data, size, count, file);
}

int fflush_unlocked(FILE *file) {
  REAL(int, "fflush_unlocked", FILE *);
  return file && fails("write", fileno(file)) ? EOF : real(file);
}

ssize_t write(int fd, const void *data, size_t count) {
  REAL(ssize_t, "write", int, const void *, size_t);
  return fails("write", fd) ? -1 : real(fd, data, count);
}

ssize_t pwrite64(int fd, const void *data, size_t count, off64_t offset) {
  REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
  return fails("write", fd) ? -1 : real(fd, data, count, offset);
}

ssize_t pwrite(int fd, const void *data, size_t count, off_t offset) {
  REAL(ssize_t, "pwrite", int, const void *, size_t, off_t);
  return fails("write", fd) ? -1 : real(fd, data, count, offset);
}

int fdatasync(int fd) {
  REAL(int, "fdatasync", int);
  return fails("sync", fd) ? -1 : real(fd);
}

int fsync(int fd) {
  REAL(int, "fsync", int);
  return fails("sync", fd) ? -1 : real(fd);
}
