package management

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/storage"
)

// maxMFAFactors is Auth0's limit of one record.
const maxMFAFactors = 10

var (
	totpSecret  = regexp.MustCompile(`^[A-Z2-7]+$`)
	phoneFactor = regexp.MustCompile(`^\+[0-9]{1,15}$`)
)

// mfaFactor is one element of mfa_factors: exactly one of the three.
type mfaFactor struct {
	TOTP *struct {
		Secret string `json:"secret"`
	} `json:"totp"`
	Phone *struct {
		Value string `json:"value"`
	} `json:"phone"`
	Email *struct {
		Value string `json:"value"`
	} `json:"email"`
}

// mfaFailed is Auth0's error for second factors, with what is wrong behind it.
func mfaFailed(path, why string) ImportError {
	return ImportError{Code: "MFA_FACTORS_FAILED", Message: "Unable to import factors: " + why, Path: path}
}

func asMFAFailed(err error) ImportError {
	var known ImportError
	if errors.As(err, &known) {
		return known
	}
	return mfaFailed("mfa_factors", err.Error())
}

// mfaFactors are the second factors of a record: all of them, or an error.
func (im *UserImport) mfaFactors(text json.RawMessage, u *storage.User) ([]*factors.Authenticator, error) {
	if len(text) == 0 || bytes.Equal(text, []byte("null")) {
		return nil, nil
	}
	var items []json.RawMessage
	if json.Unmarshal(text, &items) != nil {
		return nil, mfaFailed("mfa_factors", "it is not an array")
	}
	if n := len(items); n < 1 || n > maxMFAFactors {
		return nil, mfaFailed("mfa_factors", fmt.Sprintf("it has %d elements; 1 to %d are allowed", n, maxMFAFactors))
	}
	var list []*factors.Authenticator
	for i, item := range items {
		path := "mfa_factors[" + strconv.Itoa(i) + "]"
		name, answer, err := readMFAFactor(item, path)
		if err != nil {
			return nil, err
		}
		if name == factors.Email && u.EmailVerified && storage.Normalise(answer["email"]) == storage.Normalise(u.Email) {
			continue // a verified address is one by itself
		}
		a, err := im.importFactor(name, answer)
		if err != nil {
			return nil, mfaFailed(path, err.Error())
		}
		if !slices.ContainsFunc(list, func(b *factors.Authenticator) bool { return b.Factor == name && bytes.Equal(a.Secret, b.Secret) }) {
			list = append(list, a)
		}
	}
	return list, nil
}

// readMFAFactor is the factor that an element is of, with what the factor wants to know.
func readMFAFactor(item json.RawMessage, path string) (string, factors.Answer, error) {
	var f mfaFactor
	d := json.NewDecoder(bytes.NewReader(item))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return "", nil, mfaFailed(path, "it is not one of totp, phone and email as the schema wants them")
	}
	given := 0
	for _, is := range []bool{f.TOTP != nil, f.Phone != nil, f.Email != nil} {
		if is {
			given++
		}
	}
	switch {
	case given != 1:
		return "", nil, mfaFailed(path, fmt.Sprintf("it is %d factors; give exactly one", given))
	case f.TOTP != nil && !totpSecret.MatchString(f.TOTP.Secret):
		return "", nil, mfaFailed(path+".totp.secret", "it is not base32 in capitals without padding")
	case f.TOTP != nil:
		return factors.OTP, factors.Answer{"secret": f.TOTP.Secret}, nil
	case f.Phone != nil && !phoneFactor.MatchString(f.Phone.Value):
		return "", nil, mfaFailed(path+".phone.value", "it is not + and at most 15 digits")
	case f.Phone != nil:
		return factors.SMS, factors.Answer{"phone_number": f.Phone.Value}, nil
	case !mailAddress(f.Email.Value):
		return "", nil, mfaFailed(path+".email.value", "it is not an e-mail address")
	}
	return factors.Email, factors.Answer{"email": f.Email.Value}, nil
}

// importFactor lets a factor make the authenticator, whether it is enabled now or not.
func (im *UserImport) importFactor(name string, answer factors.Answer) (*factors.Authenticator, error) {
	importer, ok := im.Factors.Get(name).(factors.Importer)
	if !ok {
		return nil, fmt.Errorf("there is no factor %s here", name)
	}
	a, err := importer.Import(answer, im.Now())
	var rejected *factors.Rejection
	if errors.As(err, &rejected) {
		return nil, fmt.Errorf("%s does not take it (%s)", name, rejected.Message)
	}
	return a, err
}
