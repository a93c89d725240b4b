/* SPDX-License-Identifier: Apache-2.0
 *
 * A host whose clock is wrong: preloaded into a program, it adds the
 * nanoseconds that stand in the file $KARBOR_TEST_CLOCK, eight bytes, to the
 * time of day. The file may change at any time. Monotonic clocks are right.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile const int64_t *wrong;

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("KARBOR_TEST_CLOCK");
	int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (file < 0)
		return;
	void *found = mmap(NULL, 8, PROT_READ, MAP_SHARED, file, 0);
	close(file);
	if (found != MAP_FAILED)
		wrong = found;
}

int clock_gettime(clockid_t which, struct timespec *found)
{
	int answer = syscall(SYS_clock_gettime, which, found);
	if (answer == 0 && wrong
	    && (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE)) {
		int64_t sum = found->tv_nsec + *wrong % 1000000000;
		found->tv_sec += *wrong / 1000000000;
		if (sum < 0) {
			sum += 1000000000;
			found->tv_sec -= 1;
		} else if (sum >= 1000000000) {
			sum -= 1000000000;
			found->tv_sec += 1;
		}
		found->tv_nsec = sum;
	}
	return answer;
}

int gettimeofday(struct timeval *restrict found, void *restrict zone)
{
	struct timespec now;
	int answer = clock_gettime(CLOCK_REALTIME, &now);
	(void)zone;
	found->tv_sec = now.tv_sec;
	found->tv_usec = now.tv_nsec / 1000;
	return answer;
}

time_t time(time_t *found)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	if (found)
		*found = now.tv_sec;
	return now.tv_sec;
}
