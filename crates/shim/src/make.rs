//! From a bundle to the compute system of a task.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use compute::Document;
use hcs_schema::schema2::{ComputeSystem, ProcessParameters, Version};
use oci::layers::{RootfsMount, WcowLayers};
use oci::spec::Process;
use oci::{ProcessHost, RuntimeOptions, Spec, WantedStreams, process_parameters};
use serde_json::json;
use shim_protos::runhcs::Options;
use shim_protos::runhcs::options::SandboxIsolation;
use shim_protos::task::{CreateTaskRequest, ExecProcessRequest};

use crate::failure::{Failure, Outcome};
use crate::limits::Limits;

/// The most that a config.json may have, in bytes.
const MAX_CONFIG: u64 = 16 << 20;

/// Who manages the systems: the reference's program.
const OWNER: &str = "containerd-shim-runhcs-v1.exe";

/// What is to be made of a bundle.
pub(crate) enum Plan {
    /// The sandbox of a pod whose containers are jobs: nothing runs in it.
    Sandbox,
    /// A Linux container beside the host's own processes.
    Linux(Box<LinuxPlan>),
    /// A host process container: processes of the host in a job.
    Job(Box<JobPlan>),
}

/// A host process container.
pub(crate) struct JobPlan {
    pub(crate) spec: Spec,
    /// Its first process, which is made when it starts.
    pub(crate) first: ProcessParameters,
    pub(crate) container: Container,
}

/// A Linux container.
pub(crate) struct LinuxPlan {
    pub(crate) document: Document,
    /// Where containerd's mounts of the root filesystem belong.
    pub(crate) root: PathBuf,
    pub(crate) container: Container,
}

/// What is remembered of a container for the processes that are added to it.
pub(crate) struct Container {
    host: ProcessHost,
    /// What its first process was asked to be.
    pub(crate) args: Vec<String>,
    pub(crate) limits: Limits,
}

impl Container {
    fn new(host: ProcessHost, first: &Process, spec: &Spec) -> Self {
        let args = match &first.args {
            args if args.is_empty() => vec![first.command_line.clone()],
            args => args.clone(),
        };
        Self { host, args, limits: Limits::of(spec) }
    }

    /// The parameters of a process that is added.
    pub(crate) fn exec_parameters(
        &self,
        request: &ExecProcessRequest,
    ) -> Outcome<ProcessParameters> {
        let bytes = request.spec.as_ref().map(|spec| spec.value.as_slice()).unwrap_or_default();
        let mut process: Process = serde_json::from_slice(bytes).map_err(|error| {
            let id = &request.exec_id;
            Failure::invalid_argument(format_args!("exec: '{id}': the process spec: {error}"))
        })?;
        process.terminal = request.terminal;
        process_parameters(self.host, Some(&process), WantedStreams::default())
            .map_err(Failure::unknown)
    }
}

/// The spec of a bundle, with what the runtime's options add to it.
pub(crate) fn read_spec(bundle: &str, options: &Options) -> Outcome<Spec> {
    let path = Path::new(bundle).join("config.json");
    let failed = |error: &dyn std::fmt::Display| {
        Failure::unknown(format_args!("open {}: {error}", path.display()))
    };
    let mut text = Vec::new();
    let file = File::open(&path).map_err(|error| failed(&error))?;
    file.take(MAX_CONFIG + 1).read_to_end(&mut text).map_err(|error| failed(&error))?;
    if text.len() as u64 > MAX_CONFIG {
        return Err(failed(&format_args!("it has more than {MAX_CONFIG} bytes")));
    }
    let mut spec: Spec = serde_json::from_slice(&text).map_err(|error| failed(&error))?;
    RuntimeOptions {
        boot_files_root_path: options.boot_files_root_path.clone(),
        vm_processor_count: options.vm_processor_count,
        vm_memory_size_in_mb: options.vm_memory_size_in_mb,
        ncproxy_addr: options.NCProxyAddr.clone(),
        default_container_annotations: options
            .default_container_annotations
            .iter()
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
    }
    .apply(&mut spec);
    oci::process_annotations(&mut spec.annotations).map_err(Failure::unknown)?;
    isolate(&mut spec, options)?;
    Ok(spec)
}

