package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the drivers of the product
	"golang.org/x/crypto/argon2"
	_ "modernc.org/sqlite"
)

// A floor does the least that an operation cannot do without: an HTTP answer, the
// reads and writes that have to be durable, one ES256 signature, one password hash.
// It checks nothing, knows no protocol and keeps one table.
type floor struct {
	read, write *sql.DB
	postgres    bool
	key         *ecdsa.PrivateKey
	secret      []byte
	sum         []byte // is what signature is of
	signature   []byte
}

// serveFloor runs the floor in a process of its own, so that its CPU time can be
// told from that of the load. It prints its address and serves until it is killed.
func serveFloor(args []string) error {
	if len(args) != 2 {
		return errors.New("usage: bench floor sqlite|postgres DSN")
	}
	f, err := openFloor(args[0] == "postgres", args[1])
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(os.Stdout, "http://"+l.Addr().String()); err != nil {
		return err
	}
	server := &http.Server{Handler: f.handler(), ReadHeaderTimeout: 5 * time.Second}
	return server.Serve(l)
}

func openFloor(postgres bool, dsn string) (*floor, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(row)
	signature, err := ecdsa.SignASN1(rand.Reader, key, sum[:])
	if err != nil {
		return nil, err
	}
	f := &floor{postgres: postgres, key: key, secret: []byte(rand.Text()), sum: sum[:], signature: signature}
	if postgres {
		f.write, err = sql.Open("pgx", dsn)
		f.read = f.write
	} else {
		pragmas := "?_pragma=journal_mode(wal)&_pragma=synchronous(full)&_pragma=busy_timeout(5000)&_txlock=immediate"
		f.write, err = sql.Open("sqlite", "file:"+dsn+pragmas)
		if err == nil {
			f.write.SetMaxOpenConns(1)
			f.read, err = sql.Open("sqlite", "file:"+dsn+pragmas)
		}
	}
	if err != nil {
		return nil, err
	}
	blob := map[bool]string{true: "bytea", false: "blob"}[postgres]
	_, err = f.write.ExecContext(context.Background(),
		"create table if not exists things (key "+blob+" primary key, used bigint, data "+blob+")")
	return f, err
}

func (f *floor) handler() http.Handler {
	mux := http.NewServeMux()
	for name, steps := range map[string][]func([]byte) error{
		"discovery":                 {},
		"client_credentials_opaque": {f.insert},
		"client_credentials_jwt":    {f.sign},
		"introspection":             {f.find},
		"userinfo":                  {f.find},
		"refresh":                   {f.find, f.replace, f.sign},
		"silent":                    {f.find, f.insert, f.find, f.replace, f.sign},
		"login":                     {f.find, f.insert, f.hash, f.insert, f.insert, f.find, f.replace, f.sign},
		"login_code":                {f.find, f.insert, f.hash, f.insert, f.insert, f.insert, f.find, f.replace, f.sign},
		// The request is stored; the challenge, the passkey, the proof with its count, the code, the tokens.
		"passkey": {f.find, f.insert, f.find, f.verify, f.insert, f.insert, f.find, f.replace, f.sign},
	} {
		mux.HandleFunc("/"+name, func(w http.ResponseWriter, r *http.Request) { f.answer(w, r, steps) })
	}
	return mux
}

func (f *floor) answer(w http.ResponseWriter, r *http.Request, steps []func([]byte) error) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	mac := hmac.New(sha256.New, f.secret)
	mac.Write([]byte(r.PostForm.Get("token")))
	key := mac.Sum(nil)
	for _, step := range steps {
		if err := step(key); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"access_token": rand.Text(), "token_type": "Bearer", "expires_in": 600}) // the client is gone
}

// row is as large as a token's row of the product.
var row = []byte(strings.Repeat("x", 400))

func (f *floor) query(text string) string {
	if !f.postgres {
		return text
	}
	for i := 1; strings.Contains(text, "?"); i++ {
		text = strings.Replace(text, "?", fmt.Sprintf("$%d", i), 1)
	}
	return text
}

func (f *floor) insert([]byte) error {
	_, err := f.write.Exec(f.query("insert into things (key, data) values (?, ?)"), fresh(), row)
	return err
}

func (f *floor) find(key []byte) error {
	var data []byte
	err := f.read.QueryRow(f.query("select data from things where key = ?"), key).Scan(&data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	return err
}

// replace uses up one row and makes another, in one transaction.
func (f *floor) replace(key []byte) error {
	tx, err := f.write.Begin()
	if err != nil {
		return err
	}
	_, err = tx.Exec(f.query("update things set used = ? where key = ? and used is null"), time.Now().UnixMicro(), key)
	if err == nil {
		_, err = tx.Exec(f.query("insert into things (key, data) values (?, ?)"), fresh(), row)
	}
	if err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// sign makes one compact ES256 signature (RFC 7515 §3.1) over claims of usual size.
func (f *floor) sign([]byte) error {
	text := base64.RawURLEncoding.EncodeToString(row[:300])
	sum := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, f.key, sum[:])
	if err != nil {
		return err
	}
	_ = base64.RawURLEncoding.EncodeToString(append(fixed(r), fixed(s)...))
	return nil
}

// verify checks one ES256 signature, as of a passkey.
func (f *floor) verify([]byte) error {
	if !ecdsa.VerifyASN1(&f.key.PublicKey, f.sum, f.signature) {
		return errors.New("the signature is not the key's")
	}
	return nil
}

func fixed(n *big.Int) []byte { return n.FillBytes(make([]byte, 32)) }

// hash is the password hash of the product: argon2id, 19 MiB, 2 passes, 1 lane.
func (f *floor) hash(key []byte) error {
	if len(argon2.IDKey(key, key[:16], 2, 19<<10, 1, 32)) != 32 {
		return errors.New("argon2 made a key of another length")
	}
	return nil
}

// fresh is a random key that grows with time, as the product's are not: the cheapest
// index insertion there is.
func fresh() []byte {
	key := make([]byte, 32)
	now := time.Now().UnixNano()
	for i := range 8 {
		key[i] = byte(now >> (56 - 8*i)) //nolint:gosec // the low byte is meant
	}
	_, _ = rand.Read(key[8:]) // never fails (crypto/rand)
	return key
}
