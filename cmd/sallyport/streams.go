package main

import (
	"os"
	"path/filepath"

	"github.com/sallyport-id/sallyport/provider/management"
)

// streamSettings are what log streams may do, which administrators add by the Management
// API.
type streamSettings struct {
	Private bool   `doc:"let log streams send to private addresses and to this machine, and there by http"`
	Dir     string `doc:"folder that log streams of type file write to; empty: none may"`
}

// open finds the folder.
func (s *streamSettings) open() (management.Streams, error) {
	streams := management.Streams{Private: s.Private, Dir: s.Dir}
	if s.Dir == "" {
		return streams, nil
	}
	about, err := os.Stat(s.Dir)
	if err != nil || !about.IsDir() {
		return streams, &misuse{what: "streams.dir: " + s.Dir + " is no folder", mend: "make it, or leave the setting out"}
	}
	streams.Dir, err = filepath.Abs(s.Dir)
	return streams, err
}
