package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of utime and stime in /proc: USER_HZ, 100 on every Linux.
const tick = 10 * time.Millisecond

// cpuOf is the CPU time that the process pid and all below it used so far, ended
// children included (proc(5)).
func cpuOf(pid int) (time.Duration, error) {
	own, ended, err := ownCPU(pid)
	if err != nil {
		return 0, err
	}
	used := own + ended
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		return 0, err
	}
	for _, task := range tasks {
		list, err := os.ReadFile(task) //nolint:gosec // below /proc
		if err != nil {
			continue // the thread ended meanwhile
		}
		for _, child := range strings.Fields(string(list)) {
			id, err := strconv.Atoi(child)
			if err != nil {
				return 0, err
			}
			if more, err := cpuOf(id); err == nil { // an ended child counts with its parent
				used += more
			}
		}
	}
	return used, nil
}

// ownCPU is utime and stime of one process, and cutime and cstime, of its children that
// ended.
func ownCPU(pid int) (own, ended time.Duration, err error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, 0, err
	}
	// The name in parentheses may hold anything; the fields count from behind it.
	_, after, ok := strings.Cut(string(b), ") ")
	fields := strings.Fields(after)
	if !ok || len(fields) < 15 {
		return 0, 0, errors.New("/proc/PID/stat has another form")
	}
	var ticks [4]int64
	for i, field := range fields[11:15] {
		if ticks[i], err = strconv.ParseInt(field, 10, 64); err != nil {
			return 0, 0, err
		}
	}
	return time.Duration(ticks[0]+ticks[1]) * tick, time.Duration(ticks[2]+ticks[3]) * tick, nil
}

// childrenCPU is the CPU time of all below pid, those that ended included.
func childrenCPU(pid int) (time.Duration, error) {
	all, err := cpuOf(pid)
	if err != nil {
		return 0, err
	}
	own, _, err := ownCPU(pid)
	return all - own, err
}

// loadAverage is that of the last minute, of everything that this machine does.
func loadAverage() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	first, _, _ := strings.Cut(string(b), " ")
	return first
}

// parentOf is the process that started pid.
func parentOf(pid int) (int, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	_, after, _ := strings.Cut(string(b), ") ")
	fields := strings.Fields(after)
	if len(fields) < 2 {
		return 0, errors.New("/proc/PID/stat has another form")
	}
	return strconv.Atoi(fields[1])
}

// residentOf is the resident memory of pid in bytes.
func residentOf(pid int) (int64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(b))
	if len(fields) < 2 {
		return 0, errors.New("/proc/PID/statm has another form")
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize()), err
}