/// What the options say of the isolation of every pod.
fn isolate(spec: &mut Spec, options: &Options) -> Outcome<()> {
    if let Some((os, _)) = options.sandbox_platform.split_once('/') {
        let own = if spec.is_lcow() { "linux" } else { "windows" };
        if os != own {
            return Err(Failure::failed_precondition(format_args!(
                "invalid runtime sandbox platform: {os} for a {own} spec"
            )));
        }
    }
    if options.sandbox_isolation.enum_value() == Ok(SandboxIsolation::HYPERVISOR)
        && let Some(windows) = &mut spec.windows
    {
        windows.hyperv.get_or_insert_default();
    }
    Ok(())
}

/// What is to be made of a bundle as its spec says.
pub(crate) fn plan(request: &CreateTaskRequest, spec: &Spec, is_sandbox: bool) -> Outcome<Plan> {
    if spec.is_wcow() {
        return plan_windows(request, spec, is_sandbox);
    }
    if spec.is_lcow() && spec.windows.is_some() {
        return Err(needs_vm("a Linux container beside Windows"));
    }
    let process = first_process(request, spec)?;
    let bundle = std::path::absolute(&request.bundle)
        .map_err(|error| Failure::unknown(format_args!("bundle {}: {error}", request.bundle)))?;
    let root = spec.root.as_ref().map(|root| root.path.as_str()).unwrap_or_default();
    let document = Document::from(ComputeSystem {
        owner: OWNER.into(),
        schema_version: Some(Version::V21),
        hosted_system: Some(json!({
            "SchemaVersion": Version::V21,
            "OciBundlePath": bundle,
            "OciSpecification": spec,
        })),
        ..ComputeSystem::default()
    });
    Ok(Plan::Linux(Box::new(LinuxPlan {
        document,
        root: bundle.join(root),
        container: Container::new(ProcessHost::LinuxContainer, process, spec),
    })))
}

/// The process that a container begins with.
fn first_process<'a>(request: &CreateTaskRequest, spec: &'a Spec) -> Outcome<&'a Process> {
    let Some(process) = &spec.process else {
        return Err(Failure::invalid_argument("the spec has no process: it says what to run"));
    };
    if process.terminal != request.terminal {
        return Err(Failure::invalid_argument(format_args!(
            "process.terminal of the spec is {}, and the task's {}",
            process.terminal, request.terminal
        )));
    }
    Ok(process)
}

fn plan_windows(request: &CreateTaskRequest, spec: &Spec, is_sandbox: bool) -> Outcome<Plan> {
    let folders = spec.windows.as_ref().and_then(|windows| windows.layer_folders.as_deref());
    let folders = folders.unwrap_or_default();
    let rootfs: Vec<RootfsMount> = request
        .rootfs
        .iter()
        .map(|mount| RootfsMount {
            kind: mount.type_.clone(),
            source: mount.source.clone(),
            target: mount.target.clone(),
            options: mount.options.clone(),
        })
        .collect();
    WcowLayers::parse(&rootfs, folders).map_err(|error| {
        let code = if error.is_failed_precondition() {
            shim_protos::ttrpc::Code::FAILED_PRECONDITION
        } else {
            shim_protos::ttrpc::Code::UNKNOWN
        };
        Failure::new(code, error.to_string())
    })?;
    if spec.is_isolated() {
        return Err(needs_vm("a hypervisor-isolated container"));
    }
    if is_sandbox && spec.is_job_container() {
        return Ok(Plan::Sandbox);
    }
    let is_mounted = spec.root.as_ref().is_some_and(|root| !root.path.is_empty());
    if spec.is_job_container() && is_mounted {
        let process = first_process(request, spec)?;
        let host = ProcessHost::Windows;
        let first = process_parameters(host, Some(process), WantedStreams::default());
        return Ok(Plan::Job(Box::new(JobPlan {
            spec: spec.clone(),
            first: first.map_err(Failure::unknown)?,
            container: Container::new(host, process, spec),
        })));
    }
    Err(Failure::not_supported(
        "the layers of a Windows container cannot be mounted by this shim yet",
    ))
}

fn needs_vm(what: &str) -> Failure {
    Failure::not_supported(&format!("{what} needs a utility VM, which this shim cannot run yet"))
}
