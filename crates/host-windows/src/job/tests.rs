use std::collections::HashSet;
use std::time::Duration;

use super::*;
use crate::exec::{Child, Command, ExecError, Stdio};
use crate::wine;

/// Set in the environment of the process that [`child`] is.
const ROLE: &str = "HOST_WINDOWS_JOB_TEST";

/// Not a test: what the other tests start. It ends with its stdin.
#[test]
fn child() {
    use std::io::Read;
    if std::env::var_os(ROLE).is_some() {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(7);
    }
}

fn start(job: Option<&Job>) -> Child {
    let me = std::env::current_exe().unwrap();
    let mut command = Command::new(me).args(["job::tests::child", "--exact", "--nocapture"]);
    command.environment = Some(std::env::vars_os().chain([(ROLE.into(), "1".into())]).collect());
    command.stdin = Stdio::Piped;
    command.job = job.map(AsHandle::as_handle);
    command.spawn().unwrap()
}

/// Some name that nobody else has.
fn unique(test: &str) -> String {
    format!("hcsshim-test-{}-{test}", std::process::id())
}

async fn exit_code(child: Child) -> Result<u32, ExecError> {
    child.process.wait().await
}

#[test]
fn a_job_is_found_by_its_name_as_long_as_somebody_has_it() {
    let name = JobName::session(&unique("named")).unwrap();
    let error = Job::open(&name).unwrap_err();
    assert_eq!(error.to_string(), format!("failed to open job object {name}"));
    assert_eq!(error.code(), Some(SystemCode(2)));
    let job = Job::create(Some(&name)).unwrap();
    assert_eq!(job.name(), Some(&name));
    let again = Job::open(&name).unwrap();
    drop(job);
    let third = Job::create(Some(&name)).unwrap();
    drop(again);
    drop(third);
    assert!(Job::open(&name).is_err());
    // A folder of names that is not there.
    let error = Job::open(&JobName::session(r"no\such").unwrap()).unwrap_err();
    assert_eq!(error.code(), Some(SystemCode(3)));
}

#[test]
fn a_name_of_the_kernel_begins_at_its_root() {
    let text = format!(r"\BaseNamedObjects\{}", unique("kernel"));
    let name = JobName::kernel(&text).unwrap();
    assert_eq!(Job::open(&name).unwrap_err().code(), Some(SystemCode(2)));
    let job = Job::create(Some(&name)).unwrap();
    let same = Job::open(&name).unwrap();
    drop(job);
    drop(same);
    let error = Job::open(&JobName::kernel("relative").unwrap()).unwrap_err();
    // ERROR_BAD_PATHNAME.
    assert_eq!(error.code(), Some(SystemCode(0xa1)));
    assert!(Job::create(Some(&JobName::of_container(&unique("root")).unwrap())).is_ok());
}

#[tokio::test]
async fn its_processes_are_listed_and_ended() {
    let job = Job::create(None).unwrap();
    assert!(job.pids().unwrap().is_empty());
    let inside = start(Some(&job));
    let assigned = start(None);
    assert!(!job.contains(assigned.as_handle()).unwrap());
    job.assign(assigned.process.pid()).unwrap();
    assert!(job.contains(assigned.as_handle()).unwrap());
    let pids: HashSet<u32> = job.pids().unwrap().into_iter().collect();
    assert_eq!(pids, HashSet::from([inside.process.pid(), assigned.process.pid()]));
    job.terminate(23).unwrap();
    assert_eq!(exit_code(inside).await.unwrap(), 23);
    assert_eq!(exit_code(assigned).await.unwrap(), 23);
    assert!(job.pids().unwrap().is_empty());
    assert!(job.assign(0).is_err());
    assert!(job.assign(0xffff_fffc).is_err());
}

#[tokio::test]
async fn more_processes_are_listed_than_were_expected() {
    let job = Job::create(None).unwrap();
    let children: Vec<Child> = (0..35).map(|_| start(Some(&job))).collect();
    let pids: HashSet<u32> = job.pids().unwrap().into_iter().collect();
    assert_eq!(pids, children.iter().map(|child| child.process.pid()).collect());
    job.terminate(0).unwrap();
    for child in children {
        exit_code(child).await.unwrap();
    }
}

