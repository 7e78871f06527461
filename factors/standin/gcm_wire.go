package standin

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"

	"google.golang.org/protobuf/encoding/protowire"
)

// A record is a protocol buffer in the making. Google's messages of check-in and MCS
// have a dozen fields that matter here, so that they are written by number.
type record []byte

func (r record) number(field protowire.Number, v uint64) record {
	return protowire.AppendVarint(protowire.AppendTag(r, field, protowire.VarintType), v)
}

func (r record) fixed(field protowire.Number, v uint64) record {
	return protowire.AppendFixed64(protowire.AppendTag(r, field, protowire.Fixed64Type), v)
}

func (r record) bytes(field protowire.Number, v []byte) record {
	return protowire.AppendBytes(protowire.AppendTag(r, field, protowire.BytesType), v)
}

func (r record) text(field protowire.Number, v string) record { return r.bytes(field, []byte(v)) }

// fields are what a protocol buffer holds, by number, in the order of the wire.
type fields map[protowire.Number][]field

type field struct {
	number uint64
	bytes  []byte
}

// read takes a protocol buffer apart.
func read(b []byte) (fields, error) {
	all := fields{}
	for len(b) > 0 {
		number, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return nil, protowire.ParseError(n)
		}
		b = b[n:]
		var f field
		switch kind {
		case protowire.VarintType:
			f.number, n = protowire.ConsumeVarint(b)
		case protowire.Fixed64Type:
			f.number, n = protowire.ConsumeFixed64(b)
		case protowire.BytesType:
			f.bytes, n = protowire.ConsumeBytes(b)
		default:
			n = protowire.ConsumeFieldValue(number, kind, b)
		}
		if n < 0 {
			return nil, protowire.ParseError(n)
		}
		b, all[number] = b[n:], append(all[number], f)
	}
	return all, nil
}

func (f fields) number(n protowire.Number) uint64 {
	if len(f[n]) == 0 {
		return 0
	}
	return f[n][0].number
}

func (f fields) text(n protowire.Number) string {
	if len(f[n]) == 0 {
		return ""
	}
	return string(f[n][0].bytes)
}

// receive reads one message of MCS: a byte that names it, its length, and the record.
func receive(from *bufio.Reader) (tag byte, m fields, err error) {
	if tag, err = from.ReadByte(); err != nil {
		return 0, nil, err
	}
	size, err := binary.ReadUvarint(from)
	if err != nil {
		return 0, nil, err
	}
	if size > 1<<16 {
		return 0, nil, errors.New("a message of MCS that is too long")
	}
	b := make([]byte, size)
	if _, err := io.ReadFull(from, b); err != nil {
		return 0, nil, err
	}
	m, err = read(b)
	return tag, m, err
}

// framed is m as MCS sends it.
func framed(tag byte, m record) []byte {
	return append(binary.AppendUvarint([]byte{tag}, uint64(len(m))), m...)
}
