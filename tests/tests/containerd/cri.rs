//! A pod of Kubernetes: what its node agent asks of containerd, by our shim and by containerd's.

use std::path::Path;

use e2e::containerd::{CRI_NAMESPACE, Containerd, IMAGE, RUNC, RUNHCS, Settings};
use e2e::cri::{
    Container, ContainerConfig, ContainerMetadata, ContainerStatsResponse, ContainerStatus,
    ContainerStatusResponse, CreateContainerRequest, Cri, Empty, ExecSyncRequest, ExecSyncResponse,
    ImageSpec, LinuxContainerConfig, LinuxContainerResources, LinuxPodSandboxConfig, Pod,
    PodSandboxConfig, PodSandboxMetadata, PodSandboxStatusResponse, RunPodSandboxRequest,
    StopContainerRequest, UpdateContainerResourcesRequest,
};
use e2e::{Stage, machine, on_stage, programs};

use super::table::{Seen, Table};

/// A pod under test.
struct Node<'a> {
    cri: Cri,
    containerd: &'a Containerd,
    config: PodSandboxConfig,
    pod: Pod,
}

impl<'a> Node<'a> {
    async fn run(containerd: &'a Containerd, stage: &Stage, runtime: &str) -> Self {
        let mut cri = Cri::connect(&containerd.address()).await.expect("containerd's CRI plugin");
        let metadata = PodSandboxMetadata {
            name: "pod".into(),
            uid: stage.tag().into(),
            namespace: "e2e".into(),
        };
        let config = PodSandboxConfig {
            metadata: Some(metadata),
            hostname: "the-pod".into(),
            log_directory: stage.folder("logs").display().to_string(),
            linux: Some(LinuxPodSandboxConfig { cgroup_parent: format!("/{}", stage.tag()) }),
            ..PodSandboxConfig::default()
        };
        let request = RunPodSandboxRequest {
            config: Some(config.clone()),
            runtime_handler: runtime.to_owned(),
        };
        let pod = cri.call("RunPodSandbox", request).await;
        let pod = pod.unwrap_or_else(|e| panic!("{runtime}: {e}\n{}", containerd.log()));
        Self { cri, containerd, config, pod }
    }

