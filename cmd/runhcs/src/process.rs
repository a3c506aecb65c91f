//! What a further process in a container is, from a command line and the
//! container's spec.

use anyhow::{anyhow, bail};
use hcs_schema::schema2::ProcessParameters;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::cli::Exec;
use crate::config;
use crate::record::Record;

/// The parts of a spec that a further process takes over.
#[derive(Deserialize)]
struct Spec {
    #[serde(default)]
    process: Map<String, Value>,
}

/// What to run, as the compute service is told.
pub(crate) fn parameters(exec: &Exec, record: &Record) -> anyhow::Result<ProcessParameters> {
    if let Some(path) = &exec.process {
        if !exec.command.is_empty() {
            bail!("--process names a file that says what to run: leave the command out");
        }
        let alone = [
            ("--cwd", exec.cwd.is_some()),
            ("--env", !exec.env.is_empty()),
            ("--tty", exec.tty),
            ("--user", exec.user.is_some()),
        ];
        if let Some((option, _)) = alone.into_iter().find(|(_, given)| *given) {
            bail!("{option} and --process cannot be combined: write it into the file");
        }
        let text = config::read(path)?;
        let process: Map<String, Value> =
            serde_json::from_str(&text).map_err(|error| anyhow!("{}: {error}", path.display()))?;
        return Ok(oci_process(process));
    }
    if exec.command.is_empty() {
        bail!("there is no command to run: name one, or a file with --process");
    }
    let spec: Spec = serde_json::from_str(record.spec.get())?;
    let mut process = spec.process;
    process.insert("args".into(), json!(exec.command));
    process.insert("terminal".into(), json!(exec.tty));
    process.remove("consoleSize");
    if let Some(cwd) = &exec.cwd {
        process.insert("cwd".into(), json!(cwd));
    }
    add_environment(&mut process, &exec.env)?;
    match exec.user.as_deref().map(user_ids) {
        None => Ok(oci_process(process)),
        Some(Some(ids)) => {
            set_user(&mut process, ids);
            Ok(oci_process(process))
        }
        // The container knows its names: its host looks them up.
        Some(None) => Ok(by_name(exec)),
    }
}

/// The parameters of a whole OCI process.
fn oci_process(process: Map<String, Value>) -> ProcessParameters {
    let mut parameters = ProcessParameters::default();
    parameters.extra.insert("OciProcess", process.into());
    parameters
}

fn by_name(exec: &Exec) -> ProcessParameters {
    let pairs = exec.env.iter().filter_map(|entry| entry.split_once('='));
    ProcessParameters {
        command_args: exec.command.clone(),
        user: exec.user.clone().unwrap_or_default(),
        working_directory: exec.cwd.clone().unwrap_or_default(),
        environment: pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        emulate_console: exec.tty,
        ..ProcessParameters::default()
    }
}

/// Whether the process has a console.
pub(crate) fn wants_console(parameters: &ProcessParameters) -> bool {
    let process = parameters.extra.get("OciProcess");
    let terminal = process.and_then(|process| process.get("terminal")?.as_bool());
    terminal.unwrap_or(parameters.emulate_console)
}

/// Adds variables; a later one takes the place of an earlier one of its name.
fn add_environment(process: &mut Map<String, Value>, entries: &[String]) -> anyhow::Result<()> {
    let environment = process.entry("env").or_insert_with(|| json!([]));
    let Value::Array(environment) = environment else {
        bail!("the environment in the container's spec is no list");
    };
    for entry in entries {
        let Some((name, _)) = entry.split_once('=').filter(|(name, _)| !name.is_empty()) else {
            bail!("--env {entry:?} is no variable: write it as NAME=VALUE");
        };
        let same = |known: &Value| {
            known
                .as_str()
                .and_then(|known| known.split_once('='))
                .is_some_and(|(known, _)| known == name)
        };
        environment.retain(|known| !same(known));
        environment.push(json!(entry));
    }
    Ok(())
}

/// A user and perhaps a group by number; `None` where one of them is a name.
fn user_ids(user: &str) -> Option<(u32, Option<u32>)> {
    match user.split_once(':') {
        Some((user, group)) => Some((user.parse().ok()?, Some(group.parse().ok()?))),
        None => Some((user.parse().ok()?, None)),
    }
}

fn set_user(process: &mut Map<String, Value>, (uid, gid): (u32, Option<u32>)) {
    let user = process.entry("user").or_insert_with(|| json!({}));
    if !user.is_object() {
        *user = json!({});
    }
    user["uid"] = json!(uid);
    if let Some(gid) = gid {
        user["gid"] = json!(gid);
    }
    if user.get("gid").is_none() {
        user["gid"] = json!(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Command, Parsed, parse};

    fn record() -> Record {
        serde_json::from_value(json!({"ID": "c", "Spec": {"ociVersion": "1.0.2", "process": {
            "terminal": true, "cwd": "/", "args": ["old"], "env": ["A=1", "B=2"],
            "user": {"uid": 1, "gid": 2, "additionalGids": [3]}, "noNewPrivileges": true,
        }}}))
        .expect("record")
    }

    fn exec_of(line: &str) -> Exec {
        match parse(line.split(' ').map(Into::into)) {
            Ok(Parsed::Run(cli)) => match cli.command {
                Command::Exec(exec) => exec,
                other => panic!("{other:?}"),
            },
            _ => panic!("{line}"),
        }
    }

    fn process(line: &str) -> Value {
        let parameters = parameters(&exec_of(line), &record()).expect(line);
        parameters.extra.get("OciProcess").cloned().expect("a process")
    }

    #[test]
    fn a_process_takes_the_container_s_settings_over() {
        assert_eq!(
            process("exec c ls -l"),
            json!({"terminal": false, "cwd": "/", "args": ["ls", "-l"], "env": ["A=1", "B=2"],
                "user": {"uid": 1, "gid": 2, "additionalGids": [3]}, "noNewPrivileges": true})
        );
    }

    #[test]
    fn options_win() {
        let process = process("exec -t --cwd /tmp -e A=9 -e C=3 -u 5 c ls");
        assert_eq!(process["env"], json!(["B=2", "A=9", "C=3"]));
        assert_eq!(process["user"], json!({"uid": 5, "gid": 2, "additionalGids": [3]}));
        assert_eq!((&process["cwd"], &process["terminal"]), (&json!("/tmp"), &json!(true)));
    }

    #[test]
    fn names_of_users_are_the_host_s_to_find() {
        let parameters =
            parameters(&exec_of("exec -u www:http -e A=9 c ls"), &record()).expect("parameters");
        assert!(parameters.extra.get("OciProcess").is_none());
        assert_eq!(
            (parameters.user.as_str(), &parameters.environment["A"]),
            ("www:http", &"9".to_owned())
        );
        assert_eq!(user_ids("7:8"), Some((7, Some(8))));
        assert_eq!(user_ids("7:x"), None);
    }

    #[test]
    fn what_makes_no_process_is_refused() {
        for line in
            ["exec c", "exec -e =1 c ls", "exec -e A c ls", "exec -t -p f c", "exec -p f c ls"]
        {
            assert!(parameters(&exec_of(line), &record()).is_err(), "{line}");
        }
    }
}
