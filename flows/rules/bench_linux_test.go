package rules

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The three rules of the benchmark are of the gallery's shapes: an address range, a
// group, once per session.
var threeRules = []Script{
	{Name: "off the network", Kind: Rule, Secrets: map[string]string{"NETWORK": "10.0.0.0/8"}, Source: `function (user, context, callback) {
  const ipaddr = require('ipaddr.js');
  const current = ipaddr.parse(context.request.ip);
  if (!current.match(ipaddr.parseCIDR(configuration.NETWORK))) {
    context.multifactor = { provider: 'any', allowRememberBrowser: false };
  }
  callback(null, user, context);
}`},
	{Name: "admins", Kind: Rule, Source: `function (user, context, callback) {
  user.app_metadata = user.app_metadata || {};
  const groups = (user.app_metadata.authorization || {}).groups || [];
  if (groups.indexOf('admin') !== -1) {
    context.multifactor = { provider: 'any', allowRememberBrowser: false };
  }
  context.idToken = context.idToken || {};
  context.idToken['https://example.com/groups'] = groups;
  return callback(null, user, context);
}`},
	{Name: "once per session", Kind: Rule, Source: `function (user, context, callback) {
  const completed = !!context.authentication.methods.find((method) => method.name === 'mfa');
  if (completed) {
    return callback(null, user, context);
  }
  context.multifactor = { provider: 'any', allowRememberBrowser: false };
  callback(null, user, context);
}`},
}

// benchRules are those of cmd/bench, by which sign-ins are measured.
func benchRules(tb testing.TB) (all []Script) {
	tb.Helper()
	for _, name := range []string{"client", "network", "claims"} {
		text, err := os.ReadFile(filepath.Join("..", "..", "cmd", "bench", "scripts", name+".js"))
		if err != nil {
			tb.Fatal(err)
		}
		all = append(all, Script{Name: name, Kind: Rule, Source: string(text)})
	}
	return all
}

// BenchmarkExecute is a worker's job without the pipe. On a machine that others use, what
// it allocates tells more than its time.
func BenchmarkExecute(b *testing.B) {
	for name, scripts := range map[string][]Script{"gallery": threeRules, "bench": benchRules(b)} {
		b.Run(name, func(b *testing.B) {
			j := login(b, scripts...)
			b.ReportAllocs()
			for range b.N {
				if _, err := Execute(j, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// spent is the CPU time of a process so far, user's and system's.
func spent(tb testing.TB, pid int) time.Duration {
	tb.Helper()
	all, err := os.ReadDir("/proc/" + strconv.Itoa(pid) + "/task")
	if err != nil {
		tb.Fatal(err)
	}
	var sum int64
	for _, task := range all {
		b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/task/" + task.Name() + "/schedstat")
		if err != nil {
			continue // the thread has ended
		}
		n, err := strconv.ParseInt(strings.Fields(string(b))[0], 10, 64)
		if err != nil {
			tb.Fatal(err)
		}
		sum += n
	}
	return time.Duration(sum)
}

func ownTime(tb testing.TB) time.Duration {
	tb.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkThreeRules says what three rules cost a login in CPU time, in this process and
// in the worker; the floor is a job without a script.
func BenchmarkThreeRules(b *testing.B) {
	for _, c := range []struct {
		name    string
		scripts []Script
	}{{"floor", nil}, {"three", threeRules}, {"three of bench", benchRules(b)}, {"three actions", []Script{threeAction, threeAction, threeAction}}} {
		b.Run(c.name, func(b *testing.B) {
			r, err := NewRunner(Options{Command: []string{built}, Workers: 1})
			if err != nil {
				b.Fatal(err)
			}
			defer r.Close()
			j := login(b, c.scripts...)
			for range 50 { // both processes warm
				if _, err := r.Run(b.Context(), j); err != nil {
					b.Fatal(err)
				}
			}
			pid := r.idle[0].cmd.Process.Pid
			parent, worker := ownTime(b), spent(b, pid)
			b.ResetTimer()
			for range b.N {
				if _, err := r.Run(b.Context(), j); err != nil {
					b.Fatal(err)
				}
			}
			b.StopTimer()
			if len(r.idle) != 1 || r.idle[0].cmd.Process.Pid != pid {
				b.Fatal("the worker was replaced")
			}
			n := float64(b.N) * float64(time.Millisecond)
			parent, worker = ownTime(b)-parent, spent(b, pid)-worker
			b.ReportMetric(float64(parent)/n, "parent-cpu-ms/op")
			b.ReportMetric(float64(worker)/n, "worker-cpu-ms/op")
			b.ReportMetric(float64(parent+worker)/n, "cpu-ms/op")
		})
	}
}

var threeAction = Script{Name: "an action", Kind: Action, Source: `exports.onExecutePostLogin = async (event, api) => {
  const methods = (event.authentication && event.authentication.methods) || [];
  if (!methods.some(method => method.name === 'mfa') && event.request.geoip.countryCode !== 'GB') {
    api.multifactor.enable('any', { allowRememberBrowser: false });
  }
  api.idToken.setCustomClaim('https://example.com/roles', event.authorization.roles);
};`}
