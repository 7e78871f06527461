package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
)

// newLogger writes to w in the format "json" or "text".
func newLogger(w io.Writer, format string, level slog.Level) *slog.Logger {
	opts := &slog.HandlerOptions{Level: level}
	if format == "text" {
		return slog.New(slog.NewTextHandler(w, opts))
	}
	return slog.New(slog.NewJSONHandler(w, opts))
}

// newRegistry holds the numbers of the process; rooms add theirs.
func newRegistry() *prometheus.Registry {
	reg := prometheus.NewRegistry()
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		collectors.NewBuildInfoCollector())
	return reg
}

// startTracing sends spans where the standard OTEL_EXPORTER_OTLP_* variables say. It
// reports whether they say anything; stop sends what is left.
func startTracing(ctx context.Context, environ []string) (stop func(context.Context) error, on bool, err error) {
	nothing := func(context.Context) error { return nil }
	for _, name := range []string{"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"} {
		on = on || variable(environ, name) != ""
	}
	if !on || variable(environ, "OTEL_SDK_DISABLED") == "true" {
		return nothing, false, nil
	}
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nothing, false, fmt.Errorf("OTEL_EXPORTER_OTLP_ENDPOINT: %w; name a reachable OTLP/HTTP collector or unset it", err)
	}
	about, err := resource.New(ctx, resource.WithTelemetrySDK(), resource.WithHost(),
		resource.WithAttributes(attribute.String("service.name", "sallyport")), resource.WithFromEnv())
	if err != nil {
		return nothing, false, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w; write key=value,key=value", err)
	}
	provider := trace.NewTracerProvider(trace.WithBatcher(exporter), trace.WithResource(about))
	otel.SetTracerProvider(provider)
	otel.SetTextMapPropagator(propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{}))
	return provider.Shutdown, true, nil
}

// variable is the value of name in environ, empty where it is not there.
func variable(environ []string, name string) string {
	for _, one := range environ {
		if value, ok := strings.CutPrefix(one, name+"="); ok {
			return value
		}
	}
	return ""
}
