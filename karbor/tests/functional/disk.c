/* SPDX-License-Identifier: Apache-2.0
 *
 * A disk that is full: preloaded into a program, it refuses to write to files
 * beneath $KARBOR_TEST_DISK_PATH while the first byte of the file
 * $KARBOR_TEST_DISK is not 0. That file may change at any time.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static volatile const char *full;
static char where[PATH_MAX];

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("KARBOR_TEST_DISK");
	int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (file < 0)
		return;
	void *found = mmap(NULL, 1, PROT_READ, MAP_SHARED, file, 0);
	close(file);
	path = getenv("KARBOR_TEST_DISK_PATH");
	if (found == MAP_FAILED || !path || !*path)
		return;
	/* a copy: programs that change their titles overwrite their environ */
	strncpy(where, path, sizeof where - 1);
	full = found;
}

ssize_t write(int file, const void *data, size_t size)
{
	if (full && *full) {
		char link[64], path[PATH_MAX];
		snprintf(link, sizeof link, "/proc/self/fd/%d", file);
		ssize_t length = readlink(link, path, sizeof path - 1);
		if (length > 0) {
			path[length] = 0;
			if (strncmp(path, where, strlen(where)) == 0) {
				errno = ENOSPC;
				return -1;
			}
		}
	}
	return syscall(SYS_write, file, data, size);
}
