package password

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// What an imported hash may cost to check, in the parameters of its algorithm.
var ceilings = map[string]uint64{
	"m":  1 << 20, // argon2: 1 GiB, in KiB
	"t":  64,      // argon2: passes
	"p":  64,      // argon2, scrypt: lanes
	"ln": 20,      // scrypt: log2 N
	"r":  32,      // scrypt: block size
}

// affordable refuses a hash whose parameters would make one check an attack.
func affordable(encoded string) error {
	parts := strings.Split(encoded, "$")
	if len(parts) < 4 {
		return fmt.Errorf("not in PHC or modular crypt form")
	}
	switch name := parts[1]; {
	case strings.HasPrefix(name, "2"):
		return within("bcrypt cost", parts[2], 16)
	case strings.HasPrefix(name, "pbkdf2"):
		return within("pbkdf2 rounds", parts[2], 10_000_000)
	}
	for _, part := range parts[2:] {
		for _, setting := range strings.Split(part, ",") {
			key, value, ok := strings.Cut(setting, "=")
			if limit, known := ceilings[key]; ok && known {
				if err := within(key, value, limit); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func within(what, text string, limit uint64) error {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		n = math.MaxUint64
	}
	if n > limit {
		return fmt.Errorf("%s %s is above %d", what, text, limit)
	}
	return nil
}
