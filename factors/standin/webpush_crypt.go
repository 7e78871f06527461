package standin

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
)

// unseal is what a browser does with a message: aes128gcm (RFC 8188) with the keys of
// RFC 8291, section 3.4.
func unseal(body []byte, private *ecdh.PrivateKey, auth []byte) ([]byte, error) {
	const salted, keyed = 16, 16 + 4 + 1 // where the salt and the lengths end
	if len(body) < keyed || len(body) < keyed+int(body[keyed-1]) {
		return nil, errors.New("the header is short")
	}
	salt, size := body[:salted], binary.BigEndian.Uint32(body[salted:])
	id, ciphertext := body[keyed:keyed+int(body[keyed-1])], body[keyed+int(body[keyed-1]):]
	if uint64(len(ciphertext)) > uint64(size) {
		return nil, errors.New("more than one record") // RFC 8291, section 4
	}
	sender, err := ecdh.P256().NewPublicKey(id)
	if err != nil {
		return nil, fmt.Errorf("keyid: %w", err)
	}
	shared, err := private.ECDH(sender)
	if err != nil {
		return nil, err
	}
	info := "WebPush: info\x00" + string(private.PublicKey().Bytes()) + string(id)
	ikm, err := hkdf.Key(sha256.New, shared, auth, info, 32)
	if err != nil {
		return nil, err
	}
	key, err := hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: aes128gcm\x00", 16)
	if err != nil {
		return nil, err
	}
	nonce, err := hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: nonce\x00", 12)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	padded, err := gcm.Open(nil, nonce, ciphertext, nil)
	if err != nil {
		return nil, err
	}
	return unpad(padded)
}

// unpad takes off the zeros and the delimiter of a last record (RFC 8188, section 2).
func unpad(padded []byte) ([]byte, error) {
	end := len(padded) - 1
	for end >= 0 && padded[end] == 0 {
		end--
	}
	if end < 0 || padded[end] != 2 {
		return nil, errors.New("the padding is not right")
	}
	return padded[:end], nil
}