#[tokio::test]
async fn processes_end_with_the_last_handle_where_that_is_asked_for() {
    let job = Job::create(None).unwrap();
    let stays = start(Some(&job));
    drop(job);
    assert_eq!(stays.process.exit_code().unwrap(), None);
    stays.process.kill(0).unwrap();
    exit_code(stays).await.unwrap();

    let name = JobName::session(&unique("last")).unwrap();
    let job = Job::create(Some(&name)).unwrap();
    job.end_with_last_handle().unwrap();
    let goes = start(Some(&job));
    let second = Job::open(&name).unwrap();
    drop(job);
    assert_eq!(goes.process.exit_code().unwrap(), None);
    drop(second);
    exit_code(goes).await.unwrap();
}

#[tokio::test]
async fn a_job_tells_of_its_processes_in_their_order() {
    let job = Job::create(None).unwrap();
    let mut told = job.notifications().unwrap();
    let error = job.notifications().unwrap_err();
    assert!(matches!(error, JobError::Taken { .. }), "{error}");
    let mut child = start(Some(&job));
    let pid = child.process.pid();
    assert_eq!(told.next().await, Some(Notification::NewProcess(pid)));
    // Its stdin ends, and so it does.
    drop(child.stdin.take());
    assert_eq!(exit_code(child).await.unwrap(), 7);
    assert_eq!(told.next().await, Some(Notification::ProcessExited(pid)));
    assert_eq!(told.next().await, Some(Notification::AllProcessesExited));
    drop(job);
    assert_eq!(told.next().await, None);
}

#[tokio::test]
async fn jobs_tell_to_their_own_listeners() {
    let jobs: Vec<Job> = (0..8).map(|_| Job::create(None).unwrap()).collect();
    let told: Vec<Notifications> = jobs.iter().map(|job| job.notifications().unwrap()).collect();
    let children: Vec<Child> = jobs.iter().map(|job| start(Some(job))).collect();
    for job in &jobs {
        job.terminate(1).unwrap();
    }
    for (mut told, child) in told.into_iter().zip(children) {
        let pid = child.process.pid();
        exit_code(child).await.unwrap();
        let mut all = Vec::new();
        while all.last() != Some(&Notification::AllProcessesExited) {
            all.push(told.next().await.unwrap());
        }
        // Whether one that was ended with its job is told of differs.
        let others = [
            Notification::NewProcess(pid),
            Notification::ProcessExited(pid),
            Notification::ProcessCrashed(pid),
            Notification::AllProcessesExited,
        ];
        assert_eq!(all[0], others[0]);
        assert!(all.iter().all(|told| others.contains(told)), "{all:?}");
    }
}

#[tokio::test]
async fn a_job_that_nobody_listens_to_any_more_goes_on() {
    let job = Job::create(None).unwrap();
    drop(job.notifications().unwrap());
    let child = start(Some(&job));
    job.terminate(3).unwrap();
    assert_eq!(exit_code(child).await.unwrap(), 3);
}

#[tokio::test]
async fn its_processes_are_counted() {
    let job = Job::create(None).unwrap();
    let before = job.processor_use().unwrap();
    assert_eq!((before.processes, before.active, before.user), (0, 0, Duration::ZERO));
    let child = start(Some(&job));
    let during = job.processor_use().unwrap();
    assert_eq!((during.processes, during.active), (1, 1));
    job.terminate(0).unwrap();
    exit_code(child).await.unwrap();
    let after = job.processor_use().unwrap();
    assert_eq!((after.processes, after.active), (1, 0));
}

#[tokio::test]
async fn memory_and_storage_are_measured() {
    let job = Job::create(None).unwrap();
    let child = start(Some(&job));
    if wine::leaves_out("memory_and_storage_are_measured", "Wine does not measure jobs") {
        let error = job.memory_use().unwrap_err().to_string();
        assert_eq!(error, "failed to ask for the memory of a job object without a name");
    } else {
        let memory = job.memory_use().unwrap();
        assert!(memory.now > 0 && memory.peak >= memory.now, "{memory:?}");
        assert!(job.private_working_set().unwrap() > 0);
        assert!(job.storage_use().is_err());
        job.track_storage().unwrap();
        job.track_storage().unwrap();
        job.storage_use().unwrap();
    }
    job.terminate(0).unwrap();
    exit_code(child).await.unwrap();
}

