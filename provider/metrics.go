package provider

import (
	"fmt"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are the site's own numbers. A nil *metrics counts nothing.
type metrics struct {
	requests *prometheus.HistogramVec
	panics   prometheus.Counter
}

func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	if reg == nil {
		return nil, nil //nolint:nilnil // a nil *metrics is usable
	}
	m := &metrics{
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "sallyport_http_request_duration_seconds",
			Help:    "Time to answer by route, method and status.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5},
		}, []string{"route", "method", "status"}),
		panics: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "sallyport_http_panics_total",
			Help: "Requests that ended in a panic.",
		}),
	}
	for _, c := range []prometheus.Collector{m.requests, m.panics} {
		if err := reg.Register(c); err != nil {
			return nil, fmt.Errorf("provider: metrics: %w", err)
		}
	}
	return m, nil
}

// observe counts by pattern and never by address, and folds methods that no route
// has, so that strangers cannot grow the number of series.
func (m *metrics) observe(f route, method string, status int, took time.Duration) {
	if m == nil {
		return
	}
	name := f.pattern
	if name == "" {
		name, method = "unmatched", "any"
	}
	m.requests.WithLabelValues(name, method, strconv.Itoa(status)).Observe(took.Seconds())
}

func (m *metrics) panicked() {
	if m != nil {
		m.panics.Inc()
	}
}