    async fn call<I, O>(&mut self, method: &'static str, request: I) -> O
    where
        I: prost::Message + Send + Sync + 'static,
        O: prost::Message + Default + Send + Sync + 'static,
    {
        let answer = self.cri.call(method, request).await;
        answer.unwrap_or_else(|error| panic!("{method}: {error}\n{}", self.containerd.log()))
    }

    /// Creates and starts a container of the pod.
    async fn container(&mut self, name: &str, script: &str) -> Container {
        let resources = LinuxContainerResources { memory_limit_in_bytes: 128 << 20 };
        let config = ContainerConfig {
            metadata: Some(ContainerMetadata { name: name.into() }),
            image: Some(ImageSpec { image: IMAGE.into() }),
            command: ["/bin/sh", "-c", script].map(str::to_owned).into(),
            log_path: format!("{name}.log"),
            linux: Some(LinuxContainerConfig { resources: Some(resources) }),
        };
        let request = CreateContainerRequest {
            pod_sandbox_id: self.pod.pod_sandbox_id.clone(),
            config: Some(config),
            sandbox_config: Some(self.config.clone()),
        };
        let container: Container = self.call("CreateContainer", request).await;
        self.call::<_, Empty>("StartContainer", container.clone()).await;
        container
    }

    async fn exec(&mut self, container: &Container, script: &str) -> ExecSyncResponse {
        let request = ExecSyncRequest {
            container_id: container.container_id.clone(),
            cmd: ["/bin/sh", "-c", script].map(str::to_owned).into(),
            timeout: 60,
        };
        self.call("ExecSync", request).await
    }

    async fn said(&mut self, container: &Container, script: &str) -> String {
        let ran = self.exec(container, script).await;
        assert_eq!(ran.exit_code, 0, "{script}: {ran:?}");
        String::from_utf8(ran.stdout).expect("text").trim_end().to_owned()
    }

    async fn status(&mut self, container: &Container) -> ContainerStatus {
        let answer: ContainerStatusResponse = self.call("ContainerStatus", container.clone()).await;
        answer.status.expect("a status")
    }
}

/// Rows, and what is in both columns of each.
const EXPECTED: [(&str, &str); 15] = [
    ("pod: RunPodSandbox, its status", "state 0, of our network: true"),
    ("pod: ExecSync", r#"(3, "out\n", "err\n")"#),
    ("pod: namespace net", "shared"),
    ("pod: namespace ipc", "shared"),
    ("pod: namespace uts", "shared"),
    ("pod: host name", "the-pod"),
    ("pod: its address in a container", "true"),
    ("pod: ContainerStats", "processor true, memory true"),
    ("pod: memory limit", "134217728"),
    ("pod: UpdateContainerResources", "67108864"),
    ("pod: StopContainer at once", "state 2, exit code 137"),
    ("pod: RemoveContainer, the other", "state 1"),
    ("pod: RemoveContainer, the other", "alive"),
    ("pod: StopContainer in time", "state 2, exit code 5"),
    ("pod: the log", "stdout F begun"),
];

#[test]
fn a_pod_of_two_containers_lives_and_ends() {
    let test = "a_pod_of_two_containers_lives_and_ends";
    if !Path::new("/usr/lib/cni/bridge").exists() {
        return machine::left_out(test, "it needs containernetworking-plugins");
    }
    on_stage(test, async |stage| {
        let settings = Settings {
            cri: true,
            shims: Some(programs::shims()),
            config: [("runhcs", RUNHCS), ("runc", RUNC)]
                .map(|(name, kind)| {
                    let table = "plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes";
                    format!("[{table}.{name}]\nruntime_type = {kind:?}\n")
                })
                .concat(),
            ..Settings::default()
        };
        let Some(containerd) = Containerd::with(test, stage, &settings) else { return };
        let mut table = Table::default();
        let ours = pod_lives_and_ends(&containerd, stage, "runhcs").await;
        let theirs = pod_lives_and_ends(&containerd, stage, "runc").await;
        table.add("pod", [ours, theirs]);
        table.finish("pods.md", &EXPECTED);
    });
}

/// Drives a pod through its life; gives what was seen of it.
async fn pod_lives_and_ends(containerd: &Containerd, stage: &Stage, runtime: &str) -> Seen {
    let mut seen = Seen::new();
    let mut saw = |what: &str, how: String| seen.push((what.to_owned(), how));
    let mut node = Node::run(containerd, stage, runtime).await;
    let pod = node.pod.clone();
    let answer: PodSandboxStatusResponse = node.call("PodSandboxStatus", pod.clone()).await;
    let status = answer.status.expect("a status");
    let ip = status.network.expect("a network").ip;
    let is_ours = ip.starts_with("10.99.");
    saw("RunPodSandbox, its status", format!("state {}, of our network: {is_ours}", status.state));

    let first = node.container("first", "echo begun; exec sleep 1000").await;
    let second = node.container("second", "trap 'exit 5' TERM; while :; do sleep 0.1; done").await;
    let ran = node.exec(&first, "echo out; echo err >&2; exit 3").await;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let streams = (ran.exit_code, text(&ran.stdout), text(&ran.stderr));
    saw("ExecSync", format!("{streams:?}"));
    for what in ["net", "ipc", "uts", "pid", "mnt"] {
        let link = format!("readlink /proc/self/ns/{what}");
        let (one, other) = (node.said(&first, &link).await, node.said(&second, &link).await);
        saw(&format!("namespace {what}"), if one == other { "shared" } else { "own" }.into());
    }
    saw("host name", node.said(&first, "hostname").await);
    let addresses = node.said(&second, "ip addr show eth0").await;
    saw("its address in a container", addresses.contains(&ip).to_string());

    let stats: ContainerStatsResponse = node.call("ContainerStats", second.clone()).await;
    let stats = stats.stats.expect("statistics");
    let cpu = stats.cpu.and_then(|cpu| cpu.usage_core_nano_seconds).map_or(0, |used| used.value);
    let memory = stats.memory.and_then(|all| all.working_set_bytes).map_or(0, |used| used.value);
    saw("ContainerStats", format!("processor {}, memory {}", cpu > 0, memory > 0));

    let limit = "cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max \
                 2>/dev/null | head -n 1";
    saw("memory limit", node.said(&first, limit).await);
    let update = UpdateContainerResourcesRequest {
        container_id: first.container_id.clone(),
        linux: Some(LinuxContainerResources { memory_limit_in_bytes: 64 << 20 }),
    };
    node.call::<_, Empty>("UpdateContainerResources", update).await;
    saw("UpdateContainerResources", node.said(&first, limit).await);

    // One of them ends, the others live on.
    let stop = |container: &Container, timeout| StopContainerRequest {
        container_id: container.container_id.clone(),
        timeout,
    };
    let ended = |status: ContainerStatus| {
        format!("state {}, exit code {}, {}", status.state, status.exit_code, status.reason)
    };
    node.call::<_, Empty>("StopContainer", stop(&first, 0)).await;
    saw("StopContainer at once", ended(node.status(&first).await));
    node.call::<_, Empty>("RemoveContainer", first).await;
    let alive = node.said(&second, "echo alive").await;
    saw("RemoveContainer, the other", format!("{}, {alive}", ended(node.status(&second).await)));
    node.call::<_, Empty>("StopContainer", stop(&second, 30)).await;
    saw("StopContainer in time", ended(node.status(&second).await));

    let log = std::fs::read_to_string(stage.folder("logs").join("first.log")).expect("a log");
    let lines: Vec<_> = log.lines().filter_map(|line| line.split_once(' ')).collect();
    saw("the log", format!("{:?}", lines.iter().map(|(_, said)| said).collect::<Vec<_>>()));
    // The next pod's logs bear the same names.
    std::fs::remove_dir_all(stage.folder("logs")).expect("the logs");
    node.call::<_, Empty>("StopPodSandbox", pod.clone()).await;
    node.call::<_, Empty>("RemovePodSandbox", pod).await;
    let left = containerd.call_in(CRI_NAMESPACE, &["container", "list", "--quiet"]);
    assert_eq!(left.ok(), "", "{runtime}");
    seen
}
