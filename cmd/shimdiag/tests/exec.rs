//! `exec` and `share` against a service that has a utility VM, which none of ours has
//! yet: the streams, the exit code, what is asked for.
#![cfg(target_os = "linux")]

use std::fs;
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use async_trait::async_trait;
use shim_protos::shimdiag::{
    ExecProcessRequest, ExecProcessResponse, ShareRequest, ShareResponse, ShimDiag,
    create_shim_diag,
};
use shim_protos::ttrpc::asynchronous::transport::Listener;
use shim_protos::ttrpc::asynchronous::{Server, TtrpcContext};
use shim_protos::ttrpc::{self, Code, Error, get_status};
use tokio::net::UnixListener;

/// Answers with what it was asked.
struct Vm;

#[async_trait]
impl ShimDiag for Vm {
    async fn diag_exec_in_host(
        &self,
        _: &TtrpcContext,
        request: ExecProcessRequest,
    ) -> ttrpc::Result<ExecProcessResponse> {
        let ran = tokio::task::spawn_blocking(move || exec(&request)).await;
        let exit_code = ran.expect("a command").expect("streams");
        Ok(ExecProcessResponse { exit_code, ..ExecProcessResponse::default() })
    }

    async fn diag_share(
        &self,
        _: &TtrpcContext,
        request: ShareRequest,
    ) -> ttrpc::Result<ShareResponse> {
        let ShareRequest { host_path, uvm_path, read_only, .. } = request;
        let said = format!("{host_path} {uvm_path} {read_only}");
        Err(Error::RpcStatus(get_status(Code::UNKNOWN, said)))
    }
}

fn exec(request: &ExecProcessRequest) -> std::io::Result<i32> {
    if request.args[0] == "mute" {
        return Ok(300);
    }
    let mut input = String::new();
    if !request.terminal {
        fs::File::open(&request.stdin)?.read_to_string(&mut input)?;
        fs::File::options().write(true).open(&request.stderr)?.write_all(b"to stderr")?;
    }
    let mut stdout = fs::File::options().write(true).open(&request.stdout)?;
    write!(stdout, "{:?} {input:?} {}", request.args, request.stderr.is_empty())?;
    Ok(7)
}

/// A process that `shimdiag` takes for a shim.
struct Shim(Child);

impl Shim {
    fn new(namespace: &str, socket: &Path) -> Self {
        let socket = format!("unix://{}", socket.display());
        let words = ["--namespace", namespace, "--id", "vm", "serve", "--socket", &socket];
        let mut shim = Command::new("sh");
        shim.arg0("containerd-shim-runhcs-v1").args(["-c", "read end"]).args(words);
        Self(shim.stdin(Stdio::piped()).spawn().expect("sh"))
    }
}

impl Drop for Shim {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs the program; gives its exit code and what it wrote.
async fn shimdiag(arguments: &[&str], input: &str) -> (Option<i32>, String, String) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_shimdiag"));
    program.args(arguments).current_dir("/");
    program.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let input = input.to_owned();
    let run = move || {
        let mut child = program.spawn().expect("run");
        // One that fails reads nothing.
        let _ = child.stdin.take().expect("stdin").write_all(input.as_bytes());
        child.wait_with_output().expect("run")
    };
    let output = tokio::task::spawn_blocking(run).await.expect("run");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[tokio::test]
async fn a_command_has_our_streams_and_we_its_exit_code() {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("shim");
    let listener = UnixListener::bind(&socket).expect("a socket");
    let clients = futures_util::stream::unfold(listener, |listener| async {
        Some((listener.accept().await.map(|(stream, _)| stream), listener))
    });
    let mut server = Server::new()
        .add_listener(Listener::new(Box::pin(clients)))
        .register_service(create_shim_diag(Arc::new(Vm)));
    server.start().await.expect("a server");
    let namespace = format!("test{}", std::process::id());
    let _shim = Shim::new(&namespace, &socket);

    let listed = shimdiag(&["list", "--json"], "").await;
    assert!(listed.1.contains(&format!("{namespace}-vm")), "{listed:?}");
    let ran = shimdiag(&["exec", &namespace, "echo", "-t", "--", "x"], "input").await;
    let out = r#"["echo", "-t", "--", "x"] "input" false"#;
    assert_eq!(ran, (Some(7), out.into(), "to stderr".into()));
    let ran = shimdiag(&["exec", "-t", &namespace, "top"], "").await;
    assert_eq!(ran, (Some(7), r#"["top"] "" true"#.into(), String::new()));
    // Nobody opens its streams, and 300 is no exit code of a program.
    assert_eq!(shimdiag(&["exec", &namespace, "mute"], "").await.0, Some(1));
    let shared = shimdiag(&["share", "-r", &namespace, "srv", "/in/vm"], "").await;
    assert_eq!(shared.0, Some(1));
    assert!(shared.2.contains("/srv /in/vm true"), "{shared:?}");
    server.shutdown().await.expect("shutdown");
}
