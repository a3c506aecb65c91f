use tokio::io::AsyncReadExt;

use super::*;
use crate::exec::{Command, ExecError, Stdio};
use crate::wine;

#[test]
fn a_size_is_from_1_to_32767() {
    assert!(size(1, 1).is_ok() && size(32767, 32767).is_ok());
    for (columns, rows) in [(0, 1), (1, 0), (32768, 1), (1, u16::MAX)] {
        assert_eq!(
            size(columns, rows).map(|_| ()).unwrap_err().kind(),
            io::ErrorKind::InvalidInput
        );
    }
}

#[tokio::test]
async fn a_bad_size_is_named() {
    let error = Terminal::new(0, 25).unwrap_err();
    assert_eq!(error.to_string(), "failed to create a pseudo console of 0 columns and 25 rows");
}

#[tokio::test]
async fn a_process_runs_on_it_and_has_no_other_stdio() {
    let terminal = Terminal::new(80, 25).unwrap();
    let system = std::env::var("SYSTEMROOT").unwrap();
    let mut command = Command::new(format!(r"{system}\System32\cmd.exe")).args(["/c", "exit 7"]);
    command.console = Some(&terminal.console);
    let child = command.spawn().unwrap();
    assert!(child.stdin.is_none() && child.stdout.is_none() && child.stderr.is_none());
    assert_eq!(child.process.wait().await.unwrap(), 7);

    command.stdout = Stdio::Piped;
    let error = command.spawn().unwrap_err();
    assert!(matches!(error, ExecError::ConsoleAndStdio { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_screen_shows_what_is_written_and_ends_with_the_console() {
    if wine::leaves_out(
        "the_screen_shows_what_is_written_and_ends_with_the_console",
        "Wine 8 does not bring a process's stdout to a pseudo console",
    ) {
        return;
    }
    let mut terminal = Terminal::new(80, 25).unwrap();
    let system = std::env::var("SYSTEMROOT").unwrap();
    let mut command =
        Command::new(format!(r"{system}\System32\cmd.exe")).args(["/c", "echo on the screen"]);
    command.console = Some(&terminal.console);
    let child = command.spawn().unwrap();
    let console = Arc::clone(&terminal.console);
    let reader = tokio::spawn(async move {
        let mut screen = Vec::new();
        terminal.output.read_to_end(&mut screen).await.unwrap();
        String::from_utf8_lossy(&screen).into_owned()
    });
    assert_eq!(child.process.wait().await.unwrap(), 0);
    drop((terminal.console, console));
    assert!(reader.await.unwrap().contains("on the screen"));
}

#[tokio::test]
async fn it_can_be_resized() {
    if wine::leaves_out("it_can_be_resized", "Wine 8 lacks ResizePseudoConsole") {
        return;
    }
    let terminal = Terminal::new(80, 25).unwrap();
    terminal.console.resize(132, 50).unwrap();
    assert!(terminal.console.resize(0, 50).is_err());
}
