use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::wine;

fn name(test: &str) -> PathBuf {
    local(&format!("host-windows-{test}-{}", std::process::id()))
}

fn options(message_mode: bool) -> ListenOptions {
    ListenOptions { message_mode, ..Default::default() }
}

#[test]
fn only_paths_of_pipes_are_paths() {
    for path in [r"\\.\pipe\x", r"\\server\PIPE\a\b", "//./pipe/x"] {
        assert!(checked(Path::new(path)).is_ok(), "{path}");
    }
    for path in ["", "x", r"\\.\pipe\", r"\\.\pipe", r"C:\pipe\x", r"\\\pipe\x", r"\.\pipe\x"] {
        let error = checked(Path::new(path)).unwrap_err();
        assert!(error.to_string().contains("is not the path of a named pipe"), "{error}");
    }
}

#[test]
fn without_a_runtime_it_is_an_error() {
    let path = name("no-runtime");
    let error = listen(&path, &ListenOptions::default()).unwrap_err();
    assert!(error.to_string().contains("no-runtime"), "{error}");
}

#[tokio::test]
async fn bytes_go_both_ways_and_the_end_is_seen() {
    let path = name("echo");
    let mut listener = listen(&path, &options(false)).unwrap();
    let client = async {
        let mut client = dial(&path, DEFAULT_TIMEOUT).await.unwrap();
        assert!(!client.is_message_mode());
        client.write_all(b"ping").await.unwrap();
        let mut answer = [0; 4];
        client.read_exact(&mut answer).await.unwrap();
        answer
    };
    let server = async {
        let mut server = listener.accept().await.unwrap();
        let mut question = [0; 4];
        server.read_exact(&mut question).await.unwrap();
        server.write_all(b"pong").await.unwrap();
        assert_eq!(server.read(&mut [0; 8]).await.unwrap(), 0);
        question
    };
    let (answer, question) = tokio::join!(client, server);
    assert_eq!((&question, &answer), (b"ping", b"pong"));
}

#[tokio::test]
async fn many_clients_one_after_the_other_and_at_once() {
    let path = name("many");
    let mut listener = listen(&path, &options(false)).unwrap();
    let server = tokio::spawn(async move {
        for _ in 0..20 {
            let mut pipe = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut byte = [0];
                pipe.read_exact(&mut byte).await.unwrap();
                pipe.write_all(&byte).await.unwrap();
            });
        }
    });
    let clients = (0..20u8).map(|i| {
        let path = path.clone();
        tokio::spawn(async move {
            let mut pipe = dial(&path, Duration::from_secs(60)).await.unwrap();
            pipe.write_all(&[i]).await.unwrap();
            let mut byte = [0];
            pipe.read_exact(&mut byte).await.unwrap();
            assert_eq!(byte, [i]);
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.unwrap();
    }
    server.await.unwrap();
}

#[tokio::test]
async fn message_mode_has_a_half_close() {
    let path = name("half");
    let mut listener = listen(&path, &options(true)).unwrap();
    let client = async {
        let mut client = dial(&path, DEFAULT_TIMEOUT).await.unwrap();
        assert!(client.is_message_mode());
        assert_eq!(client.write(&[]).await.unwrap(), 0);
        client.write_all(b"all I have").await.unwrap();
        client.shutdown().await.unwrap();
        client.shutdown().await.unwrap();
        let error = client.write(b"more").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let server = async {
        let mut server = listener.accept().await.unwrap();
        let mut question = String::new();
        server.read_to_string(&mut question).await.unwrap();
        // It stays ended.
        assert_eq!(server.read(&mut [0; 8]).await.unwrap(), 0);
        server.write_all(question.to_uppercase().as_bytes()).await.unwrap();
        server.shutdown().await.unwrap();
        question
    };
    let (answer, question) = tokio::join!(client, server);
    assert_eq!((&*question, &*answer), ("all I have", "ALL I HAVE"));
}

#[tokio::test]
async fn a_long_message_is_read_in_pieces() {
    let path = name("long");
    let mut listener = listen(&path, &options(true)).unwrap();
    let data: Vec<u8> = (0..1_000_000u32).flat_map(u32::to_le_bytes).collect();
    let sent = data.clone();
    let (client, server) = tokio::join!(dial(&path, DEFAULT_TIMEOUT), listener.accept());
    let (mut client, mut server) = (client.unwrap(), server.unwrap());
    let writer = tokio::spawn(async move {
        client.write_all(&sent).await.unwrap();
        client.shutdown().await.unwrap();
        client
    });
    let mut got = Vec::new();
    server.read_to_end(&mut got).await.unwrap();
    assert!(got == data);
    writer.await.unwrap();
}

#[tokio::test]
async fn a_second_listener_is_refused() {
    if wine::leaves_out(
        "a_second_listener_is_refused",
        "Wine 8 ignores FILE_FLAG_FIRST_PIPE_INSTANCE",
    ) {
        return;
    }
    let path = name("exclusive");
    let _first = listen(&path, &options(false)).unwrap();
    let error = listen(&path, &options(false)).unwrap_err();
    assert!(error.to_string().contains("exclusive"), "{error}");
    assert!(error.to_string().contains("does another program listen there"), "{error}");
}

#[tokio::test]
async fn a_name_goes_with_its_listener() {
    let path = name("goes");
    drop(listen(&path, &options(false)).unwrap());
    let error = dial(&path, DEFAULT_TIMEOUT).await.unwrap_err();
    match &error {
        PipeError::Dial { source, .. } => assert_eq!(source.kind(), io::ErrorKind::NotFound),
        _ => panic!("{error}"),
    }
}

#[tokio::test]
async fn a_busy_pipe_is_said_to_be_busy() {
    let path = name("busy");
    let _listener = listen(&path, &options(false)).unwrap();
    let _first = dial(&path, DEFAULT_TIMEOUT).await.unwrap();
    let error = dial(&path, Duration::from_millis(30)).await.unwrap_err();
    assert!(matches!(error, PipeError::Busy { .. }), "{error}");
}

#[tokio::test]
async fn a_client_that_left_does_not_disturb_the_next() {
    let path = name("left");
    let mut listener = listen(&path, &options(false)).unwrap();
    drop(dial(&path, DEFAULT_TIMEOUT).await.unwrap());
    let mut gone = listener.accept().await.unwrap();
    assert_eq!(gone.read(&mut [0; 8]).await.unwrap(), 0);
    let (client, server) = tokio::join!(dial(&path, DEFAULT_TIMEOUT), listener.accept());
    client.unwrap().write_all(b"x").await.unwrap();
    assert_eq!(server.unwrap().read_u8().await.unwrap(), b'x');
}

#[tokio::test]
async fn a_descriptor_is_parsed_or_refused() {
    let path = name("sddl");
    let sddl = "D:P(A;;GA;;;BA)(A;;GA;;;SY)(A;;GA;;;WD)";
    let options = ListenOptions { security_descriptor: Some(sddl.into()), ..Default::default() };
    let mut listener = listen(&path, &options).unwrap();
    assert_eq!(listener.path(), path);
    let (client, server) = tokio::join!(
        dial_as(&path, DEFAULT_TIMEOUT, Impersonation::Identification),
        listener.accept()
    );
    client.unwrap();
    server.unwrap();
    for sddl in ["nonsense", "D:\0"] {
        let options =
            ListenOptions { security_descriptor: Some(sddl.into()), ..Default::default() };
        let error = listen(name("sddl-bad"), &options).unwrap_err();
        assert!(matches!(error, PipeError::Descriptor { .. }), "{error}");
    }
}
