/*
 * Preloaded into a server: makes one write or one sync of one kind of file fail, as a dying disk does, or all syncs wait.
 *
 *   FAULT_CALL   write (fwrite, fflush, write, pwrite) or sync (fdatasync, fsync, and the end of a write to a file that
 *                was opened with O_DSYNC); hold: a sync waits for as long as FAULT_ARMED exists, and none fails;
 *                FAULT_NTH says nothing then
 *   FAULT_PATH   ending of the file's path
 *   FAULT_NTH    which matching call fails, counted from 1 after arming
 *   FAULT_ARMED  a file: nothing is counted before it exists
 *   FAULT_SAID   a file that gets a line when the call has failed or waits, so that a test knows that it happened
 *
 * The call fails with EIO and does nothing, but for a write whose sync fails. LevelDB 1.20 writes through stdio, whose own system calls cannot be
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

/* Returns whether this call of this file is the one that is wanted, now. */
static int concerns(const char *call, int fd, char *path, size_t room) {
  const char *wanted = getenv("FAULT_CALL"), *ending = getenv("FAULT_PATH");
  const char *armed = getenv("FAULT_ARMED");
  char link[64];
  ssize_t length, tail;
  if (!wanted || !ending || !armed || fd < 0 || strcmp(wanted, call)) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  length = readlink(link, path, room - 1);
  tail = (ssize_t)strlen(ending);
  if (length < tail) return 0;
  path[length] = 0;
  return !strcmp(path + length - tail, ending) && !access(armed, F_OK);
}

static void say(const char *call, const char *what, const char *path) {
  const char *said = getenv("FAULT_SAID");
  int report = said ? open(said, O_WRONLY | O_CREAT | O_APPEND, 0600) : -1;
  if (report < 0) return;
  /* The real write: this file's own ending is not the one that fails. */
  dprintf(report, "%s of %s %s\n", call, path, what);
  close(report);
}

static int fails(const char *call, int fd) {
  const char *nth = getenv("FAULT_NTH");
  char path[4096];
  if (!nth || !concerns(call, fd, path, sizeof path)) return 0;
  if (atomic_fetch_add(&seen, 1) + 1 != atoi(nth)) return 0;
  say(call, "failed", path);
  errno = EIO;
  return 1;
}

static void hold(int fd) {
  char path[4096];
  if (!concerns("hold", fd, path, sizeof path)) return;
  say("sync", "waits", path);
  while (!access(getenv("FAULT_ARMED"), F_OK)) usleep(1000);
}

/* Returns what the caller of a write hears: its sync may wait or fail though the bytes were taken. */
static ssize_t written(int fd, ssize_t count) {
  int flags = fcntl(fd, F_GETFL);
  if (count < 0 || flags < 0 || !(flags & O_DSYNC)) return count;
  hold(fd);
  return fails("sync", fd) ? -1 : count;
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
  return fails("write", fd) ? -1 : written(fd, real(fd, data, count));
}

ssize_t pwrite64(int fd, const void *data, size_t count, off64_t offset) {
  REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
  return fails("write", fd) ? -1 : written(fd, real(fd, data, count, offset));
}

ssize_t pwrite(int fd, const void *data, size_t count, off_t offset) {
  REAL(ssize_t, "pwrite", int, const void *, size_t, off_t);
  return fails("write", fd) ? -1 : written(fd, real(fd, data, count, offset));
}

int fdatasync(int fd) {
  REAL(int, "fdatasync", int);
  hold(fd);
  return fails("sync", fd) ? -1 : real(fd);
}

int fsync(int fd) {
  REAL(int, "fsync", int);
  hold(fd);
  return fails("sync", fd) ? -1 : real(fd);
}