#[test]
fn limits_that_cannot_be_are_refused_before_the_system_is_asked() {
    let job = Job::create(None).unwrap();
    for limit in
        [CpuLimit::Rate(0), CpuLimit::Rate(10_001), CpuLimit::Weight(0), CpuLimit::Weight(10)]
    {
        let error = job.set_cpu_limit(limit).unwrap_err();
        assert!(matches!(error, JobError::Limit { .. }), "{limit:?}: {error}");
    }
    let error = job.set_memory_limit(u64::MAX).unwrap_err();
    assert!(error.to_string().contains("memory 18446744073709551615 is not from 0"), "{error}");
}

#[test]
fn limits_are_kept_next_to_each_other() {
    const WINE: &str = "Wine keeps no limit but that on the last handle";
    let job = Job::create(None).unwrap();
    assert_eq!(job.memory_limit().unwrap(), 0);
    assert_eq!(job.affinity().unwrap(), 0);
    job.limit(&Limits { memory: Some(64 << 20), ..Limits::default() }).unwrap();
    job.end_with_last_handle().unwrap();
    job.set_affinity(1).unwrap();
    if wine::leaves_out("limits_are_kept_next_to_each_other", WINE) {
        let error = job.set_cpu_limit(CpuLimit::Rate(5000)).unwrap_err();
        assert!(matches!(error, JobError::Refused { .. }), "{error}");
        return;
    }
    assert_eq!(job.memory_limit().unwrap(), 64 << 20);
    assert_eq!(job.affinity().unwrap(), 1);
    assert_eq!(job.cpu_limit().unwrap(), None);
    // One kind after the other.
    for limit in [CpuLimit::Rate(5000), CpuLimit::Weight(3), CpuLimit::Rate(1)] {
        job.limit(&Limits { cpu: Some(limit), ..Limits::default() }).unwrap();
        assert_eq!(job.cpu_limit().unwrap(), Some(limit));
    }
    job.set_group_affinities(&[GroupAffinity { mask: 1, group: 0 }]).unwrap();
}

#[test]
fn a_function_that_windows_no_longer_has_is_named() {
    let job = Job::create(None).unwrap();
    let limit = IoLimit { bandwidth: 1 << 20, operations: 0 };
    match job.set_io_limit(limit) {
        Ok(()) => assert_eq!(job.io_limit().unwrap(), Some(limit)),
        Err(error) => {
            let text = std::error::Error::source(&error).expect("why").to_string();
            assert!(text.contains("IoRateControl") || error.code().is_some(), "{error}: {text}");
        }
    }
}

#[test]
fn a_silo_sees_files_of_its_own() {
    let job = Job::create(None).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (path, target) = (folder.path().join("a/b"), folder.path().join("target"));
    std::fs::create_dir(&target).unwrap();
    assert!(!job.is_silo());
    let error = job.bind(&path, &target, Binding::Replace).unwrap_err();
    assert!(matches!(error, JobError::NotSilo { .. }), "{error}");
    if wine::leaves_out("a_silo_sees_files_of_its_own", "Wine has no silos") {
        assert!(job.promote_to_silo().is_err());
        return;
    }
    job.promote_to_silo().unwrap();
    job.promote_to_silo().unwrap();
    assert!(job.is_silo());
    job.bind(&path, &target, Binding::Merge).unwrap();
    assert!(!path.exists());
}

#[tokio::test]
async fn a_job_with_processes_becomes_no_silo() {
    let job = Job::create(None).unwrap();
    let child = start(Some(&job));
    let error = job.promote_to_silo().unwrap_err();
    assert!(matches!(error, JobError::Busy { count: 1, .. }), "{error}");
    job.terminate(0).unwrap();
    exit_code(child).await.unwrap();
}
