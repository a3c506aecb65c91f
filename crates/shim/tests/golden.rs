//! The reference's shim, recorded: calls in their order with the answers to them, and the events
//! that it published meanwhile. `HCSSHIM_GOLDEN` names a folder with more of the same form.
//!
//! Where we differ on purpose: `Pids` on Linux says what containerd's client there can read, a
//! task's exit is always told before its removal, and a method that is not there is refused in
//! the words of the crate `ttrpc`.
#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use compute::fake::FakeService;
use futures_util::StreamExt as _;
use futures_util::stream::{once, pending};
use protobuf::MessageDyn;
use protobuf::reflect::MessageDescriptor;
use protobuf::well_known_types::any::Any;
use protobuf_json_mapping::{PrintOptions, parse_dyn_from_str, print_to_string_with_options};
use serde_json::{Value, json};
use shim::events::Publisher;
use shim::{Settings, Shim};
use shim_protos::events::{Envelope, Events, ForwardRequest, create_events};
use shim_protos::protobuf::well_known_types::empty::Empty;
use shim_protos::ttrpc::asynchronous::transport::{Listener, Socket};
use shim_protos::ttrpc::asynchronous::{Client, Server, TtrpcContext};
use shim_protos::ttrpc::{self, Code, Request};
use shim_protos::{events, runhcs, shimdiag, stats, task};

/// How long anything may take: far more than it does.
const LIMIT: Duration = Duration::from_secs(60);

#[tokio::test]
async fn golden_calls_are_answered_as_by_the_reference() {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let folder = std::env::var_os("HCSSHIM_GOLDEN").map_or(own, PathBuf::from);
    let path = folder.join("shim/calls.jsonl");
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    for line in text.lines() {
        let case: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}"));
        tokio::time::timeout(LIMIT, replay(&case)).await.expect("all calls are answered");
    }
}

async fn replay(case: &Value) {
    let name = text(&case["name"]);
    let folder = tempfile::tempdir().expect("a folder");
    let stage = Stage { folder: folder.path().to_owned() };
    let bundle = stage.here(text(&case["cwd"]));
    fs::create_dir_all(&bundle).expect("a bundle");
    let config = text(&case["configJson"]);
    fs::write(Path::new(&bundle).join("config.json"), config).expect("config.json");

    let received = Received::default();
    let address = format!("unix://{}", folder.path().join("events").display());
    let mut taker = Server::new()
        .add_listener(Listener::bind(&address).expect("bind"))
        .register_service(create_events(Arc::new(received.clone())));
    taker.start().await.expect("start");

    let flag = |flag: &str| {
        let args = case["args"].as_array().expect("arguments");
        let place = args.iter().position(|arg| arg == flag).expect("the flag");
        text(&args[place + 1]).to_owned()
    };
    let namespace = flag("--namespace");
    let publisher = Publisher::new(Some(&address), &namespace);
    let config: Value = serde_json::from_str(config).expect("a spec");
    let kind = &config["annotations"]["io.kubernetes.cri.container-type"];
    let settings = Settings {
        id: flag("--id"),
        namespace,
        is_sandbox: kind == "sandbox",
        options: runhcs::Options::default(),
        publisher: publisher.clone(),
    };
    let shim = Shim::new(settings, Arc::new(FakeService::windows()));
    let (client, mut server) = serve(&shim).await;
    for call in case["calls"].as_array().expect("calls") {
        let answer = stage.call(&client, call).await;
        let method = text(&call["method"]);
        if method == "NoSuchMethod" {
            assert!(answer.get("code").is_some(), "{name}: {answer}");
            continue;
        }
        let mut expected = json!({});
        for key in ["response", "code", "message"] {
            if let Some(value) = call.get(key) {
                expected[key] = value.clone();
            }
        }
        adapt(method, &mut expected);
        assert_eq!(answer, expected, "{name}: {method} {}", call["request"]);
    }
    assert!(publisher.flush(LIMIT).await, "{name}: events are taken");
    let mut events = received.all().iter().map(|event| stage.event(event)).collect::<Vec<_>>();
    let mut expected = case["events"].as_array().cloned().unwrap_or_default();
    if name == "pod-delete-unstarted" {
        let topics: Vec<_> = events.iter().map(|event| event["topic"].clone()).collect();
        assert_eq!(topics, ["/tasks/create", "/tasks/exit", "/tasks/delete"]);
        events.swap(1, 2);
    }
    for event in &mut expected {
        event.as_object_mut().expect("an event").remove("time");
    }
    assert_eq!(events, expected, "{name}: events");

    server.shutdown().await.expect("shutdown");
    taker.shutdown().await.expect("shutdown");
    shim.end().await;
}

