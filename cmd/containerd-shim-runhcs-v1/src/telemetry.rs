//! Traces and metrics for a collector, by OTLP, where the environment names one as
//! OpenTelemetry has it (`OTEL_EXPORTER_OTLP_ENDPOINT` and its like).
//!
//! A trace has a span for each call and for each process; metrics are events of
//! `tracing` with the target [`shim::METRICS`].

use std::time::Duration;

use anyhow::{Context as _, ensure};
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{MetricExporter, SpanExporter};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::{Level, Metadata, Subscriber};
use tracing_opentelemetry::{MetricsLayer, OpenTelemetryLayer};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

use crate::cli::Globals;

/// Names the collector; also with `TRACES_` or `METRICS_` before `ENDPOINT`.
const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

/// How the collector is spoken to.
const PROTOCOL: &str = "OTEL_EXPORTER_OTLP_PROTOCOL";

/// The service's name unless `OTEL_SERVICE_NAME` says another.
const SERVICE: &str = "containerd-shim-runhcs-v1";

/// Libraries that tell of each frame and each connection to a collector.
const LIBRARIES: [&str; 4] = ["h2", "hyper", "tonic", "tower"];

/// Whether something is told for people to read, and not a metric or a library's word.
pub(crate) fn is_for_people(told: &Metadata<'_>) -> bool {
    let of = |library: &str| told.target().split("::").next() == Some(library);
    told.target() != shim::METRICS && !LIBRARIES.into_iter().any(of)
}

/// What goes to the collector.
#[derive(Debug, Clone)]
pub(crate) struct Telemetry {
    traces: SdkTracerProvider,
    metrics: SdkMeterProvider,
}

impl Telemetry {
    /// What the environment asks for; `None` where it names no collector. Within a
    /// runtime, which sends it.
    ///
    /// # Errors
    /// It asks for what the shim can't do.
    pub(crate) fn from_env(globals: &Globals) -> anyhow::Result<Option<Self>> {
        let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let of =
            |signal: &str| is_set(&ENDPOINT.replace("ENDPOINT", &format!("{signal}_ENDPOINT")));
        let is_off = std::env::var("OTEL_SDK_DISABLED").is_ok_and(|value| value == "true");
        let (traces, metrics) =
            (is_set(ENDPOINT) || of("TRACES"), is_set(ENDPOINT) || of("METRICS"));
        if is_off || !(traces || metrics) {
            return Ok(None);
        }
        let protocol = std::env::var(PROTOCOL).unwrap_or_default();
        ensure!(
            protocol.is_empty() || protocol == "grpc",
            "no traces: {PROTOCOL} is {protocol:?}, and the shim speaks grpc only (a collector's \
             port is 4317)"
        );
        Self::new(globals, traces, metrics).map(Some).context("no traces")
    }

    fn new(globals: &Globals, traces: bool, metrics: bool) -> anyhow::Result<Self> {
        let mut resource = Resource::builder();
        if std::env::var_os("OTEL_SERVICE_NAME").is_none() {
            resource = resource.with_service_name(SERVICE);
        }
        let resource = resource
            .with_attribute(KeyValue::new("service.instance.id", globals.id.clone()))
            .with_attribute(KeyValue::new("containerd.namespace", globals.namespace.clone()))
            .with_attribute(KeyValue::new("process.pid", i64::from(std::process::id())))
            .build();
        let mut tracer = SdkTracerProvider::builder().with_resource(resource.clone());
        if traces {
            tracer = tracer.with_batch_exporter(SpanExporter::builder().with_tonic().build()?);
        }
        let mut meter = SdkMeterProvider::builder().with_resource(resource);
        if metrics {
            meter = meter.with_periodic_exporter(MetricExporter::builder().with_tonic().build()?);
        }
        Ok(Self { traces: tracer.build(), metrics: meter.build() })
    }

    /// Takes what `tracing` tells.
    pub(crate) fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
    {
        let spans = OpenTelemetryLayer::new(self.traces.tracer(SERVICE)).with_location(false);
        let spans = spans
            .with_filter(filter_fn(|told| *told.level() <= Level::INFO && is_for_people(told)));
        spans.and_then(MetricsLayer::new(self.metrics.clone()))
    }

    /// Sends what has not been sent, for no longer than so.
    pub(crate) async fn end(self, limit: Duration) {
        let sent = tokio::task::spawn_blocking(move || {
            let traces = self.traces.shutdown_with_timeout(limit);
            traces.and(self.metrics.shutdown_with_timeout(limit))
        });
        match tokio::time::timeout(limit, sent).await {
            Ok(Ok(Ok(()))) => {}
            failed => tracing::warn!(?failed, "the last traces or metrics are lost"),
        }
    }
}
