use std::fs::File;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

/// Set in the environment of the process that [`child`] is.
const ROLE: &str = "HOST_WINDOWS_TEST_ROLE";

/// Not a test: what the other tests start.
#[test]
fn child() {
    use std::io::{Read, Write};
    let Ok(role) = std::env::var(ROLE) else { return };
    let (mut stdout, mut stderr) = (io::stdout(), io::stderr());
    match &*role {
        "echo" => {
            let mut text = String::new();
            io::stdin().read_to_string(&mut text).unwrap();
            write!(stdout, "<{text}>").unwrap();
            write!(stderr, "[{text}]").unwrap();
        }
        "where" => write!(stdout, "<{}>", std::env::current_dir().unwrap().display()).unwrap(),
        "variables" => {
            let names: Vec<_> =
                std::env::vars().map(|(name, value)| format!("{name}={value}")).collect();
            write!(stdout, "<{}>", names.join(";")).unwrap();
        }
        // Says whether the handle of this number is open here.
        "handle" => {
            let number: usize = std::env::var("NUMBER").unwrap().parse().unwrap();
            let mut flags = 0;
            // SAFETY: a number that is no handle makes the call fail.
            let open = unsafe {
                windows_sys::Win32::Foundation::GetHandleInformation(
                    number as RawHandle,
                    &raw mut flags,
                )
            };
            write!(stdout, "<{open}>").unwrap();
        }
        "sleep" => std::thread::sleep(std::time::Duration::from_secs(600)),
        code => std::process::exit(code.parse().unwrap()),
    }
    stdout.flush().unwrap();
    std::process::exit(0);
}

use std::os::windows::io::RawHandle;

fn command<'a>(role: &str) -> Command<'a> {
    let me = std::env::current_exe().unwrap();
    let mut command = Command::new(me).args(["exec::tests::child", "--exact", "--nocapture"]);
    command.environment = Some(std::env::vars_os().chain([(ROLE.into(), role.into())]).collect());
    command
}

/// What a child wrote between its marks: the test's own words are around.
fn between(text: &str, open: char, close: char) -> Option<&str> {
    Some(text.split_once(open)?.1.rsplit_once(close)?.0)
}

async fn answer(command: &Command<'_>) -> String {
    let mut child = command.spawn().unwrap();
    let mut text = String::new();
    child.stdout.as_mut().unwrap().read_to_string(&mut text).await.unwrap();
    assert_eq!(child.process.wait().await.unwrap(), 0, "{text}");
    between(&text, '<', '>').unwrap_or_else(|| panic!("no answer in {text:?}")).to_owned()
}

#[tokio::test]
async fn the_three_streams_are_pipes() {
    let mut command = command("echo");
    (command.stdin, command.stdout, command.stderr) = (Stdio::Piped, Stdio::Piped, Stdio::Piped);
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all("żółw".as_bytes()).await.unwrap();
    drop(stdin);
    let (mut out, mut err) = (String::new(), String::new());
    let (mut stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let (read_out, read_err) =
        tokio::join!(stdout.read_to_string(&mut out), stderr.read_to_string(&mut err));
    read_out.unwrap();
    read_err.unwrap();
    assert_eq!(child.process.wait().await.unwrap(), 0);
    assert_eq!(between(&out, '<', '>'), Some("żółw"));
    assert_eq!(between(&err, '[', ']'), Some("żółw"));
}

#[tokio::test]
async fn a_stream_can_be_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out");
    let file = File::create(&path).unwrap();
    let mut command = command("where");
    command.stdout = Stdio::Handle(file.as_handle());
    let child = command.spawn().unwrap();
    assert_eq!(child.process.wait().await.unwrap(), 0);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(between(&text, '<', '>').is_some(), "{text}");
}

#[tokio::test]
async fn it_starts_in_its_folder_with_its_environment() {
    let folder = tempfile::tempdir().unwrap();
    let mut wanted = command("where");
    wanted.directory = Some(folder.path().into());
    wanted.stdout = Stdio::Piped;
    let seen = PathBuf::from(answer(&wanted).await);
    assert_eq!(seen.canonicalize().unwrap(), folder.path().canonicalize().unwrap());

    let mut wanted = command("variables");
    wanted.environment = Some(
        [(ROLE, "variables"), ("mine", "1"), ("Mine", "zwei")]
            .map(|(name, value)| (name.into(), value.into()))
            .into(),
    );
    wanted.stdout = Stdio::Piped;
    let seen = answer(&wanted).await;
    let seen: Vec<&str> = seen.split(';').collect();
    assert!(seen.contains(&"Mine=zwei") && !seen.contains(&"mine=1"), "{seen:?}");
    assert!(seen.iter().any(|v| v.to_uppercase().starts_with("SYSTEMROOT=")), "{seen:?}");
}

