package management

import (
	"errors"
	"io/fs"
	"os"
	"strconv"
)

const (
	fileBytes = 64 << 20
	fileKeep  = 10
)

// write appends lines to the sink's file, and begins another where it would grow too
// large: name, name.1, name.2 and so on, the newest first.
func (k *sink) write(dir string, lines []byte) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	most, keep := k.FileBytes, k.FileKeep
	if most == 0 {
		most = fileBytes
	}
	if keep == 0 {
		keep = fileKeep
	}
	about, err := root.Stat(k.FileName)
	if err == nil && about.Size() > 0 && about.Size()+int64(len(lines)) > most {
		err = rotate(root, k.FileName, keep)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := root.OpenFile(k.FileName, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(lines)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func rotate(root *os.Root, name string, keep int) error {
	for i := keep; i > 0; i-- {
		from := name
		if i > 1 {
			from += "." + strconv.Itoa(i-1)
		}
		if err := root.Rename(from, name+"."+strconv.Itoa(i)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
