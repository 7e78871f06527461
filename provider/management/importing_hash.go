package management

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// customHash is custom_password_hash of Auth0's bulk import.
type customHash struct {
	Algorithm string      `json:"algorithm"`
	Hash      encodedText `json:"hash"`
	Salt      *struct {
		encodedText
		Position string `json:"position"`
	} `json:"salt"`
	Password struct {
		Encoding string `json:"encoding"`
	} `json:"password"`
	KeyLength       int `json:"keylen"`
	Cost            int `json:"cost"`
	BlockSize       int `json:"blockSize"`
	Parallelization int `json:"parallelization"`
}

// encodedText is bytes in one of three spellings.
type encodedText struct {
	Value    string `json:"value"`
	Encoding string `json:"encoding"`
}

// A hashFault is why a hash cannot be checked here.
type hashFault struct{ path, why string }

// crypted is a custom hash in PHC or modular crypt form. Hashes that are made in one step
// (md5, sha1, ldap, hmac and their like) are refused: who has the file tries a billion
// passwords a second on them.
func crypted(text json.RawMessage) (string, *hashFault) {
	var h customHash
	if err := json.Unmarshal(text, &h); err != nil {
		return "", &hashFault{"", "it is not as the schema wants it: " + err.Error()}
	}
	if e := h.Password.Encoding; e != "" && e != "utf8" && e != "ascii" {
		return "", &hashFault{".password.encoding", strconv.Quote(e) + " is not checked here"}
	}
	switch h.Algorithm {
	case "bcrypt", "argon2", "pbkdf2":
		if h.Salt != nil {
			return "", &hashFault{".salt", "a salt beside that in the hash is not checked here"}
		}
		if e := h.Hash.Encoding; e != "" && e != "utf8" {
			return "", &hashFault{".hash.encoding", strconv.Quote(e) + " is not utf8"}
		}
		if h.Algorithm == "pbkdf2" {
			return pbkdf2Form(h.Hash.Value)
		}
		return h.Hash.Value, prefixed(h.Algorithm, h.Hash.Value)
	case "scrypt":
		return h.scrypt()
	}
	return "", &hashFault{".algorithm", fmt.Sprintf("%q is not checked here", h.Algorithm)}
}

// prefixed reports a value that is of another algorithm than it says.
func prefixed(algorithm, value string) *hashFault {
	starts := map[string][]string{"bcrypt": {"$2a$", "$2b$", "$2y$"}, "argon2": {"$argon2i$", "$argon2d$", "$argon2id$"}}
	for _, start := range starts[algorithm] {
		if strings.HasPrefix(value, start) {
			return nil
		}
	}
	return &hashFault{".hash.value", "it does not begin with one of " + strings.Join(starts[algorithm], " ")}
}

// digests are the names that a hash function of PBKDF2 goes by, in small letters.
var digests = map[string]string{
	"sha1": "sha1", "rsa-sha1": "sha1", "rsa-sha1-2": "sha1", "sha1withrsaencryption": "sha1", "ssl3-sha1": "sha1",
	"sha224": "sha224", "rsa-sha224": "sha224", "sha224withrsaencryption": "sha224",
	"sha256": "sha256", "rsa-sha256": "sha256", "sha256withrsaencryption": "sha256",
	"sha384": "sha384", "rsa-sha384": "sha384", "sha384withrsaencryption": "sha384",
	"sha512": "sha512", "rsa-sha512": "sha512", "sha512withrsaencryption": "sha512",
}

// pbkdf2Form turns $pbkdf2-sha512$i=100000,l=64$salt$hash into the modular form, in which
// the rounds stand alone and base64 has . for +. Left out, i is 100000 and l 64.
func pbkdf2Form(value string) (string, *hashFault) {
	broken := &hashFault{".hash.value", "it is not $pbkdf2-<digest>$i=…,l=…$salt$hash"}
	parts := strings.Split(value, "$")
	if len(parts) == 4 {
		parts = append(parts[:2:2], "", parts[2], parts[3])
	}
	if len(parts) != 5 || parts[0] != "" {
		return "", broken
	}
	name, ok := strings.CutPrefix(parts[1], "pbkdf2-")
	digest := digests[strings.ToLower(name)]
	if !ok || digest == "" {
		return "", &hashFault{".hash.value", strconv.Quote(parts[1]) + " is not checked here"}
	}
	rounds, length := 100_000, 64
	for _, setting := range strings.FieldsFunc(parts[2], func(r rune) bool { return r == ',' }) {
		key, text, _ := strings.Cut(setting, "=")
		n, err := strconv.Atoi(text)
		switch {
		case err != nil || n < 1:
			return "", broken
		case key == "i":
			rounds = n
		case key == "l":
			length = n
		default:
			return "", broken
		}
	}
	hash, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil || len(hash) != length {
		return "", broken
	}
	adapted := strings.NewReplacer("+", ".").Replace
	return fmt.Sprintf("$pbkdf2-%s$%d$%s$%s", digest, rounds, adapted(parts[3]), adapted(parts[4])), nil
}

// scrypt puts the parts together, with Auth0's defaults.
func (h *customHash) scrypt() (string, *hashFault) {
	if h.Salt == nil {
		return "", &hashFault{".salt", "scrypt needs it"}
	}
	salt, err := h.Salt.bytes("utf8")
	if err != nil {
		return "", &hashFault{".salt", err.Error()}
	}
	key, err := h.Hash.bytes("hex")
	if err != nil {
		return "", &hashFault{".hash", err.Error()}
	}
	if h.KeyLength != len(key) {
		return "", &hashFault{".keylen", fmt.Sprintf("it is %d and the hash has %d bytes", h.KeyLength, len(key))}
	}
	cost, block, lanes := or(h.Cost, 16384), or(h.BlockSize, 8), or(h.Parallelization, 1)
	if cost < 2 || cost&(cost-1) != 0 {
		return "", &hashFault{".cost", fmt.Sprintf("%d is not a power of two", cost)}
	}
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$scrypt$ln=%d,r=%d,p=%d$%s$%s", bits.TrailingZeros(uint(cost)), block, lanes, b64(salt), b64(key)), nil
}

func or(n, otherwise int) int {
	if n == 0 {
		return otherwise
	}
	return n
}

// bytes decodes the text; base64 in either alphabet, padded or not.
func (e encodedText) bytes(otherwise string) (b []byte, err error) {
	encoding := e.Encoding
	if encoding == "" {
		encoding = otherwise
	}
	switch encoding {
	case "utf8":
		b = []byte(e.Value)
	case "hex":
		b, err = hex.DecodeString(e.Value)
	case "base64":
		text := strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(e.Value, "="))
		b, err = base64.RawStdEncoding.DecodeString(text)
	default:
		return nil, fmt.Errorf("encoding %q is none of base64, hex, utf8", encoding)
	}
	if err != nil {
		return nil, fmt.Errorf("it is not %s", encoding)
	}
	if len(bytes.TrimSpace(b)) == 0 {
		return nil, fmt.Errorf("it is empty")
	}
	return b, nil
}