/// What containerd's client on Linux has no use for.
fn adapt(method: &str, expected: &mut Value) {
    let processes = expected.pointer_mut("/response/processes").and_then(Value::as_array_mut);
    if method == "Pids" {
        for process in processes.into_iter().flatten() {
            process.as_object_mut().expect("a process").remove("info");
        }
    }
}

async fn serve(shim: &Shim) -> (Client, Server) {
    let (near, far) = tokio::io::duplex(64 << 10);
    let listener = Listener::new(once(async { Ok(far) }).chain(pending()));
    let server = Server::new().add_listener(listener);
    let mut server = shim.services().into_iter().fold(server, Server::register_service);
    server.start().await.expect("start");
    (Client::new(Socket::new(near)), server)
}

/// Takes events, as containerd does.
#[derive(Clone, Default)]
struct Received(Arc<Mutex<Vec<Envelope>>>);

impl Received {
    fn all(&self) -> Vec<Envelope> {
        self.0.lock().expect("events").clone()
    }
}

#[async_trait]
impl Events for Received {
    async fn forward(&self, _: &TtrpcContext, request: ForwardRequest) -> ttrpc::Result<Empty> {
        let envelope = request.envelope.into_option().expect("an event");
        self.0.lock().expect("events").push(envelope);
        Ok(Empty::new())
    }
}

/// Where a case is played: `C:\` is a folder.
struct Stage {
    folder: PathBuf,
}

impl Stage {
    /// A recorded path, as it is here.
    fn here(&self, path: &str) -> String {
        match path.strip_prefix(r"C:\") {
            Some(rest) => self.folder.join(rest.replace('\\', "/")).display().to_string(),
            None => path.to_owned(),
        }
    }

