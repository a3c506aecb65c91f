//! The life of the system: created, running, paused, stopped.

use std::os::fd::AsFd;
use std::time::Duration;

use compute::Error;
use compute::error::SystemCode;
use compute::state::{Operation, State};
use rustix::event::epoll;

use super::process::{Process, Processes};
use super::{Answer, Token, Worker};
use crate::document::{Plan, PlannedRoot};
use crate::failure::io_failure;
use crate::store::{self, InitRecord, Record};
use crate::wire::{Create, Request};

use compute::operation::CREATE;
use compute::operation::START;

/// How long a freeze may take before the pause is given up and undone.
const FREEZE_LIMIT: Duration = Duration::from_secs(10);

impl Worker {
    /// Makes the system of the first message. Whatever fails is undone.
    pub(super) fn create(create: Create) -> Result<Self, Error> {
        let Create { id, runtime_id, roots, document } = create;
        let plan =
            Plan::new(&id, &roots, &document).map_err(|error| error.into_error(CREATE, &id))?;
        drop(document);
        let mut record = Record {
            id: id.clone(),
            owner: plan.owner.clone(),
            name: plan.name.clone(),
            state: State::Created.to_string(),
            oci: plan.oci,
            runtime_id,
            worker: std::process::id(),
            poststop: plan.poststop(&id),
            ..Record::default()
        };
        let hierarchies = plan.announce_resources(&id, &roots, &mut record)?;
        let io =
            |error: std::io::Error| io_failure(CREATE, &id, "preparing the state folder", &error);
        let locked = store::create(&roots, &record).map_err(io)?.ok_or_else(|| {
            Error::system(CREATE, id.as_str(), SystemCode::ERR_SYSTEM_ALREADY_EXISTS)
        })?;
        let made = (|| {
            let listener = locked.listen()?;
            let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
            epoll::add(&epoll, &listener, Token::Listener.encode(), epoll::EventFlags::IN)?;
            std::io::Result::Ok((listener, epoll))
        })();
        let (listener, epoll) = match made {
            Ok(made) => made,
            Err(error) => {
                let _ = locked.remove();
                return Err(io_failure(CREATE, &id, "listening for clients", &error));
            }
        };
        let resources = plan.make_resources(&id, &hierarchies, &mut record);
        let mut worker = Self {
            epoll,
            listener,
            locked: Some(locked),
            record,
            plan,
            state: State::Created,
            group: None,
            container: None,
            processes: Processes::default(),
            clients: Default::default(),
            last_client: None,
            next_client: 0,
            inherited_files: super::launch::raise_file_limit(),
            started: None,
            started_at: None,
            asked_to_end: None,
            confirmed: false,
            end_was_seen: true,
        };
        let made = resources.and_then(|group| {
            worker.group = group;
            worker.save().map_err(|error| io_failure(CREATE, &id, "writing the record", &error))?;
            if worker.plan.oci {
                Ok(())
            } else {
                worker
                    .make_container(CREATE, runtime::Init::Reaper, runtime::ProcessIo::null())
                    .map(drop)
            }
        });
        match made {
            Ok(()) => {
                worker.end_was_seen = false;
                Ok(worker)
            }
            Err(error) => {
                worker.undo();
                Err(error)
            }
        }
    }

    /// Undoes a creation that failed.
    fn undo(&mut self) {
        self.release();
        if let Some(locked) = self.locked.take() {
            let _ = crate::reclaim::bury(locked, &self.record);
        }
    }

    fn save(&mut self) -> std::io::Result<()> {
        self.record.state = self.state.to_string();
        match &self.locked {
            Some(locked) => locked.write(&self.record),
            None => Ok(()),
        }
    }

    /// Does what a client asks.
    pub(super) fn perform(&mut self, client: u32, request: Request) -> Result<Answer, Error> {
        match request {
            Request::Create(_) => Err(self.error(
                CREATE,
                SystemCode::ERR_VMCOMPUTE_OPERATION_INVALID_STATE,
                "this worker has its system already".into(),
            )),
            Request::Open => answer(&self.opened()),
            Request::Leave => {
                self.dismiss(client);
                Ok(Answer::default())
            }
            Request::Start => self.start().map(|()| Answer::default()),
            Request::Shutdown => self.shutdown().map(|()| Answer::default()),
            Request::Terminate => {
                // Whoever ends it wants nothing of it kept.
                self.end_was_seen = true;
                self.check(Operation::Terminate, compute::operation::TERMINATE)?;
                self.terminate();
                Ok(Answer::default())
            }
            Request::Pause => self.pause().map(|()| Answer::default()),
            Request::Resume => self.resume().map(|()| Answer::default()),
            Request::GetProperties(query) => answer(&self.properties(&query)?),
            Request::Modify(request) => self.modify(&request).map(|()| Answer::default()),
            Request::ExecuteProcess(request) => self.execute(client, *request),
            Request::OpenProcess(request) => self.open_process(client, request.pid),
            Request::CloseProcess(request) => {
                self.close_process(client, request.pid);
                Ok(Answer::default())
            }
            Request::ProcessStdio(request) => self.process_stdio(request.pid),
            Request::SignalProcess(request) => self.signal_process(&request),
            Request::ResizeConsole(request) => {
                self.resize_console(&request).map(|()| Answer::default())
            }
            Request::CloseStdio(request) => self.close_stdio(&request).map(|()| Answer::default()),
        }
    }

