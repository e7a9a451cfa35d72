package manor

import (
	"net/http"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/manorgo/manor/web"
)

// metrics counts what the app does, in a registry of its own.
type metrics struct {
	registry *prometheus.Registry
	seconds  *prometheus.HistogramVec
	bytes    *prometheus.CounterVec
}

func newMetrics() *metrics {
	labels := []string{"method", "route", "status"}
	m := &metrics{
		registry: prometheus.NewRegistry(),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "http_request_duration_seconds", Help: "How long requests took, by route.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, labels),
		bytes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "http_response_bytes_total", Help: "Bytes of answers, by route.",
		}, labels),
	}
	m.registry.MustRegister(m.seconds, m.bytes, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// observe counts one answered request. Its labels are route patterns, never
// paths, so that strangers cannot make up new series.
func (m *metrics) observe(o web.Observation) {
	status := strconv.Itoa(o.Status)
	m.seconds.WithLabelValues(o.Method, o.Pattern, status).Observe(o.Duration.Seconds())
	m.bytes.WithLabelValues(o.Method, o.Pattern, status).Add(float64(o.Bytes))
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
