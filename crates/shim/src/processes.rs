//! What `Pids` says of a task's processes.

use std::sync::Arc;
use std::time::SystemTime;

use hcs_schema::schema2::ProcessDetails as Details;
use shim_protos::any::{Named, pack};
use shim_protos::runhcs::ProcessDetails;
use shim_protos::task::ProcessInfo;

use crate::exec::{Exec, State};
use crate::failure::{Failure, Outcome};
use crate::time::timestamp;

/// The processes that the compute service lists, and the execs that it doesn't, in the
/// reference's terms.
pub(crate) fn describe_for_windows(
    list: &[Details],
    execs: &[Arc<Exec>],
) -> Outcome<Vec<ProcessInfo>> {
    let listed = list.iter().map(|details| {
        let pid = details.process_id.cast_unsigned();
        ProcessDetails {
            image_name: details.image_name.clone(),
            created_at: Some(timestamp(Some(SystemTime::from(details.create_timestamp.0)))).into(),
            kernel_time_100_ns: unsigned(details.kernel_time_100ns),
            memory_commit_bytes: unsigned(details.memory_commit_bytes),
            memory_working_set_private_bytes: unsigned(details.memory_working_set_private_bytes),
            memory_working_set_shared_bytes: unsigned(details.memory_working_set_shared_bytes),
            process_id: pid,
            user_time_100_ns: unsigned(details.user_time_100ns),
            exec_id: exec_of(execs, pid).map(|exec| exec.id.to_string()).unwrap_or_default(),
            ..ProcessDetails::default()
        }
    });
    let unlisted = unlisted(list, execs).map(|exec| ProcessDetails {
        process_id: exec.pid(),
        exec_id: exec.id.to_string(),
        ..ProcessDetails::default()
    });
    let all = listed.chain(unlisted).map(|details| info(details.process_id, Some(&details)));
    all.collect()
}

/// The same in the terms that containerd's client on Linux knows: those of runc's shim, which
/// says of a process only which exec it is.
pub(crate) fn describe_for_linux(
    list: &[Details],
    execs: &[Arc<Exec>],
) -> Outcome<Vec<ProcessInfo>> {
    let listed = list.iter().map(|details| details.process_id.cast_unsigned());
    let pids = listed.chain(unlisted(list, execs).map(|exec| exec.pid()));
    let described = pids.map(|pid| {
        let exec = exec_of(execs, pid).filter(|exec| exec.id != exec.task);
        let details = exec.map(|exec| shim_protos::runc::ProcessDetails {
            exec_id: exec.id.to_string(),
            ..Default::default()
        });
        info(pid, details.as_ref())
    });
    described.collect()
}

fn info<M: Named>(pid: u32, details: Option<&M>) -> Outcome<ProcessInfo> {
    let info = details.map(pack).transpose().map_err(Failure::unknown)?;
    Ok(ProcessInfo { pid, info: info.into(), ..Default::default() })
}

fn exec_of(execs: &[Arc<Exec>], pid: u32) -> Option<&Arc<Exec>> {
    execs.iter().find(|exec| pid != 0 && exec.pid() == pid)
}

/// The execs that have not ended and are in no list.
fn unlisted<'a>(
    list: &'a [Details],
    execs: &'a [Arc<Exec>],
) -> impl Iterator<Item = &'a Arc<Exec>> {
    let is_listed =
        |exec: &Exec| list.iter().any(|details| details.process_id.cast_unsigned() == exec.pid());
    execs.iter().filter(move |exec| !matches!(exec.state(), State::Exited(_)) && !is_listed(exec))
}

fn unsigned(number: i32) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
