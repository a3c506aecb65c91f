use tokio::io::{AsyncReadExt, AsyncWriteExt};
use windows_sys::Win32::Networking::WinSock::{AF_INET, IN_ADDR, IN_ADDR_0, SOCKADDR_IN};

use super::*;

/// Where Windows has the sockets, a service of ourselves that nobody else has.
fn loopback() -> Address {
    Address { vm: VmId::LOOPBACK, service: ServiceId(uuid::Uuid::new_v4()) }
}

/// Whether there are such sockets; says so where there are none.
fn are_there(test: &str) -> bool {
    match new_socket() {
        Ok(_) => true,
        Err(HvSocketError::Unsupported(error)) => {
            println!("left out: {test}: Wine has no AF_HYPERV: {error}");
            assert!(crate::wine::is_here());
            false
        }
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn both_ends_talk_over_loopback() {
    if !are_there("both_ends_talk_over_loopback") {
        return;
    }
    let address = loopback();
    let listener = listen(address).expect("listen");
    assert_eq!(listener.address(), address);
    let options = Options { connect_timeout: Some(Duration::from_secs(5)), ..Options::default() };
    let (mine, theirs) = tokio::join!(connect(address, options), listener.accept());
    let (mut mine, theirs) = (mine.expect("connect"), theirs.expect("accept"));
    assert_eq!(mine.peer(), address);
    mine.write_all(b"hello").await.expect("write");
    mine.shutdown().await.expect("shutdown");
    echo(theirs).await;
    let mut answer = String::new();
    mine.read_to_string(&mut answer).await.expect("read");
    assert_eq!(answer, "hello");
}

#[tokio::test]
async fn nobody_there_is_an_error() {
    let error = connect(loopback(), Options::default()).await.unwrap_err();
    let text = error.to_string();
    match error {
        HvSocketError::Unsupported(_) => assert!(!are_there("nobody_there_is_an_error")),
        HvSocketError::Connect { .. } => assert!(text.contains("e0e16197"), "{text}"),
        _ => panic!("{text}"),
    }
}

#[test]
fn a_runtime_is_needed() {
    let error = listen(loopback()).unwrap_err();
    assert!(matches!(error, HvSocketError::Listen { .. }), "{error}");
}

#[test]
fn options_are_set_where_they_are_given() {
    let settings = |options: Options| options.settings().collect::<Vec<_>>();
    assert!(settings(Options::default()).is_empty());
    let all = Options {
        connect_timeout: Some(Duration::from_secs(7)),
        connected_suspend: true,
        high_vtl: true,
    };
    assert_eq!(
        settings(all),
        [
            ("HVSOCKET_CONNECT_TIMEOUT", 1, 7000),
            ("HVSOCKET_CONNECTED_SUSPEND", 4, 1),
            ("HVSOCKET_HIGH_VTL", 8, 1),
        ]
    );
    let long = Options { connect_timeout: Some(Duration::MAX), ..Options::default() };
    assert_eq!(settings(long)[0].2, 300_000);
}

// The sockets themselves, by a family that every Windows has.

fn local(port: u16) -> SOCKADDR_IN {
    let address = IN_ADDR { S_un: IN_ADDR_0 { S_addr: u32::from_ne_bytes([127, 0, 0, 1]) } };
    SOCKADDR_IN {
        sin_family: AF_INET,
        sin_port: port.to_be(),
        sin_addr: address,
        ..SOCKADDR_IN::default()
    }
}

fn internet() -> Socket {
    Socket::new(AF_INET, 0).expect("socket")
}

async fn echo(mut end: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin) {
    let mut bytes = Vec::new();
    end.read_to_end(&mut bytes).await.expect("read");
    end.write_all(&bytes).await.expect("write");
    end.shutdown().await.expect("shutdown");
}

#[tokio::test]
async fn sockets_of_any_family_are_waited_for() {
    let incoming = internet().listen(&local(0)).expect("listen");
    let port = incoming.port();
    // One that is given up loses nobody.
    let given_up =
        tokio::time::timeout(Duration::from_millis(20), incoming.accept::<SOCKADDR_IN>());
    assert!(given_up.await.is_err());
    let server = tokio::spawn(async move {
        let mut tasks = Vec::new();
        for _ in 0..10 {
            let (socket, peer) = incoming.accept::<SOCKADDR_IN>().await.expect("accept");
            assert_eq!(peer.sin_family, AF_INET);
            let stream = Stream::new(socket, loopback());
            tasks.push(tokio::spawn(echo(stream)));
        }
        for task in tasks {
            task.await.expect("task");
        }
    });
    let mut clients = Vec::new();
    for number in 0..10u8 {
        clients.push(tokio::spawn(async move {
            let socket = internet().connect(&local(port)).await.expect("connect");
            let (mut read, mut write) = tokio::io::split(Stream::new(socket, loopback()));
            let sent = vec![number; 1 << 20];
            let mut received = Vec::new();
            let send = async {
                write.write_all(&sent).await.expect("write");
                write.shutdown().await.expect("shutdown");
            };
            tokio::join!(send, async { read.read_to_end(&mut received).await.expect("read") });
            assert!(received == sent);
        }));
    }
    for client in clients {
        client.await.expect("client");
    }
    server.await.expect("server");
}

#[tokio::test]
async fn a_refused_connection_is_an_error() {
    // A port that was ours a moment ago.
    let incoming = internet().listen(&local(0)).expect("listen");
    let port = incoming.port();
    let taken = internet().listen(&local(port)).unwrap_err();
    assert_eq!(taken.kind(), io::ErrorKind::AddrInUse, "{taken}");
    drop(incoming);
    let error = internet().connect(&local(port)).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused, "{error}");
}