    /// Whether the state allows an operation, and the state after it.
    pub(super) fn check(&self, operation: Operation, name: &'static str) -> Result<State, Error> {
        compute::state::check(operation, self.state)
            .map_err(|code| Error::system(name, self.record.id.as_str(), code))
    }

    pub(super) fn set_state(&mut self, state: State) {
        self.state = state;
        if let Err(error) = self.save() {
            tracing::warn!(%error, "the record could not be written");
        }
    }

    fn start(&mut self) -> Result<(), Error> {
        let next = self.check(Operation::Start, START)?;
        if let Some(container) = &mut self.container {
            container
                .start()
                .map_err(|error| super::exec::runtime_failure(START, &self.record.id, &error))?;
        }
        self.started = Some(std::time::Instant::now());
        self.started_at = Some(std::time::SystemTime::now());
        self.set_state(next);
        Ok(())
    }

    /// Makes the container; its first process waits for the start.
    pub(super) fn make_container(
        &mut self,
        operation: &'static str,
        init: runtime::Init,
        io: runtime::ProcessIo,
    ) -> Result<u32, Error> {
        let rootfs = match &self.plan.root {
            PlannedRoot::Spec => runtime::RootFs::Spec,
            PlannedRoot::Overlay { lowers, .. } => {
                let scratch = self.plan.scratch(&self.record);
                runtime::RootFs::Overlay {
                    lowers: lowers.clone(),
                    upper: scratch.join("upper"),
                    work: scratch.join("work"),
                }
            }
        };
        let options = runtime::CreateOptions {
            rootfs,
            init,
            io,
            cgroup: self.group.as_ref(),
            ..runtime::CreateOptions::new(
                self.record.id.clone(),
                self.plan.bundle.clone(),
                self.plan.spec.clone(),
            )
        };
        let container = runtime::create(options)
            .map_err(|error| super::exec::runtime_failure(operation, &self.record.id, &error))?;
        let first = container.init();
        let pid = first.pid;
        self.record.init = Some(InitRecord { pid, start_time: first.start_time, exit_code: None });
        self.watch(first.pidfd.as_fd(), Token::Process(pid), epoll::EventFlags::IN).map_err(
            |error| io_failure(operation, &self.record.id, "watching the process", &error),
        )?;
        self.container = Some(container);
        let _ = self.save();
        Ok(pid)
    }

    /// Asks the first process to end.
    fn shutdown(&mut self) -> Result<(), Error> {
        use compute::operation::SHUTDOWN;
        self.check(Operation::Shutdown, SHUTDOWN)?;
        self.asked_to_end.get_or_insert("GracefulExit");
        let Some(container) = &self.container else {
            self.stopped("GracefulExit");
            return Ok(());
        };
        runtime::signal(&container.init().pidfd, libc::SIGTERM).map_err(|error| {
            io_failure(SHUTDOWN, &self.record.id, "asking the first process to end", &error)
        })
    }

    /// Ends all that runs; the exit follows as an event, or at once where
    /// nothing runs.
    pub(super) fn terminate(&mut self) {
        if self.state == State::Stopped {
            return;
        }
        self.asked_to_end = Some("ForcedExit");
        let Some(container) = &self.container else {
            self.stopped("ForcedExit");
            return;
        };
        // The end of its first process ends a pid namespace; what shares the
        // host's is in the control group.
        let _ = runtime::signal(&container.init().pidfd, libc::SIGKILL);
        if let Some(group) = &self.group {
            if self.state == State::Paused {
                let _ = group.thaw();
            }
            let _ = group.kill();
        }
    }

    fn pause(&mut self) -> Result<(), Error> {
        use compute::operation::PAUSE;
        let next = self.check(Operation::Pause, PAUSE)?;
        let group = self.group_for(PAUSE, "pausing")?;
        if let Err(error) = group.freeze(FREEZE_LIMIT) {
            let _ = group.thaw();
            return Err(self.error(
                PAUSE,
                SystemCode::ERROR_GEN_FAILURE,
                format!("freezing: {error}"),
            ));
        }
        self.set_state(next);
        Ok(())
    }

    fn resume(&mut self) -> Result<(), Error> {
        use compute::operation::RESUME;
        let next = self.check(Operation::Resume, RESUME)?;
        self.group_for(RESUME, "resuming")?.thaw().map_err(|error| {
            self.error(RESUME, SystemCode::ERROR_GEN_FAILURE, format!("thawing: {error}"))
        })?;
        self.set_state(next);
        Ok(())
    }

    /// The control group that something needs.
    pub(super) fn group_for(
        &self,
        operation: &'static str,
        what: &str,
    ) -> Result<&cgroup::Group, Error> {
        self.group.as_ref().ok_or_else(|| {
            self.error(
                operation,
                SystemCode::ERR_NOT_SUPPORTED,
                format!("{what} needs a control group, and this user cannot make one"),
            )
            .with_hint("run as root, or have a cgroup v2 subtree delegated to this user")
        })
    }

    /// Takes a process up. The first one of a container is watched already.
    pub(super) fn add_process(&mut self, process: Process, first: bool) -> std::io::Result<()> {
        if !first {
            let token = Token::Process(process.pid);
            self.watch(process.pidfd.as_fd(), token, epoll::EventFlags::IN)?;
        }
        self.processes.insert(process);
        Ok(())
    }
}

pub(super) fn answer<T: serde::Serialize>(value: &T) -> Result<Answer, Error> {
    let value = serde_json::to_value(value).map_err(|error| Error::service("hcs-worker", error))?;
    Ok(Answer { value, files: Vec::new() })
}
