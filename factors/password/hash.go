package password

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/go-crypt/crypt"
	"github.com/go-crypt/crypt/algorithm"
	"github.com/go-crypt/crypt/algorithm/argon2"
	"github.com/go-crypt/crypt/algorithm/bcrypt"
	"github.com/go-crypt/crypt/algorithm/pbkdf2"
	"github.com/go-crypt/crypt/algorithm/scrypt"
	"golang.org/x/sync/semaphore"

	"github.com/sallyport-id/sallyport/factors"
)

// The parameters of our own hashes: argon2id with 19 MiB, two passes, one lane.
const (
	memory = 19 << 10 // KiB
	passes = 2
	lanes  = 1
)

// today is how a hash of today's parameters begins.
var today = fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$", memory, passes, lanes)

// decoy is a hash that stands in for those of people who are none. One does for a process.
var decoy = sync.OnceValues(func() (string, error) { return newHasher(1, 0).compute("a password that nobody has") })

// A hasher computes hashes, few at a time: each fills 19 MiB and one processor.
type hasher struct {
	argon *argon2.Hasher
	room  *semaphore.Weighted
	wait  time.Duration
}

func newHasher(parallel int, wait time.Duration) *hasher {
	if parallel == 0 {
		parallel = runtime.GOMAXPROCS(0)
	}
	h, err := argon2.New(argon2.WithVariantID(), argon2.WithM(memory), argon2.WithT(passes), argon2.WithP(lanes))
	if err != nil {
		panic("password: argon2 refuses constant parameters: " + err.Error())
	}
	return &hasher{argon: h, room: semaphore.NewWeighted(int64(parallel)), wait: wait}
}

// enter waits for a free place, and no longer than the queue allows.
func (h *hasher) enter(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, h.wait)
	defer cancel()
	if err := h.room.Acquire(ctx, 1); err != nil {
		return factors.ErrBusy
	}
	return nil
}

func (h *hasher) hash(ctx context.Context, text string) (string, error) {
	if err := h.enter(ctx); err != nil {
		return "", err
	}
	defer h.room.Release(1)
	return h.compute(text)
}

func (h *hasher) compute(text string) (string, error) {
	digest, err := h.argon.Hash(text)
	if err != nil {
		return "", fmt.Errorf("password: hash: %w", err)
	}
	return digest.Encode(), nil
}

// check compares typed with encoded. It returns a fresh hash where encoded is right
// but not of today's parameters. A hash that was imported may be of the text as
// typed rather than of its normal form: both are tried there.
func (h *hasher) check(ctx context.Context, encoded, typed string) (fresh string, err error) {
	if len(typed) > maxBytes {
		return "", factors.ErrWrong
	}
	digest, err := decode(encoded)
	if err != nil {
		return "", fmt.Errorf("password: stored hash: %w", err)
	}
	if err := h.enter(ctx); err != nil {
		return "", err
	}
	defer h.room.Release(1)
	text, current := normal(typed), strings.HasPrefix(encoded, today)
	ok := digest.Match(text)
	if !ok && !current && text != typed {
		ok = digest.Match(typed)
	}
	if !ok {
		return "", factors.ErrWrong
	}
	if current {
		return "", nil
	}
	return h.compute(text)
}

// decoder knows the forms that are accepted and no other: an unknown one is an error.
var decoder = newDecoder()

func newDecoder() *crypt.Decoder {
	d := crypt.NewDecoder()
	for _, register := range []func(algorithm.DecoderRegister) error{
		argon2.RegisterDecoder, bcrypt.RegisterDecoder, pbkdf2.RegisterDecoder, scrypt.RegisterDecoder,
	} {
		if err := register(d); err != nil {
			panic("password: decoder: " + err.Error())
		}
	}
	return d
}

// decode reads an encoded hash. It refuses parameters that would cost an attack's
// worth of memory or time to check: the value may come from an import file.
func decode(encoded string) (algorithm.Digest, error) {
	if len(encoded) > 1024 {
		return nil, fmt.Errorf("longer than 1024 bytes")
	}
	digest, err := decoder.Decode(encoded)
	if err != nil {
		return nil, err
	}
	return digest, affordable(encoded)
}