    /// What was said of paths here, as it was recorded.
    fn recorded(&self, text: &str) -> String {
        let Some((before, rest)) = text.split_once(&*self.folder.display().to_string()) else {
            return text.to_owned();
        };
        let rest = rest.replace('/', r"\").replace("No such file or directory (os error 2)", "");
        // A folder that is missing is another code there than a file.
        let code = if rest.ends_with(": ") { "{os-text 0x3}" } else { "" };
        format!("{before}C:{rest}{code}")
    }

    async fn call(&self, client: &Client, call: &Value) -> Value {
        let (service, method) = (text(&call["service"]), text(&call["method"]));
        let mut request = call["request"].clone();
        if let Some(bundle) = request.get_mut("bundle") {
            *bundle = self.here(text(bundle)).into();
        }
        let (input, output) = messages(method);
        let payload = parse_dyn_from_str(&input, &request.to_string())
            .unwrap_or_else(|error| panic!("{method} {request}: {error}"))
            .write_to_bytes_dyn()
            .expect("bytes");
        let request = Request {
            service: service.into(),
            method: method.into(),
            payload,
            ..Request::default()
        };
        match client.request(request).await {
            Ok(response) => {
                let message = output.parse_from_bytes(&response.payload).expect("a response");
                let mut value = self.printed(&*message);
                for pid in ["shim_pid", "pid", "task_pid"] {
                    if let Some(value) = value.get_mut(pid)
                        && *value == std::process::id()
                    {
                        *value = "<shim pid>".into();
                    }
                }
                json!({ "response": value })
            }
            Err(ttrpc::Error::RpcStatus(status)) => json!({
                "code": code(status.code()),
                "message": self.recorded(status.message()),
            }),
            Err(error) => panic!("{method}: {error}"),
        }
    }

    fn event(&self, event: &Envelope) -> Value {
        let any = event.event.as_ref().expect("content");
        let mut content = self.unpacked(any);
        content.as_object_mut().expect("an object").remove("@type");
        json!({
            "event": content,
            "namespace": event.namespace,
            "topic": event.topic,
            "type": any.type_url,
        })
    }

    fn unpacked(&self, any: &Any) -> Value {
        let files = [events::task::file_descriptor(), runhcs::file_descriptor()];
        let files = files.into_iter().chain([stats::file_descriptor()]);
        let mut all = files.flat_map(|file| file.messages().collect::<Vec<_>>());
        let known = all.find(|message| message.full_name() == any.type_url);
        let known = known.unwrap_or_else(|| panic!("{} is not known", any.type_url));
        let message = known.parse_from_bytes(&any.value).expect("a message");
        let mut value = self.printed(&*message);
        value["@type"] = any.type_url.clone().into();
        value
    }

    /// A message in protobuf's JSON, with times and paths as they were recorded.
    fn printed(&self, message: &dyn MessageDyn) -> Value {
        let mut message = message.clone_box();
        // Statistics alone have an envelope here; it is opened by hand.
        let any = message.downcast_mut::<task::StatsResponse>().and_then(|all| all.stats.take());
        let options = PrintOptions { proto_field_name: true, ..PrintOptions::default() };
        let printed = print_to_string_with_options(&*message, &options).expect("JSON");
        let mut value: Value = serde_json::from_str(&printed).expect("JSON");
        if let Some(any) = any {
            value["stats"] = self.unpacked(&any);
        }
        if let Some(bundle) = value.get_mut("bundle") {
            *bundle = self.recorded(text(bundle)).into();
        }
        if let Some(at) = value.get_mut("exited_at") {
            // Not yet: the printer writes nanoseconds, the recorder did not.
            let never = "0001-01-01T00:00:00";
            *at = if text(at).starts_with(never) { format!("{never}Z") } else { "<time>".into() }
                .into();
        }
        value
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

fn code(code: Code) -> &'static str {
    match code {
        Code::NOT_FOUND => "NotFound",
        Code::ALREADY_EXISTS => "AlreadyExists",
        Code::FAILED_PRECONDITION => "FailedPrecondition",
        Code::INVALID_ARGUMENT => "InvalidArgument",
        Code::UNIMPLEMENTED => "Unimplemented",
        Code::UNKNOWN => "Unknown",
        other => panic!("{other:?} is no code of the reference"),
    }
}

/// The messages of a method.
fn messages(method: &str) -> (MessageDescriptor, MessageDescriptor) {
    fn pair<I: protobuf::MessageFull, O: protobuf::MessageFull>()
    -> (MessageDescriptor, MessageDescriptor) {
        (I::descriptor(), O::descriptor())
    }
    match method {
        "State" => pair::<task::StateRequest, task::StateResponse>(),
        "Create" => pair::<task::CreateTaskRequest, task::CreateTaskResponse>(),
        "Start" => pair::<task::StartRequest, task::StartResponse>(),
        "Delete" => pair::<task::DeleteRequest, task::DeleteResponse>(),
        "Pids" => pair::<task::PidsRequest, task::PidsResponse>(),
        "Kill" => pair::<task::KillRequest, Empty>(),
        "Exec" => pair::<task::ExecProcessRequest, Empty>(),
        "ResizePty" => pair::<task::ResizePtyRequest, Empty>(),
        "CloseIO" => pair::<task::CloseIORequest, Empty>(),
        "Update" => pair::<task::UpdateTaskRequest, Empty>(),
        "Wait" => pair::<task::WaitRequest, task::WaitResponse>(),
        "Stats" => pair::<task::StatsRequest, task::StatsResponse>(),
        "Connect" => pair::<task::ConnectRequest, task::ConnectResponse>(),
        "Pause" => pair::<task::PauseRequest, Empty>(),
        "Resume" => pair::<task::ResumeRequest, Empty>(),
        "Checkpoint" => pair::<task::CheckpointTaskRequest, Empty>(),
        "Shutdown" => pair::<task::ShutdownRequest, Empty>(),
        "DiagPid" => pair::<shimdiag::PidRequest, shimdiag::PidResponse>(),
        "DiagTasks" => pair::<shimdiag::TasksRequest, shimdiag::TasksResponse>(),
        "DiagExecInHost" => pair::<shimdiag::ExecProcessRequest, shimdiag::ExecProcessResponse>(),
        "DiagShare" => pair::<shimdiag::ShareRequest, shimdiag::ShareResponse>(),
        "DiagStacks" => pair::<shimdiag::StacksRequest, shimdiag::StacksResponse>(),
        _ => pair::<Empty, Empty>(),
    }
}
