package storagetest

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // registers the driver "pgx"
)

// PostgresEnv names a PostgreSQL to use in place of a throw-away one, as a
// postgres:// URL of a role that may create schemas.
const PostgresEnv = "SALLYPORT_TEST_POSTGRES"

// Postgres returns the DSN of an empty schema, which is dropped with t. The server is
// the one that [PostgresEnv] names, or else one that this process starts from Debian's
// package on first use, and that ends, with its files, when this process does.
func Postgres(t testing.TB) (dsn string) {
	t.Helper()
	server, err := postgres()
	if err != nil {
		t.Fatal(err)
	}
	name := "t_" + strings.ToLower(rand.Text())
	run := func(statement string) error {
		db, err := sql.Open("pgx", server)
		if err != nil {
			return err
		}
		_, err = db.ExecContext(context.Background(), statement)
		return errors.Join(err, db.Close())
	}
	if err := run("CREATE SCHEMA " + name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := run("DROP SCHEMA " + name + " CASCADE"); err != nil {
			t.Error(err)
		}
	})
	u, err := url.Parse(server)
	if err != nil {
		t.Fatalf("%s is no URL", PostgresEnv)
	}
	q := u.Query()
	q.Set("search_path", name)
	u.RawQuery = q.Encode()
	return u.String()
}

var postgres = sync.OnceValues(func() (dsn string, err error) {
	if dsn := os.Getenv(PostgresEnv); dsn != "" {
		return dsn, nil
	}
	dirs, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil || len(dirs) == 0 {
		return "", fmt.Errorf("storagetest: PostgreSQL is not installed: run deploy/testdeps.sh, or set %s to the URL of a server", PostgresEnv)
	}
	return startPostgres(dirs[len(dirs)-1])
})

// supervise runs the server until its own standard input ends, which it does when the
// test process dies, however that happens; then it takes the server and its files
// away.
const supervise = `"$1/postgres" -D "$2/data" -k "$2" -c listen_addresses= -c fsync=off -c full_page_writes=off -c deadlock_timeout=100ms \
	-c max_connections=400 -c shared_buffers=64MB -c autovacuum=off >"$2/log" 2>&1 </dev/null &
server=$!
read -r _
kill -QUIT "$server"
wait "$server"
rm -rf "$2"`

// alive is the standard input of the supervisor; it ends with this process.
var alive *os.File //nolint:unused // kept from the garbage collector, which would close it

func startPostgres(bin string) (dsn string, err error) {
	dir, err := os.MkdirTemp("", "sallyport-postgres-")
	if err != nil {
		return "", err
	}
	attr, err := unprivileged(dir)
	if err != nil {
		return "", err
	}
	initdb := exec.Command(bin+"/initdb", "-D", dir+"/data", "-U", "sallyport", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
	initdb.SysProcAttr, initdb.Dir = attr, dir
	if out, err := initdb.CombinedOutput(); err != nil {
		return "", fmt.Errorf("storagetest: initdb: %w\n%s", err, out)
	}
	server := exec.Command("/bin/sh", "-c", supervise, "supervise", bin, dir)
	server.SysProcAttr, server.Dir = attr, dir
	stdin, w, err := os.Pipe()
	if err != nil {
		return "", err
	}
	server.Stdin, alive = stdin, w
	if err := server.Start(); err != nil {
		return "", fmt.Errorf("storagetest: start PostgreSQL: %w", err)
	}
	dsn = "postgres:///postgres?" + url.Values{"host": {dir}, "user": {"sallyport"}, "sslmode": {"disable"}}.Encode()
	return dsn, errors.Join(stdin.Close(), await(dsn, dir))
}

// await waits until the server answers.
func await(dsn, dir string) error {
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		return err
	}
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if err = db.Ping(); err == nil {
			return db.Close()
		}
		if time.Now().After(end) {
			log, _ := os.ReadFile(dir + "/log")
			return fmt.Errorf("storagetest: PostgreSQL does not answer: %w\n%s", err, bytes.TrimSpace(log))
		}
	}
}

// unprivileged gives dir to the user postgres where we are root, as whom PostgreSQL
// refuses to run, and keeps the terminal's signals from the server.
func unprivileged(dir string) (*syscall.SysProcAttr, error) {
	attr := &syscall.SysProcAttr{Setsid: true}
	if os.Geteuid() != 0 {
		return attr, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("storagetest: root cannot run PostgreSQL: %w", err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return attr, os.Chown(dir, int(uid), int(gid))
}
