//! Which program a command line names, as `CreateProcessW` and the compute service
//! understand it.

use crate::windows_path::{clean, is_absolute};

/// A program, and the command line that it is started with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// Its path.
    pub path: String,
    /// The command line. Its first word has quotation marks where it has spaces.
    pub command_line: String,
}

/// A command line names no program.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ApplicationError {
    /// A quotation mark has no other.
    #[error("no ending quotation mark found in command")]
    NoEndingQuote,
    /// There is no such program where it was looked for.
    #[error("failed to find executable {0:?}")]
    NotFound(String),
}

/// The program that a command line names, looked for in these folders in their order.
///
/// A name in quotation marks is taken as it is. Of a line without any the first word is
/// tried, then the first two, and so on, as `Program Files` needs it. A name without an
/// extension is one with `.exe` first.
///
/// # Errors
/// There is none.
///
/// ```
/// use oci::host_process::application;
///
/// let is_file = |path: &str| path == r"C:\Program Files\x.exe";
/// let found = application(r"C:\Program Files\x -v", &[], is_file)?;
/// assert_eq!(found.command_line, r#""C:\Program Files\x" -v"#);
/// # Ok::<(), oci::host_process::ApplicationError>(())
/// ```
pub fn application(
    command_line: &str,
    folders: &[&str],
    is_file: impl Fn(&str) -> bool,
) -> Result<Application, ApplicationError> {
    let line = command_line.trim_start();
    let not_found = || ApplicationError::NotFound(line.to_owned());
    if let Some(quoted) = line.strip_prefix('"') {
        let (name, _) = quoted.split_once('"').ok_or(ApplicationError::NoEndingQuote)?;
        let path = find(name, folders, &is_file).ok_or_else(not_found)?;
        return Ok(Application { path, command_line: line.to_owned() });
    }
    for end in ends_of_words(line) {
        let (name, rest) = line.split_at(end);
        let Some(path) = find(name, folders, &is_file) else {
            continue;
        };
        let command_line = if name.contains(char::is_whitespace) {
            format!("\"{name}\"{rest}")
        } else {
            line.into()
        };
        return Ok(Application { path, command_line });
    }
    Err(not_found())
}

/// Where words end that are apart by spaces outside of quotation marks.
fn ends_of_words(line: &str) -> Vec<usize> {
    let mut ends = Vec::new();
    let (mut is_quoted, mut in_word) = (false, false);
    for (at, character) in line.char_indices() {
        if character == '"' {
            is_quoted = !is_quoted;
        }
        let is_space = character.is_whitespace() && !is_quoted;
        if in_word && is_space {
            ends.push(at);
        }
        in_word = !is_space;
    }
    if in_word {
        ends.push(line.len());
    }
    ends
}

fn find(name: &str, folders: &[&str], is_file: &impl Fn(&str) -> bool) -> Option<String> {
    if name.is_empty() || name.contains(['"', '\0']) {
        return None;
    }
    let places = if is_absolute(name) {
        vec![name.to_owned()]
    } else {
        let folders = folders.iter().filter(|folder| !folder.is_empty());
        folders.map(|folder| format!(r"{folder}\{name}")).collect()
    };
    let candidates = places.iter().flat_map(|place| {
        let with_extension = (!has_extension(name)).then(|| clean(&format!("{place}.exe")));
        with_extension.into_iter().chain([clean(place)])
    });
    candidates.into_iter().find(|candidate| is_file(candidate))
}

fn has_extension(name: &str) -> bool {
    name.rsplit(['\\', '/']).next().is_some_and(|last| last.contains('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: [&str; 6] = [
        r"C:\Windows\System32\ping.exe",
        r"C:\Program Files\sub dir\program name.exe",
        r"C:\hpc\program name.exe",
        r"C:\hpc\agnhost",
        r"C:\hpc\ping.cmd",
        r"C:\hpc\bin\tool.exe",
    ];

    fn found(line: &str) -> Result<(String, String), ApplicationError> {
        let folders = [r"C:\hpc\", "", r"C:\Windows\System32"];
        let found = application(line, &folders, |path| FILES.contains(&path));
        found.map(|found| (found.path, found.command_line))
    }

    #[test]
    fn names_are_looked_for_as_windows_does() {
        for (line, path, command_line) in [
            ("ping", FILES[0], "ping"),
            ("  ping -n 1", FILES[0], "ping -n 1"),
            (r".\ping", FILES[0], r".\ping"),
            ("./ping x//y ..", FILES[0], "./ping x//y .."),
            ("ping.exe", FILES[0], "ping.exe"),
            ("ping.cmd", FILES[4], "ping.cmd"),
            (r#""ping" 127.0.0.1"#, FILES[0], r#""ping" 127.0.0.1"#),
            (r"bin\tool", FILES[5], r"bin\tool"),
            ("agnhost  serve", FILES[3], "agnhost  serve"),
            ("program name  -f x", FILES[2], "\"program name\"  -f x"),
            (
                r"C:\Program Files\sub dir\program name",
                FILES[1],
                r#""C:\Program Files\sub dir\program name""#,
            ),
            (r#""program name" -f"#, FILES[2], r#""program name" -f"#),
        ] {
            assert_eq!(found(line), Ok((path.into(), command_line.into())), "{line}");
        }
    }

    #[test]
    fn what_is_not_there_is_named() {
        for line in ["", " ", "nothing", r#""nothing" x"#, r#"pi"ng x" y"#, r"C:\hpc"] {
            let error = found(line).expect_err(line);
            assert_eq!(error, ApplicationError::NotFound(line.trim_start().into()));
        }
        assert_eq!(found(r#""ping"#), Err(ApplicationError::NoEndingQuote));
    }
}
