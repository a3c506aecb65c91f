//! What a program that logs a process's output is started with.

use std::borrow::Cow;
use std::process::ExitStatus;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use tokio::process::{Child, Command};

use super::{IoError, Request};

/// How long the program may take to begin, and to end.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// The command of a `binary://` URI: its path, and the keys and values of its query as
/// arguments, in their order.
pub(super) fn command(uri: &str, request: &Request) -> Result<Command, IoError> {
    let refused = |why: &str| IoError::new("starting the logger", uri, std::io::Error::other(why));
    let rest = uri.split_once("://").map_or("", |(_, rest)| rest);
    let rest = rest.split_once('#').map_or(rest, |(rest, _)| rest);
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    // Before the first slash would be a host.
    let path = place.find('/').map_or("", |start| &place[start..]);
    let path = percent_decode_str(path)
        .decode_utf8()
        .map_err(|error| IoError::new("reading", uri, std::io::Error::other(error)))?;
    let path = if cfg!(windows) { windows_path(&path) } else { Some(path) };
    let path = path.ok_or_else(|| refused("path is unsafe"))?;
    if path.is_empty() {
        return Err(refused("no logging driver path provided"));
    }
    let mut command = Command::new(path.as_ref());
    for (key, value) in form_urlencoded::parse(query.as_bytes()) {
        command.arg(key.as_ref());
        if !value.is_empty() {
            command.arg(value.as_ref());
        }
    }
    let namespace = if request.namespace.is_empty() { "default" } else { &request.namespace };
    command.env("CONTAINER_ID", &request.container).env("CONTAINER_NAMESPACE", namespace);
    Ok(command)
}

/// `/C:/x` as Windows says it; none where it would lead to another machine.
fn windows_path(path: &str) -> Option<Cow<'_, str>> {
    let path = path.replace('/', r"\");
    if path.starts_with(r"\\") {
        return None;
    }
    let drive = |text: &str| text.as_bytes().get(1) == Some(&b':');
    let path = path.strip_prefix('\\').filter(|rest| drive(rest)).unwrap_or(&path);
    Some(Cow::Owned(path.to_owned()))
}

/// Waits for the end of a logger whose input has ended; one that goes on is ended.
pub(super) async fn finish(mut child: Child) {
    match tokio::time::timeout(PATIENCE, child.wait()).await {
        Ok(Ok(status)) if !ExitStatus::success(&status) => {
            tracing::warn!(%status, "the logger failed");
        }
        Ok(Ok(_)) => {}
        Ok(Err(error)) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "waiting for the logger");
        }
        Err(_) => {
            tracing::warn!("the logger does not end with its input: it is ended");
            // It may have ended in between.
            let _ = child.kill().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(uri: &str) -> Result<Vec<String>, String> {
        let command = command(uri, &Request::default()).map_err(|error| error.to_string())?;
        let command = command.as_std();
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        Ok(words.map(|word| word.to_string_lossy().into_owned()).collect())
    }

    #[test]
    fn a_query_becomes_arguments() {
        let words = told("binary:///bin/log%20it?level=a+b&flag&x=%2F").expect("a command");
        let program = if cfg!(windows) { r"\bin\log it" } else { "/bin/log it" };
        assert_eq!(words, [program, "level", "a b", "flag", "x", "/"]);
        assert!(told("binary://host?x=y").expect_err("no path").contains("no logging driver path"));
    }

    #[test]
    fn a_path_of_windows_has_its_drive_first() {
        assert_eq!(windows_path("/C:/x/y").as_deref(), Some(r"C:\x\y"));
        assert_eq!(windows_path(r"\C:\x").as_deref(), Some(r"C:\x"));
        assert_eq!(windows_path("//server/share/x"), None);
    }
}
