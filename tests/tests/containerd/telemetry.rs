//! A collector of OTLP hears of a task: spans of its calls, and metrics.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use e2e::containerd::{Containerd, IMAGE, RUNHCS, Settings};
use e2e::{on_stage, programs};
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::{
    MetricsService, MetricsServiceServer,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::resource::v1::Resource;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};

/// How long what was sent may take.
const LIMIT: Duration = Duration::from_secs(60);

/// What was heard: the instance and the name of each span and each metric.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<(String, String)>>>);

impl Heard {
    fn add(&self, resource: Option<Resource>, names: impl Iterator<Item = String>) {
        let attributes = resource.map(|resource| resource.attributes).unwrap_or_default();
        let id = attributes.into_iter().find(|one| one.key == "service.instance.id");
        let id = match id.and_then(|one| one.value?.value) {
            Some(Value::StringValue(id)) => id,
            other => panic!("an instance: {other:?}"),
        };
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        heard.extend(names.map(|name| (id.clone(), name)));
    }

    fn names(&self, of: &str) -> Vec<String> {
        let heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        heard.iter().filter(|(id, _)| id == of).map(|(_, name)| name.clone()).collect()
    }
}

#[tonic::async_trait]
impl TraceService for Heard {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        for told in request.into_inner().resource_spans {
            let spans = told.scope_spans.into_iter().flat_map(|scope| scope.spans);
            self.add(told.resource, spans.map(|span| span.name));
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl MetricsService for Heard {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        for told in request.into_inner().resource_metrics {
            let metrics = told.scope_metrics.into_iter().flat_map(|scope| scope.metrics);
            self.add(told.resource, metrics.map(|metric| metric.name));
        }
        Ok(Response::new(ExportMetricsServiceResponse::default()))
    }
}

/// A collector, on a thread of its own; gives its address.
fn collector(heard: &Heard) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    listener.set_nonblocking(true).expect("a listener");
    let (traces, metrics) =
        (TraceServiceServer::new(heard.clone()), MetricsServiceServer::new(heard.clone()));
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            let server = tonic::transport::Server::builder();
            let server = { server }.add_service(traces).add_service(metrics);
            server.serve_with_incoming(TcpListenerStream::new(listener)).await.expect("serve");
        });
    });
    format!("http://{address}")
}

#[test]
fn a_collector_hears_of_a_task() {
    let test = "a_collector_hears_of_a_task";
    on_stage(test, async |stage| {
        let heard = Heard::default();
        let settings = Settings {
            shims: Some(programs::shims()),
            environment: vec![("OTEL_EXPORTER_OTLP_ENDPOINT", collector(&heard))],
            ..Settings::default()
        };
        let Some(containerd) = Containerd::with(test, stage, &settings) else { return };
        let ran =
            containerd.call(&["run", "--rm", "--runtime", RUNHCS, IMAGE, "told", "/bin/true"]);
        assert_eq!(ran.code, 0, "{ran:?}\n{}", containerd.log());
        let expected =
            ["Create", "Start", "attend", "Delete", "shim.call.duration", "shim.processes"];
        let deadline = Instant::now() + LIMIT;
        loop {
            let names = heard.names("told");
            if expected.iter().all(|name| names.iter().any(|heard| heard == name)) {
                break;
            }
            assert!(Instant::now() < deadline, "{names:?}\n{}", containerd.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    });
}
