//go:build unix

package rules

import (
	"io"
	"os"
	"syscall"
)

// polled is in, where it is a pipe by way of the runtime's poller: a read that waits in the
// system has the runtime hand the one processor of a worker on to another thread, each job.
func polled(in io.Reader) io.Reader {
	f, _ := in.(*os.File)
	if f == nil {
		return in
	}
	descriptor := f.Fd()
	if syscall.SetNonblock(int(descriptor), true) != nil {
		return in
	}
	return os.NewFile(descriptor, f.Name())
}