#[tokio::test]
async fn no_other_handle_is_inherited() {
    let folder = tempfile::tempdir().unwrap();
    let file = File::create(folder.path().join("secret")).unwrap();
    // Many, so that the child has none of its own by the highest number.
    let copies: Vec<File> = (0..64).map(|_| file.try_clone().unwrap()).collect();
    let secret = copies.iter().map(|file| file.as_raw_handle() as usize).max().unwrap();
    // SAFETY: the handle is open.
    let marked = unsafe {
        windows_sys::Win32::Foundation::SetHandleInformation(
            secret as RawHandle,
            windows_sys::Win32::Foundation::HANDLE_FLAG_INHERIT,
            windows_sys::Win32::Foundation::HANDLE_FLAG_INHERIT,
        )
    };
    assert_ne!(marked, 0);
    let mut command = command("handle");
    command.environment.as_mut().unwrap().push(("NUMBER".into(), secret.to_string().into()));
    command.stdout = Stdio::Piped;
    assert_eq!(answer(&command).await, "0");
}

#[tokio::test]
async fn exit_codes_are_whole_and_known_once_it_ended() {
    for code in ["0", "1", "259", "-1073741510"] {
        let child = command(code).spawn().unwrap();
        let expected = code.parse::<i32>().unwrap().cast_unsigned();
        assert_eq!(child.process.wait().await.unwrap(), expected);
        assert_eq!(child.process.exit_code().unwrap(), Some(expected));
        assert_eq!(child.process.wait().await.unwrap(), expected);
        // Ending what has ended changes nothing.
        child.process.kill(9).unwrap();
        assert_eq!(child.process.exit_code().unwrap(), Some(expected));
    }
}

#[tokio::test]
async fn it_can_be_found_by_its_id_and_ended() {
    let child = command("sleep").spawn().unwrap();
    let other = Process::open(child.process.pid()).unwrap();
    assert_eq!(other.exit_code().unwrap(), None);
    // A wait that is given up leaves the process alone.
    let given_up = tokio::time::timeout(std::time::Duration::from_millis(1), other.wait()).await;
    assert!(given_up.is_err());
    assert_eq!(other.exit_code().unwrap(), None);
    other.kill(42).unwrap();
    let (a, b) = tokio::join!(child.process.wait(), other.wait());
    assert_eq!((a.unwrap(), b.unwrap()), (42, 42));
}

#[tokio::test]
async fn it_is_in_its_job_from_the_start() {
    use windows_sys::Win32::System::JobObjects::{
        CreateJobObjectW, IsProcessInJob, TerminateJobObject,
    };
    // SAFETY: no pointers; the handle is ours.
    let job = unsafe {
        OwnedHandle::from_raw_handle(CreateJobObjectW(std::ptr::null(), std::ptr::null()))
    };
    let mut command = command("sleep");
    command.job = Some(job.as_handle());
    let child = command.spawn().unwrap();
    let mut inside = 0;
    // SAFETY: both handles are open, and the answer goes to our variable.
    let asked = unsafe {
        IsProcessInJob(child.as_handle().as_raw_handle(), job.as_raw_handle(), &raw mut inside)
    };
    assert_eq!((asked, inside), (1, 1));
    // SAFETY: the handle is open.
    assert_ne!(unsafe { TerminateJobObject(job.as_raw_handle(), 5) }, 0);
    assert_eq!(child.process.wait().await.unwrap(), 5);
}

#[tokio::test]
async fn it_can_have_a_token() {
    use windows_sys::Win32::Security::TOKEN_ALL_ACCESS;
    use windows_sys::Win32::System::Threading::{GetCurrentProcess, OpenProcessToken};
    let mut token = std::ptr::null_mut();
    // SAFETY: the token goes to our variable.
    let opened = unsafe { OpenProcessToken(GetCurrentProcess(), TOKEN_ALL_ACCESS, &raw mut token) };
    assert_ne!(opened, 0);
    // SAFETY: the token is ours.
    let token = unsafe { OwnedHandle::from_raw_handle(token) };
    let mut command = command("3");
    command.token = Some(token.as_handle());
    assert_eq!(command.spawn().unwrap().process.wait().await.unwrap(), 3);
}

#[test]
fn what_cannot_be_started_is_named() {
    let error = Command::new(r"C:\none\such.exe").spawn().unwrap_err();
    assert_eq!(error.to_string(), r"failed to start C:\none\such.exe");
    match error {
        ExecError::Start { source, .. } => assert_eq!(source.kind(), io::ErrorKind::NotFound),
        error => panic!("{error}"),
    }
    let mut bad = command("0");
    bad.environment = Some(vec![("a=b".into(), "".into())]);
    assert!(bad.spawn().unwrap_err().to_string().contains("\"a=b\""));
    let mut piped = command("0");
    piped.stdin = Stdio::Piped;
    assert!(matches!(piped.spawn().unwrap_err(), ExecError::Start { .. }));
    let error = Process::open(0xffff_fffc).unwrap_err();
    assert!(error.to_string().starts_with("failed to open process 4294967292"), "{error}");
}

#[test]
fn a_program_with_spaces_stays_one_word() {
    let line = |command: Command<'_>| command.command_line.into_string().unwrap();
    assert_eq!(line(Command::new(r"C:\a b\c.exe")), r#""C:\a b\c.exe""#);
    assert_eq!(
        line(Command::new(r"C:\a b\c.exe").args(["x", "y z", "\"q\""])),
        r#""C:\a b\c.exe" x "y z" \"q\""#
    );
    assert_eq!(line(Command::new("c").command_line("d  e")), "d  e");
}
