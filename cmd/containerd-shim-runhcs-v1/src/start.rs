//! `start`: the address of the shim that a container gets.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use oci::keys::{KUBERNETES_CONTAINER_TYPE, KUBERNETES_SANDBOX_ID};
use oci::{Annotations, SandboxRole};
use shim_protos::task::{ConnectRequest, TaskClient};
use shim_protos::ttrpc::context;

use crate::address::Address;
use crate::bundle;
use crate::cli::Globals;
use crate::platform;

/// How long a pod's shim may take to answer, in nanoseconds.
const LIMIT: i64 = 10_000_000_000;

/// Tells containerd the address of the container's shim. It is the pod's where there is
/// one; else a new one, which is there and listens.
pub(crate) fn run(globals: &Globals) -> anyhow::Result<()> {
    let bundle = std::env::current_dir().context("finding the bundle")?;
    let annotations = bundle::annotations(&bundle)?;
    let sandbox = oci::sandbox(Annotations(&annotations))?;
    platform::runtime()?.block_on(async {
        match sandbox {
            Some(sandbox) if sandbox.role == SandboxRole::Container => {
                let address = Address::of(globals, sandbox.id);
                let pid = pid_of(&address, sandbox.id).await?;
                tell(&bundle, pid, &address)
            }
            sandbox => {
                if let Some(sandbox) = &sandbox {
                    ensure!(
                        sandbox.id == globals.id,
                        "'id' and '{KUBERNETES_SANDBOX_ID}' must match for \
                         '{KUBERNETES_CONTAINER_TYPE}=sandbox'"
                    );
                }
                let address = Address::of(globals, &globals.id);
                let shim = serve(globals, &address, &bundle, sandbox.is_some()).await?;
                match tell(&bundle, shim.pid(), &address) {
                    Ok(()) => Ok(()),
                    // It would serve for ever: nobody knows of it.
                    Err(error) => {
                        shim.end().await;
                        Err(error)
                    }
                }
            }
        }
    })
}

/// Writes the shim's address down, for the containerd that may come next, and tells it to
/// the one that asked, which may have been killed meanwhile.
fn tell(bundle: &Path, pid: u32, address: &Address) -> anyhow::Result<()> {
    bundle::write(bundle, bundle::PID, &pid.to_string())?;
    bundle::write(bundle, bundle::ADDRESS, address.as_str())?;
    let mut stdout = io::stdout();
    let told = stdout.write_all(address.as_str().as_bytes()).and_then(|()| stdout.flush());
    told.context("telling containerd the shim's address")
}

/// The process id of a pod's shim.
async fn pid_of(address: &Address, sandbox: &str) -> anyhow::Result<u32> {
    let client = TaskClient::v2(address.dial().await?);
    let request = ConnectRequest { id: sandbox.to_owned(), ..ConnectRequest::default() };
    let answer = client.connect(context::with_timeout(LIMIT), &request).await;
    Ok(answer.context("failed to get shim pid from hosting shim")?.shim_pid)
}

/// Starts this program once more, as the shim, and waits until it listens. A failure
/// leaves none.
async fn serve(
    globals: &Globals,
    address: &Address,
    bundle: &Path,
    is_sandbox: bool,
) -> anyhow::Result<platform::Shim> {
    let program = std::env::current_exe().context("finding this program")?;
    let arguments = arguments(globals, address, is_sandbox);
    let mut shim = platform::Shim::start(&program, &arguments, bundle)?;
    match shim.until_ready().await {
        Ok(said) if said.is_empty() => Ok(shim),
        Ok(said) => {
            shim.end().await;
            bail!("failed to serve shim: {}", said.trim_end())
        }
        Err(error) => {
            shim.end().await;
            Err(error).context("failed to serve shim")
        }
    }
}

fn arguments(globals: &Globals, address: &Address, is_sandbox: bool) -> Vec<String> {
    let mut arguments = [
        "--namespace",
        &globals.namespace,
        "--address",
        &globals.address,
        "--publish-binary",
        &globals.publish_binary,
        "--id",
        &globals.id,
    ]
    .map(str::to_owned)
    .to_vec();
    if globals.debug {
        arguments.push("--debug".into());
    }
    arguments.extend(["serve", "--socket", address.as_str()].map(str::to_owned));
    if is_sandbox {
        arguments.push("--is-sandbox".into());
    }
    arguments
}

/// Where the shim's stderr goes.
pub(crate) fn panic_record(bundle: &Path) -> PathBuf {
    bundle.join(bundle::PANIC_LOG)
}
