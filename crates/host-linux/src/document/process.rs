//! A process's parameters as an OCI process.

use std::os::fd::OwnedFd;

use compute::command_line;
use compute::error::SystemCode;
use hcs_schema::schema2::ProcessParameters;
use oci_spec::runtime::{Box as OciBox, BoxBuilder, Process};
use serde::Deserialize;

use super::users::Users;
use super::{Refusal, defaults};

/// What a process of these parameters runs as.
///
/// `pattern` gives what the parameters do not say: capabilities, limits, the
/// rest of the environment. `root` is the container's root folder, for the
/// names of users. With an `OciProcess` in the parameters, that is the process.
pub(crate) fn oci_process(
    parameters: &ProcessParameters,
    pattern: &Process,
    root: Option<&OwnedFd>,
) -> Result<Process, Refusal> {
    if let Some(process) = parameters.extra.get("OciProcess") {
        return Process::deserialize(process)
            .map_err(|error| Refusal::invalid("OciProcess", error));
    }
    refuse(parameters)?;
    let mut process = pattern.clone();
    process.set_args(Some(arguments(parameters)?));
    process.set_terminal(Some(parameters.emulate_console));
    if parameters.emulate_console {
        process.set_console_size(console_size(&parameters.console_size)?);
    }
    if !parameters.working_directory.is_empty() {
        process
            .set_cwd(super::schema2::absolute("WorkingDirectory", &parameters.working_directory)?);
    }
    let mut home = None;
    if let Some(root) = root {
        let users = Users::read(root).map_err(|error| {
            Refusal::invalid("User", format!("reading the container's users: {error}"))
                .with_code(SystemCode::ERROR_GEN_FAILURE)
        })?;
        let found = users.find(&parameters.user)?;
        process.set_user(found.user);
        home = Some(found.home);
    }
    process.set_env(Some(environment(parameters, pattern, home)?));
    Ok(process)
}

/// The arguments: `CommandArgs`, else `CommandLine` split as a POSIX shell
/// splits words, else `ApplicationName` alone.
fn arguments(parameters: &ProcessParameters) -> Result<Vec<String>, Refusal> {
    let arguments = if !parameters.command_args.is_empty() {
        parameters.command_args.clone()
    } else if !parameters.command_line.is_empty() {
        command_line::parse_posix(&parameters.command_line)
            .map_err(|error| Refusal::invalid("CommandLine", error))?
    } else if !parameters.application_name.is_empty() {
        vec![parameters.application_name.clone()]
    } else {
        Vec::new()
    };
    match arguments.first() {
        None => Err(Refusal::invalid("CommandLine", "the process needs a command")),
        Some(first) if first.is_empty() => {
            Err(Refusal::invalid("CommandLine", "the command is empty"))
        }
        _ if arguments.iter().any(|argument| argument.contains('\0')) => {
            Err(Refusal::invalid("CommandArgs", "an argument holds a NUL character"))
        }
        _ => Ok(arguments),
    }
}

/// The pattern's environment with the parameters' over it.
fn environment(
    parameters: &ProcessParameters,
    pattern: &Process,
    home: Option<String>,
) -> Result<Vec<String>, Refusal> {
    let mut environment = pattern.env().clone().unwrap_or_default();
    let mut set = |name: &str, value: &str| {
        let prefix = format!("{name}=");
        environment.retain(|entry| !entry.starts_with(&prefix));
        environment.push(prefix + value);
    };
    if let Some(home) = home {
        set("HOME", &home);
    }
    if parameters.emulate_console {
        set("TERM", "xterm");
    }
    for (name, value) in &parameters.environment {
        if name.is_empty() || name.contains(['=', '\0']) || value.contains('\0') {
            return Err(Refusal::invalid("Environment", format!("{name:?} cannot be a variable")));
        }
        set(name, value);
    }
    if !environment.iter().any(|entry| entry.starts_with("PATH=")) {
        environment.push(format!("PATH={}", defaults::PATH));
    }
    Ok(environment)
}

/// Height and width, as `ConsoleSize` gives them.
fn console_size(size: &[i32]) -> Result<Option<OciBox>, Refusal> {
    let &[height, width] = size else {
        return if size.is_empty() {
            Ok(None)
        } else {
            Err(Refusal::invalid("ConsoleSize", "it has a height and a width"))
        };
    };
    let side = |value: i32| {
        u16::try_from(value)
            .map(u64::from)
            .map_err(|_| Refusal::invalid("ConsoleSize", format!("{value} is not in 0 to 65535")))
    };
    let area = BoxBuilder::default().height(side(height)?).width(side(width)?).build();
    area.map(Some).map_err(|error| Refusal::invalid("ConsoleSize", error))
}

fn refuse(parameters: &ProcessParameters) -> Result<(), Refusal> {
    let given = [
        ("RestrictedToken", parameters.restricted_token),
        ("UseExistingLogin", parameters.use_existing_login),
        ("UseLegacyConsole", parameters.use_legacy_console),
    ];
    match given.into_iter().find(|(_, given)| *given) {
        Some((field, _)) => {
            Err(Refusal::unsupported(field, "it has no meaning for a Linux process"))
        }
        None => super::schema1::refuse_extra("ProcessParameters", &parameters.extra),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(parameters: &ProcessParameters) -> Result<Process, Refusal> {
        oci_process(parameters, &defaults::process(), None)
    }

    fn command(line: &str) -> ProcessParameters {
        ProcessParameters { command_line: line.into(), ..ProcessParameters::default() }
    }

    #[test]
    fn a_command_line_is_split_as_a_shell_splits_it() {
        let process = process(&command(r#"sh -c "echo 'a b'""#)).expect("process");
        assert_eq!(
            process.args().as_deref(),
            Some(&["sh".to_owned(), "-c".into(), "echo 'a b'".into()][..])
        );
    }

    #[test]
    fn the_environment_of_the_parameters_wins() {
        let mut parameters = command("env");
        parameters.environment.insert("PATH".into(), "/x".into());
        let environment = process(&parameters).expect("process").env().clone();
        assert_eq!(environment, Some(vec!["PATH=/x".to_owned()]));
    }

    #[test]
    fn what_cannot_be_carried_out_is_named() {
        for (parameters, field) in [
            (command(""), "CommandLine"),
            (command("a 'b"), "CommandLine"),
            (ProcessParameters { restricted_token: true, ..command("a") }, "RestrictedToken"),
            (
                ProcessParameters { working_directory: "x".into(), ..command("a") },
                "WorkingDirectory",
            ),
            (
                ProcessParameters { emulate_console: true, console_size: vec![1], ..command("a") },
                "ConsoleSize",
            ),
        ] {
            let refusal = process(&parameters).expect_err(field);
            assert!(refusal.message.starts_with(field), "{}", refusal.message);
        }
    }
}
